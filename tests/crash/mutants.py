"""Importers that are wrong on purpose, each in one way. A harness that does not catch them all proves nothing."""

import json
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from importer.crm import responses
from importer.crm.client import LeadsClient
from importer.crm.conflict_or_throttle import Meaning
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.verdict import Action, Verdict
from importer.journal import database, requests
from importer.journal.database import transaction
from importer.journal.requests import OperationState
from importer.journal.runs import Journal
from importer.journal.sending import SendingJournal
from importer.model.operation import Call, Kind, RowId
from importer.model.outcome import RowStatus
from importer.sending import dispatcher
from importer.sending.dispatcher import Dispatcher

Judge = Callable[[Observation, Call, Verdict], Verdict | None]

CLEAN = Verdict(action=Action.RETRY, message="taken as not sent", wait=0.05)


def _judging(opinion: Judge) -> None:
    """Another opinion on what was seen; `None` leaves the verdict as it is."""
    judge = dispatcher.judge

    def mutant(seen: Observation, call: Call, *rest: Any) -> Verdict:
        verdict = judge(seen, call, *rest)
        return opinion(seen, call, verdict) or verdict

    dispatcher.judge = mutant


def no_intent() -> None:
    """That the bytes leave is counted, but not that they may have had effect."""

    async def mutant(self: SendingJournal, call: Call) -> None:
        statement = (
            "UPDATE operations SET attempts = attempts + 1, intent_at = ?"
            " WHERE run = ? AND source = ? AND number = ? AND ordinal = ?"
        )
        await self._writer.commit(
            lambda connection: connection.execute(statement, (self._time(), *self._call_key(call)))
        )

    SendingJournal.intent = mutant


def intent_after_send() -> None:
    intent, send = SendingJournal.intent, LeadsClient.send
    promised: dict[tuple[RowId, int], SendingJournal] = {}

    async def later(self: SendingJournal, call: Call) -> None:
        promised[call.row, call.ordinal] = self

    async def sending(self: LeadsClient, call: Call) -> Observation:
        seen = await send(self, call)
        if journal := promised.pop((call.row, call.ordinal), None):
            await intent(journal, call)
        return seen

    SendingJournal.intent, LeadsClient.send = later, sending


def resume_ignores_intents() -> None:
    def recover(self: Journal) -> int:
        with transaction(self.connection):
            self.connection.execute("UPDATE operations SET state = 'planned' WHERE state = 'intent'")
        return 0

    Journal.recover = recover


def _lost(words: tuple[str, ...]) -> Callable[[], None]:
    def opinion(seen: Observation, call: Call, verdict: Verdict) -> Verdict | None:
        lost = isinstance(seen, NoAnswer) and seen.sent and any(word in seen.reason for word in words)
        return CLEAN if lost else None

    return lambda: _judging(opinion)


def _status(*statuses: int) -> Callable[[], None]:
    def opinion(seen: Observation, call: Call, verdict: Verdict) -> Verdict | None:
        return CLEAN if isinstance(seen, Answer) and seen.status in statuses else None

    return lambda: _judging(opinion)


def _any_2xx(*kinds: Kind) -> Callable[[], None]:
    def opinion(seen: Observation, call: Call, verdict: Verdict) -> Verdict | None:
        trusted = isinstance(seen, Answer) and 200 <= seen.status < 300 and verdict.action is not Action.ACCEPT
        return Verdict(action=Action.ACCEPT, possibly_sent=False) if trusted and call.operation.kind in kinds else None

    return lambda: _judging(opinion)


def _all_429(meaning: Meaning) -> Callable[[], None]:
    def install() -> None:
        responses.meaning_of = lambda *_: meaning

    return install


