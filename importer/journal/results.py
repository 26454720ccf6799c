"""What became of the rows of a run: one by one where something is told of them, in columns where all are wanted."""

import heapq
import json
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.batches import StoredBatch, cell_columns, cells_of, problems_of, stored_batches
from importer.journal.encoding import dumps, problems_from
from importer.journal.problem_summary import Told, stored_problems, told
from importer.journal.records import pending_where
from importer.journal.rows import NEEDS_A_PERSON
from importer.journal.store import Journal, StoredRun
from importer.model.operation import RowId
from importer.model.outcome import FollowUp, ResultBatch, RowResult, RowStatus
from importer.model.problem import Problem
from importer.model.problems import Problems
from importer.model.texts import TEXT, scalar

_STATUSES: Final = {str(status): status for status in RowStatus}
_FOLLOW_UPS: Final = {str(state): state for state in FollowUp}

_FROM: Final = (
    "FROM rows r"
    " LEFT JOIN operations o ON o.run = r.run AND o.source = r.source AND o.number = r.number AND o.ordinal = 0"
    " WHERE r.run = ? AND r.source = ? AND r.number BETWEEN ? AND ?"
)
_PLACE: Final = {"number": pa.int64()}
_OUTCOME: Final = {
    "crm_id": TEXT,
    "status": TEXT,
    "lead_id": TEXT,
    "assign": TEXT,
    "assigned_to": TEXT,
    "events": TEXT,
    "explanation": TEXT,
    "cure": TEXT,
    "attempts": pa.int64(),
    "http_status": pa.int64(),
    "error_code": pa.int64(),
    "finished_at": TEXT,
}
_STORED_AS: Final = {"assigned_to": "owner", "explanation": "message", "cure": "hint"}
_CODES: Final = {"problems": TEXT, "warnings": TEXT}
_SCHEMA: Final = pa.schema({**_PLACE, **_OUTCOME, **_CODES, "needy": pa.bool_()})
_AMONG: Final = "r.number IN (SELECT value FROM json_each(?))"


