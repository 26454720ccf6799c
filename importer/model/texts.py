"""Whole columns of texts, as Arrow holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pandas as pd

TEXT: Final = pa.large_string()
"""The type of every column of texts: a batch of long cells may pass the 2 GiB of Arrow's shorter one."""


def large_texts(series: pd.Series[str] | pd.Index[str]) -> pa.LargeStringArray:
    """A column as one Arrow array, without copying it if it is one already."""
    texts = pa.array(series)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return texts if texts.type == TEXT else texts.cast(TEXT)


def scalar(text: str | None) -> pa.Scalar:
    """One text for every row; `None` is null."""
    return pa.scalar(text, TEXT)


def joined(*parts: pa.Array | pa.Scalar | str) -> pa.Array:
    """The parts of each row one after the other; null where a column has none."""
    return pc.binary_join_element_wise(*(scalar(p) if isinstance(p, str) else p for p in parts), scalar(""))
