"""Rows of one crm_id, or of one phone number, within the files of a run.

Nothing depends on where a batch ends: rows are only remembered while they pass, and judged after the last one. What is
kept of a row is fixed-size hashes instead of texts, 69 bytes and 2 bytes per target: a million rows of ten targets stay
below 100 MiB.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.texts import keys, large_texts, scalar
from importer.model.whitespace import normalized_id
from importer.validating.hashing import Seen, hashes, mixed
from importer.validating.settling import Rows, Settled, Settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch
    from importer.model.mapping import Duplicates
    from importer.validating.hashing import Hashes

__all__ = ["InFileDuplicates", "Settled"]


class InFileDuplicates:
    """Remembers every row that passes, and reports at the end which of them must not be sent.

    With `at_once`, each batch already names rows that are sure not to be sent; that takes half as long again.
    Columns of the frames that are `aside` make no row differ from another.
    """

    def __init__(
        self,
        policy: Duplicates,
        source_names: Sequence[str],
        *,
        at_once: bool = True,
        aside: frozenset[str] = frozenset(),
    ) -> None:
        self._policy = policy
        self._aside = aside
        self._source_names = source_names
        self._at_once = at_once
        self._seen = Seen()
        self._batches: list[Rows] = []

    def observe(self, source: int, mapped: MappedBatch, invalid: frozenset[int]) -> frozenset[int]:
        """Remember a batch. With `at_once`, return its rows that are sure not to be sent, because an earlier one is.

        Batches come in the order of the files. Filtered rows and rows without a crm_id take no part. With
        `in_file: report` a row is returned if it equals an earlier one, with `first` if it has the same crm_id; with
        `last` none is, because every row may still turn out to be the one that is sent.
        """
        takes_part = ~mapped.filtered & (mapped.frame["crm_id"] != "")
        frame = mapped.frame if takes_part.all() else mapped.frame[takes_part]
        if frame.empty:
            return frozenset()
        columns = sent_texts(frame.drop(columns=[*self._aside]) if self._aside else frame)
        whole, marks = contents(columns)
        rows = Rows(
            sources=np.full(len(frame), source, dtype=np.int32),
            numbers=frame.index.to_numpy(dtype=np.int32),
            valid=~frame.index.isin(list(invalid)),
            ids=hashes(columns["crm_id"]),
            contents=whole,
            near=hashes(keys(columns["crm_id"], normalized_id), words=1),
            phones=hashes(columns["phone_number"], words=1),
            marks=marks,
        )
        self._batches.append(rows)
        if not self._at_once or self._policy.in_file == "last":
            return frozenset()
        decisive = rows.ids if self._policy.in_file == "first" else rows.contents
        repeats = self._seen.repeats(decisive[rows.valid])
        return frozenset(rows.numbers[rows.valid][repeats].tolist())

    def settle(self) -> tuple[Settled, ...]:
        """What changes for which row, in the order of the rows; call it once, after the last batch."""
        if not self._batches:
            return ()
        self._seen = Seen()
        return Settling(_joined(self._batches), self._policy, self._source_names).settled()


def sent_texts(frame: pd.DataFrame) -> dict[str, pa.LargeStringArray]:
    """The columns that make up what is sent, sorted by label; attributes of an unwanted event are blank."""
    wanted = {label: pa.array(frame[label].to_numpy()) for label in frame.columns if frame[label].dtype == bool}
    columns = {}
    for label in sorted(frame.columns):
        event, bracket, rest = label.partition("]")
        if label in wanted:
            columns[label] = pc.if_else(wanted[label], scalar("true"), "false")
        elif label.startswith("events[") and rest:
            columns[label] = pc.if_else(wanted[event + bracket], large_texts(frame[label]), "")
        else:
            columns[label] = large_texts(frame[label])
    return columns


def contents(columns: dict[str, pa.LargeStringArray]) -> tuple[Hashes, dict[str, NDArray[np.uint16]]]:
    """A hash per row that only rows of equal content share, and a 16-bit mark per cell, by the label of its column.

    A blank column counts as none. The marks only serve to name the fields in which two rows differ. Whether they differ
    is never read from them: one difference in 65,536 goes unnamed.
    """
    rows = len(next(iter(columns.values())))
    whole = np.zeros((rows, 2), dtype=np.uint64)
    marks = {}
    for label, texts in columns.items():
        cells = hashes(texts)
        marks[label] = cells[:, 0].astype(np.uint16)
        name = np.frombuffer(blake2b(label.encode(), digest_size=16).digest(), dtype=np.uint64)
        filled = (cells[:, 0] | cells[:, 1]) != 0
        for word in range(2):
            whole[:, word] += np.where(filled, mixed(mixed(cells[:, word] ^ name[word], word), word), np.uint64(0))
    return whole, marks


def _joined(batches: list[Rows]) -> Rows:
    """The rows of all batches; these are used up on the way, so that memory does not double."""
    names = ("sources", "numbers", "valid", "ids", "contents", "near", "phones")
    arrays: dict[str, list[NDArray[Any]]] = {name: [getattr(rows, name) for rows in batches] for name in names}
    # A column that another file does not have is blank there.
    labels = sorted({label for rows in batches for label in rows.marks})
    blank = {len(rows.numbers): np.zeros(len(rows.numbers), dtype=np.uint16) for rows in batches}
    marks = {label: [rows.marks.get(label, blank[len(rows.numbers)]) for rows in batches] for label in labels}
    batches.clear()
    joined = {name: np.concatenate(arrays.pop(name)) for name in names}
    return Rows(**joined, marks={label: np.concatenate(marks.pop(label)) for label in labels})
