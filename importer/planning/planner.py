"""A row with everything that is decided about it before anything is sent."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from importer.model.lead import PlannedRow
from importer.model.operation import Kind, Operation, RowId
from importer.model.outcome import RowStatus
from importer.planning.bodies import (
    Shape,
    attributes_shape,
    columns_as_json,
    json_text,
    lead_shape,
    members,
    wraps,
    written,
)
from importer.planning.keys import distinct_id
from importer.planning.owners import Owners

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from importer.model.batch import MappedBatch, Target
    from importer.model.mapping import EventSpec, Mapping
    from importer.model.problem import Problem


class _Row(NamedTuple):
    """One row of the columns that the planner reads, in the order in which `Planner._rows` puts them side by side."""

    number: int
    crm_id: str
    filtered: bool
    named_owner: str
    wanted: tuple[bool, ...]
    values: tuple[str, ...]
    cells: tuple[str, ...]


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
        problems: tuple[Problem, ...],
        repeated: frozenset[int],
        lines: dict[int, int] | None = None,
    ) -> list[PlannedRow]:
        """One planned row per row of the batch, in its order, whatever became of it.

        `cells` are the source's cells of the same rows, `problems` everything known about them, `repeated` the rows
        that an earlier row makes superfluous. Batches come in the order of the files, because turns are taken so.
        """
        found: defaultdict[int, list[Problem]] = defaultdict(list)
        for problem in problems:
            found[problem.row].append(problem)
        planned = []
        for row in self._rows(mapped, cells):
            told = () if row.filtered else tuple(found.get(row.number, ()))
            status = _status(row, told)
            valid = status is RowStatus.VALID
            owner = self._owners.owner(row.named_owner, repeated=row.number in repeated) if valid else ""
            planned.append(
                PlannedRow(
                    row=RowId(source, row.number),
                    status=status,
                    crm_id=row.crm_id,
                    cells=row.cells,
                    problems=told,
                    operations=tuple(self._operations(row, owner)) if valid else (),
                    owner=owner,
                    line=lines.get(row.number) if lines else None,
                )
            )
        return planned

    def _rows(self, mapped: MappedBatch, cells: pd.DataFrame) -> Iterator[_Row]:
        frame = mapped.frame
        flags = [frame[f"events[{event}]"].tolist() for event in range(len(self._events))]
        columns = zip(
            frame.index.tolist(),
            frame["crm_id"].tolist(),
            mapped.filtered.tolist(),
            self._owners.column(frame),
            zip(*flags, strict=True) if flags else [()] * len(frame),
            columns_as_json(frame, self._targets, wrap=self._wrap),
            zip(*(cells.iloc[:, at].tolist() for at in range(cells.shape[1])), strict=True),
            strict=True,
        )
        return map(_Row._make, columns)

    def _operations(self, row: _Row, owner: str) -> Iterator[Operation]:
        attributes = written(members(self._attributes, row.values))
        create = written([*members(self._lead, row.values), f'"attributes":{attributes}'])
        yield Operation(kind=Kind.CREATE, key=row.crm_id, body=create.encode())
        if owner:
            yield Operation(kind=Kind.ASSIGN, key=owner, body=written([self._owners.member(owner)]).encode())
        for wanted, (spec, shape) in zip(row.wanted, self._events, strict=True):
            if wanted:
                yield self._event(row, spec, shape)

    def _event(self, row: _Row, spec: EventSpec, shape: Shape) -> Operation:
        key = distinct_id(origin=self._origin, org=self._org, crm_id=row.crm_id, event=spec.event, key=spec.key)
        parts = [f'"event":{json_text(spec.event)}', f'"distinct_id":"{key}"']
        attributes = written(members(shape, row.values), empty="")
        if attributes:
            parts.append(f'"attributes":{attributes}')
        return Operation(kind=Kind.EVENT, key=key, body=written(parts).encode())


def _status(row: _Row, problems: tuple[Problem, ...]) -> RowStatus:
    if row.filtered:
        return RowStatus.FILTERED
    if any(not problem.warning for problem in problems):
        return RowStatus.INVALID
    return RowStatus.VALID
