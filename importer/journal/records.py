"""Rows and their calls as records: one for each, with a state of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.encoding import problems_text
from importer.journal.inserting import insert_rows
from importer.journal.states import OperationState
from importer.model.batch import OperationColumn
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problems import Problems
from importer.model.texts import scalar

_ROW: Final = (
    *("run", "source", "number", "line", "status", "crm_id", "owner", "problems"),
    *("assigns", "event_calls", "assign", "events"),
)
_CALL: Final = ("run", "source", "number", "ordinal", "kind", "key", "body", "state")


def insert_records(connection: sqlite3.Connection, run: int, source: int, rows: pa.Table, problems: Problems) -> None:
    """A record for each of these rows: `number`, `line`, `status`, `crm_id`, `owner`, `event_calls`.

    A row that is pending has follow-ups that are.
    """
    # Columns of plain values: SQLite asks an adapter about every member of an enumeration.
    numbers = rows["number"].to_pylist()
    told = problems.by_row()
    assigns = pc.not_equal(rows["owner"], "")
    pending = pc.equal(rows["status"], str(RowStatus.PENDING))
    insert_rows(
        connection,
        "rows",
        _ROW,
        zip(
            repeat(run, len(numbers)),
            repeat(source, len(numbers)),
            numbers,
            rows["line"].to_pylist(),
            rows["status"].to_pylist(),
            rows["crm_id"].to_pylist(),
            rows["owner"].to_pylist(),
            (problems_text(told.get(number, ())) for number in numbers),
            assigns.cast(pa.int8()).to_pylist(),
            rows["event_calls"].to_pylist(),
            pending_where(pc.and_(pending, assigns)).to_pylist(),
            pending_where(pc.and_(pending, pc.greater(rows["event_calls"], 0))).to_pylist(),
            strict=True,
        ),
    )


def pending_where(wanted: pa.ChunkedArray) -> pa.ChunkedArray:
    """The word for a follow-up that is wanted and not sent yet, and for one that nobody asked for."""
    return pc.if_else(wanted, scalar(str(FollowUp.PENDING)), scalar(str(FollowUp.NONE)))


def calls_table(columns: Sequence[OperationColumn]) -> pa.Table:
    """The calls of rows, a row for each: by turns keys, called by their kind, and bodies."""
    names = [name for column in columns for name in (str(column.kind), "body")]
    return pa.table([array for column in columns for array in (column.keys, column.bodies)], names=names)


def insert_calls(
    connection: sqlite3.Connection, run: int, source: int, numbers: Sequence[int], calls: pa.Table
) -> None:
    """A record for each call of the rows with these numbers: the first of a row may be sent, the others wait."""
    insert_rows(connection, "operations", _CALL, _calls(run, source, numbers, calls))


def _calls(run: int, source: int, numbers: Sequence[int], calls: pa.Table) -> Iterator[tuple[object, ...]]:
    columns = [column.to_pylist() for column in calls.columns]
    kinds = calls.column_names[::2]
    pairs = [zip(keys, bodies, strict=True) for keys, bodies in zip(columns[::2], columns[1::2], strict=True)]
    planned, blocked = str(OperationState.PLANNED), str(OperationState.BLOCKED)
    for number, *row in zip(numbers, *pairs, strict=True):
        ordinal = 0
        for kind, (key, body) in zip(kinds, row, strict=True):
            if key is not None:
                yield run, source, number, ordinal, kind, key, body, blocked if ordinal else planned
                ordinal += 1
