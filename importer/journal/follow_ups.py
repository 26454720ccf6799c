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


def release(connection: sqlite3.Connection, row: RowKey, state: State) -> list[sqlite3.Row]:
    """Move a row's waiting follow-ups: with `planned`, only the assignment first if there is one.

    Returns those that may be sent now.
    """
    if state is State.PLANNED:
        assign = connection.execute(
            f"UPDATE operations SET state = 'planned' WHERE {OF_ROW} AND kind = 'assign' AND state = 'blocked'", row
        )
        if assign.rowcount:
            return _planned(_follow_ups(connection, row))
    if not _move_blocked(connection, row, state):
        return []
    if state is State.DROPPED:
        connection.execute(
            f"UPDATE operations SET body = NULL WHERE {OF_ROW} AND state = 'dropped' AND EXISTS"
            " (SELECT 1 FROM rows r WHERE r.run = operations.run AND r.source = operations.source"
            " AND r.number = operations.number AND r.status = 'duplicate')",
            row,
        )
    return _planned(_show(connection, row))


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
    # A body is personal data: it stays only where it may be sent once more.
    scrub = ", body = NULL" if state is FollowUp.ACCEPTED else ""
    connection.execute(f"UPDATE operations SET state = ?{scrub} WHERE {OF_CALL}", (state, *call))
    if message:
        connection.execute(
            "UPDATE rows SET message = ltrim(message || '; ' || ?, '; '), hint = ltrim(hint || ' ' || ?),"
            f" http_status = ?, error_code = ? WHERE {OF_ROW}",
            (message, hint, http_status, error_code, *row),
        )
    if kind is Kind.ASSIGN:
        _move_blocked(connection, row, State.PLANNED if state is FollowUp.ACCEPTED else State.HELD)
        return _planned(_show(connection, row, at=at))
    # Most rows have one event; its word is the row's, and nothing has to be read.
    only = connection.execute(
        f"UPDATE rows SET events = ?, finished_at = ? WHERE {OF_ROW} AND event_calls = 1", (state, at, *row)
    )
    if not only.rowcount:
        _show(connection, row, at=at)
    return []


def _move_blocked(connection: sqlite3.Connection, row: RowKey, state: State) -> bool:
    moved = connection.execute(f"UPDATE operations SET state = ? WHERE {OF_ROW} AND state = 'blocked'", (state, *row))
    return moved.rowcount > 0


def _follow_ups(connection: sqlite3.Connection, row: RowKey) -> list[sqlite3.Row]:
    return connection.execute(
        "SELECT ordinal, kind, state, key, body, attempts, doubt_at FROM operations"
        f" WHERE {OF_ROW} AND kind != 'create' ORDER BY ordinal",
        row,
    ).fetchall()


def _planned(follow_ups: list[sqlite3.Row]) -> list[sqlite3.Row]:
    return [each for each in follow_ups if each["state"] == State.PLANNED]


def _show(connection: sqlite3.Connection, row: RowKey, *, at: str | None = None) -> list[sqlite3.Row]:
    """Keep the row's two follow-up words in step with its operations, which are returned; `at` is when one of them
    was settled."""
    found = _follow_ups(connection, row)
    words: dict[str, list[FollowUp]] = {Kind.ASSIGN: [], Kind.EVENT: []}
    for each in found:
        words[each["kind"]].append(_WORDS[each["state"]])
    connection.execute(
        f"UPDATE rows SET assign = ?, events = ?, finished_at = coalesce(?, finished_at) WHERE {OF_ROW}",
        (FollowUp.worst(words[Kind.ASSIGN]), FollowUp.worst(words[Kind.EVENT]), at, *row),
    )
    return found


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
        what = "assignment" if kind == Kind.ASSIGN else "event"
        settle(
            connection,
            (key[0], key[1], key[2], key[3]),
            Kind(kind),
            FollowUp.UNKNOWN,
            at=now.isoformat(timespec="milliseconds"),
            message=f"{what} unknown: the request of {since[:16]} UTC was never answered and is too old to repeat",
            hint="Look at the lead in the CRM; `importer resume --retry-failed` sends it all the same.",
        )
