"""The canary: create the first lead a second time, on purpose, and learn how this server reports a duplicate.

It also tests, on one lead, the assumption on which the whole importer rests: that a crm_id is unique.

An answer that names the lead's id is proof at once. Any other may be a rate limit's. It counts as proof only after it
came twice for the canary's lead and for no other, with other creates accepted in between and right after. An answer
that is recognized by its shape alone is dropped as soon as a lead that got it is created after all.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Protocol

from importer.clock import Clock
from importer.crm.conflict_or_throttle import Fingerprint, Meaning, fingerprint, meaning_of, values_sent
from importer.crm.observation import Answer, Observation
from importer.crm.rate_limiter import RateLimiter
from importer.crm.verdict import Action, Verdict
from importer.journal.sending import SendingJournal
from importer.model.operation import Call, Kind
from importer.sending.request_queue import Waiting

TRIES: Final = 3
PAUSE: Final = 5.0
"""Seconds between two tries: longer than a short throttle's window."""

LONG_PAUSE: Final = 15.0
"""Seconds between the two answers that teach a shape: longer than a limit on one lead (contact page, v3: 10 s)."""

OTHERS: Final = 3
"""Creates of other leads that are accepted between these two."""

REMEMBERED_DAYS: Final = 30
"""How long a learnt answer is trusted."""

_NOTE: Final = (
    "how this server reports a lead that already exists is not known yet; requests with unclear answers are retried, "
    "and may end as unknown"
)
_IDEMPOTENT: Final = (
    "this server also answers 200 when the lead already exists, so such an answer does not prove that this run created "
    "the lead, and no owner is changed; if none of these leads existed before, give --assume-new"
)


