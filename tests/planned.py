"""Planned rows as single values: what tests write down and look at, where the program works in columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from importer.journal.plan import Plan
from importer.model.batch import OperationColumn, PlannedBatch
from importer.model.operation import Kind, Operation, RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.model.problems import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    row: RowId
    status: RowStatus
    crm_id: str
    cells: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    operations: tuple[Operation, ...] = ()
    owner: str = ""
    line: int | None = None


def add_rows(plan: Plan, rows: Sequence[PlannedRow]) -> None:
    """Into the plan as one batch; all rows are of one source."""
    if rows:
        plan.add(_batch_of(rows), _columns_of(rows))


def rows_of(batch: PlannedBatch, columns: Sequence[OperationColumn] = ()) -> list[PlannedRow]:
    problems = batch.problems.by_row()
    found: list[list[Operation]] = [[] for _ in range(len(batch))]
    states = zip(batch.invalid.to_pylist(), batch.filtered.to_pylist(), strict=True)
    statuses = [RowStatus.FILTERED if out else RowStatus.INVALID if bad else RowStatus.VALID for bad, out in states]
    for column in columns:
        for operations, key, body in zip(found, column.keys.to_pylist(), column.bodies.to_pylist(), strict=True):
            assert (key is None) == (body is None)
            if key is not None:
                operations.append(Operation(kind=column.kind, key=key, body=body))
    return [
        PlannedRow(
            row=RowId(batch.source, number),
            status=status,
            crm_id=crm_id,
            cells=tuple(cells),
            problems=problems.get(number, ()),
            operations=tuple(operations),
            owner=owner,
            line=batch.lines.get(number),
        )
        for number, status, crm_id, cells, operations, owner in zip(
            batch.numbers.to_pylist(),
            statuses,
            batch.crm_ids.to_pylist(),
            batch.cells.itertuples(index=False),
            found,
            batch.owners.to_pylist(),
            strict=True,
        )
    ]


def _batch_of(rows: Sequence[PlannedRow]) -> PlannedBatch:
    numbers = [row.row.number for row in rows]
    return PlannedBatch(
        source=rows[0].row.source,
        cells=pd.DataFrame([row.cells for row in rows], dtype="str", index=numbers),
        invalid=pa.array([row.status is RowStatus.INVALID for row in rows]),
        filtered=pa.array([row.status is RowStatus.FILTERED for row in rows]),
        crm_ids=pa.array([row.crm_id for row in rows], pa.large_string()),
        owners=pa.array([row.owner for row in rows], pa.large_string()),
        follow_ups={
            Kind.ASSIGN: pa.array([bool(row.owner) for row in rows]).cast(pa.int8()),
            Kind.EVENT: pa.array([sum(o.kind is Kind.EVENT for o in row.operations) for row in rows], pa.int8()),
        },
        problems=Problems.of(problem for row in rows for problem in row.problems),
        lines={row.row.number: row.line for row in rows if row.line is not None},
    )


def _columns_of(rows: Sequence[PlannedRow]) -> list[OperationColumn]:
    events = max(sum(operation.kind is Kind.EVENT for operation in row.operations) for row in rows)
    kinds = [Kind.CREATE, Kind.ASSIGN] + [Kind.EVENT] * events
    columns = []
    for at, kind in enumerate(kinds):
        nth = kinds[:at].count(kind)
        found = [_nth(row, kind, nth) for row in rows]
        columns.append(
            OperationColumn(
                kind=kind,
                keys=pa.array([o.key if o else None for o in found], pa.large_string()),
                bodies=pa.array([o.body if o else None for o in found], pa.large_binary()),
            )
        )
    return columns


def _nth(row: PlannedRow, kind: Kind, nth: int) -> Operation | None:
    of_kind = [operation for operation in row.operations if operation.kind is kind]
    return of_kind[nth] if nth < len(of_kind) else None
