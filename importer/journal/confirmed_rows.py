"""A person's word on leads that exist without proof of who made them."""

import json
import sqlite3
from collections.abc import Collection
from typing import Final

from importer.journal.transaction import transaction

_CHOSEN: Final = (
    "rows.run = :run AND rows.status = 'created_unconfirmed' AND rows.crm_id IN (SELECT value FROM json_each(:crm_ids))"
)
_OF_CHOSEN: Final = f"""operations.run = :run AND operations.state = 'held'
    AND EXISTS (SELECT 1 FROM rows WHERE {_CHOSEN}
    AND rows.source = operations.source AND rows.number = operations.number)"""

OURS: Final = (
    f"""UPDATE leads SET maybe = 0 WHERE realm = :realm AND crm_id IN (SELECT crm_id FROM rows WHERE {_CHOSEN})""",
    # the assignment first, where there is one; its events wait for it
    f"""UPDATE operations SET state = CASE WHEN kind = 'assign' OR NOT EXISTS (SELECT 1 FROM operations a
        WHERE a.run = operations.run AND a.source = operations.source AND a.number = operations.number
        AND a.kind = 'assign') THEN 'planned' ELSE 'blocked' END WHERE {_OF_CHOSEN}""",
    f"""UPDATE rows SET status = 'created', message = 'created by this run (importer resolve)', hint = '',
        assign = CASE WHEN assigns THEN 'pending' ELSE '' END, events = CASE WHEN event_calls THEN 'pending' ELSE '' END
        WHERE {_CHOSEN}""",
)
EXISTING: Final = (
    f"UPDATE leads SET maybe = 0 WHERE realm = :realm AND crm_id IN (SELECT crm_id FROM rows WHERE {_CHOSEN})",
    f"UPDATE operations SET state = 'dropped', body = NULL WHERE {_OF_CHOSEN}",
    f"""UPDATE rows SET status = 'duplicate', message = 'already existed (importer resolve)', hint = '',
        assign = '', events = '' WHERE {_CHOSEN}""",
)


def unconfirmed(connection: sqlite3.Connection, run: int) -> list[str]:
    """The crm_ids of the run's rows that wait for a person's word."""
    found = connection.execute(
        "SELECT crm_id FROM rows WHERE run = ? AND status = 'created_unconfirmed' ORDER BY source, number", (run,)
    )
    return [row["crm_id"] for row in found]


def resolve(
    connection: sqlite3.Connection, run: int, realm: int, crm_ids: Collection[str], *, ours: bool, to_resume: str
) -> None:
    """Settle these rows; with `ours` their follow-ups may be sent, and the run is open again (`to_resume` says why)."""
    values = {"run": run, "realm": realm, "crm_ids": json.dumps(list(crm_ids))}
    with transaction(connection):
        for statement in OURS if ours else EXISTING:
            connection.execute(statement, values)
        connection.execute(
            "UPDATE runs SET state = 'stopped', reason = ? WHERE id = ? AND EXISTS"
            " (SELECT 1 FROM operations WHERE run = runs.id AND state = 'planned')",
            (to_resume, run),
        )
