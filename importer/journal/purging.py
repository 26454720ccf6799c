"""Removing personal data of old runs: cells, problems' values, requests, ids and owners. Counts stay."""

import sqlite3
from typing import Final

from importer.journal.batches import forget_batches
from importer.journal.transaction import transaction

_STATEMENTS: Final = (
    "UPDATE operations SET body = NULL, key = '' WHERE run = ?",
    "UPDATE rows SET cells = NULL, problems = NULL, crm_id = '', owner = '', message = '', hint = '' WHERE run = ?",
    "UPDATE examinations SET symptoms = '[]' WHERE run = ?",
)


def purge_run(connection: sqlite3.Connection, run: int) -> None:
    """Forget whom the run was about. The ledger keeps its crm_ids: without them old leads would be called ours."""
    with transaction(connection):
        for statement in _STATEMENTS:
            connection.execute(statement, (run,))
        forget_batches(connection, run)
        connection.execute("UPDATE runs SET request = json_set(request, '$.files', json('[]')) WHERE id = ?", (run,))
        connection.execute("UPDATE sources SET info = json_set(info, '$.path', '(purged)') WHERE run = ?", (run,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
