"""Whole columns of texts, as Arrow holds them, and their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

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


# What bytes alone can answer is answered a hundred times as fast as text by text.


def text_bytes(texts: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Where each text begins and ends in the bytes of all of them (one offset more than texts), and these bytes."""
    _, offsets, raw = texts.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return places, np.frombuffer(raw, dtype=np.uint8) if raw is not None else np.zeros(0, dtype=np.uint8)


def column_bytes(texts: pa.LargeStringArray) -> NDArray[np.uint8]:
    """The bytes of all texts, one after the other."""
    offsets, raw = text_bytes(texts)
    return raw[offsets[0] : offsets[-1]]


def first_bytes(texts: pa.LargeStringArray) -> NDArray[np.int16]:
    """The first byte of each text, -1 for a blank one."""
    offsets, raw = text_bytes(texts)
    filled = offsets[:-1] < offsets[1:]
    first = np.full(len(texts), -1, dtype=np.int16)
    first[filled] = raw[offsets[:-1][filled]]
    return first


def holds_any(texts: pa.LargeStringArray, characters: bytes) -> bool:
    """Whether one of these ASCII characters is anywhere in the column."""
    column = column_bytes(texts).tobytes()
    return any(character in column for character in characters)


def is_ascii(texts: pa.LargeStringArray) -> bool:
    """Whether every text is ASCII."""
    return int(column_bytes(texts).max(initial=0)) < 0x80
