"""How many attempts ended when: counted in the same commits as what they ended with, so a crash cannot part them."""

import sqlite3
from typing import Final, Literal

from importer.model.operation import Kind
from importer.model.run import Traffic

Ending = Literal["settled", "throttled", "repeated"]

_TENS: Final = len("2026-11-22T15:04:0")
"""Characters of a time that tell its ten seconds."""


def count_attempt(connection: sqlite3.Connection, run: int, kind: Kind, ending: Ending, at: str) -> None:
    """One more attempt has ended, `at` this time (ISO 8601, UTC)."""
    connection.execute(
        f"INSERT INTO traffic (run, kind, at, {ending}) VALUES (?, ?, ?, 1)"
        f" ON CONFLICT (run, kind, at) DO UPDATE SET {ending} = {ending} + 1",
        (run, kind, at[:_TENS]),
    )


def traffic_of(connection: sqlite3.Connection, run: int) -> tuple[Traffic, ...]:
    """The run's attempts by endpoint and time."""
    found = connection.execute(
        "SELECT kind, at || '0' AS at, settled, throttled, repeated FROM traffic WHERE run = ? ORDER BY at, kind",
        (run,),
    )
    return tuple(Traffic(**dict(row)) for row in found)
