"""What became of the rows of a run: one by one where something is told of them, in columns where all are wanted."""

import heapq
import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.batches import StoredBatch, cells_of, stored_batches
from importer.journal.encoding import problems_from
from importer.journal.rows import NEEDS_A_PERSON
from importer.journal.store import Journal, StoredRun
from importer.model.operation import RowId
from importer.model.outcome import FollowUp, ResultBatch, RowResult, RowStatus
from importer.model.problem import Problem

_STATUSES: Final = {str(status): status for status in RowStatus}
_FOLLOW_UPS: Final = {str(state): state for state in FollowUp}
_TEXT: Final = pa.large_string()

_FROM: Final = (
    "FROM rows r"
    " LEFT JOIN operations o ON o.run = r.run AND o.source = r.source AND o.number = r.number AND o.ordinal = 0"
    " WHERE r.run = ? AND r.source = ? AND r.number BETWEEN ? AND ?"
)
_PLACE: Final = {"number": pa.int64()}
_OUTCOME: Final = {
    "crm_id": _TEXT,
    "status": _TEXT,
    "lead_id": _TEXT,
    "assign": _TEXT,
    "assigned_to": _TEXT,
    "events": _TEXT,
    "explanation": _TEXT,
    "cure": _TEXT,
    "attempts": pa.int64(),
    "http_status": pa.int64(),
    "error_code": pa.int64(),
    "finished_at": _TEXT,
}
_STORED_AS: Final = {"assigned_to": "owner", "explanation": "message", "cure": "hint"}
_CODES: Final = {"problems": _TEXT, "warnings": _TEXT}
_SCHEMA: Final = pa.schema({**_PLACE, **_OUTCOME, **_CODES})


def row_results(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """Every row of the run in source order, read as it is asked for."""
    for batch in stored_batches(journal.connection, run.id):
        stored = _results(journal, batch, _found(journal, batch))
        yield from heapq.merge(stored, _plain_results(batch), key=lambda result: result.row.number)


def told_results(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """The rows of the run that have problems or need a person, in source order."""
    for batch in stored_batches(journal.connection, run.id):
        yield from _results(journal, batch, _told(_found(journal, batch)))


def rows_for_a_person(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """The rows of the run that somebody has to look at, in source order, with their cells."""
    for batch in stored_batches(journal.connection, run.id):
        yield from _results(journal, batch, _found(journal, batch, NEEDS_A_PERSON))


def result_batches(journal: Journal, run: StoredRun) -> Generator[ResultBatch, None, None]:
    """Every row of the run in source order, a batch at a time."""
    for batch in stored_batches(journal.connection, run.id):
        found = _found(journal, batch)
        told = _results(journal, batch, _told(found))
        tables = [table for table in (_stored_table(found, told), _plain_table(batch)) if len(table)]
        if tables:
            table = pa.concat_tables(tables)
            table = table.sort_by("number") if len(tables) > 1 else table
            yield ResultBatch(source=batch.source, table=table, told=tuple(told))


def _found(journal: Journal, batch: StoredBatch, condition: str = "1") -> list[sqlite3.Row]:
    """The rows of the batch that have a record of their own."""
    return journal.connection.execute(
        "SELECT r.*, coalesce(o.attempts, 0) AS attempts,"
        f" {NEEDS_A_PERSON} AS needy {_FROM} AND {condition} ORDER BY r.number",
        (batch.run, batch.source, batch.first, batch.last),
    ).fetchall()


def _told(found: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
    """Those of which a report has something to say."""
    return [row for row in found if row["problems"] or row["needy"]]


def _results(journal: Journal, batch: StoredBatch, found: Sequence[sqlite3.Row]) -> list[RowResult]:
    """What became of these rows, with the cells of those that need a person."""
    cells = cells_of(journal.connection, batch, [row["number"] for row in found if row["needy"]])
    problems = problems_from([row["problems"] for row in found], [row["number"] for row in found])
    return [_result(row, told, cells.get(row["number"], ())) for row, told in zip(found, problems, strict=True)]


def _plain_results(batch: StoredBatch) -> Iterator[RowResult]:
    for row in batch.plain.to_pylist():
        yield RowResult(
            row=RowId(batch.source, row["number"]),
            status=RowStatus.VALID,
            crm_id=row["crm_id"],
            assigned_to=row["owner"],
            line=row["line"],
        )


def _result(row: sqlite3.Row, problems: tuple[Problem, ...], cells: tuple[str, ...]) -> RowResult:
    return RowResult(
        row=RowId(row["source"], row["number"]),
        status=_STATUSES[row["status"]],
        crm_id=row["crm_id"],
        lead_id=row["lead_id"],
        assign=_FOLLOW_UPS[row["assign"]],
        assigned_to=row["owner"],
        events=_FOLLOW_UPS[row["events"]],
        problems=problems,
        message=row["message"],
        hint=row["hint"],
        attempts=row["attempts"],
        http_status=row["http_status"],
        error_code=row["error_code"],
        finished_at=row["finished_at"] or "",
        line=row["line"],
        cells=tuple(json.loads(row["cells"])) if row["cells"] else cells,
    )


def _stored_table(found: Sequence[sqlite3.Row], told: Sequence[RowResult]) -> pa.Table:
    """The rows of a batch that have a record of their own."""
    if not found:
        return _SCHEMA.empty_table()
    columns: dict[str, list[object]] = dict(
        zip(found[0].keys(), (list(column) for column in zip(*found, strict=True)), strict=True)
    )
    columns |= {name: columns[stored] for name, stored in _STORED_AS.items()}
    columns |= {name: [""] * len(found) for name in _CODES}
    _tell(columns, [result for result in told if result.problems])
    arrays = {name: pa.array(columns[name], kind) for name, kind in zip(_SCHEMA.names, _SCHEMA.types, strict=True)}
    return pa.table(arrays | {"finished_at": pc.fill_null(arrays["finished_at"], "")})


def _tell(columns: dict[str, list[object]], results: list[RowResult]) -> None:
    """Put in what only a row's problems say."""
    positions = {number: position for position, number in enumerate(columns["number"])} if results else {}
    for result in results:
        position = positions[result.row.number]
        columns["explanation"][position] = result.explanation
        columns["cure"][position] = result.cure
        columns["problems"][position] = result.codes(warnings=False)
        columns["warnings"][position] = result.codes(warnings=True)


def _plain_table(batch: StoredBatch) -> pa.Table:
    rows = len(batch.plain)
    known = {
        "number": batch.plain["number"],
        "crm_id": batch.plain["crm_id"],
        "assigned_to": batch.plain["owner"],
        "status": pa.repeat(pa.scalar(str(RowStatus.VALID), _TEXT), rows),
        "attempts": pa.repeat(pa.scalar(0, pa.int64()), rows),
        "http_status": pa.nulls(rows, pa.int64()),
        "error_code": pa.nulls(rows, pa.int64()),
    }
    blank = pa.repeat(pa.scalar("", _TEXT), rows)
    return pa.table([known.get(name, blank) for name in _SCHEMA.names], schema=_SCHEMA)
