"""The requests of rows: their states, what a settled one means for those behind it, and how they are opened again.

A row's requests are made kind by kind, in the order of their ordinals, the create first. Which kinds there are is
nothing that the journal knows.
"""

import json
import sqlite3
from collections.abc import Collection
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from importer.journal.database import transaction
from importer.model.operation import Kind
from importer.model.outcome import FOLLOW_UPS, FollowUp

RowKey = tuple[int, int, int]
"""Run, source, number."""

CallKey = tuple[int, int, int, int]
"""Run, source, number, ordinal."""

OF_ROW: Final = "run = ? AND source = ? AND number = ?"
OF_CALL: Final = f"{OF_ROW} AND ordinal = ?"
_SAME_ROW: Final = "{0}.run = {1}.run AND {0}.source = {1}.source AND {0}.number = {1}.number"


class OperationState(StrEnum):
    """`blocked` → `planned` → `intent` → one of the rest; a create begins as `planned`.

    A graceful end leaves no `intent`; one that is found on opening belongs to a request that may have had effect.
    """

    BLOCKED = "blocked"
    """Waits for the operation before it."""
    PLANNED = "planned"
    """May be sent."""
    INTENT = "intent"
    """Bytes may have left."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    """Not sent on purpose; `resolve` may release it."""
    DROPPED = "dropped"
    """Will never be sent: the lead was a duplicate or was refused."""


State = OperationState

_STATE_OF_SEVERITY: Final = " ".join(
    f"WHEN '{state}' THEN '{severity}{state}'" for severity, state in enumerate(FOLLOW_UPS) if state
)
_PENDING: Final = f"{list(FOLLOW_UPS).index(FollowUp.PENDING)}{FollowUp.PENDING}"


def follow_up_state(kind: Kind) -> str:
    """SQL: the state of this kind of follow-up of the row `r`, the worst of its requests; `''` where there are none."""
    state = (
        f"CASE o.state {_STATE_OF_SEVERITY} WHEN '{State.DROPPED}' THEN '0'"
        f" WHEN '{State.BLOCKED}' THEN '{_PENDING}' WHEN '{State.PLANNED}' THEN '{_PENDING}'"
        f" WHEN '{State.INTENT}' THEN '{_PENDING}' END"
    )
    return (
        f"coalesce((SELECT substr(max({state}), 2) FROM operations o"
        f" WHERE {_SAME_ROW.format('o', 'r')} AND o.kind = '{kind}'), '')"
    )


def has_follow_up(states: Collection[str]) -> str:
    """SQL: whether the row `r` has a follow-up in one of these states."""
    listed = ", ".join(f"'{state}'" for state in sorted(states))
    return (
        f"EXISTS (SELECT 1 FROM operations o WHERE {_SAME_ROW.format('o', 'r')}"
        f" AND o.ordinal > 0 AND o.state IN ({listed}))"
    )


# While a run is sending: what is written for every request is cheap to look up. The module sqlite3 knows a prepared
# statement by its text, so the text is made once; and it looks for an adapter for whatever is no plain type, so states
# are bound as plain texts.
SETTLE: Final = f"UPDATE operations SET state = ? WHERE {OF_CALL}"
SETTLE_FOR_GOOD: Final = f"UPDATE operations SET state = ?, body = NULL WHERE {OF_CALL}"
"""A body is personal data: it stays only where it may be sent again."""

_RELEASE_NEXT_KIND: Final = (
    f"UPDATE operations SET state = 'planned' WHERE {OF_ROW} AND state = 'blocked' AND kind ="
    f" (SELECT kind FROM operations WHERE {OF_ROW} AND state = 'blocked' ORDER BY ordinal LIMIT 1)"
    f" AND NOT EXISTS (SELECT 1 FROM operations WHERE {OF_ROW} AND ordinal > 0 AND state IN ('planned', 'intent'))"
)
_MOVE_BLOCKED: Final = f"UPDATE operations SET state = ? WHERE {OF_ROW} AND state = 'blocked'"
_FORGET_DROPPED: Final = (
    f"UPDATE operations SET body = NULL WHERE {OF_ROW} AND state = 'dropped'"
    f" AND EXISTS (SELECT 1 FROM rows r WHERE {_SAME_ROW.format('r', 'operations')} AND r.status = 'duplicate')"
)
_FOLLOW_UPS_TO_SEND: Final = (
    "SELECT ordinal, kind, key, body, attempts, doubt_at FROM operations"
    f" WHERE {OF_ROW} AND state = 'planned' AND ordinal > 0 ORDER BY ordinal"
)
_FINISHED: Final = f"UPDATE rows SET finished_at = ? WHERE {OF_ROW}"
_ANSWERED: Final = (
    "UPDATE rows SET message = ltrim(message || '; ' || ?, '; '), hint = ltrim(hint || ' ' || ?),"
    f" http_status = ?, error_code = ?, finished_at = ? WHERE {OF_ROW}"
)


def release(connection: sqlite3.Connection, row: RowKey, state: State) -> list[sqlite3.Row]:
    """Move a row's waiting follow-ups: with `planned`, only those of the next kind, once none before it is open.

    Returns those that may be sent now.
    """
    if state is State.PLANNED:
        released = connection.execute(_RELEASE_NEXT_KIND, (*row, *row, *row)).rowcount
        return connection.execute(_FOLLOW_UPS_TO_SEND, row).fetchall() if released else []
    if connection.execute(_MOVE_BLOCKED, (str(state), *row)).rowcount and state is State.DROPPED:
        connection.execute(_FORGET_DROPPED, row)
    return []


def settle(
    connection: sqlite3.Connection,
    call: CallKey,
    state: FollowUp,
    *,
    at: str,
    message: str = "",
    hint: str = "",
    http_status: int | None = None,
    error_code: int | None = None,
) -> list[sqlite3.Row]:
    """Give a follow-up its final state; the last accepted one of its kind releases the next kind, any other holds it.

    Returns those that it has released.
    """
    row = call[:3]
    accepted = state is FollowUp.ACCEPTED
    connection.execute(SETTLE_FOR_GOOD if accepted else SETTLE, (str(state), *call))
    if message:
        connection.execute(_ANSWERED, (message, hint, http_status, error_code, at, *row))
    else:
        connection.execute(_FINISHED, (at, *row))
    return release(connection, row, State.PLANNED if accepted else State.HELD)


_CLOCK_SLACK: Final = timedelta(minutes=1)
"""How far a wall clock is set back in daily life; a request from further in the future is of unknown age: stale."""


def give_up_stale(connection: sqlite3.Connection, now: datetime) -> None:
    """Settle as `unknown` every open follow-up whose unanswered request is too old; inside a transaction."""
    found = connection.execute(
        "SELECT run, source, number, ordinal, kind, min(intent_at, doubt_at) AS since FROM operations"
        " WHERE state = 'planned' AND ordinal > 0 AND doubt_at IS NOT NULL"
    ).fetchall()
    for run, source, number, ordinal, kind, since in found:
        age = now - datetime.fromisoformat(since)
        if -_CLOCK_SLACK <= age < Kind(kind).about.stale_after:
            continue
        settle(
            connection,
            (run, source, number, ordinal),
            FollowUp.UNKNOWN,
            at=now.isoformat(timespec="milliseconds"),
            message=f"{Kind(kind).about.noun} unknown: "
            f"the request of {since[:16]} UTC was never answered and is too old to retry",
            hint="Look at the lead in the CRM. To send it anyway: `importer resume --retry-failed`.",
        )


# After a run: what a person decides.

_OPENED: Final = f"""CASE WHEN EXISTS (SELECT 1 FROM operations a WHERE {_SAME_ROW.format("a", "operations")}
    AND a.ordinal > 0 AND a.ordinal < operations.ordinal AND a.kind != operations.kind AND a.state != 'accepted')
    THEN 'blocked' ELSE 'planned' END"""
"""The state of a follow-up that may be sent after all: it waits for those of the kinds before its own."""

_FAILED: Final = "('rejected', 'unknown', 'held')"

_RETRY_FAILED: Final = (
    # Rows whose create failed start over: the create may be sent, its follow-ups wait for it.
    f"""UPDATE operations SET state = iif(ordinal, 'blocked', 'planned') WHERE run = :run AND body IS NOT NULL
    AND EXISTS (SELECT 1 FROM rows r WHERE {_SAME_ROW.format("r", "operations")}
        AND r.status IN ('rejected', 'unknown'))""",
    f"""UPDATE rows AS r SET status = 'pending', message = '', hint = '', finished_at = NULL
    WHERE run = :run AND status IN ('rejected', 'unknown') AND EXISTS (SELECT 1 FROM operations o
        WHERE {_SAME_ROW.format("o", "r")} AND o.ordinal = 0 AND o.body IS NOT NULL)""",
    # Failed and held follow-ups may be sent again, however old.
    f"""UPDATE rows AS r SET message = '', hint = '' WHERE run = :run AND status IN ('created', 'duplicate')
    AND EXISTS (SELECT 1 FROM operations o WHERE {_SAME_ROW.format("o", "r")}
        AND o.ordinal > 0 AND o.body IS NOT NULL AND o.state IN {_FAILED})""",
    f"""UPDATE operations SET doubt_at = NULL, state = {_OPENED}
    WHERE run = :run AND ordinal > 0 AND body IS NOT NULL AND state IN {_FAILED}
    AND EXISTS (SELECT 1 FROM rows r WHERE {_SAME_ROW.format("r", "operations")}
        AND r.status IN ('created', 'duplicate'))""",
)


def retry_failed(connection: sqlite3.Connection, run: int) -> None:
    """Open the calls of the run again that were rejected or ended unknown, with those that wait for them."""
    with transaction(connection):
        for statement in _RETRY_FAILED:
            connection.execute(statement, {"run": run})


_CHOSEN: Final = (
    "rows.run = :run AND rows.status = 'created_unconfirmed' AND rows.crm_id IN (SELECT value FROM json_each(:crm_ids))"
)
_HELD: Final = (
    "operations.run = :run AND operations.state = 'held' AND EXISTS"
    f" (SELECT 1 FROM rows WHERE {_CHOSEN} AND {_SAME_ROW.format('rows', 'operations')})"
)
_NOT_IN_DOUBT: Final = (
    f"UPDATE leads SET possibly_sent = 0 WHERE tenant = :tenant AND crm_id IN (SELECT crm_id FROM rows WHERE {_CHOSEN})"
)
OURS: Final = (
    _NOT_IN_DOUBT,
    f"UPDATE operations SET state = {_OPENED} WHERE {_HELD}",
    "UPDATE rows SET status = 'created', message = 'created by this run (importer resolve)', hint = ''"
    f" WHERE {_CHOSEN}",
)
EXISTING: Final = (
    _NOT_IN_DOUBT,
    f"UPDATE operations SET state = 'dropped', body = NULL WHERE {_HELD}",
    f"UPDATE rows SET status = 'duplicate', message = 'already existed (importer resolve)', hint = '' WHERE {_CHOSEN}",
)


def unconfirmed(connection: sqlite3.Connection, run: int) -> list[str]:
    """The crm_ids of the run's rows of which a person has to say who created their leads."""
    found = connection.execute(
        "SELECT crm_id FROM rows WHERE run = ? AND status = 'created_unconfirmed' ORDER BY source, number", (run,)
    )
    return [row["crm_id"] for row in found]


def resolve(
    connection: sqlite3.Connection, run: int, tenant: int, crm_ids: Collection[str], *, ours: bool, to_resume: str
) -> None:
    """Settle these rows; with `ours` their follow-ups may be sent, and the run is open again (`to_resume` says why)."""
    values = {"run": run, "tenant": tenant, "crm_ids": json.dumps(list(crm_ids))}
    with transaction(connection):
        for statement in OURS if ours else EXISTING:
            connection.execute(statement, values)
        connection.execute(
            "UPDATE runs SET state = 'stopped', reason = ? WHERE id = ? AND EXISTS"
            " (SELECT 1 FROM operations WHERE run = runs.id AND state = 'planned')",
            (to_resume, run),
        )
