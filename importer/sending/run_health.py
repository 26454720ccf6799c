"""What an answer says about the run as a whole: its pace, an outage, a refused key, a mistake that all rows share."""

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from importer.clock import Clock
from importer.crm.circuit_breaker import CircuitBreaker
from importer.crm.conflict_or_throttle import Fingerprint
from importer.crm.credential import Credential
from importer.crm.observation import Observation
from importer.crm.rate_limiter import RateLimiter
from importer.crm.verdict import Action, Stop, Verdict
from importer.errors import SettingsError
from importer.exit_codes import ExitCode
from importer.journal.sending import SendingJournal
from importer.model.operation import Call, Kind
from importer.sending.canary import Canary
from importer.sending.failure_limits import FailureLimits
from importer.sending.progress import Progress
from importer.sending.request_queue import Waiting
from importer.sending.run_log import run_log

THROTTLED_TRIES: Final = 10
"""How often a row may meet an unclear refusal that turned out to be a rate limit's: few rows are refused so often."""

LONGEST_THROTTLE: Final = 1800.0
"""Seconds without a request that was not throttled after which the run stops (resumable)."""


class Client(Protocol):
    """Makes one attempt of a request."""

    async def send(self, call: Call) -> Observation:
        """One attempt; whatever the network does comes back as a value."""
        ...

    def use(self, credential: Credential) -> None:
        """Send this credential from now on."""
        ...


class RunHealth:
    """Decides when a request may leave, and when the run has to stop.

    `rates` are requests per second of each kind (0: no limit). `canary`: probe how the server reports a lead that
    exists, unless `learnt` has the answer of an earlier run. `reread` reads the credential again, in case somebody
    replaced it while the run was going on.
    """

    def __init__(
        self,
        *,
        client: Client,
        journal: SendingJournal,
        rates: dict[Kind, float],
        clock: Clock,
        rng: random.Random,
        progress: Progress,
        canary: bool,
        learnt: Fingerprint | None = None,
        reread: Callable[[], Credential] | None = None,
    ) -> None:
        self.reread = reread
        self.rate_limiters = {kind: RateLimiter(rates[kind], clock) for kind in Kind}
        self.circuit_breaker = CircuitBreaker(clock, rng)
        self.canary = Canary(
            client=client,
            journal=journal,
            rate_limiter=self.rate_limiters[Kind.CREATE],
            clock=clock,
            learnt=learnt,
            wanted=canary,
        )
        self._client = client
        self._progress = progress
        self._failure_limits = FailureLimits(clock)
        self._is_key_refused = False

    async def admit(self, kind: Kind) -> float:
        """Wait until a request of this kind may leave; returns the rate limiter's ticket.

        The circuit breaker may open while the request waits for the rate limiter, so it is asked again after that.
        """
        while True:
            is_probe = await self.circuit_breaker.admit()
            ticket = await self.rate_limiters[kind].acquire()
            if is_probe and self._is_key_refused:
                self._read_key_again()
            if is_probe or not self.circuit_breaker.is_open:
                return ticket
            self.unused(kind)

    def unused(self, kind: Kind) -> None:
        """The admitted request is not sent now."""
        self.rate_limiters[kind].unused()

    async def note(self, verdict: Verdict, waiting: Waiting, ticket: float) -> Stop | None:
        """Draw the conclusions from an answer; returns why the run has to stop now, if it has to."""
        is_failed_probe = verdict.outage and self.circuit_breaker.is_open
        if verdict.about_row or not is_failed_probe:  # a failed probe says nothing about the row that it was sent for
            waiting.verdicts[verdict.action, verdict.tries] += 1
        await self.canary.note(waiting, verdict, ticket)
        self._note_pace(verdict, waiting.call.operation.kind, ticket)
        self._is_key_refused = verdict.http_status == 401
        if self._is_key_refused:
            self._read_key_again()
        limit = self._failure_limits.note(verdict, waiting, ticket)
        throttled = self._throttled_for_too_long(self.rate_limiters[waiting.call.operation.kind])
        outage = self._note_outage(verdict, waiting.call)
        return limit or verdict.stop or throttled or outage

    def _note_pace(self, verdict: Verdict, kind: Kind, ticket: float) -> None:
        rate_limiter = self.rate_limiters[kind]
        rate_limiter.answered(ticket, throttled=self.is_throttle(verdict), wait=verdict.wait)
        if self.is_throttle(verdict):
            run_log().info("%s throttled, wait %s, now %.2f/s", kind, verdict.wait, rate_limiter.rate)
            self._progress.throttled()
        if verdict.pause is not None:
            rate_limiter.pause(verdict.pause)

    def is_throttle(self, verdict: Verdict) -> bool:
        """Whether the answer means "too fast": by its own words, or because the canary has learned so."""
        return verdict.action is Action.THROTTLE or verdict.shape in self.canary.throttles

    def _note_outage(self, verdict: Verdict, call: Call) -> Stop | None:
        breaker, stop = self.circuit_breaker, None
        if verdict.outage:
            stop = breaker.failed(verdict.message)
            run_log().warning(
                "%s of row %s: no answer to build on (%s)", call.operation.kind, call.row, verdict.http_status
            )
            why = "no answer from the server"
        else:
            breaker.answered()
            if verdict.streak is not None and verdict.streak.apart:
                breaker.pause(verdict.streak.apart)
            why = "the server refuses this run"
        self._progress.waiting(f"{why} ({verdict.message})" if breaker.is_open else "", breaker.next_probe_in)
        return stop

    def may_retry(self, verdict: Verdict, waiting: Waiting) -> bool:
        """Whether the request is not finished by this answer."""
        if verdict.action in (Action.ACCEPT, Action.EXISTS, Action.REJECT):
            return False
        if verdict.about_row:
            return not self._failure_limits.is_set_aside(verdict, waiting)
        tries = THROTTLED_TRIES if verdict.shape in self.canary.throttles else verdict.tries
        return tries is None or waiting.times(verdict) < tries

    async def probe_duplicate(self, call: Call, lead_id: str) -> Stop | None:
        """Let the canary send an accepted create again, when it is time for that."""
        learnt = await self.canary.probe(call, lead_id)
        if learnt is None:
            return None
        if learnt.note:
            self._progress.note(learnt.note)
        return Stop(exit_code=ExitCode.CONTRACT_BROKEN, reason=learnt.second_lead) if learnt.second_lead else None

    def _read_key_again(self) -> None:
        if self.reread is not None:
            with suppress(SettingsError):  # a key file that is just being replaced: the old key has one more chance
                self._client.use(self.reread())

    @staticmethod
    def _throttled_for_too_long(rate_limiter: RateLimiter) -> Stop | None:
        if rate_limiter.shut_for < LONGEST_THROTTLE:
            return None
        return Stop(
            exit_code=ExitCode.OUTAGE,
            reason=f"the server has throttled every request for {rate_limiter.shut_for / 60:.0f} minutes",
            tip="Its quota may be used up. To continue this run later: importer resume",
        )
