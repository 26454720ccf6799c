"""Whole columns of texts, as Arrow holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

TEXT: Final = pa.large_string()
"""The type of every column of texts: a batch of long cells may pass the 2 GiB of Arrow's shorter one."""

PLAIN: Final = r"\A(?:[!-~]+(?: [!-~]+)*)?\z"
"""Visible ASCII with single spaces between words, for RE2."""


def large_texts(series: pd.Series[str] | pd.Index[str]) -> pa.LargeStringArray:
    """A column as one Arrow array, without copying it if it is one already."""
    texts = pa.array(series)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return texts if texts.type == TEXT else texts.cast(TEXT)


def keys(texts: pa.LargeStringArray, key: Callable[[str], str]) -> pa.LargeStringArray:
    """`key` of each text, where that of visible ASCII with single spaces is the same in small letters."""
    found = pc.ascii_lower(texts)
    others = pc.invert(pc.match_substring_regex(texts, PLAIN))
    if not pc.any(others).as_py():
        return found
    distinct = texts.filter(others).dictionary_encode()
    by_text = pa.array([key(text) for text in distinct.dictionary.to_pylist()], TEXT)
    return pc.replace_with_mask(found, others, by_text.take(distinct.indices))


def scalar(text: str | None) -> pa.Scalar:
    """One text for every row; `None` is null."""
    return pa.scalar(text, TEXT)


def joined(*parts: pa.Array | pa.Scalar | str) -> pa.Array:
    """The parts of each row one after the other; null where a column has none."""
    return pc.binary_join_element_wise(*(scalar(p) if isinstance(p, str) else p for p in parts), scalar(""))