def _exists_says(status: RowStatus, *, only_in_doubt: bool) -> Callable[[], None]:
    """What "already exists" is written down as."""
    settled = SendingJournal.create_settled

    async def mutant(self: SendingJournal, call: Call, said: RowStatus, **named: Any) -> list[Call]:
        exists = said is RowStatus.CREATED_UNCONFIRMED or (said is RowStatus.DUPLICATE and not only_in_doubt)
        named["follow_ups"] = OperationState.DROPPED if exists else named["follow_ups"]
        return await settled(self, call, status if exists else said, **named)

    def install() -> None:
        SendingJournal.create_settled = mutant

    return install


def unconfirmed_proceeds() -> None:
    settled = SendingJournal.create_settled

    async def mutant(self: SendingJournal, call: Call, said: RowStatus, **named: Any) -> list[Call]:
        if said is RowStatus.CREATED_UNCONFIRMED:
            named["follow_ups"] = OperationState.PLANNED
        return await settled(self, call, said, **named)

    SendingJournal.create_settled = mutant


def random_distinct_id() -> None:
    send = LeadsClient.send

    async def mutant(self: LeadsClient, call: Call) -> Observation:
        if call.operation.kind is Kind.EVENT:
            body = {**json.loads(call.operation.body), "distinct_id": str(uuid.uuid4())}
            call = replace(call, operation=replace(call.operation, body=json.dumps(body).encode()))
        return await send(self, call)

    LeadsClient.send = mutant


def marked_before_sent() -> None:
    """A follow-up is written down as done, then it is sent."""
    intent = SendingJournal.intent

    async def mutant(self: SendingJournal, call: Call) -> None:
        await intent(self, call)
        if call.operation.kind is not Kind.CREATE:
            await self._writer.commit(lambda connection: _mark_done(self, connection, call))

    SendingJournal.intent = mutant


def _mark_done(journal: SendingJournal, connection: Any, call: Call) -> None:
    connection.execute(
        "UPDATE operations SET state = 'accepted' WHERE run = ? AND source = ? AND number = ? AND ordinal = ?",
        journal._call_key(call),
    )
    requests.release(connection, journal._row_key(call.row), OperationState.PLANNED)


def no_settle() -> None:
    """Whatever is in doubt is asked again at once."""
    wait = Dispatcher._wait

    def mutant(self: Dispatcher, verdict: Verdict, waiting: Any) -> float:
        return 0.0 if verdict.action is Action.DOUBT else wait(self, verdict, waiting)

    Dispatcher._wait = mutant


def locks_dropped() -> None:
    """The journal is opened and closed by hand beside SQLite, which drops the locks SQLite has on it."""

    def mutant(path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))

    database._create_private = mutant


def synchronous_normal() -> None:
    """For the power-loss replay only: a process that dies loses nothing by this."""
    prepare = database._prepare

    def mutant(connection: Any) -> None:
        prepare(connection)
        connection.execute("PRAGMA synchronous = NORMAL")

    database._prepare = mutant


MUTANTS: dict[str, Callable[[], None]] = {
    "no-intent": no_intent,
    "intent-after-send": intent_after_send,
    "resume-ignores-intents": resume_ignores_intents,
    "timeout-is-clean": _lost(("within", "Timeout")),
    "reset-is-clean": _lost(("ReadError", "WriteError", "RemoteProtocolError")),
    "500-is-clean": _status(500),
    "502-to-504-are-clean": _status(502, 503, 504),
    "any-2xx-trusted-on-post": _any_2xx(Kind.CREATE),
    "any-2xx-trusted-on-put": _any_2xx(Kind.ASSIGN, Kind.EVENT),
    "every-429-is-a-duplicate": _all_429(Meaning.DUPLICATE),
    "every-429-is-a-throttle": _all_429(Meaning.THROTTLE),
    "exists-says-created": _exists_says(RowStatus.CREATED, only_in_doubt=False),
    "exists-always-says-duplicate": _exists_says(RowStatus.DUPLICATE, only_in_doubt=True),
    "random-distinct-id": random_distinct_id,
    "unconfirmed-proceeds": unconfirmed_proceeds,
    "marked-before-sent": marked_before_sent,
    "no-settle-on-a-racy-server": no_settle,
    "journal-locks-dropped": locks_dropped,
}
