"""Rows of one crm_id, or of one phone number, within the files of a run.

Nothing depends on where a batch ends: rows are only remembered while they pass, and judged after the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from importer.validating.fingerprints import Seen, contents, near_texts, sent_texts
from importer.validating.hashing import hashes
from importer.validating.settling import Marks, Rows, Settled, Settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch
    from importer.model.mapping import Duplicates
    from importer.validating.hashing import Hashes

__all__ = ["InFileDuplicates", "Settled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What is remembered of one batch, one array element (or row of elements) per row."""

    sources: NDArray[np.int32]
    numbers: NDArray[np.int32]
    valid: NDArray[np.bool_]
    ids: Hashes
    contents: Hashes
    near: Hashes
    phones: Hashes
    labels: tuple[str, ...]
    marks: NDArray[np.uint16]


class InFileDuplicates:
    """Remembers every row that passes, and says at the end which of them must not be sent.

    `at_once` asks for those that are sure not to be sent with every batch, which takes half as long again.
    """

    def __init__(self, policy: Duplicates, source_names: Sequence[str], *, at_once: bool = True) -> None:
        self._policy = policy
        self._source_names = source_names
        self._at_once = at_once
        self._seen = Seen()
        self._pieces: list[_Piece] = []

    def observe(self, source: int, mapped: MappedBatch, invalid: frozenset[int]) -> frozenset[int]:
        """Remember a batch; returns, if asked for, its rows that are sure not to be sent, because an earlier one is.

        Batches come in the order of the files. Filtered rows and rows without a crm_id take no part. With
        `in_file: report` a row is returned if it says the same as an earlier one, with `first` if it has the same
        crm_id; with `last` none is, because every row may still turn out to be the one that is sent.
        """
        takes_part = ~mapped.filtered & (mapped.frame["crm_id"] != "")
        frame = mapped.frame if takes_part.all() else mapped.frame[takes_part]
        if frame.empty:
            return frozenset()
        columns = sent_texts(frame)
        whole, marks = contents(columns)
        piece = _Piece(
            sources=np.full(len(frame), source, dtype=np.int32),
            numbers=frame.index.to_numpy(dtype=np.int32),
            valid=~frame.index.isin(list(invalid)),
            ids=hashes(columns["crm_id"]),
            contents=whole,
            near=hashes(near_texts(columns["crm_id"]), words=1),
            phones=hashes(columns["phone_number"], words=1),
            labels=tuple(columns),
            marks=marks,
        )
        self._pieces.append(piece)
        return self._surely_unsent(piece)

    def settle(self) -> tuple[Settled, ...]:
        """What changes for which row, in the order of the rows; call it once, after the last batch."""
        if not self._pieces:
            return ()
        pieces, self._pieces, self._seen = self._pieces, [], Seen()
        marks = Marks([(piece.labels, piece.marks) for piece in pieces])
        rows = Rows(**_joined(pieces), marks=marks)
        return Settling(rows, self._policy, self._source_names).settled()

    def _surely_unsent(self, piece: _Piece) -> frozenset[int]:
        if not self._at_once or self._policy.in_file == "last":
            return frozenset()
        decisive = piece.ids if self._policy.in_file == "first" else piece.contents
        repeats = self._seen.repeats(decisive[piece.valid])
        return frozenset(piece.numbers[piece.valid][repeats].tolist())


def _joined(pieces: list[_Piece]) -> dict[str, NDArray[Any]]:
    """The arrays of all pieces, each as one; the pieces are used up on the way, so that memory does not double."""
    names = ("sources", "numbers", "valid", "ids", "contents", "near", "phones")
    parts = {name: [getattr(piece, name) for piece in pieces] for name in names}
    pieces.clear()
    return {name: np.concatenate(parts.pop(name)) for name in names}
