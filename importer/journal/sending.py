"""The journal while a run is sending: intents before the bytes leave, outcomes after."""

import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from importer.journal.attempt_counts import AttemptCounts, Ending
from importer.journal.doubted import doubt_duplicates
from importer.journal.follow_ups import SETTLE, SETTLE_FOR_EVER, release, settle
from importer.journal.rows import OF_CALL, OF_ROW, CallKey, RowKey, append_problem, mark_maybe
from importer.journal.states import OperationState as State
from importer.journal.writer import Writer
from importer.model.operation import Call, Kind, Operation, RowId
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem

PAGE: Final = 500
"""Calls that are read from the plan at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call that may be sent. `doubt_at` is when an earlier attempt that may have had effect ended (ISO 8601, UTC).

    `seen_in` is the earlier run that saw the lead exist, if any.
    """

    call: Call
    doubt_at: str = ""
    seen_in: str = ""


class SendingJournal:
    """What one run writes and reads while it sends. Every writing method returns once its change is on disk."""

    def __init__(
        self, writer: Writer, reader: sqlite3.Connection, *, run: int, realm: int, now: Callable[[], datetime]
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._run = run
        self._realm = realm
        self._now = now
        self._attempts = AttemptCounts(run)
        self._group_time = ""
        writer.before_commit = self._end_group

    async def creates(self, *, page: int = PAGE) -> AsyncIterator[PlannedCall]:
        """Every create that may be sent, in source order; a batch is laid out when its turn comes."""
        from importer.journal.batches import lay_out, stored_batches

        for batch in stored_batches(self._reader, self._run):
            if len(batch.plain):
                await self._writer.commit(partial(lay_out, batch=batch))
            for planned in self._planned(Kind.CREATE, (batch.source, batch.first), (batch.source, batch.last), page):
                yield planned

    def released(self, kind: Kind) -> list[PlannedCall]:
        """The follow-ups of one endpoint that may be sent, in source order."""
        return list(self._planned(kind, (0, 0), (sys.maxsize, 0), PAGE))

    def _planned(self, kind: Kind, first: tuple[int, int], last: tuple[int, int], page: int) -> Iterator[PlannedCall]:
        """The calls of these rows that may be sent, read page by page as they are asked for."""
        after = (*first, -1)
        while True:
            found = self._reader.execute(
                "SELECT o.source, o.number, o.ordinal, o.key, o.body, o.attempts, o.doubt_at, r.crm_id, r.lead_id,"
                " coalesce(l.maybe, 0) AS maybe, coalesce(seen.run_id, '') AS seen_in"
                " FROM operations o JOIN rows r ON r.run = o.run AND r.source = o.source AND r.number = o.number"
                " LEFT JOIN leads l ON l.realm = ? AND l.crm_id = r.crm_id"
                " LEFT JOIN runs seen ON seen.id = l.seen_in AND seen.id != o.run"
                " WHERE o.run = ? AND o.kind = ? AND o.state = 'planned'"
                " AND (o.source, o.number, o.ordinal) > (?, ?, ?) AND (o.source, o.number) <= (?, ?)"
                " ORDER BY o.source, o.number, o.ordinal LIMIT ?",
                (self._realm, self._run, kind, *after, *last, page),
            ).fetchall()
            if not found:
                return
            for row in found:
                yield self._planned_call(kind, row)
            after = (found[-1]["source"], found[-1]["number"], found[-1]["ordinal"])

    def _planned_call(self, kind: Kind, row: sqlite3.Row) -> PlannedCall:
        call = Call(
            row=RowId(row["source"], row["number"]),
            ordinal=row["ordinal"],
            operation=Operation(kind=kind, key=row["key"], body=bytes(row["body"])),
            crm_id=row["crm_id"],
            lead_id=row["lead_id"],
            attempts=row["attempts"],
            possibly_sent=bool(row["maybe"]) if kind is Kind.CREATE else row["doubt_at"] is not None,
        )
        return PlannedCall(call=call, doubt_at=row["doubt_at"] or "", seen_in=row["seen_in"])

    @staticmethod
    def _released(by: Call, lead_id: str, row: sqlite3.Row) -> Call:
        """A call of the same row that the outcome of another one has released."""
        ordinal, kind, key, body, attempts, doubt_at = row
        return Call(
            row=by.row,
            ordinal=ordinal,
            operation=Operation(kind=_KINDS[kind], key=key, body=body),
            crm_id=by.crm_id,
            lead_id=lead_id,
            attempts=attempts,
            possibly_sent=doubt_at is not None,
        )

    async def intent(self, call: Call) -> None:
        """The bytes of this call are about to leave."""

        await self._writer.commit(lambda connection: connection.execute(_INTENT, (self._time(), *self._call_key(call))))

    async def retry(self, call: Call, *, throttled: bool = False) -> None:
        """The attempt had no effect; the call will be made again."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                f"UPDATE operations SET state = 'planned', throttled = throttled + ? WHERE {OF_CALL}",
                (int(throttled), *self._call_key(call)),
            )
            ending: Ending = "throttled" if throttled else "repeated"
            self._attempts.add(call.operation.kind, ending)

        await self._writer.commit(change)

    async def in_doubt(self, call: Call) -> None:
        """The attempt may have had effect; the call will be made again."""

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                f"UPDATE operations SET state = 'planned', doubt_at = ? WHERE {OF_CALL}",
                (self._time(), *self._call_key(call)),
            )
            if call.operation.kind is Kind.CREATE:
                mark_maybe(connection, self._realm, call.crm_id)
            self._attempts.add(call.operation.kind, "repeated")

        await self._writer.commit(change)

    async def create_settled(
        self,
        call: Call,
        status: RowStatus,
        *,
        follow_ups: State,
        lead_id: str = "",
        message: str = "",
        hint: str = "",
        http_status: int | None = None,
        error_code: int | None = None,
        warnings: tuple[Problem, ...] = (),
    ) -> list[Call]:
        """The create has its final status; its follow-ups are released (`planned`), `held` or `dropped`.

        Returns those that may be sent now.
        """
        state = _CREATE_STATES.get(status, State.UNKNOWN)
        # A body is personal data: it stays only where it may be sent once more.
        scrub = state is State.ACCEPTED
        outcome = (str(status), lead_id, message, hint, http_status, error_code)
        released: list[sqlite3.Row] = []

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(SETTLE_FOR_EVER if scrub else SETTLE, (str(state), *self._call_key(call)))
            connection.execute(_SHOW_CREATE, (*outcome, self._time(), *self._row_key(call.row)))
            for warning in warnings:
                append_problem(connection, self._row_key(call.row), warning)
            self._remember(connection, call, status, lead_id)
            released.extend(release(connection, self._row_key(call.row), follow_ups))
            self._attempts.add(Kind.CREATE, "settled")

        await self._writer.commit(change)
        return [self._released(call, lead_id, each) for each in released]

    def _remember(self, connection: sqlite3.Connection, call: Call, status: RowStatus, lead_id: str) -> None:
        """What the ledger learns from a create: that the lead exists, and whether we may have made it."""
        if status is RowStatus.UNKNOWN and call.possibly_sent:
            mark_maybe(connection, self._realm, call.crm_id)  # the first doubt may have been the last attempt
        if status in (RowStatus.UNKNOWN, RowStatus.REJECTED):
            return
        statement = _LEAD_IS_OURS if status is RowStatus.CREATED else _LEAD_EXISTS
        connection.execute(statement, (self._realm, call.crm_id, self._run, lead_id))

    async def follow_up_settled(
        self,
        call: Call,
        state: FollowUp,
        *,
        message: str = "",
        hint: str = "",
        http_status: int | None = None,
        error_code: int | None = None,
    ) -> list[Call]:
        """An assignment or an event has its final state; an accepted assignment releases the events.

        Returns those that may be sent now.
        """
        released: list[sqlite3.Row] = []

        def change(connection: sqlite3.Connection) -> None:
            released.extend(
                settle(
                    connection,
                    self._call_key(call),
                    call.operation.kind,
                    state,
                    at=self._time(),
                    message=message,
                    hint=hint,
                    http_status=http_status,
                    error_code=error_code,
                )
            )
            if state is not FollowUp.HELD:  # which is not even tried
                self._attempts.add(call.operation.kind, "settled")

        await self._writer.commit(change)
        return [self._released(call, call.lead_id, each) for each in released]

    async def canary_sent(self) -> None:
        """A request that belongs to no row is about to leave."""
        await self._writer.commit(
            lambda connection: connection.execute("UPDATE runs SET canaries = canaries + 1 WHERE id = ?", (self._run,))
        )

    async def learn(self, fingerprint: str) -> None:
        """Keep the server's duplicate answer for later runs."""
        await self._writer.commit(
            lambda connection: connection.execute(
                "UPDATE realms SET fingerprint = ?, fingerprint_at = ? WHERE id = ?",
                (fingerprint, self._time(), self._realm),
            )
        )

    async def unlearn(self, http_status: int, error_code: int | None) -> None:
        """The duplicate answer is none: what rests on it alone is not known any more."""

        def change(connection: sqlite3.Connection) -> None:
            doubt_duplicates(connection, self._realm, http_status, error_code, run=self._run)

        await self._writer.commit(change)

    def _row_key(self, row: RowId) -> RowKey:
        return (self._run, row.source, row.number)

    def _call_key(self, call: Call) -> CallKey:
        return (*self._row_key(call.row), call.ordinal)

    def _time(self) -> str:
        """Of the group of changes that is being written: they become true together, when they are on disk."""
        self._group_time = self._group_time or self._now().isoformat(timespec="milliseconds")
        return self._group_time

    def _end_group(self, connection: sqlite3.Connection) -> None:
        self._attempts.write(connection, self._time())
        self._group_time = ""


_INTENT: Final = f"UPDATE operations SET state = 'intent', attempts = attempts + 1, intent_at = ? WHERE {OF_CALL}"
_SHOW_CREATE: Final = (
    "UPDATE rows SET status = ?, lead_id = ?, message = ?, hint = ?, http_status = ?, error_code = ?, finished_at = ?"
    f" WHERE {OF_ROW}"
)
_LEAD_EXISTS: Final = (
    "INSERT INTO leads (realm, crm_id, maybe, seen_in, lead_id) VALUES (?, ?, 0, ?, ?)"
    " ON CONFLICT (realm, crm_id) DO UPDATE SET seen_in = coalesce(seen_in, excluded.seen_in),"
    " lead_id = CASE WHEN excluded.lead_id = '' THEN lead_id ELSE excluded.lead_id END"
)
_LEAD_IS_OURS: Final = f"{_LEAD_EXISTS}, maybe = 0"

_KINDS: Final = {kind.value: kind for kind in Kind}

_CREATE_STATES: Final = {
    RowStatus.CREATED: State.ACCEPTED,
    RowStatus.DUPLICATE: State.ACCEPTED,
    RowStatus.CREATED_UNCONFIRMED: State.ACCEPTED,
    RowStatus.REJECTED: State.REJECTED,
}
