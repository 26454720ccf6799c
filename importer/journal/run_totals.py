"""What a run amounts to, counted in the journal."""

import json
import sqlite3
from collections import Counter

import pyarrow.compute as pc

from importer.journal.encoding import source_from
from importer.journal.examinations import examination_of, owners_of
from importer.journal.requests import follow_up_state
from importer.journal.rows import NEEDS_ATTENTION, problems_of, status_counts, stored_batches
from importer.journal.run_lineage import corrected_run, story_of
from importer.journal.runs import Journal, StoredRun
from importer.model.operation import FOLLOW_UP_KINDS, Kind
from importer.model.outcome import FollowUp
from importer.model.run import Assigned, Estimate, ReadSource, Requests, RunReport, Traffic


def run_report(journal: Journal, run: StoredRun, *, mapping_sha256: str) -> RunReport:
    """What the run amounts to so far."""
    connection = journal.connection
    stored = connection.execute("SELECT * FROM runs WHERE id = ?", (run.id,)).fetchone()
    sources = tuple(
        ReadSource(info=source_from(info), rows=rows)
        for info, rows in connection.execute(
            "SELECT info, rows FROM sources WHERE run = ? ORDER BY position", (run.id,)
        )
    )
    (repeated,) = connection.execute(
        "SELECT count(*) FROM operations WHERE run = ? AND ordinal = 0 AND attempts > 1", (run.id,)
    ).fetchone()
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
        counts=status_counts(connection, run.id),
        follow_ups={kind: _follow_ups(connection, run, kind) for kind in FOLLOW_UP_KINDS},
        problems=_problem_counts(connection, run),
        requests=_requests(connection, run, stored["canaries"]),
        estimate=Estimate(**json.loads(stored["estimate"])) if stored["estimate"] else Estimate(),
        examination=examination_of(connection, run),
        owners=owners_of(connection, run),
        assigned=_assigned(connection, run),
        repeated=repeated,
        traffic=_traffic(connection, run),
        mends=corrected_run(journal, run),
        story=story_of(journal, run),
        proposed=run.request.proposed,
    )


def needs_a_person(journal: Journal, run: StoredRun) -> bool:
    """Whether somebody has to look at a row of the run."""
    found = journal.connection.execute(
        f"SELECT 1 FROM rows r WHERE run = :run AND {NEEDS_ATTENTION}"
        " UNION ALL SELECT 1 FROM batches WHERE run = :run AND invalid LIMIT 1",
        {"run": run.id},
    )
    return found.fetchone() is not None


def _assigned(connection: sqlite3.Connection, run: StoredRun) -> tuple[Assigned, ...]:
    """Every user that a row names, and the states of the assignments to them."""
    untouched = FollowUp.PENDING if run.command == "run" else FollowUp.NONE
    states: dict[str, Counter[FollowUp]] = {}
    for batch in stored_batches(connection, run.id):
        for counted in pc.value_counts(batch.sendable["owner"]).to_pylist():
            states.setdefault(counted["values"], Counter())[untouched] += counted["counts"]
    found = connection.execute(
        f"SELECT owner, {follow_up_state(Kind.ASSIGN)} AS state, count(*) FROM rows r WHERE run = ?"
        " GROUP BY owner, state",
        (run.id,),
    )
    for owner, state, rows in found:
        states.setdefault(owner, Counter())[FollowUp(state)] += rows
    states.pop("", None)
    assigned = [Assigned(name=name, states=counts) for name, counts in states.items()]
    return tuple(sorted(assigned, key=lambda each: (-each.rows, each.name)))


def _follow_ups(connection: sqlite3.Connection, run: StoredRun, kind: Kind) -> dict[str, int]:
    """How many rows have which state of this kind of follow-up."""
    if run.command != "run":
        return {}  # nothing follows the rows of a check, and reading a million of them for that takes its time
    found = connection.execute(
        f"SELECT {follow_up_state(kind)} AS state, count(*) FROM rows r WHERE run = ? GROUP BY state", (run.id,)
    )
    counts = Counter(dict(found.fetchall()))
    del counts[FollowUp.NONE]
    for batch in stored_batches(connection, run.id):
        counts[FollowUp.PENDING] += pc.sum(pc.greater(batch.follow_ups(kind), 0)).as_py() or 0
    return dict(+counts)


def _problem_counts(connection: sqlite3.Connection, run: StoredRun) -> dict[str, int]:
    """Problems that stop a row, by code."""
    found = connection.execute(
        "SELECT json_extract(value, '$[0]') AS code, count(*) AS count FROM rows, json_each(rows.problems)"
        " WHERE run = ? AND json_extract(value, '$[6]') = 0 GROUP BY code",
        (run.id,),
    )
    counts = Counter(dict(found.fetchall()))
    for batch in stored_batches(connection, run.id):
        problems = problems_of(connection, batch)
        for counted in pc.value_counts(problems.where(problems.stops).table["code"]).to_pylist():
            counts[counted["values"]] += counted["counts"]
    return dict(sorted(counts.items(), key=lambda counted: (-counted[1], counted[0])))


def _requests(connection: sqlite3.Connection, run: StoredRun, canaries: int) -> Requests:
    found = connection.execute(
        "SELECT kind, sum(attempts) AS sent, sum(throttled) AS throttled, sum(max(attempts - 1, 0)) AS retried"
        " FROM operations WHERE run = ? GROUP BY kind",
        (run.id,),
    ).fetchall()
    sent = Counter({Kind(row["kind"]): row["sent"] for row in found})
    sent[Kind.CREATE] += canaries
    return Requests(
        sent={kind: sent[kind] for kind in Kind},
        throttled=sum(row["throttled"] for row in found),
        retried=sum(row["retried"] for row in found),
    )


def _traffic(connection: sqlite3.Connection, run: StoredRun) -> tuple[Traffic, ...]:
    """The run's attempts by endpoint and time."""
    found = connection.execute(
        "SELECT kind, at || '0' AS at, settled, throttled, repeated FROM traffic WHERE run = ? ORDER BY at, kind",
        (run.id,),
    )
    return tuple(Traffic(**dict(row)) for row in found)
