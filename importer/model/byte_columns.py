"""The bytes of a whole column of texts, for what is told from bytes alone: a hundred times as fast as text by text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def octets_of(texts: pa.LargeStringArray) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Where each text begins and ends in the bytes of all of them (one offset more than texts), and these bytes."""
    _, offsets, octets = texts.buffers()
    places = np.frombuffer(offsets, dtype=np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return places, np.frombuffer(octets, dtype=np.uint8) if octets is not None else np.zeros(0, dtype=np.uint8)


def column_octets(texts: pa.LargeStringArray) -> NDArray[np.uint8]:
    """The bytes of all texts, one after the other."""
    offsets, octets = octets_of(texts)
    return octets[offsets[0] : offsets[-1]]


def first_octets(texts: pa.LargeStringArray) -> NDArray[np.int16]:
    """The first byte of each text, -1 for a blank one."""
    offsets, octets = octets_of(texts)
    filled = offsets[:-1] < offsets[1:]
    first = np.full(len(texts), -1, dtype=np.int16)
    first[filled] = octets[offsets[:-1][filled]]
    return first


def holds_any(texts: pa.LargeStringArray, octets: bytes) -> bool:
    """Whether one of these ASCII characters stands anywhere in the column."""
    column = column_octets(texts).tobytes()
    return any(octet in column for octet in octets)


def is_ascii(texts: pa.LargeStringArray) -> bool:
    """Whether every text is ASCII."""
    return int(column_octets(texts).max(initial=0)) < 0x80
