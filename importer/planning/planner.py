"""A batch with everything that is decided about its rows before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import PlannedBatch
from importer.model.operation import Kind
from importer.model.texts import large_texts
from importer.planning.bodies import Bodies
from importer.planning.lead_previews import KEPT, lead_previews
from importer.planning.owners import Owners

if TYPE_CHECKING:
    from collections.abc import Mapping as Map
    from collections.abc import Sequence

    import pandas as pd

    from importer.model.batch import MappedBatch, OperationColumn, Target
    from importer.model.lead_preview import LeadPreview
    from importer.model.mapping import Mapping
    from importer.model.problems import Problems


class Planner:
    """Turns mapped rows into operations, in the order of the files.

    `follows` is the planner of the table before this one: the turns of a round robin continue across tables.
    """

    def __init__(
        self, mapping: Mapping, targets: Sequence[Target], *, origin: str, org: str, follows: Planner | None = None
    ) -> None:
        self._mapping, self._targets = mapping, targets
        self._to_preview: int = follows._to_preview if follows else KEPT
        self._events = range(len(mapping.events))
        self._bodies = Bodies(mapping, targets, origin=origin, org=org)
        self._owners: Owners = follows._owners if follows else Owners(mapping.assign)

    def plan(
        self,
        source: int,
        mapped: MappedBatch,
        cells: pd.DataFrame,
        problems: Problems,
        repeated: frozenset[int],
        lines: Map[int, int] | None = None,
    ) -> PlannedBatch:
        """Every row of the batch, in its order, also those that will not be sent.

        `cells` are the source's cells of the same rows, `problems` everything known about them, `repeated` the rows
        that an earlier row makes superfluous. Batches come in the order of the files, because turns are taken so.
        """
        frame = mapped.frame
        filtered = mapped.filtered.to_numpy(dtype=bool)
        # Nothing is reported about filtered rows.
        reported = problems.where(~np.isin(problems.rows, frame.index[filtered])).shortened()
        invalid = frame.index.isin(reported.rows[reported.stops])
        valid = ~invalid & ~filtered
        events = [frame[f"events[{event}]"].to_numpy(dtype=bool) & valid for event in self._events]
        owners = self._owners.column(frame, self._targets, valid, frame.index.isin(list(repeated)))
        return PlannedBatch(
            source=source,
            cells=cells,
            invalid=pa.array(invalid),
            filtered=pa.array(filtered),
            crm_ids=large_texts(frame["crm_id"]),
            owners=owners,
            follow_ups={
                Kind.ASSIGN: pc.not_equal(owners, "").cast(pa.int8()),
                Kind.EVENT: pa.array(
                    np.sum(events, axis=0, dtype=np.int8) if events else np.zeros(len(frame), np.int8)
                ),
            },
            problems=reported,
            lines=lines or {},
            leads=self._bodies.leads(frame, pa.array(valid)),
            previews=self._previews(frame, cells, frame.index[valid].tolist()),
        )

    def _previews(self, frame: pd.DataFrame, cells: pd.DataFrame, numbers: list[int]) -> tuple[LeadPreview, ...]:
        first = numbers[: self._to_preview]
        self._to_preview -= len(first)
        return lead_previews(frame, cells, first, self._targets, self._mapping)

    def operations(self, mapped: MappedBatch, planned: PlannedBatch) -> tuple[OperationColumn, ...]:
        """The requests of the batch, one column for each kind, in the order in which a row's requests are made."""
        return self._bodies.columns(mapped.frame, planned)
