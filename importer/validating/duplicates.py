"""Rows of one crm_id, or of one phone number, within the files of a run.

Nothing depends on where a batch ends: rows are only remembered while they pass, and judged after the last one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from importer.model.columns import near_id
from importer.validating.fingerprints import Seen, contents, hashes, marks, sent_texts
from importer.validating.settling import Marks, Rows, Settled, Settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch
    from importer.model.mapping import Duplicates
    from importer.validating.fingerprints import Hashes

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
    """Remembers every row that passes, and says at the end which of them must not be sent."""

    def __init__(self, policy: Duplicates, source_names: Sequence[str]) -> None:
        self._policy = policy
        self._source_names = source_names
        self._seen = Seen()
        self._pieces: list[_Piece] = []

    def observe(self, source: int, mapped: MappedBatch, invalid: frozenset[int]) -> frozenset[int]:
        """Remember a batch; returns its rows that are sure not to be sent, because an earlier valid row is.

        Batches come in the order of the files. Filtered rows and rows without a crm_id take no part. With
        `in_file: report` a row is returned if it says the same as an earlier one, with `first` if it has the same
        crm_id; with `last` none is, because every row may still turn out to be the one that is sent.
        """
        frame = mapped.frame[~mapped.filtered & (mapped.frame["crm_id"] != "")]
        if frame.empty:
            return frozenset()
        crm_ids = frame["crm_id"].tolist()
        columns = sent_texts(frame)
        piece = _Piece(
            sources=np.full(len(frame), source, dtype=np.int32),
            numbers=frame.index.to_numpy(dtype=np.int32),
            valid=~frame.index.isin(list(invalid)),
            ids=hashes(crm_ids),
            contents=hashes(contents(columns)),
            near=hashes(map(near_id, crm_ids), words=1),
            phones=hashes(frame["phone_number"].tolist(), words=1),
            labels=tuple(columns),
            marks=marks(columns),
        )
        self._pieces.append(piece)
        return self._surely_unsent(piece)

    def settle(self) -> tuple[Settled, ...]:
        """What changes for which row, in the order of the rows; call it once, after the last batch."""
        if not self._pieces:
            return ()
        pieces, self._pieces = self._pieces, []
        names = ("sources", "numbers", "valid", "ids", "contents", "near", "phones")
        arrays = {name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in names}
        rows = Rows(**arrays, marks=Marks([(piece.labels, piece.marks) for piece in pieces]))
        return Settling(rows, self._policy, self._source_names).settled()

    def _surely_unsent(self, piece: _Piece) -> frozenset[int]:
        if self._policy.in_file == "last":
            return frozenset()
        decisive = piece.ids if self._policy.in_file == "first" else piece.contents
        repeats = self._seen.repeats(decisive[piece.valid])
        return frozenset(piece.numbers[piece.valid][repeats].tolist())
