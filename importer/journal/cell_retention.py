"""Forgetting what nobody needs any more: the cells of rows that are settled and need no person."""

import sqlite3
from typing import Final

from importer.journal.batches import StoredBatch, keep_cells, stored_batches
from importer.journal.database import disk_error
from importer.journal.rows import MENDABLE
from importer.journal.store import Journal, StoredRun
from importer.journal.transaction import transaction
from importer.model.outcome import STATES_FOR_A_PERSON, FollowUp, RowStatus

_OPEN: Final = ", ".join(f"'{state}'" for state in sorted({FollowUp.PENDING, *STATES_FOR_A_PERSON}))
_NEEDED: Final = f"({MENDABLE} OR r.status = '{RowStatus.PENDING}' OR r.assign IN ({_OPEN}) OR r.events IN ({_OPEN}))"


def scrub(journal: Journal, run: StoredRun) -> None:
    """Forget the cells of the run's settled rows; SQLite overwrites them (`secure_delete`).

    What stays is what a report or another attempt needs: the cells of rows that need a person or are still to be sent.
    Raises LocalDiskError.
    """
    connection = journal.connection
    try:
        for batch in stored_batches(connection, run.id):
            with transaction(connection):
                _scrub_batch(connection, batch)
    except sqlite3.Error as error:
        raise disk_error(journal.folder, error) from error


def _scrub_batch(connection: sqlite3.Connection, batch: StoredBatch) -> None:
    place = (batch.run, batch.source, batch.first, batch.last)
    of_batch = "run = ? AND source = ? AND number BETWEEN ? AND ?"
    if not connection.execute(f"SELECT 1 FROM rows r WHERE {of_batch} AND NOT {_NEEDED} LIMIT 1", place).fetchone():
        return  # as in most checks, whose cells would be read for nothing
    # Before layout 5 the cells stood with their rows.
    connection.execute(
        f"UPDATE rows AS r SET cells = NULL WHERE {of_batch} AND cells IS NOT NULL AND NOT {_NEEDED}", place
    )
    needed = connection.execute(f"SELECT number FROM rows r WHERE {of_batch} AND {_NEEDED}", place)
    keep_cells(connection, batch, [*(number for (number,) in needed), *batch.plain["number"].to_pylist()])
