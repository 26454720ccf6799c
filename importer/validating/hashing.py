"""Hashes of whole columns of texts, and what can be asked of many hashes: which came before, and which are shared."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from importer.model.texts import text_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

    Hashes = NDArray[np.uint64]
    """One row of 64-bit words per text: equal rows mean equal texts."""

_WORD: Final = 8
_LONG: Final = 256
"""Bytes from which a text is hashed by itself: the others are hashed word by word, all at once."""

_MULTIPLIERS: Final = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93))
_SHIFTS: Final = (np.uint64(32), np.uint64(29))
_SECRET: Final = np.frombuffer(secrets.token_bytes(16), dtype=np.uint64)
"""Differs from run to run, so that nobody can prepare a list whose rows are taken for each other."""

_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(_WORD + 1)], dtype=np.uint64)


def hashes(texts: pa.LargeStringArray, words: int = 2) -> Hashes:
    """A hash of `words` × 64 bits per text, the same only within one process; that of a blank text is 0.

    With two words no collision is to be expected, ever.
    """
    offsets, raw = text_bytes(texts)
    begins, lengths = offsets[:-1], np.diff(offsets)
    found = np.empty((len(texts), words), dtype=np.uint64)
    short = np.where(lengths > _LONG, 0, lengths)
    blocks = _words(raw, begins, short)
    for word in range(words):
        state = (short.astype(np.uint64) ^ _SECRET[word]) * _MULTIPLIERS[word]
        for rows, block in blocks:
            state[rows] = mixed(state[rows] ^ block, word)
        found[:, word] = mixed(mixed(state, word), word)
    found[lengths == 0] = 0
    for row in np.flatnonzero(lengths > _LONG).tolist():
        text = raw[begins[row] : begins[row] + lengths[row]].tobytes()
        digest = blake2b(text, digest_size=words * _WORD, key=_SECRET.tobytes()).digest()
        found[row] = np.frombuffer(digest, dtype=np.uint64)
    return found


def mixed(state: Hashes, word: int = 0) -> Hashes:
    """A permutation of the 64-bit numbers that spreads every bit.

    Two rounds, because after one a difference in the two highest bits would come out as a known difference.
    """
    for multiplier, shift in zip((_MULTIPLIERS[word], _MULTIPLIERS[1 - word]), _SHIFTS, strict=True):
        state = state * multiplier
        state ^= state >> shift
    return state


def _words(
    raw: NDArray[np.uint8], begins: NDArray[np.int64], lengths: NDArray[np.int64]
) -> list[tuple[NDArray[np.intp] | slice, Hashes]]:
    """The first eight bytes of all texts as numbers, then the next eight of those that have more, and so on."""
    padded = np.concatenate([raw, np.zeros(_WORD, dtype=np.uint8)])
    # A number begins at every byte; they overlap.
    every: Hashes = np.ndarray(len(raw) + 1, dtype="<u8", buffer=padded.data, strides=(1,))
    taken: list[tuple[NDArray[np.intp] | slice, Hashes]] = []
    shortest = int(lengths.min(initial=_LONG))
    for start in range(0, int(lengths.max(initial=0)), _WORD):
        rows = slice(None) if shortest > start else np.flatnonzero(lengths > start)
        left = np.minimum(lengths[rows] - start, _WORD)
        taken.append((rows, every[begins[rows] + start] & _MASKS[left]))
    return taken


def groups(found: Hashes, among: NDArray[np.bool_] | None = None) -> Iterator[list[int]]:
    """The positions of one hash, in order, for every hash that occurs several times (`among` some of the positions)."""
    positions = np.arange(len(found)) if among is None else np.flatnonzero(among)
    # Most hashes are alone; sorting only the first words of all is what they cost.
    firsts = found[:, 0] if among is None else found[positions, 0]
    ordered_firsts = np.sort(firsts)
    repeated = ordered_firsts[1:][ordered_firsts[1:] == ordered_firsts[:-1]]
    positions = positions[np.isin(firsts, repeated)]
    order = np.lexsort(found[positions].T)
    ordered = found[positions[order]]
    starts = np.flatnonzero(np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1)))
    for group in np.split(positions[order], starts[1:]):
        if len(group) > 1:
            yield group.tolist()


class Seen:
    """Which hashes have been seen before; 16 bytes each, in sorted runs that are merged as they grow.

    A hash is called repeated only if all of it is. Should two hashes ever share their first half, the later may go
    unrecognized; callers must be safe with that.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def repeats(self, found: Hashes) -> NDArray[np.bool_]:
        """Which of the hashes were seen in an earlier call or earlier in this one; all of them are seen from now on."""
        order = np.lexsort((found[:, 1], found[:, 0]))
        ordered = found[order]
        known = np.zeros(len(found), dtype=bool)
        known[1:] = (ordered[1:] == ordered[:-1]).all(axis=1)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run[:, 0], ordered[:, 0]), len(run) - 1)
            known |= (run[places] == ordered).all(axis=1)
        if not known.all():
            self._add(ordered[~known])
        repeated = np.empty(len(found), dtype=bool)
        repeated[order] = known
        return repeated

    def _add(self, run: Hashes) -> None:
        """Runs at least double from the last to the first, so there are few of them."""
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.concatenate([self._runs.pop(), run])
            run = run[np.argsort(run[:, 0], kind="stable")]
        self._runs.append(run)
