"""Sending a frozen plan: three endpoints side by side, each call written down before and after.

`Dispatcher.run` returns when every call has its final state, or when something stops the run; what is not
settled then stays in the journal as planned. Rules and numbers: docs/reliability.md.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, Protocol

from importer.clock import Clock
from importer.crm.circuit_breaker import CircuitBreaker
from importer.crm.conflict_or_throttle import Fingerprint
from importer.crm.credential import Credential
from importer.crm.endpoints import ENDPOINTS
from importer.crm.observation import Observation
from importer.crm.rate_limiter import RateLimiter, backoff
from importer.crm.responses import judge
from importer.crm.verdict import Action, Stop, Verdict
from importer.errors import SettingsError
from importer.exit_codes import ExitCode
from importer.journal.sending import PlannedCall, SendingJournal
from importer.model.operation import Call, Kind
from importer.model.outcome import RowStatus
from importer.model.run import OnDuplicate
from importer.model.whitespace import normalized_id
from importer.sending.canary import Canary, Learnt
from importer.sending.failure_limits import FailureLimits
from importer.sending.follow_up_holds import FollowUpHolds
from importer.sending.outcomes import Outcomes
from importer.sending.progress import Progress
from importer.sending.request_queue import RequestQueue, Waiting
from importer.sending.run_log import LOG

SLOW_START: Final = 5
"""Creates that are settled one at a time before several are in flight: a wrong mapping spoils one lead, not sixteen."""


_REACHED: Final = frozenset({Action.THROTTLE, Action.DOUBT})
"""After these an assignment may have reached its lead, so the next one must keep its distance."""


_FOLLOWER: Final = {endpoint.after: kind for kind, endpoint in ENDPOINTS.items() if endpoint.after is not None}
"""Which kind of request a row sends after which."""

_NEAR_PAUSE: Final = 0.05


UNCLEAR_PAUSE: Final = 20.0
"""Seconds between the second and the third time that an unclear refusal is asked again."""

THROTTLED_TRIES: Final = 10
"""How often a row may meet an unclear refusal that turned out to be a rate limit's: few rows are refused so often."""

LONGEST_THROTTLE: Final = 1800.0
"""Seconds without a request that was not throttled after which the run stops (resumable)."""


