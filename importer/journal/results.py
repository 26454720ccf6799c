"""What became of the rows of a run: one by one where something is told of them, in columns where all are wanted."""

import heapq
import json
import sqlite3
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from importer.journal.batches import StoredBatch, cells_of, stored_batches
from importer.journal.encoding import problems_from
from importer.journal.rows import NEEDS_A_PERSON
from importer.journal.store import Journal, StoredRun
from importer.model.operation import RowId
from importer.model.outcome import FollowUp, ResultBatch, RowResult, RowStatus

_TOLD: Final = f"(r.problems IS NOT NULL OR {NEEDS_A_PERSON})"
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
_CODES: Final = {"problems": _TEXT, "warnings": _TEXT}
_SCHEMA: Final = pa.schema({**_PLACE, **_OUTCOME, **_CODES})


def row_results(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """Every row of the run in source order, read as it is asked for."""
    for batch in stored_batches(journal.connection, run.id):
        stored = _results(journal, batch, "1")
        yield from heapq.merge(stored, _plain_results(batch), key=lambda result: result.row.number)


def rows_for_a_person(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """The rows of the run that somebody has to look at, in source order, with their cells."""
    for batch in stored_batches(journal.connection, run.id):
        yield from _results(journal, batch, NEEDS_A_PERSON)


def result_batches(journal: Journal, run: StoredRun) -> Iterator[ResultBatch]:
    """Every row of the run in source order, a batch at a time."""
    for batch in stored_batches(journal.connection, run.id):
        told = _results(journal, batch, _TOLD)
        tables = [table for table in (_stored_table(journal, batch, told), _plain_table(batch)) if len(table)]
        if tables:
            table = pa.concat_tables(tables)
            table = table.sort_by("number") if len(tables) > 1 else table
            yield ResultBatch(source=batch.source, table=table, told=tuple(told))


def _results(journal: Journal, batch: StoredBatch, condition: str) -> list[RowResult]:
    """The rows of the batch that have a record of their own, with the cells of those that need a person."""
    found = journal.connection.execute(
        f"SELECT r.*, coalesce(o.attempts, 0) AS attempts, {NEEDS_A_PERSON} AS needy"
        f" {_FROM} AND {condition} ORDER BY r.number",
        (batch.run, batch.source, batch.first, batch.last),
    ).fetchall()
    cells = cells_of(journal.connection, batch, [row["number"] for row in found if row["needy"]])
    return [_result(row, cells.get(row["number"], ())) for row in found]


def _plain_results(batch: StoredBatch) -> Iterator[RowResult]:
    for row in batch.plain.to_pylist():
        yield RowResult(
            row=RowId(batch.source, row["number"]),
            status=RowStatus.VALID,
            crm_id=row["crm_id"],
            assigned_to=row["owner"],
            line=row["line"],
        )


def _result(row: sqlite3.Row, cells: tuple[str, ...]) -> RowResult:
    return RowResult(
        row=RowId(row["source"], row["number"]),
        status=RowStatus(row["status"]),
        crm_id=row["crm_id"],
        lead_id=row["lead_id"],
        assign=FollowUp(row["assign"]),
        assigned_to=row["owner"],
        events=FollowUp(row["events"]),
        problems=problems_from(row["problems"], row["number"]),
        message=row["message"],
        hint=row["hint"],
        attempts=row["attempts"],
        http_status=row["http_status"],
        error_code=row["error_code"],
        finished_at=row["finished_at"] or "",
        line=row["line"],
        cells=tuple(json.loads(row["cells"])) if row["cells"] else cells,
    )


def _stored_table(journal: Journal, batch: StoredBatch, told: list[RowResult]) -> pa.Table:
    """The rows of the batch that have a record of their own."""
    cursor = journal.connection.cursor()
    cursor.row_factory = None
    found = cursor.execute(
        "SELECT r.number, r.crm_id, r.status, r.lead_id, r.assign, r.owner, r.events, r.message, r.hint,"
        " coalesce(o.attempts, 0), r.http_status, r.error_code, coalesce(r.finished_at, '')"
        f" {_FROM} ORDER BY r.number",
        (batch.run, batch.source, batch.first, batch.last),
    ).fetchall()
    columns = [list(column) for column in zip(*found, strict=True)] or [[] for _ in (*_PLACE, *_OUTCOME)]
    lines = dict(zip((*_PLACE, *_OUTCOME), columns, strict=True)) | {name: [""] * len(found) for name in _CODES}
    _tell(lines, [result for result in told if result.problems])
    return pa.table(
        {name: pa.array(lines[name], kind) for name, kind in zip(_SCHEMA.names, _SCHEMA.types, strict=True)}
    )


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
