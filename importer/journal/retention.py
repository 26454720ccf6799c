"""Forgetting personal data: cells that nobody needs any more, old runs, and what the file still holds of them."""

import sqlite3
from typing import Final

from importer.journal.database import disk_error, transaction
from importer.journal.planned_leads import FORGET_LEADS
from importer.journal.requests import OperationState as State
from importer.journal.requests import has_follow_up
from importer.journal.rows import NEEDS_FIXING, forget_rows, keep_cells, stored_batches
from importer.journal.runs import PURGED, Journal, StoredRun
from importer.model.outcome import RowStatus

_OPEN: Final = has_follow_up(set(State) - {State.ACCEPTED, State.DROPPED})
_NEEDED: Final = f"({NEEDS_FIXING} OR r.status = '{RowStatus.PENDING}' OR {_OPEN})"
_OF_BATCH: Final = "r.run = ? AND r.source = ? AND r.number BETWEEN ? AND ?"

_FORGET_RUN: Final = (
    FORGET_LEADS,
    "UPDATE leads SET lead_id = '' WHERE seen_in = ?",
    "DELETE FROM contacts WHERE run = ?",
    "UPDATE examinations SET symptoms = '[]', changes = '[]' WHERE run = ?",
    "UPDATE runs SET reason = '', request = json_set(request, '$.files', json('[]'), '$.mapping_text', '',"
    f" '$.mapping_path', '{PURGED}', '$.proposed', NULL, '$.lookups', json('{{}}')) WHERE id = ?",
    f"UPDATE sources SET info = json_set(info, '$.path', '{PURGED}', '$.sheet', '', '$.notes', json('[]'))"
    " WHERE run = ?",
)


def scrub(journal: Journal, run: StoredRun) -> None:
    """Forget the cells of the run's settled rows; SQLite overwrites them (`secure_delete`).

    What stays is what a report or another attempt needs: the cells of rows that need attention or are still to be sent.
    Raises LocalDiskError.
    """
    connection = journal.connection
    try:
        for batch in stored_batches(connection, run.id):
            with transaction(connection):
                settled = f"SELECT 1 FROM rows r WHERE {_OF_BATCH} AND NOT {_NEEDED} LIMIT 1"
                if not connection.execute(settled, batch.place).fetchone():
                    continue  # as in most checks, whose cells would be read for nothing
                # Before layout 5 the cells were stored with their rows.
                connection.execute(
                    f"UPDATE rows AS r SET cells = NULL WHERE {_OF_BATCH} AND cells IS NOT NULL AND NOT {_NEEDED}",
                    batch.place,
                )
                needed = connection.execute(
                    f"SELECT r.number FROM rows r WHERE {_OF_BATCH} AND {_NEEDED}", batch.place
                ).fetchall()
                numbers = [number for (number,) in needed]
                keep_cells(connection, batch, [*numbers, *batch.rows["number"].to_pylist()])
    except sqlite3.Error as error:
        raise disk_error(journal.folder, error) from error


def purge_run(connection: sqlite3.Connection, run: int) -> None:
    """Forget whom the run was about. The ledger keeps its crm_ids: without them old leads would be called ours."""
    with transaction(connection):
        forget_rows(connection, run)
        for statement in _FORGET_RUN:
            connection.execute(statement, (run,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def overwrite_free_pages(connection: sqlite3.Connection) -> bool:
    """Rewrite the journal's file without what was deleted; false while another process reads or writes it.

    `secure_delete` overwrites what is deleted, but not the copies that SQLite left when it moved cells between pages.
    """
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not is_busy
