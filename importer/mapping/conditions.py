"""Which rows a condition of the mapping matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.mapping.values.transforms import text_keys
from importer.model.whitespace import text_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from importer.mapping.origins import Cells
    from importer.model.mapping import Condition


def matches(condition: Condition, columns: Mapping[str, str], cells: Cells) -> pd.Series[bool]:
    """Whether each row matches, of words by their `text_key`; `columns` says which column is meant."""
    texts = cells[columns[condition.column]]
    if condition.one_of is None:
        return (texts != "") == condition.not_blank
    return text_keys(texts).isin({text_key(word) for word in condition.one_of})
