"""What a run amounts to, counted in the journal."""

import json
from collections import Counter

import pyarrow.compute as pc

from importer.journal.attempt_counts import traffic_of
from importer.journal.encoding import source_from
from importer.journal.examining import examination_of, owners_of
from importer.journal.pending_rows import plain_follow_ups, plain_owners, plain_problems
from importer.journal.rows import NEEDS_A_PERSON, status_counts
from importer.journal.run_lineage import mends, story_of
from importer.journal.store import Journal, StoredRun
from importer.model.outcome import FollowUp
from importer.model.run import Assigned, Estimate, ReadSource, Requests, RunReport


def run_report(journal: Journal, run: StoredRun, *, mapping_sha256: str) -> RunReport:
    """What the run amounts to so far."""
    stored = journal.connection.execute("SELECT * FROM runs WHERE id = ?", (run.id,)).fetchone()
    counts = status_counts(journal.connection, run.id)
    sources = _sources(journal, run)
    # Nothing follows the rows of a check, and reading a million of them for that takes its time.
    waiting = plain_follow_ups(journal.connection, run.id) if run.command == "run" else Counter()
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
        assign=_follow_ups(journal, run, "assign", waiting["assign"]),
        events=_follow_ups(journal, run, "events", waiting["events"]),
        problems=_problem_counts(journal, run),
        requests=_requests(journal, run, stored["canaries"]),
        estimate=Estimate(**json.loads(stored["estimate"])) if stored["estimate"] else Estimate(),
        examination=examination_of(journal.connection, run),
        owners=owners_of(journal.connection, run),
        assigned=_assigned(journal, run),
        minutes=_minutes(journal, run),
        repeated=_repeated(journal, run),
        traffic=traffic_of(journal.connection, run.id),
        mends=mends(journal, run),
        story=story_of(journal, run),
    )


def needs_a_person(journal: Journal, run: StoredRun) -> bool:
    """Whether somebody has to look at a row of the run."""
    found = journal.connection.execute(
        f"SELECT 1 FROM rows r WHERE run = :run AND {NEEDS_A_PERSON}"
        " UNION ALL SELECT 1 FROM batches WHERE run = :run AND invalid LIMIT 1",
        {"run": run.id},
    )
    return found.fetchone() is not None


def _assigned(journal: Journal, run: StoredRun) -> tuple[Assigned, ...]:
    plain = FollowUp.PENDING if run.command == "run" else FollowUp.NONE
    states = {name: Counter({plain: rows}) for name, rows in plain_owners(journal.connection, run.id).items()}
    found = journal.connection.execute(
        "SELECT owner, assign, count(*) FROM rows WHERE run = ? AND owner != '' GROUP BY owner, assign", (run.id,)
    )
    for owner, state, rows in found:
        states.setdefault(owner, Counter())[FollowUp(state)] += rows
    assigned = [Assigned(name=name, states=counts) for name, counts in states.items()]
    return tuple(sorted(assigned, key=lambda each: (-each.rows, each.name)))


def _minutes(journal: Journal, run: StoredRun) -> dict[str, int]:
    found = journal.connection.execute(
        "SELECT substr(finished_at, 1, 16) AS minute, count(*) FROM rows WHERE run = ? AND finished_at IS NOT NULL"
        " GROUP BY minute ORDER BY minute",
        (run.id,),
    )
    return dict(found.fetchall())


def _repeated(journal: Journal, run: StoredRun) -> int:
    found = journal.connection.execute(
        "SELECT count(*) FROM operations WHERE run = ? AND ordinal = 0 AND attempts > 1", (run.id,)
    )
    return int(found.fetchone()[0])


def _follow_ups(journal: Journal, run: StoredRun, column: str, waiting: int) -> dict[str, int]:
    found = journal.connection.execute(
        f"SELECT {column}, count(*) FROM rows WHERE run = ? AND {column} != '' GROUP BY {column}", (run.id,)
    )
    counts = Counter(dict(found.fetchall()))
    counts[FollowUp.PENDING] += waiting
    return dict(+counts)


def _problem_counts(journal: Journal, run: StoredRun) -> dict[str, int]:
    """Findings that stop a row, by code."""
    found = journal.connection.execute(
        "SELECT json_extract(value, '$[0]') AS code, count(*) AS count FROM rows, json_each(rows.problems)"
        " WHERE run = ? AND json_extract(value, '$[6]') = 0 GROUP BY code",
        (run.id,),
    )
    counts = Counter(dict(found.fetchall()))
    for problems in plain_problems(journal.connection, run.id):
        for counted in pc.value_counts(problems.where(problems.stops).table["code"]).to_pylist():
            counts[counted["values"]] += counted["counts"]
    return dict(sorted(counts.items(), key=lambda counted: (-counted[1], counted[0])))


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
