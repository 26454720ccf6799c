"""What the reports are made from: every row of a run, and what they amount to."""

import json
import sqlite3
from collections.abc import Iterator

from importer.journal.encoding import problems_from, source_from
from importer.journal.examining import examination_of, owners_of
from importer.journal.mending import mends, story_of
from importer.journal.store import Journal, StoredRun
from importer.journal.traffic import traffic_of
from importer.model.operation import RowId
from importer.model.outcome import FollowUp, RowResult, RowStatus
from importer.model.run import Estimate, ReadSource, Requests, RunReport


def row_results(journal: Journal, run: StoredRun) -> Iterator[RowResult]:
    """Every row of the run in source order, read as it is asked for."""
    found = journal.connection.execute(
        "SELECT r.*, coalesce(o.attempts, 0) AS attempts FROM rows r"
        " LEFT JOIN operations o ON o.run = r.run AND o.source = r.source AND o.number = r.number AND o.ordinal = 0"
        " WHERE r.run = ? ORDER BY r.source, r.number",
        (run.id,),
    )
    for row in found:
        yield _result(row)


def _result(row: sqlite3.Row) -> RowResult:
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
        cells=tuple(json.loads(row["cells"])) if row["cells"] else (),
    )


def run_report(journal: Journal, run: StoredRun, *, mapping_sha256: str) -> RunReport:
    """What the run amounts to so far."""
    stored = journal.connection.execute("SELECT * FROM runs WHERE id = ?", (run.id,)).fetchone()
    counts = status_counts(journal, run)
    sources = _sources(journal, run)
    return RunReport(
        run_id=run.run_id,
        command=stored["command"],
        state=journal.run(run.run_id).state,
        exit_code=stored["exit_code"] or 0,
        reason=stored["reason"],
        sources=sources,
        mapping_path=run.request.mapping_path,
        mapping_sha256=mapping_sha256,
        org=run.request.org,
        base_url=run.request.base_url,
        started_at=stored["started_at"],
        finished_at=stored["finished_at"] or "",
        seconds=stored["seconds"],
        rows=sum(source.rows for source in sources),
        counts=counts,
        assign=_counts(journal, run, "assign"),
        events=_counts(journal, run, "events"),
        problems=_problem_counts(journal, run),
        requests=_requests(journal, run, stored["canaries"]),
        estimate=Estimate(**json.loads(stored["estimate"])) if stored["estimate"] else Estimate(),
        examination=examination_of(journal.connection, run),
        owners=owners_of(journal.connection, run),
        traffic=traffic_of(journal.connection, run.id),
        mends=mends(journal, run),
        story=story_of(journal, run),
    )


def status_counts(journal: Journal, run: StoredRun) -> dict[str, int]:
    """How many rows of the run have each status."""
    return _counts(journal, run, "status")


def _counts(journal: Journal, run: StoredRun, column: str) -> dict[str, int]:
    found = journal.connection.execute(
        f"SELECT {column}, count(*) FROM rows WHERE run = ? AND {column} != '' GROUP BY {column}", (run.id,)
    )
    return dict(found.fetchall())


def _problem_counts(journal: Journal, run: StoredRun) -> dict[str, int]:
    """Findings that stop a row, by code."""
    found = journal.connection.execute(
        "SELECT json_extract(value, '$[0]') AS code, count(*) AS count FROM rows, json_each(rows.problems)"
        " WHERE run = ? AND json_extract(value, '$[6]') = 0 GROUP BY code ORDER BY count DESC, code",
        (run.id,),
    )
    return dict(found.fetchall())


def _sources(journal: Journal, run: StoredRun) -> tuple[ReadSource, ...]:
    found = journal.connection.execute("SELECT info, rows FROM sources WHERE run = ? ORDER BY position", (run.id,))
    return tuple(ReadSource(info=source_from(row["info"]), rows=row["rows"]) for row in found)


def _requests(journal: Journal, run: StoredRun, canaries: int) -> Requests:
    found = journal.connection.execute(
        "SELECT kind, sum(attempts) AS sent, sum(throttled) AS throttled, sum(max(attempts - 1, 0)) AS retried"
        " FROM operations WHERE run = ? GROUP BY kind",
        (run.id,),
    ).fetchall()
    sent = {row["kind"]: row["sent"] for row in found}
    return Requests(
        create=sent.get("create", 0) + canaries,
        assign=sent.get("assign", 0),
        event=sent.get("event", 0),
        throttled=sum(row["throttled"] for row in found),
        retried=sum(row["retried"] for row in found),
    )
