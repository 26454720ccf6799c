"""How many attempts ended when: counted in the same commits as what they ended with, so a crash cannot part them."""

import sqlite3
from collections import Counter
from typing import Final, Literal

from importer.model.operation import Kind
from importer.model.run import Traffic

Ending = Literal["settled", "throttled", "repeated"]

_TENS: Final = len("2026-11-22T15:04:0")
"""Characters of a time that tell its ten seconds."""


class AttemptCounts:
    """Counts in the writer's thread; `write` is part of the commit that holds what the attempts ended with."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._counts: Counter[tuple[Kind, Ending]] = Counter()

    def add(self, kind: Kind, ending: Ending) -> None:
        """One more attempt has ended."""
        self._counts[kind, ending] += 1

    def write(self, connection: sqlite3.Connection, at: str) -> None:
        """Add what was counted to the journal; they ended `at` this time (ISO 8601, UTC)."""
        for (kind, ending), count in self._counts.items():
            connection.execute(
                f"INSERT INTO traffic (run, kind, at, {ending}) VALUES (?, ?, ?, ?)"
                f" ON CONFLICT (run, kind, at) DO UPDATE SET {ending} = {ending} + excluded.{ending}",
                (self._run, kind, at[:_TENS], count),
            )
        self._counts.clear()


def traffic_of(connection: sqlite3.Connection, run: int) -> tuple[Traffic, ...]:
    """The run's attempts by endpoint and time."""
    found = connection.execute(
        "SELECT kind, at || '0' AS at, settled, throttled, repeated FROM traffic WHERE run = ? ORDER BY at, kind",
        (run,),
    )
    return tuple(Traffic(**dict(row)) for row in found)
