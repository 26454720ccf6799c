"""Statements about rows and leads that more than one part of the journal needs."""

import sqlite3
from typing import Final

from importer.journal.encoding import problems_text
from importer.model.problem import Problem

RowKey = tuple[int, int, int]
"""Run, source, number."""

CallKey = tuple[int, int, int, int]
"""Run, source, number, ordinal."""

OF_ROW: Final = "run = ? AND source = ? AND number = ?"
OF_CALL: Final = f"{OF_ROW} AND ordinal = ?"


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