class Client(Protocol):
    """Whoever makes one attempt of a call."""

    async def send(self, call: Call) -> Observation:
        """One attempt; whatever the network does comes back as a value."""
        ...

    def use(self, credential: Credential) -> None:
        """Send this credential from now on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SendOptions:
    """How a plan is sent.

    `rates` are requests per second of each kind (0: no limit), `settle` and `assign_spacing` seconds. `assign_spacing`
    lies between two assignments of one lead: the vendor throttles a second one within 10 s (contact page, v3).
    `assume_new` is a person's word that no lead of the plan existed before.
    """

    rates: dict[Kind, float]
    concurrency: int = 16
    settle: float = 60.0
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    assign_spacing: float = 10.0
    assume_new: bool = False
    canary: bool = True
    learnt: Fingerprint | None = None


@dataclass(kw_only=True)
class Dispatcher:
    """Sends one run. `reread` gives the credential anew, in case a person replaced it while the run was going on."""

    client: Client
    journal: SendingJournal
    options: SendOptions
    clock: Clock
    rng: random.Random
    progress: Progress
    reread: Callable[[], Credential] | None = None
    stop: Stop | None = None
    _queues: dict[Kind, RequestQueue] = field(init=False)
    _rate_limiters: dict[Kind, RateLimiter] = field(init=False)
    _attempts: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _settled_creates: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._rate_limiters = {kind: RateLimiter(self.options.rates[kind], self.clock) for kind in Kind}
        self._circuit_breaker = CircuitBreaker(self.clock, self.rng)
        self._failure_limits = FailureLimits(self.clock)
        self._stopping = asyncio.Event()
        self._failure: BaseException | None = None
        # Creates are many and are read as they are needed. Follow-ups that an earlier process released are few; taking
        # them at once keeps them apart from those that this process releases.
        self._queues = {
            kind: RequestQueue(self.clock, self._creates() if kind is Kind.CREATE else None) for kind in Kind
        }
        self._queues[Kind.CREATE].close()  # creates come from the plan alone
        for kind in _FOLLOWER.values():
            for planned in self.journal.released(kind):
                self._queues[kind].release(self._waiting(planned))
        self._canary = Canary(
            client=self.client,
            journal=self.journal,
            rate_limiter=self._rate_limiters[Kind.CREATE],
            clock=self.clock,
            learnt=self.options.learnt,
            wanted=self.options.canary,
        )
        self._outcomes = Outcomes(self.journal, self.options.on_duplicate, assume_new=self.options.assume_new)
        self._holds = FollowUpHolds()
        self._near: Counter[str] = Counter()
        self._key_refused = False

    async def _creates(self) -> AsyncIterator[Waiting]:
        async for planned in self.journal.creates():
            yield self._waiting(planned)

    def _waiting(self, planned: PlannedCall) -> Waiting:
        """A call from the plan; one in doubt waits until its earlier request cannot have effect any more."""
        due_in = 0.0
        if planned.doubt_at and planned.call.operation.kind is Kind.CREATE:
            since = (self.clock.now() - datetime.fromisoformat(planned.doubt_at)).total_seconds()
            due_in = self.options.settle - max(0.0, since)
        return Waiting(
            call=planned.call, seen_in=planned.seen_in, due_in=due_in, tried_before=planned.call.attempts > 0
        )

    def interrupt(self, stop: Stop) -> None:
        """Make no new calls; those in flight are finished and written down. The first reason given is kept."""
        if self.stop is None:
            LOG.warning("stopping with exit code %d", stop.exit_code)
        self.stop = self.stop or stop
        self._stopping.set()

    def abandon(self) -> None:
        """Do not even wait for the calls in flight; the journal keeps them as possibly sent."""
        for attempt in self._attempts:
            attempt.cancel()

    async def run(self) -> Stop | None:
        """Send everything; returns why it stopped early, or `None`. Raises LocalDiskError when the journal refuses."""
        feeders = [asyncio.create_task(self._feed(kind)) for kind in Kind]
        stopping = asyncio.create_task(self._stopping.wait())
        await self._until_over(feeders, stopping)
        for task in (*feeders, stopping):
            task.cancel()
        await asyncio.gather(*feeders, stopping, return_exceptions=True)
        while self._attempts:
            await asyncio.wait(self._attempts)
        self._failure = self._failure or next((f for f in map(_failure_of, feeders) if f), None)
        if self._failure is not None:
            raise self._failure
        return self.stop

    @staticmethod
    async def _until_over(feeders: list[asyncio.Task[None]], stopping: asyncio.Task[Literal[True]]) -> None:
        """Wait until all calls are made, one feeder failed, or somebody wants to stop."""
        pending: set[asyncio.Task[Any]] = {*feeders, stopping}
        while pending != {stopping}:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            if stopping in done or any(_failure_of(task) for task in done):
                return

    async def _feed(self, kind: Kind) -> None:
        """Start the calls of one endpoint, each in its turn."""
        queue = self._queues[kind]
        while (waiting := await queue.next()) is not None:
            if reason := self._holds.reason(waiting.call):
                await self._outcomes.held(waiting.call, reason)
                continue
            if kind is Kind.CREATE and self._settled_creates < SLOW_START:
                await queue.quiet()
            await queue.room(self.options.concurrency)
            if kind in _FOLLOWER:
                await self._queues[_FOLLOWER[kind]].until_not_full()
            rate_limiter = self._rate_limiters[kind]
            ticket = await self._turn(rate_limiter)
            if self._stopping.is_set():
                return
            near = normalized_id(waiting.call.crm_id)
            if kind is Kind.CREATE and self._near[near]:
                # The server may take both for one lead; only one after the other can its answers be told apart.
                rate_limiter.unused()
                queue.put(waiting, wait=_NEAR_PAUSE)
                continue
            self._near[near] += 1
            queue.started()
            attempt = asyncio.create_task(self._attempt(queue, waiting, ticket))
            self._attempts.add(attempt)
            attempt.add_done_callback(partial(self._landed, queue, near))
        if kind in _FOLLOWER:
            self._queues[_FOLLOWER[kind]].close()  # only what goes before releases calls of this kind

    async def _turn(self, rate_limiter: RateLimiter) -> float:
        """Wait for a turn that the breaker allows: what goes wrong while a call waits in line holds for it, too."""
        while True:
            is_probe = await self._circuit_breaker.admit()
            ticket = await rate_limiter.turn()
            if is_probe and self._key_refused:
                self._read_key_again()
            if is_probe or not self._circuit_breaker.is_open:
                return ticket
            rate_limiter.unused()

    def _landed(self, queue: RequestQueue, near: str, task: asyncio.Task[None]) -> None:
        self._attempts.discard(task)
        self._near[near] -= 1
        if not self._near[near]:
            del self._near[near]
        queue.landed()
        if failure := _failure_of(task):
            self._failure = self._failure or failure
            self._stopping.set()

    async def _attempt(self, queue: RequestQueue, waiting: Waiting, ticket: float) -> None:
        """One attempt: intent on disk, the request, what it means, the outcome on disk.

        The place is free once the answer has come. The journal writes in order, so the next request in this place,
        whose intent comes behind this outcome, leaves when both are on disk: after a crash no more calls are in doubt
        than there are places.
        """
        try:
            await self.journal.intent(waiting.call)
            waiting.call = replace(waiting.call, attempts=waiting.call.attempts + 1)
            seen = await self.client.send(waiting.call)
        finally:
            queue.answered()
        verdict = judge(seen, waiting.call, self._canary.fingerprint)
        about_rows = verdict.streak is not None and verdict.streak.of_rows
        if about_rows or not (
            verdict.outage and self._circuit_breaker.is_open
        ):  # else a probe that says nothing about its row
            waiting.verdicts[verdict.action, verdict.tries] += 1
        await self._canary.weigh(waiting, verdict, ticket)
        stop = self._note(verdict, waiting, ticket)
        if verdict.possibly_sent is not None:
            waiting.call = replace(waiting.call, possibly_sent=verdict.possibly_sent)
        if stop is not None:
            self.interrupt(stop)
        if verdict.action is Action.STOP or (stop and about_rows) or self._is_to_be_repeated(verdict, waiting):
            await self._repeat(queue, waiting, verdict)
        else:
            await self._settle(waiting, self._canary.confirmed(waiting, verdict))

    def _note(self, verdict: Verdict, waiting: Waiting, ticket: float) -> Stop | None:
        """What the attempt says about the run as a whole."""
        call = waiting.call
        rate_limiter = self._rate_limiters[call.operation.kind]
        throttled = verdict.action is Action.THROTTLE or verdict.shape in self._canary.throttles
        rate_limiter.answered(ticket, throttled=throttled, wait=verdict.wait)
        if throttled:
            LOG.info("%s throttled, wait %s, now %.2f/s", call.operation.kind, verdict.wait, rate_limiter.rate)
            self.progress.throttled()
        if verdict.pause is not None:
            rate_limiter.pause(verdict.pause)
        self._key_refused = verdict.http_status == 401
        if self._key_refused:
            self._read_key_again()
        stop = (
            self._failure_limits.note(verdict, waiting, ticket)
            or verdict.stop
            or self._throttled_for_too_long(rate_limiter)
        )
        if verdict.outage:
            outage = self._circuit_breaker.failed(verdict.message)
            LOG.warning("%s of row %s: no answer to build on (%s)", call.operation.kind, call.row, verdict.http_status)
            why = f"no answer from the server ({verdict.message})" if self._circuit_breaker.is_open else ""
            self.progress.waiting(why, self._circuit_breaker.next_probe_in)
            return stop or outage
        self._circuit_breaker.answered()
        if verdict.streak is not None and verdict.streak.apart:
            self._circuit_breaker.pause(verdict.streak.apart)
        why = f"the server refuses this run ({verdict.message})" if self._circuit_breaker.is_open else ""
        self.progress.waiting(why, self._circuit_breaker.next_probe_in)
        return stop

    def _read_key_again(self) -> None:
        if self.reread is not None:
            with suppress(SettingsError):  # a key file that is just being replaced: the old key has one more chance
                self.client.use(self.reread())

    @staticmethod
    def _throttled_for_too_long(rate_limiter: RateLimiter) -> Stop | None:
        if rate_limiter.shut_for < LONGEST_THROTTLE:
            return None
        return Stop(
            exit_code=ExitCode.OUTAGE,
            reason=f"the server has throttled every request for {rate_limiter.shut_for / 60:.0f} minutes",
            tip="Its quota may be used up. To continue this run later: importer resume",
        )

    def _is_to_be_repeated(self, verdict: Verdict, waiting: Waiting) -> bool:
        if verdict.action in (Action.ACCEPT, Action.EXISTS, Action.REJECT):
            return False
        if verdict.streak is not None and verdict.streak.of_rows:
            return not self._failure_limits.is_set_aside(verdict, waiting)
        tries = THROTTLED_TRIES if verdict.shape in self._canary.throttles else verdict.tries
        return tries is None or waiting.times(verdict) < tries

    async def _repeat(self, queue: RequestQueue, waiting: Waiting, verdict: Verdict) -> None:
        """Write down that the call is open again, and put it where it waits for its time."""
        call = waiting.call
        if verdict.action is Action.STOP and verdict.possibly_sent:
            await self._outcomes.unknown(call, verdict)
            return
        if verdict.action is Action.DOUBT:
            await self.journal.in_doubt(call)
        else:
            await self.journal.retry(call, throttled=verdict.action is Action.THROTTLE)
        queue.put(waiting, wait=self._wait(verdict, waiting))

    def _wait(self, verdict: Verdict, waiting: Waiting) -> float:
        """Seconds until the call may be made again."""
        kind = waiting.call.operation.kind
        least = self.options.assign_spacing if kind is Kind.ASSIGN and verdict.action in _REACHED else 0.0
        if verdict.action is Action.THROTTLE:
            return least  # the rate limiter's gate is shut for everybody
        if verdict.action is Action.DOUBT and kind is Kind.CREATE:
            return max(self.options.settle, verdict.wait or 0.0)
        if verdict.action is Action.UNCLEAR and waiting.times(verdict) > 1:
            return max(UNCLEAR_PAUSE, verdict.wait or 0.0)
        if verdict.wait is not None:
            return max(least, verdict.wait)
        return max(least, backoff(max(0, waiting.times(verdict) - 1), self.rng))

    async def _settle(self, waiting: Waiting, verdict: Verdict) -> None:
        """The call's final state; what it releases goes to its queue."""
        call = waiting.call
        if call.operation.kind is not Kind.CREATE:
            state, released = await self._outcomes.follow_up(call, verdict)
            if call.operation.kind is Kind.ASSIGN:
                self._holds.note(call, state)
                self._release(released)
            self.progress.settled(f"{call.operation.kind} {state}", call.row)
            return
        if verdict.action is Action.ACCEPT and (learnt := await self._canary.fly(call, verdict.lead_id)) is not None:
            self._heed(learnt)
        self._outcomes.is_idempotent = self._canary.is_idempotent
        status, released = await self._outcomes.create(call, verdict, waiting.seen_in)
        if status is not RowStatus.CREATED:
            LOG.info("row %s: %s, status %s, code %s", call.row, status, verdict.http_status, verdict.error_code)
        self.progress.settled(status, call.row)
        self._settled_creates += 1
        self._release(released)

    def _release(self, follow_ups: list[Call]) -> None:
        for call in follow_ups:
            self._queues[call.operation.kind].release(Waiting(call=call))

    def _heed(self, learnt: Learnt) -> None:
        if learnt.note:
            self.progress.note(learnt.note)
        if learnt.second_lead:
            self.interrupt(Stop(exit_code=ExitCode.CONTRACT_BROKEN, reason=learnt.second_lead))


def _failure_of(task: asyncio.Task[Any]) -> BaseException | None:
    return None if task.cancelled() or not task.done() else task.exception()
