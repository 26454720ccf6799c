"""What is kept of a row to find its duplicates: fixed-size fingerprints instead of texts.

A row costs 69 bytes and 2 bytes per target: a million rows of ten targets stay below 100 MiB.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.columns import normalized_id
from importer.model.texts import keys, large_texts, scalar
from importer.validating.hashing import hashes, mixed

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from importer.validating.hashing import Hashes


def near_texts(crm_ids: pa.LargeStringArray) -> pa.LargeStringArray:
    """What `normalized_id` makes of each id."""
    return keys(crm_ids, normalized_id)


def sent_texts(frame: pd.DataFrame) -> dict[str, pa.LargeStringArray]:
    """The columns that make up what is sent, sorted by label; attributes of an unwanted event are blank."""
    wanted = {label: pa.array(frame[label].to_numpy()) for label in frame.columns if frame[label].dtype == bool}
    columns = {}
    for label in sorted(frame.columns):
        flag, bracket, rest = label.partition("]")
        if label in wanted:
            columns[label] = pc.if_else(wanted[label], scalar("true"), "false")
        elif label.startswith("events[") and rest:
            columns[label] = pc.if_else(wanted[flag + bracket], large_texts(frame[label]), "")
        else:
            columns[label] = large_texts(frame[label])
    return columns


def contents(columns: dict[str, pa.LargeStringArray]) -> tuple[Hashes, NDArray[np.uint16]]:
    """A hash per row that two rows share only if they say the same, and a 16-bit mark per cell.

    A blank column says as much as none. The marks only serve to name the fields in which two rows differ. Whether they
    differ is never read from them: one difference in 65,536 goes unnamed.
    """
    rows = len(next(iter(columns.values())))
    whole = np.zeros((rows, 2), dtype=np.uint64)
    marks = np.empty((rows, len(columns)), dtype=np.uint16)
    for position, (label, texts) in enumerate(columns.items()):
        cells = hashes(texts)
        marks[:, position] = cells[:, 0].astype(np.uint16)
        name = np.frombuffer(blake2b(label.encode(), digest_size=16).digest(), dtype=np.uint64)
        filled = (cells[:, 0] | cells[:, 1]) != 0
        for word in range(2):
            whole[:, word] += np.where(filled, mixed(mixed(cells[:, word] ^ name[word], word), word), np.uint64(0))
    return whole, marks


class Seen:
    """Which hashes have been seen before; 16 bytes each, in sorted runs that are merged as they grow.

    A hash is called repeated only if all of it is. Should two hashes ever share their first half, the later may go
    unrecognised; whoever asks must be safe with that.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def repeats(self, found: Hashes) -> NDArray[np.bool_]:
        """Which of the hashes were seen in an earlier call or earlier in this one; all of them are seen from now on."""
        order = np.lexsort((found[:, 1], found[:, 0]))
        ordered = found[order]
        again = np.zeros(len(found), dtype=bool)
        again[1:] = (ordered[1:] == ordered[:-1]).all(axis=1)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run[:, 0], ordered[:, 0]), len(run) - 1)
            again |= (run[places] == ordered).all(axis=1)
        if not again.all():
            self._add(ordered[~again])
        repeated = np.empty(len(found), dtype=bool)
        repeated[order] = again
        return repeated

    def _add(self, run: Hashes) -> None:
        """Runs at least double from the last to the first, so there are few of them."""
        while self._runs and len(self._runs[-1]) < 2 * len(run):
            run = np.concatenate([self._runs.pop(), run])
            run = run[np.argsort(run[:, 0], kind="stable")]
        self._runs.append(run)
