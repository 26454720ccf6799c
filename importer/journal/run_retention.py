"""Removing personal data of old runs: cells, problems' values, requests, ids, owners, words and paths. Counts stay."""

import sqlite3
from typing import Final

from importer.journal.batches import forget_batches
from importer.journal.rows import PURGED
from importer.journal.transaction import transaction

_STATEMENTS: Final = (
    "UPDATE operations SET body = NULL, key = '' WHERE run = ?",
    "UPDATE rows SET cells = NULL, problems = NULL, crm_id = '', lead_id = '', owner = '', message = '', hint = ''"
    " WHERE run = ?",
    "UPDATE leads SET lead_id = '' WHERE seen_in = ?",
    "DELETE FROM contacts WHERE run = ?",
    "UPDATE examinations SET symptoms = '[]', changes = '[]' WHERE run = ?",
    "UPDATE runs SET reason = '', request = json_set(request, '$.files', json('[]'), '$.mapping_text', '',"
    f" '$.mapping_path', '{PURGED}') WHERE id = ?",
    f"UPDATE sources SET info = json_set(info, '$.path', '{PURGED}', '$.sheet', '', '$.notes', json('[]'))"
    " WHERE run = ?",
)


def purge_run(connection: sqlite3.Connection, run: int) -> None:
    """Forget whom the run was about. The ledger keeps its crm_ids: without them old leads would be called ours."""
    with transaction(connection):
        for statement in _STATEMENTS:
            connection.execute(statement, (run,))
        forget_batches(connection, run)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def overwrite_free_pages(connection: sqlite3.Connection) -> bool:
    """Write the journal's file anew, without what was deleted; false while another process reads or writes it.

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
