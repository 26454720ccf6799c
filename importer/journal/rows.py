"""Statements about rows and leads that more than one part of the journal needs."""

import sqlite3
from typing import Final

from importer.journal.encoding import problems_text
from importer.model.outcome import NEEDS_A_PERSON as STATUSES_FOR_A_PERSON
from importer.model.outcome import STATES_FOR_A_PERSON, RowStatus
from importer.model.problem import Problem

RowKey = tuple[int, int, int]
"""Run, source, number."""

CallKey = tuple[int, int, int, int]
"""Run, source, number, ordinal."""

_STATUSES: Final = ", ".join(f"'{status}'" for status in sorted(STATUSES_FOR_A_PERSON))
_STATES: Final = ", ".join(f"'{state}'" for state in sorted(STATES_FOR_A_PERSON))
PURGED: Final = "(purged)"
"""What stands in the place of paths that are forgotten."""

MENDABLE: Final = f"r.status IN ({_STATUSES})"
"""Whether the row `r` is not in the CRM, or not for sure, until somebody has looked at it."""

NEEDS_A_PERSON: Final = f"({MENDABLE} OR r.assign IN ({_STATES}) OR r.events IN ({_STATES}))"
"""Whether somebody has to look at the row `r`."""

OF_ROW: Final = "run = ? AND source = ? AND number = ?"
OF_CALL: Final = f"{OF_ROW} AND ordinal = ?"


def plain_counts(connection: sqlite3.Connection, run: int) -> tuple[int, int, int]:
    """How many valid plain rows there are, and how many assignments and events they ask for."""
    rows, assigns, events = connection.execute(
        "SELECT coalesce(sum(plain_rows), 0), coalesce(sum(plain_assigns), 0), coalesce(sum(plain_events), 0)"
        " FROM batches WHERE run = ?",
        (run,),
    ).fetchone()
    return rows, assigns, events


def status_counts(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """How many rows of the run have each status."""
    found = connection.execute(
        "SELECT status, sum(rows) FROM (SELECT status, count(*) AS rows FROM rows WHERE run = :run GROUP BY status"
        f" UNION ALL SELECT iif(command = 'run', '{RowStatus.PENDING}', '{RowStatus.VALID}'), plain_rows"
        " FROM batches JOIN runs ON runs.id = run WHERE run = :run"
        f" UNION ALL SELECT '{RowStatus.INVALID}', invalid FROM batches WHERE run = :run"
        f" UNION ALL SELECT '{RowStatus.FILTERED}', filtered FROM batches WHERE run = :run)"
        " GROUP BY status HAVING sum(rows)",
        {"run": run},
    )
    return dict(found.fetchall())


def append_problem(connection: sqlite3.Connection, row_key: RowKey, problem: Problem) -> None:
    """Add a finding to the row (run, source, number)."""
    connection.execute(
        "UPDATE rows SET problems = json_insert(coalesce(problems, '[]'), '$[#]', json_extract(?, '$[0]'))"
        " WHERE run = ? AND source = ? AND number = ?",
        (problems_text((problem,)), *row_key),
    )


def mark_maybe(connection: sqlite3.Connection, realm: int, crm_id: str) -> None:
    """A request that may have created this lead has left this machine."""
    connection.execute(
        "INSERT INTO leads (realm, crm_id, maybe) VALUES (?, ?, 1) ON CONFLICT (realm, crm_id) DO UPDATE SET maybe = 1",
        (realm, crm_id),
    )