class _Client(Protocol):
    async def send(self, call: Call) -> Observation: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What the probe showed: a note for the user, or proof that one crm_id made two leads."""

    note: str = ""
    second_lead: str = ""


@dataclass(slots=True, kw_only=True)
class _Candidate:
    """The shape of an answer on trial. `repeated_at`: when it came for the second time."""

    call: Call
    lead_id: str
    shape: Fingerprint
    seen_at: float
    accepted: int = 0
    repeated_at: float | None = None
    is_in_flight: bool = False


@dataclass(kw_only=True)
class Canary:
    """Probes once per run, with the first accepted create, unless the answer is known or `--no-canary` is given.

    `fingerprint` is the learnt answer, `throttles` are shapes of 429 after which the same lead was accepted.
    `is_idempotent`: the server answers 200 for leads that exist, too.
    """

    client: _Client
    journal: SendingJournal
    rate_limiter: RateLimiter
    clock: Clock
    learnt: Fingerprint | None
    wanted: bool
    fingerprint: Fingerprint | None = field(init=False)
    throttles: set[Fingerprint] = field(default_factory=set, init=False)
    is_idempotent: bool = field(default=False, init=False)
    _candidate: _Candidate | None = field(default=None, init=False)
    _seen_for_others: set[Fingerprint] = field(default_factory=set, init=False)
    _accepted_at: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self.fingerprint = self.learnt
        self._waiting = self.wanted and self.learnt is None

    async def probe(self, call: Call, lead_id: str) -> Learnt | None:
        """Send an accepted create a second time if it is time for that; `None` if there is nothing to report."""
        if self._waiting:
            self._waiting = False
            return await self._first(call, lead_id)
        candidate = self._candidate
        if candidate is None or candidate.is_in_flight or candidate.accepted < OTHERS:
            return None
        if self.clock.monotonic() < candidate.seen_at + LONG_PAUSE:
            return None
        candidate.is_in_flight = True
        seen = await self._send(candidate.call)
        if second := self._second_success(candidate.call, candidate.lead_id, seen):
            return second
        if self._shape(seen, candidate.call) == candidate.shape and self._candidate is candidate:
            candidate.repeated_at = self.clock.monotonic()
        else:
            self._candidate = None
        return None

    async def _first(self, call: Call, lead_id: str) -> Learnt | None:
        for _ in range(TRIES):
            seen = await self._send(call)
            if second := self._second_success(call, lead_id, seen):
                return second
            shape = self._shape(seen, call)
            if shape is not None and shape.proves:
                await self._keep(shape)
                return None
            if shape is not None and self._is_candidate(seen, call) and shape not in self._seen_for_others:
                self._candidate = _Candidate(call=call, lead_id=lead_id, shape=shape, seen_at=self.clock.monotonic())
                break
            await self.clock.sleep(PAUSE)
        return Learnt(note=_NOTE)

    async def _send(self, call: Call) -> Observation:
        ticket = await self.rate_limiter.acquire()
        await self.journal.canary_sent()
        seen = await self.client.send(call)
        self.rate_limiter.answered(ticket)
        return seen

    @staticmethod
    def _shape(seen: Observation, call: Call) -> Fingerprint | None:
        if not isinstance(seen, Answer) or seen.status not in (409, 429):
            return None
        return fingerprint(seen, call.crm_id, values_sent(call))

    @staticmethod
    def _is_candidate(seen: Observation, call: Call) -> bool:
        """An error document of unclear meaning; an empty answer may come from any rate limiter."""
        if not isinstance(seen, Answer) or not seen.is_error_document:
            return False
        return meaning_of(seen, call.crm_id, None, values_sent(call)) is Meaning.UNCLEAR

    def _second_success(self, call: Call, lead_id: str, seen: Observation) -> Learnt | None:
        second = (seen.document or {}).get("lead_id") if isinstance(seen, Answer) and seen.status < 300 else None
        if not isinstance(second, str) or not second:
            return None
        if second == lead_id:
            self.is_idempotent = True
            return Learnt(note=_IDEMPOTENT)
        return Learnt(
            second_lead=f"the server created two leads for one crm_id ({call.crm_id}): {lead_id} and {second}; "
            "nothing more is sent, because no retry would be safe"
        )

    async def _keep(self, shape: Fingerprint) -> None:
        self.fingerprint = shape
        self._candidate = None
        await self.journal.learn(fingerprint_text(shape))

    async def note(self, waiting: Waiting, verdict: Verdict, sent_at: float) -> None:
        """Compare the answer to a create with the answers that are known or on trial."""
        if waiting.call.operation.kind is not Kind.CREATE:
            return
        if verdict.action is Action.ACCEPT:
            await self._accepted(waiting, sent_at)
        elif verdict.shape is not None:
            if self._waiting:
                self._seen_for_others.add(verdict.shape)
            waiting.unclear = waiting.unclear or (verdict.shape, self.clock.monotonic())
        candidate = self._candidate
        if candidate is None or verdict.action not in (Action.THROTTLE, Action.UNCLEAR):
            return
        if candidate.repeated_at is not None or verdict.shape == candidate.shape:
            self._candidate = None  # the server refuses other leads like this, too: the answer proves nothing

    async def _accepted(self, waiting: Waiting, sent_at: float) -> None:
        self._accepted_at = max(self._accepted_at, sent_at)
        if waiting.unclear is not None:
            shape, _ = waiting.unclear
            if shape.status == 429:
                self.throttles.add(shape)
            if shape == self.fingerprint:
                self.fingerprint = None
                await self.journal.unlearn(shape.status, shape.error_code)
        candidate = self._candidate
        if candidate is None:
            return
        candidate.accepted += 1
        if candidate.repeated_at is not None and sent_at >= candidate.repeated_at:
            await self._keep(candidate.shape)

    def confirmed(self, waiting: Waiting, verdict: Verdict) -> Verdict:
        """The last verdict of a create: the learnt shape is proof if the server accepted others between its answers."""
        if not verdict.likely or waiting.unclear is None:
            return verdict
        shape, since = waiting.unclear
        if shape != self.fingerprint or self._accepted_at <= since:
            return verdict
        return replace(verdict, action=Action.EXISTS)


def fingerprint_text(shape: Fingerprint) -> str:
    """A fingerprint as the journal keeps it."""
    return json.dumps(asdict(shape))


def fingerprint_from(text: str) -> tuple[Fingerprint, bool]:
    """A stored fingerprint, and whether this version learnt it: earlier ones also took the answers of rate limits."""
    fields = json.loads(text)
    return Fingerprint(**fields), "rate_header" in fields
