"""The journal while a run is sending: intents before the bytes leave, outcomes after."""

import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal

from importer.journal.ledger import LEAD_EXISTS, LEAD_IS_OURS, doubt_duplicates, mark_possibly_sent
from importer.journal.requests import OF_CALL, OF_ROW, SETTLE, SETTLE_FOR_GOOD, CallKey, RowKey, release, settle
from importer.journal.requests import OperationState as State
from importer.journal.rows import append_problem, materialize, stored_batches
from importer.journal.writer import Writer
from importer.model.operation import Call, Kind, Operation, RowId
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem

PAGE: Final = 500
"""Calls that are read from the plan at once."""

Ending = Literal["settled", "throttled", "repeated"]

_TENS: Final = len("2026-11-22T15:04:0")
"""Characters of a time that tell its ten seconds."""


class AttemptCounts:
    """Counts in the writer's thread; `write` is part of the commit that holds what the attempts ended with."""

    def __init__(self, run: int) -> None:
        self._run = run
        self._counts: Counter[tuple[Kind, Ending]] = Counter()

    def add(self, kind: Kind, ending: Ending) -> None:
        """One more attempt has ended."""
        self._counts[kind, ending] += 1

    def write(self, connection: sqlite3.Connection, at: str) -> None:
        """Add what was counted to the journal; they ended `at` this time (ISO 8601, UTC)."""
        for (kind, ending), count in self._counts.items():
            connection.execute(
                f"INSERT INTO traffic (run, kind, at, {ending}) VALUES (?, ?, ?, ?)"
                f" ON CONFLICT (run, kind, at) DO UPDATE SET {ending} = {ending} + excluded.{ending}",
                (self._run, kind, at[:_TENS], count),
            )
        self._counts.clear()


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
        self, writer: Writer, reader: sqlite3.Connection, *, run: int, tenant: int, now: Callable[[], datetime]
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._run = run
        self._tenant = tenant
        self._now = now
        self._attempts = AttemptCounts(run)
        self._group_time = ""
        writer.before_commit = self._end_group

    async def creates(self, *, page: int = PAGE) -> AsyncIterator[PlannedCall]:
        """Every create that may be sent, in source order; a batch is materialized when its turn comes."""
        for batch in stored_batches(self._reader, self._run):
            if len(batch.rows):
                await self._writer.commit(partial(materialize, batch=batch))
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
                " coalesce(l.possibly_sent, 0) AS possibly_sent, coalesce(seen.run_id, '') AS seen_in"
                " FROM operations o JOIN rows r ON r.run = o.run AND r.source = o.source AND r.number = o.number"
                " LEFT JOIN leads l ON l.tenant = ? AND l.crm_id = r.crm_id"
                " LEFT JOIN runs seen ON seen.id = l.seen_in AND seen.id != o.run"
                " WHERE o.run = ? AND o.kind = ? AND o.state = 'planned'"
                " AND (o.source, o.number, o.ordinal) > (?, ?, ?) AND (o.source, o.number) <= (?, ?)"
                " ORDER BY o.source, o.number, o.ordinal LIMIT ?",
                (self._tenant, self._run, kind, *after, *last, page),
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
            possibly_sent=bool(row["possibly_sent"]) if kind is Kind.CREATE else row["doubt_at"] is not None,
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
                mark_possibly_sent(connection, self._tenant, call.crm_id)
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
        outcome = (str(status), lead_id, message, hint, http_status, error_code)
        released: list[sqlite3.Row] = []

        def change(connection: sqlite3.Connection) -> None:
            connection.execute(
                SETTLE_FOR_GOOD if state is State.ACCEPTED else SETTLE, (str(state), *self._call_key(call))
            )
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
            mark_possibly_sent(connection, self._tenant, call.crm_id)  # the first doubt may have been the last attempt
        if status in (RowStatus.UNKNOWN, RowStatus.REJECTED):
            return
        statement = LEAD_IS_OURS if status is RowStatus.CREATED else LEAD_EXISTS
        connection.execute(statement, (self._tenant, call.crm_id, self._run, lead_id))

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
        """A follow-up has its final state; once it is accepted, those that waited for it are released.

        Returns those that may be sent now.
        """
        released: list[sqlite3.Row] = []

        def change(connection: sqlite3.Connection) -> None:
            released.extend(
                settle(
                    connection,
                    self._call_key(call),
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
                "UPDATE tenants SET fingerprint = ?, fingerprint_at = ? WHERE id = ?",
                (fingerprint, self._time(), self._tenant),
            )
        )

    async def unlearn(self, http_status: int, error_code: int | None) -> None:
        """The duplicate answer is none: what rests on it alone is not known any more."""

        def change(connection: sqlite3.Connection) -> None:
            doubt_duplicates(connection, self._tenant, http_status, error_code, run=self._run)

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
_KINDS: Final = {kind.value: kind for kind in Kind}

_CREATE_STATES: Final = {
    RowStatus.CREATED: State.ACCEPTED,
    RowStatus.DUPLICATE: State.ACCEPTED,
    RowStatus.CREATED_UNCONFIRMED: State.ACCEPTED,
    RowStatus.REJECTED: State.REJECTED,
}
