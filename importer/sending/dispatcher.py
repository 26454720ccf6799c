"""Sending a frozen plan: the endpoints side by side, each request written down before it leaves and after.

`Dispatcher.run` returns when every request has its final state, or when something stops the run; what is not finished
then stays in the journal as planned. Rules and numbers: docs/reliability.md.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from importer.clock import Clock
from importer.crm.endpoints import ENDPOINTS
from importer.crm.rate_limiter import backoff
from importer.crm.responses import judge
from importer.crm.verdict import Action, Stop, Verdict
from importer.journal.sending import PlannedCall, SendingJournal
from importer.model.operation import Call, Kind
from importer.model.outcome import RowStatus
from importer.model.run import RunRequest
from importer.model.whitespace import normalized_id
from importer.sending.follow_up_holds import FollowUpHolds
from importer.sending.outcomes import Outcomes
from importer.sending.progress import Progress
from importer.sending.request_queue import RequestQueue, Waiting
from importer.sending.run_health import Client, RunHealth
from importer.sending.run_log import run_log

SLOW_START: Final = 5
"""Creates that are sent one at a time before several are in flight: a wrong mapping spoils one lead, not sixteen."""

UNCLEAR_PAUSE: Final = 20.0
"""Seconds between the second and the third attempt of a create that is refused for no clear reason."""

_FOLLOWER: Final = {endpoint.after: kind for kind, endpoint in ENDPOINTS.items() if endpoint.after is not None}
"""Which kind of request a row sends after which."""

_NEAR_PAUSE: Final = 0.05


@dataclass(kw_only=True)
class Dispatcher:
    """Sends one run: starts attempts, retries them, and finishes each request in the journal.

    `health` says when a request may leave, and draws the conclusions from its answer.
    """

    client: Client
    journal: SendingJournal
    health: RunHealth
    request: RunRequest
    clock: Clock
    rng: random.Random
    progress: Progress
    stop: Stop | None = field(default=None, init=False)
    _attempts: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _near: Counter[str] = field(default_factory=Counter, init=False)
    _finished_creates: int = field(default=0, init=False)
    _failure: BaseException | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._stopping = asyncio.Event()
        self._outcomes = Outcomes(self.journal, self.request.on_duplicate, assume_new=self.request.assume_new)
        self._holds = FollowUpHolds()
        # Creates are many and are read as they are needed. Follow-ups that an earlier process released are few; taking
        # them at once keeps them apart from those that this process releases.
        self._queues = {
            kind: RequestQueue(self.clock, self._creates() if kind is Kind.CREATE else None) for kind in Kind
        }
        self._queues[Kind.CREATE].close()  # creates come from the plan alone
        for kind in _FOLLOWER.values():
            for planned in self.journal.released(kind):
                self._queues[kind].release(self._waiting(planned))

    async def _creates(self) -> AsyncIterator[Waiting]:
        async for planned in self.journal.creates():
            yield self._waiting(planned)

    def _waiting(self, planned: PlannedCall) -> Waiting:
        """A request from the plan; a create in doubt waits until its earlier attempt cannot take effect any more."""
        due_in = 0.0
        if planned.doubt_at and planned.call.operation.kind is Kind.CREATE:
            since = (self.clock.now() - datetime.fromisoformat(planned.doubt_at)).total_seconds()
            due_in = self.request.settle - max(0.0, since)
        return Waiting(
            call=planned.call, seen_in=planned.seen_in, due_in=due_in, tried_before=planned.call.attempts > 0
        )

    def interrupt(self, stop: Stop) -> None:
        """Start no attempts; those in flight are finished and written down. The first reason given is kept."""
        if self.stop is None:
            run_log().warning("stopping with exit code %d", stop.exit_code)
        self.stop = self.stop or stop
        self._stopping.set()

    def abandon(self) -> None:
        """Do not even wait for the attempts in flight; the journal keeps them as possibly sent."""
        for attempt in self._attempts:
            attempt.cancel()

    async def run(self) -> Stop | None:
        """Send everything; returns why it stopped early, or `None`. Raises LocalDiskError when the journal refuses."""
        workers = [asyncio.create_task(self._work(kind)) for kind in Kind]
        stopping = asyncio.create_task(self._stopping.wait())
        pending: set[asyncio.Task[Any]] = {*workers, stopping}
        while pending - {stopping} and not self._stopping.is_set() and not any(map(_failure_of, workers)):
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in (*workers, stopping):
            task.cancel()
        await asyncio.gather(*workers, stopping, return_exceptions=True)
        while self._attempts:
            await asyncio.wait(self._attempts)
        self._failure = self._failure or next((f for f in map(_failure_of, workers) if f), None)
        if self._failure is not None:
            raise self._failure
        return self.stop

    async def _work(self, kind: Kind) -> None:
        """Start the attempts of one endpoint, in the order of its queue."""
        queue = self._queues[kind]
        while (waiting := await queue.next()) is not None:
            if reason := self._holds.reason(waiting.call):
                await self._outcomes.held(waiting.call, reason)
                continue
            if kind is Kind.CREATE and self._finished_creates < SLOW_START:
                await queue.until_idle()
            await queue.until_fewer_than(self.request.concurrency)
            if kind in _FOLLOWER:
                await self._queues[_FOLLOWER[kind]].until_not_full()
            ticket = await self.health.admit(kind)
            if self._stopping.is_set():
                return
            near = normalized_id(waiting.call.crm_id)
            if kind is Kind.CREATE and self._near[near]:
                # The server may take both for one lead; only one after the other can its answers be distinguished.
                self.health.unused(kind)
                queue.put(waiting, wait=_NEAR_PAUSE)
                continue
            self._near[near] += 1
            queue.started()
            attempt = asyncio.create_task(self._attempt(queue, waiting, ticket))
            self._attempts.add(attempt)
            attempt.add_done_callback(partial(self._over, queue, near))
        if kind in _FOLLOWER:
            self._queues[_FOLLOWER[kind]].close()  # only what goes before releases requests of this kind

    def _over(self, queue: RequestQueue, near: str, attempt: asyncio.Task[None]) -> None:
        self._attempts.discard(attempt)
        self._near[near] -= 1
        if not self._near[near]:
            del self._near[near]
        queue.finished()
        if failure := _failure_of(attempt):
            self._failure = self._failure or failure
            self._stopping.set()

    async def _attempt(self, queue: RequestQueue, waiting: Waiting, ticket: float) -> None:
        """One attempt: intent on disk, the request, what its answer means, the outcome on disk.

        The next request may start once the answer has come. The journal writes in order, so its intent, which comes
        behind this outcome, leaves when both are on disk: after a crash no more requests are in doubt than may be in
        flight.
        """
        try:
            await self.journal.intent(waiting.call)
            waiting.call = replace(waiting.call, attempts=waiting.call.attempts + 1)
            seen = await self.client.send(waiting.call)
        finally:
            queue.answered()
        verdict = judge(seen, waiting.call, self.health.canary.fingerprint)
        stop = await self.health.note(verdict, waiting, ticket)
        if stop is not None:
            self.interrupt(stop)
        if verdict.possibly_sent is not None:
            waiting.call = replace(waiting.call, possibly_sent=verdict.possibly_sent)
        if verdict.action is Action.STOP and verdict.possibly_sent:
            await self._outcomes.unknown(waiting.call, verdict)
        elif verdict.action is Action.STOP or (stop and verdict.about_row):
            await self._retry(queue, waiting, verdict)  # stays planned: the next resume sends it
        elif self.health.may_retry(verdict, waiting):
            await self._retry(queue, waiting, verdict)
        else:
            await self._finish(waiting, self.health.canary.confirmed(waiting, verdict))

    async def _retry(self, queue: RequestQueue, waiting: Waiting, verdict: Verdict) -> None:
        """Write down that the request is planned again, and put it back into its queue."""
        call = waiting.call
        if verdict.action is Action.DOUBT:
            await self.journal.in_doubt(call)
        else:
            await self.journal.retry(call, throttled=self.health.is_throttle(verdict))
        queue.put(waiting, wait=self._wait(verdict, waiting))

    def _wait(self, verdict: Verdict, waiting: Waiting) -> float:
        """Seconds until the request may be retried."""
        kind = waiting.call.operation.kind
        # An assignment that may have reached its lead: the vendor throttles a second one soon after it.
        may_have_reached = verdict.action in (Action.THROTTLE, Action.DOUBT)
        least = self.request.assign_spacing if kind is Kind.ASSIGN and may_have_reached else 0.0
        if verdict.action is Action.THROTTLE:
            return least  # the rate limiter makes everybody wait
        if verdict.action is Action.DOUBT and kind is Kind.CREATE:
            return max(self.request.settle, verdict.wait or 0.0)
        if verdict.action is Action.UNCLEAR and waiting.times(verdict) > 1:
            return max(UNCLEAR_PAUSE, verdict.wait or 0.0)
        if verdict.wait is not None:
            return max(least, verdict.wait)
        return max(least, backoff(max(0, waiting.times(verdict) - 1), self.rng))

    async def _finish(self, waiting: Waiting, verdict: Verdict) -> None:
        """Write down the final state of the request; the follow-ups that it releases go to their queues."""
        call = waiting.call
        if call.operation.kind is not Kind.CREATE:
            state, released = await self._outcomes.follow_up(call, verdict)
            self._holds.note(call, state)
            self._release(released)
            self.progress.settled(f"{call.operation.kind} {state}", call.row)
            return
        if verdict.action is Action.ACCEPT and (stop := await self.health.probe_duplicate(call, verdict.lead_id)):
            self.interrupt(stop)
        self._outcomes.is_idempotent = self.health.canary.is_idempotent
        status, released = await self._outcomes.create(call, verdict, waiting.seen_in)
        if status is not RowStatus.CREATED:
            run_log().info("row %s: %s, status %s, code %s", call.row, status, verdict.http_status, verdict.error_code)
        self.progress.settled(status, call.row)
        self._finished_creates += 1
        self._release(released)

    def _release(self, follow_ups: list[Call]) -> None:
        for call in follow_ups:
            self._queues[call.operation.kind].release(Waiting(call=call))


def _failure_of(task: asyncio.Task[Any]) -> BaseException | None:
    return None if task.cancelled() or not task.done() else task.exception()
