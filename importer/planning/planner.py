"""A batch with everything that is decided about its rows before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import OperationColumn, PlannedBatch
from importer.model.operation import Kind
from importer.model.texts import TEXT, large_texts, scalar
from importer.planning.bodies import (
    Shape,
    attributes_shape,
    columns_as_json,
    json_text,
    json_texts,
    lead_shape,
    member,
    members,
    wraps,
    written,
)
from importer.planning.keys import distinct_id
from importer.planning.owners import Owners

if TYPE_CHECKING:
    from collections.abc import Mapping as Map
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch, Target
    from importer.model.mapping import EventSpec, Mapping
    from importer.model.problems import Problems

    Mask = NDArray[np.bool_]


class Planner:
    """Turns mapped rows into operations, in the order of the files."""

    def __init__(self, mapping: Mapping, targets: Sequence[Target], *, origin: str, org: str) -> None:
        self._mapping = mapping
        self._targets = targets
        self._wrap = wraps(mapping)
        self._lead = lead_shape(targets)
        self._attributes = attributes_shape(targets)
        self._events: list[tuple[EventSpec, Shape]] = [
            (spec, attributes_shape(targets, event)) for event, spec in enumerate(mapping.events)
        ]
        self._owners = Owners(mapping.assign, targets)
        self._origin = origin
        self._org = org

    def bound_to(self, targets: Sequence[Target]) -> Planner:
        """A planner for the targets of another table, which goes on with the turns of this one."""
        planner = Planner(self._mapping, targets, origin=self._origin, org=self._org)
        planner._owners = self._owners.bound_to(targets)
        return planner

    def plan(
        self,
        source: int,
        mapped: MappedBatch,
        cells: pd.DataFrame,
        problems: Problems,
        repeated: frozenset[int],
        lines: Map[int, int] | None = None,
    ) -> PlannedBatch:
        """Every row of the batch, in its order, whatever became of it.

        `cells` are the source's cells of the same rows, `problems` everything known about them, `repeated` the rows
        that an earlier row makes superfluous. Batches come in the order of the files, because turns are taken so.
        """
        filtered = mapped.filtered.to_numpy(dtype=bool)
        # Of filtered rows nothing is told.
        told = problems.where(~np.isin(problems.rows, mapped.frame.index[filtered])).shortened()
        invalid = mapped.frame.index.isin(told.rows[told.stops])
        valid = ~invalid & ~filtered
        return PlannedBatch(
            source=source,
            cells=cells,
            invalid=pa.array(invalid),
            filtered=pa.array(filtered),
            crm_ids=large_texts(mapped.frame["crm_id"]),
            owners=self._owners.column(mapped.frame, valid, mapped.frame.index.isin(list(repeated))),
            event_calls=pa.array(self._event_calls(mapped.frame, valid)),
            problems=told,
            lines=lines or {},
        )

    def operations(self, mapped: MappedBatch, planned: PlannedBatch) -> tuple[OperationColumn, ...]:
        """The calls of the batch: the create first, then the assignment, then the events in the mapping's order."""
        valid = planned.valid
        values = columns_as_json(mapped.frame, self._targets, wrap=self._wrap)
        assigned = pc.and_(valid, pc.not_equal(planned.owners, ""))
        columns = [
            _column(Kind.CREATE, planned.crm_ids, self._creates(values, len(valid)), valid),
            _column(Kind.ASSIGN, planned.owners, written([self._owners.member(planned.owners)]), assigned),
        ]
        for event, (spec, shape) in enumerate(self._events):
            wanted = pc.and_(valid, pa.array(mapped.frame[f"events[{event}]"].to_numpy(dtype=bool)))
            keys = self._event_keys(spec, planned.crm_ids, wanted)
            columns.append(_column(Kind.EVENT, keys, _events(spec, keys, members(shape, values)), wanted))
        return tuple(columns)

    def _event_calls(self, frame: pd.DataFrame, valid: Mask) -> NDArray[np.int8]:
        calls = np.zeros(len(frame), dtype=np.int8)
        for event in range(len(self._events)):
            calls += frame[f"events[{event}]"].to_numpy(dtype=bool) & valid
        return calls

    def _creates(self, values: Sequence[pa.Array], rows: int) -> pa.Array:
        blank = pa.repeat(scalar("{}"), rows)
        attributes = pc.coalesce(written(members(self._attributes, values)), blank) if self._attributes else blank
        return written([*members(self._lead, values), member('"attributes":', attributes)])

    def _event_keys(self, spec: EventSpec, crm_ids: pa.Array, wanted: pa.Array) -> pa.Array:
        keys = [
            distinct_id(origin=self._origin, org=self._org, crm_id=crm_id, event=spec.event, key=spec.key)
            for crm_id in crm_ids.filter(wanted).to_pylist()
        ]
        return pc.replace_with_mask(pa.nulls(len(crm_ids), TEXT), wanted, pa.array(keys, TEXT))


def _events(spec: EventSpec, keys: pa.Array, attributes: Sequence[pa.Array]) -> pa.Array:
    name = pa.repeat(scalar(f'"event":{json_text(spec.event)}'), len(keys))
    parts = [name, member('"distinct_id":', json_texts(keys))]
    return written([*parts, member('"attributes":', written(attributes))] if attributes else parts)


def _column(kind: Kind, keys: pa.Array, bodies: pa.Array, wanted: pa.Array) -> OperationColumn:
    nothing = scalar(None)
    return OperationColumn(
        kind=kind,
        keys=pc.if_else(wanted, keys, nothing),
        bodies=pc.if_else(wanted, bodies, nothing).cast(pa.large_binary()),
    )
