"""What is kept of a row to find its duplicates: fixed-size fingerprints instead of texts.

A row costs 73 bytes and 2 bytes per target: a million rows of ten targets stay below 100 MiB.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    """One row of 64-bit words per text: equal rows mean equal texts."""


def hashes(texts: Iterable[str], words: int = 2) -> Hashes:
    """A hash of `words` × 64 bits per text (BLAKE2b): with two words no collision is to be expected, ever."""
    size = words * 8
    joined = b"".join(blake2b(text.encode(), digest_size=size).digest() for text in texts)
    return np.frombuffer(joined, dtype=np.uint64).reshape(-1, words)


def sent_texts(frame: pd.DataFrame) -> dict[str, pa.Array]:
    """The columns that make up what is sent, sorted by label; attributes of an unwanted event are blank."""
    columns = {label: pa.array(frame[label]).cast(pa.large_string()) for label in sorted(frame.columns)}
    for label, texts in columns.items():
        flag, bracket, rest = label.partition("]")
        if label.startswith("events[") and rest:
            columns[label] = pc.if_else(pc.equal(columns[flag + bracket], "true"), texts, "")
    return columns


def contents(columns: dict[str, pa.Array]) -> Iterable[str]:
    """One text per row that says everything about it, and that two rows share only if they say the same.

    Each filled cell is written with its label and its length, so no two rows run together into one text, and a blank
    column says as much as none.
    """
    cells = []
    for label, texts in columns.items():
        length = pc.cast(pc.utf8_length(texts), pa.large_string())
        name = pa.scalar(f"{len(label)}:{label}=", pa.large_string())
        written = pc.binary_join_element_wise(name, length, texts, pa.scalar(":", pa.large_string()))
        cells.append(pc.if_else(pc.equal(texts, ""), pa.scalar("", pa.large_string()), written))
    whole: list[str] = pc.binary_join_element_wise(*cells, pa.scalar("", pa.large_string())).to_pylist()
    return whole


def marks(columns: dict[str, pa.Array]) -> NDArray[np.uint16]:
    """A 16-bit mark per cell, only to name the fields in which two rows differ.

    Whether rows differ is never read from it: one difference in 65,536 goes unnamed.
    """
    rows = len(next(iter(columns.values())))
    found = np.empty((rows, len(columns)), dtype=np.uint16)
    for position, texts in enumerate(columns.values()):
        words = texts.cast(pa.large_binary()).to_pylist()
        found[:, position] = np.fromiter(map(crc32, words), dtype=np.uint32, count=rows).astype(np.uint16)
    return found


class Seen:
    """Which hashes have been seen before; 16 bytes each.

    A hash is called repeated only if all of it is. Should two hashes ever share their first half, the later may go
    unrecognised; whoever asks must be safe with that.
    """

    def __init__(self) -> None:
        self._sorted: Hashes = np.empty((0, 2), dtype=np.uint64)

    def repeats(self, found: Hashes) -> NDArray[np.bool_]:
        """Which of the hashes were seen in an earlier call or earlier in this one; all of them are seen from now on."""
        places = np.searchsorted(self._sorted[:, 0], found[:, 0])
        before = np.zeros(len(found), dtype=bool)
        inside = places < len(self._sorted)
        before[inside] = (self._sorted[places[inside]] == found[inside]).all(axis=1)
        _, firsts = np.unique(found, axis=0, return_index=True)
        repeated = np.ones(len(found), dtype=bool)
        repeated[firsts] = before[firsts]
        merged = np.concatenate([self._sorted, found[~repeated]])
        self._sorted = merged[np.argsort(merged[:, 0], kind="stable")]
        return repeated
