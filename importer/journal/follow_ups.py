"""A row's assignment and events: released when their turn comes, settled, and given up when too old to be repeated."""

import sqlite3
from datetime import datetime, timedelta
from typing import Final

from importer.journal.rows import OF_CALL, OF_ROW, CallKey, RowKey
from importer.journal.states import OperationState as State
from importer.model.operation import Kind
from importer.model.outcome import FollowUp

STALE_AFTER: Final = {Kind.ASSIGN: timedelta(hours=1), Kind.EVENT: timedelta(hours=24)}
"""A follow-up whose unanswered request is older is not sent again: a person may have assigned the lead to somebody
else since, and nobody promises for how long the server knows a `distinct_id`."""

_CLOCK_SLACK: Final = timedelta(minutes=1)
"""How far a wall clock is set back in daily life; a request from further in the future is of unknown age: stale."""

_WORDS: Final[dict[str, FollowUp]] = {
    State.BLOCKED: FollowUp.PENDING,
    State.PLANNED: FollowUp.PENDING,
    State.INTENT: FollowUp.PENDING,
    State.ACCEPTED: FollowUp.ACCEPTED,
    State.REJECTED: FollowUp.REJECTED,
    State.UNKNOWN: FollowUp.UNKNOWN,
    State.HELD: FollowUp.HELD,
    State.DROPPED: FollowUp.NONE,
}


# What is written for every request is cheap to look up: the module sqlite3 knows a prepared statement by its text, so
# the text is made once; and it looks for an adapter for whatever is no plain type, so states are bound as plain texts.
SETTLE: Final = f"UPDATE operations SET state = ? WHERE {OF_CALL}"
SETTLE_FOR_EVER: Final = f"UPDATE operations SET state = ?, body = NULL WHERE {OF_CALL}"
_RELEASE_ASSIGNMENT: Final = (
    f"UPDATE operations SET state = 'planned' WHERE {OF_ROW} AND kind = 'assign' AND state = 'blocked'"
)
_MOVE_BLOCKED: Final = f"UPDATE operations SET state = ? WHERE {OF_ROW} AND state = 'blocked'"
_FOLLOW_UPS_TO_SEND: Final = (
    "SELECT ordinal, kind, key, body, attempts, doubt_at FROM operations"
    f" WHERE {OF_ROW} AND state = 'planned' AND kind != 'create' ORDER BY ordinal"
)
_SHOW_ONLY: Final = {
    Kind.ASSIGN: f"UPDATE rows SET assign = ?, finished_at = ? WHERE {OF_ROW} AND assigns = 1",
    Kind.EVENT: f"UPDATE rows SET events = ?, finished_at = ? WHERE {OF_ROW} AND event_calls = 1",
}


def release(connection: sqlite3.Connection, row: RowKey, state: State) -> list[sqlite3.Row]:
    """Move a row's waiting follow-ups: with `planned`, only the assignment first if there is one.

    Returns those that may be sent now.
    """
    if state is State.PLANNED and connection.execute(_RELEASE_ASSIGNMENT, row).rowcount:
        return _planned(connection, row)
    if not _move_blocked(connection, row, state):
        return []
    if state is State.DROPPED:
        connection.execute(
            f"UPDATE operations SET body = NULL WHERE {OF_ROW} AND state = 'dropped' AND EXISTS"
            " (SELECT 1 FROM rows r WHERE r.run = operations.run AND r.source = operations.source"
            " AND r.number = operations.number AND r.status = 'duplicate')",
            row,
        )
    _show(connection, row)
    return _planned(connection, row)


def settle(
    connection: sqlite3.Connection,
    call: CallKey,
    kind: Kind,
    state: FollowUp,
    *,
    at: str,
    message: str = "",
    hint: str = "",
    http_status: int | None = None,
    error_code: int | None = None,
) -> list[sqlite3.Row]:
    """Give a follow-up its final state; an accepted assignment releases the events, any other holds them.

    Returns the events that an assignment has released.
    """
    row = call[:3]
    accepted = state is FollowUp.ACCEPTED
    # A body is personal data: it stays only where it may be sent once more.
    connection.execute(SETTLE_FOR_EVER if accepted else SETTLE, (str(state), *call))
    if message:
        connection.execute(
            "UPDATE rows SET message = ltrim(message || '; ' || ?, '; '), hint = ltrim(hint || ' ' || ?),"
            f" http_status = ?, error_code = ? WHERE {OF_ROW}",
            (message, hint, http_status, error_code, *row),
        )
    moved = kind is Kind.ASSIGN and _move_blocked(connection, row, State.PLANNED if accepted else State.HELD)
    # Most rows have one call of a kind; its word is the row's, and nothing has to be read. That events may be sent
    # now does not change theirs.
    told = (accepted or not moved) and connection.execute(_SHOW_ONLY[kind], (str(state), at, *row)).rowcount
    if not told:
        _show(connection, row, at=at)
    return _planned(connection, row) if accepted and moved else []


def _move_blocked(connection: sqlite3.Connection, row: RowKey, state: State) -> bool:
    return connection.execute(_MOVE_BLOCKED, (str(state), *row)).rowcount > 0


def _planned(connection: sqlite3.Connection, row: RowKey) -> list[sqlite3.Row]:
    return connection.execute(_FOLLOW_UPS_TO_SEND, row).fetchall()


def _show(connection: sqlite3.Connection, row: RowKey, *, at: str | None = None) -> None:
    """Keep the row's two follow-up words in step with its operations; `at` is when one of them was settled."""
    found = connection.execute(f"SELECT kind, state FROM operations WHERE {OF_ROW} AND kind != 'create'", row)
    words: dict[str, list[FollowUp]] = {Kind.ASSIGN: [], Kind.EVENT: []}
    for kind, state in found:
        words[kind].append(_WORDS[state])
    connection.execute(
        f"UPDATE rows SET assign = ?, events = ?, finished_at = coalesce(?, finished_at) WHERE {OF_ROW}",
        (FollowUp.worst(words[Kind.ASSIGN]), FollowUp.worst(words[Kind.EVENT]), at, *row),
    )


def give_up_stale(connection: sqlite3.Connection, now: datetime) -> None:
    """Settle as `unknown` every open follow-up whose unanswered request is too old; inside a transaction."""
    found = connection.execute(
        "SELECT run, source, number, ordinal, kind, min(intent_at, doubt_at) AS since FROM operations"
        " WHERE state = 'planned' AND kind != 'create' AND doubt_at IS NOT NULL"
    ).fetchall()
    for *key, kind, since in found:
        age = now - datetime.fromisoformat(since)
        if -_CLOCK_SLACK <= age < STALE_AFTER[Kind(kind)]:
            continue
        settle(
            connection,
            (key[0], key[1], key[2], key[3]),
            Kind(kind),
            FollowUp.UNKNOWN,
            at=now.isoformat(timespec="milliseconds"),
            message=f"{Kind(kind).noun} unknown: "
            f"the request of {since[:16]} UTC was never answered and is too old to retry",
            hint="Look at the lead in the CRM. To send it anyway: `importer resume --retry-failed`.",
        )
