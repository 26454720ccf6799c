"""Hashes of a whole column of texts at once."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from importer.model.byte_columns import octets_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    """One row of 64-bit words per text: equal rows mean equal texts."""

_WORD: Final = 8
_LONG: Final = 256
"""Bytes of a text that is hashed by itself: the words of the others are taken column-wise, the longest counts."""

_MULTIPLIERS: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93))
_SHIFTS: Final = (np.uint64(32), np.uint64(29))
_SECRET: Final = np.frombuffer(secrets.token_bytes(16), dtype=np.uint64)
"""Differs from run to run, so that nobody can make a list whose rows are taken for each other."""

_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)


def hashes(texts: pa.LargeStringArray, words: int = 2) -> Hashes:
    """A hash of `words` × 64 bits per text, the same only within one process; that of a blank text is 0.

    With two words no collision is to be expected, ever.
    """
    offsets, octets = octets_of(texts)
    lengths = np.diff(offsets)
    found = np.empty((len(texts), words), dtype=np.uint64)
    begins = offsets[:-1]
    long = np.flatnonzero(lengths > _LONG)
    short = np.where(lengths > _LONG, 0, lengths)
    taken = _words(octets, begins, short)
    for word in range(words):
        state = (short.astype(np.uint64) ^ _SECRET[word]) * _MULTIPLIERS[word]
        for rows, block in taken:
            state[rows] = mixed(state[rows] ^ block, word)
        found[:, word] = mixed(mixed(state, word), word)
    found[lengths == 0] = 0
    for row in long.tolist():
        text = octets[begins[row] : begins[row] + lengths[row]].tobytes()
        found[row] = np.frombuffer(
            blake2b(text, digest_size=words * _WORD, key=_SECRET.tobytes()).digest(), dtype=np.uint64
        )
    return found


def mixed(state: Hashes, word: int = 0) -> Hashes:
    """A permutation of the 64-bit numbers that spreads every bit.

    Once would not do: the difference of two highest bits would come out of it as a difference that is known.
    """
    for multiplier, shift in zip((_MULTIPLIERS[word], _MULTIPLIERS[1 - word]), _SHIFTS, strict=True):
        state = state * multiplier
        state ^= state >> shift
    return state


def _words(
    octets: NDArray[np.uint8], begins: NDArray[np.int64], lengths: NDArray[np.int64]
) -> list[tuple[NDArray[np.intp] | slice, Hashes]]:
    """The first eight bytes of all texts as numbers, then the next eight of those that have more, and so on."""
    padded = np.concatenate([octets, np.zeros(_WORD, dtype=np.uint8)])
    # A number begins at every byte; they overlap.
    every: Hashes = np.ndarray(len(octets) + 1, dtype="<u8", buffer=padded.data, strides=(1,))
    taken: list[tuple[NDArray[np.intp] | slice, Hashes]] = []
    shortest = int(lengths.min(initial=_LONG))
    for start in range(0, int(lengths.max(initial=0)), _WORD):
        rows = slice(None) if shortest > start else np.flatnonzero(lengths > start)
        left = np.minimum(lengths[rows] - start, _WORD)
        taken.append((rows, every[begins[rows] + start] & _MASKS[left]))
    return taken
