"""What a row holds in the columns that a field is read from: messages quote the cell that a person sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problems import shown_texts
from importer.model.texts import joined, large_texts, scalar
from importer.model.whitespace import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def first_filled(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """The first of the columns that is not blank in each row, and its cell; the first one where all are blank."""
    column, value = pa.repeat(scalar(columns[0]), len(rows)), large_texts(rows[columns[0]])
    for name in reversed(columns):  # so that the first has the last word
        cells = large_texts(rows[name])
        filled = pc.invert(pc.match_substring_regex(cells, rf"\A{UNSEEN}*\z"))
        column, value = pc.if_else(filled, scalar(name), column), pc.if_else(filled, cells, value)
    return column, value


def true_of_cells(details: pa.Array, cells: pa.Array, texts: pa.Array) -> pa.Array:
    """What is wrong with these texts, said of the cells: where a cell became another text, that is said, too."""
    became = joined("becomes “", shown_texts(texts), "”, which ", details)
    return pc.if_else(pc.or_(pc.equal(bare(cells), texts), pc.equal(texts, "")), details, became)


def bare(cells: pa.Array) -> pa.Array:
    """The cells without what cannot be seen at either end."""
    return pc.replace_substring_regex(cells, rf"\A{UNSEEN}+|{UNSEEN}+\z", "")
