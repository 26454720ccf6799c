"""Forgetting what nobody needs any more: the cells of rows that are settled and need no person."""

import sqlite3
from contextlib import suppress
from typing import Final

from importer.journal.transaction import transaction
from importer.model.outcome import NEEDS_A_PERSON, FollowUp, RowStatus


def _listed(*words: str) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_OPEN: Final = _listed(FollowUp.PENDING, FollowUp.HELD, FollowUp.UNKNOWN, FollowUp.REJECTED)
_SETTLED: Final = f"""status NOT IN ({_listed(*NEEDS_A_PERSON, RowStatus.PENDING)})
    AND assign NOT IN ({_OPEN}) AND events NOT IN ({_OPEN})"""


_AT_ONCE: Final = 20_000
"""Rows of one transaction: the write-ahead log stays small."""


def scrub(connection: sqlite3.Connection, run: int) -> None:
    """Forget the cells of the run's settled rows; SQLite overwrites them (`secure_delete`).

    What stays is what a report or another attempt needs: the cells of rows that need a person or are still to be sent.
    A disk that refuses stops nothing, because the report matters more; `importer purge` forgets the rest.
    """
    with suppress(sqlite3.OperationalError):
        first, last = connection.execute("SELECT min(rowid), max(rowid) FROM rows WHERE run = ?", (run,)).fetchone()
        for start in range(first or 0, (last or -1) + 1, _AT_ONCE):
            with transaction(connection):
                # `+run`: by rowid, as they lie in the file, and not by the index of the run.
                connection.execute(
                    "UPDATE rows SET cells = NULL WHERE rowid BETWEEN ? AND ? AND +run = ?"
                    f" AND cells IS NOT NULL AND {_SETTLED}",
                    (start, start + _AT_ONCE - 1, run),
                )