def row_results(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """Every row of the run in source order, read as it is asked for."""
    for batch in stored_batches(journal.connection, run.id):
        problems = problems_of(journal.connection, batch)
        yield from _one_by_one(journal, batch, _found(journal, batch), batch.plain, problems)


def told_results(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """The rows of the run that have problems or need a person, in source order."""
    for batch in stored_batches(journal.connection, run.id):
        problems = problems_of(journal.connection, batch)
        has_problems = pc.is_in(batch.plain["number"], pa.array(np.unique(problems.rows)))
        plain = batch.plain.filter(pc.or_(has_problems, _needy(batch.plain)))
        yield from _one_by_one(journal, batch, _told(_found(journal, batch)), plain, problems)


def cells_for_a_person(journal: Journal, run: StoredRun) -> Iterator[pa.Table]:
    """The source's cells of the rows that somebody has to look at, batch by batch, a column for each of the source."""
    for batch in stored_batches(journal.connection, run.id):
        records = {row["number"]: row["cells"] for row in _found(journal, batch, NEEDS_A_PERSON)}
        numbers = [*records, *batch.plain["number"].filter(_needy(batch.plain)).to_pylist()]
        of_rows = {number: json.loads(cells) for number, cells in records.items() if cells}
        yield cell_columns(journal.connection, batch, np.array(numbers, dtype=np.int64), of_rows)


def result_batches(journal: Journal, run: StoredRun, *, people: int = 0) -> Generator[ResultBatch, None, None]:
    """Every row of the run in source order, a batch at a time; the first `people` that need one also by themselves."""
    for batch in stored_batches(journal.connection, run.id):
        found = _result_batch(journal, batch, people)
        people -= min(people, len(found.people))
        if len(found.table):
            yield found


def _result_batch(journal: Journal, batch: StoredBatch, people: int) -> ResultBatch:
    stored = _stored(journal, batch)
    of_records = stored_problems(stored["number"], stored["problems"])
    of_plain = problems_of(journal.connection, batch)
    said = told(Problems.together([of_records, of_plain]).in_row_order())
    table = pa.concat_tables([_stored_table(stored), _plain_table(batch)])
    table = _explained(table.sort_by("number") if len(stored["number"]) and len(batch.plain) else table, said)
    needy = table["number"].filter(table["needy"]).to_numpy()
    explained = np.isin(needy, said.numbers[said.stops])
    one_by_one = pa.array(needy[~explained | (np.arange(len(needy)) < people)])
    found = _found(journal, batch, _AMONG, dumps(one_by_one.to_pylist()))
    return ResultBatch(
        source=batch.source,
        table=table,
        problems=said.problems,
        cells=cell_columns(journal.connection, batch, needy, _cells_of_rows(stored)),
        people=tuple(_one_by_one(journal, batch, found, _among(batch.plain, one_by_one), of_plain)),
    )


def _explained(table: pa.Table, said: Told) -> pa.Table:
    """The rows with what their problems say of them."""
    places = pc.index_in(table["number"], pa.array(said.numbers))
    explanations, cures, codes, warnings = (
        pc.fill_null(pa.chunked_array([texts]).take(places), "")
        for texts in (said.explanations, said.cures, said.codes, said.warning_codes)
    )
    columns = {
        # What sending said goes before what the problems say.
        "explanation": pc.if_else(pc.equal(table["explanation"], ""), explanations, table["explanation"]),
        "cure": pc.if_else(pc.equal(table["cure"], ""), cures, table["cure"]),
        "problems": codes,
        "warnings": warnings,
    }
    for name, texts in columns.items():
        table = table.set_column(_SCHEMA.get_field_index(name), name, texts)
    return table


def _needy(plain: pa.Table) -> pa.ChunkedArray:
    """Which plain rows need a person."""
    return pc.equal(plain["status"], str(RowStatus.INVALID))


def _among(plain: pa.Table, numbers: pa.Array) -> pa.Table:
    return plain.filter(pc.is_in(plain["number"], numbers))


def _stored(journal: Journal, batch: StoredBatch) -> dict[str, Sequence[Any]]:
    """The rows of the batch that have a record of their own, as columns."""
    cursor = journal.connection.cursor()
    cursor.row_factory = None
    names = ("number", *_STORED_AS.values(), *(name for name in _OUTCOME if name not in {*_STORED_AS, "attempts"}))
    found = cursor.execute(
        f"SELECT {', '.join(f'r.{name}' for name in names)}, r.problems, r.cells, coalesce(o.attempts, 0),"
        f" {NEEDS_A_PERSON} {_FROM} ORDER BY r.number",
        (batch.run, batch.source, batch.first, batch.last),
    ).fetchall()
    names = (*names, "problems", "cells", "attempts", "needy")
    return dict(zip(names, zip(*found, strict=True) if found else [()] * len(names), strict=True))


def _cells_of_rows(stored: dict[str, Sequence[Any]]) -> dict[int, list[str]]:
    """Cells that stand with their rows, by number, as they did before layout 5."""
    if not any(stored["cells"]):
        return {}
    return {number: json.loads(text) for number, text in zip(stored["number"], stored["cells"], strict=True) if text}


def _found(journal: Journal, batch: StoredBatch, condition: str = "1", *values: object) -> list[sqlite3.Row]:
    """The rows of the batch that have a record of their own, one by one."""
    return journal.connection.execute(
        "SELECT r.*, coalesce(o.attempts, 0) AS attempts,"
        f" {NEEDS_A_PERSON} AS needy {_FROM} AND {condition} ORDER BY r.number",
        (batch.run, batch.source, batch.first, batch.last, *values),
    ).fetchall()


def _told(found: Sequence[sqlite3.Row]) -> list[sqlite3.Row]:
    """Those of which a report has something to say."""
    return [row for row in found if row["problems"] or row["needy"]]


def _results(journal: Journal, batch: StoredBatch, found: Sequence[sqlite3.Row]) -> list[RowResult]:
    """What became of these rows, with the cells of those that need a person."""
    cells = cells_of(journal.connection, batch, [row["number"] for row in found if row["needy"]])
    problems = problems_from([row["problems"] for row in found], [row["number"] for row in found])
    return [_result(row, told, cells.get(row["number"], ())) for row, told in zip(found, problems, strict=True)]


def _one_by_one(
    journal: Journal, batch: StoredBatch, found: Sequence[sqlite3.Row], plain: pa.Table, problems: Problems
) -> Iterator[RowResult]:
    """What became of these records and these plain rows, in the order of their numbers; `problems` are the latter's."""
    stored = _results(journal, batch, found)
    return heapq.merge(stored, _plain_results(journal, batch, plain, problems), key=lambda result: result.row.number)


def _plain_results(journal: Journal, batch: StoredBatch, plain: pa.Table, problems: Problems) -> Iterator[RowResult]:
    if not len(plain):
        return
    told = problems.where(np.asarray(pc.is_in(pa.array(problems.rows), plain["number"]))).by_row()
    cells = cells_of(journal.connection, batch, plain["number"].filter(_needy(plain)).to_pylist())
    for row in plain.to_pylist():
        yield RowResult(
            row=RowId(batch.source, row["number"]),
            status=_STATUSES[row["status"]],
            crm_id=row["crm_id"],
            assign=_follow_up(batch, row["owner"] != ""),
            assigned_to=row["owner"],
            events=_follow_up(batch, row["event_calls"] > 0),
            problems=told.get(row["number"], ()),
            line=row["line"],
            cells=cells.get(row["number"], ()),
        )


def _follow_up(batch: StoredBatch, wanted: bool) -> FollowUp:  # noqa: FBT001
    return FollowUp.PENDING if batch.to_send and wanted else FollowUp.NONE


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


def _stored_table(stored: dict[str, Sequence[Any]]) -> pa.Table:
    """The rows of a batch that have a record of their own, without what their problems say."""
    columns = {name: pa.array(stored[_STORED_AS.get(name, name)], kind) for name, kind in (_PLACE | _OUTCOME).items()}
    columns["finished_at"] = pc.fill_null(columns["finished_at"], "")
    columns |= {
        **dict.fromkeys(_CODES, pa.repeat(scalar(""), len(stored["number"]))),
        "needy": pa.array(stored["needy"]).cast(pa.bool_()),
    }
    return pa.table([columns[name] for name in _SCHEMA.names], schema=_SCHEMA)


def _plain_table(batch: StoredBatch) -> pa.Table:
    """The plain rows of a batch, without what their problems say."""
    rows = len(batch.plain)
    blank = pa.repeat(scalar(""), rows)
    known = {
        "number": batch.plain["number"],
        "crm_id": batch.plain["crm_id"],
        "assigned_to": batch.plain["owner"],
        "status": batch.plain["status"],
        "attempts": pa.repeat(pa.scalar(0, pa.int64()), rows),
        "http_status": pa.nulls(rows, pa.int64()),
        "error_code": pa.nulls(rows, pa.int64()),
        "needy": _needy(batch.plain),
    }
    if batch.to_send:
        known["assign"] = pending_where(pc.not_equal(batch.plain["owner"], ""))
        known["events"] = pending_where(pc.greater(batch.plain["event_calls"], 0))
    return pa.table([known.get(name, blank) for name in _SCHEMA.names], schema=_SCHEMA)
