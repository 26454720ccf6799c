"""The canary: create the first lead a second time, on purpose, and learn what "already exists" looks like here.

It also tests, on one lead, the assumption that the whole importer stands on: that a crm_id is unique.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Final, Protocol

from importer.clock import Clock
from importer.crm.meaning import Fingerprint, Meaning, fingerprint, meaning_of
from importer.crm.observation import Answer, Observation
from importer.crm.pacing import Pacer
from importer.journal.sending import SendingJournal
from importer.model.operation import Call

TRIES: Final = 3
PAUSE: Final = 5.0
"""Seconds between two tries: longer than a short throttle's window."""

REMEMBERED_DAYS: Final = 30
"""How long a learnt answer is trusted."""


class _Client(Protocol):
    async def send(self, call: Call) -> Observation: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What the canary brought back: a sentence for the person, or proof that one crm_id made two leads."""

    note: str = ""
    second_lead: str = ""


@dataclass(kw_only=True)
class Canary:
    """Flies once per run, after the first created lead, unless the answer is known already or nobody wants it."""

    client: _Client
    journal: SendingJournal
    pacer: Pacer
    clock: Clock
    learnt: Fingerprint | None
    wanted: bool
    fingerprint: Fingerprint | None = field(init=False)

    def __post_init__(self) -> None:
        self.fingerprint = self.learnt
        self._waiting = self.wanted and self.learnt is None

    async def fly(self, call: Call, lead_id: str) -> Learnt | None:
        """Send the create again; `None` if there is nothing to say."""
        if not self._waiting:
            return None
        self._waiting = False
        seen_before: Fingerprint | None = None
        for _ in range(TRIES):
            ticket = await self.pacer.turn()
            await self.journal.canary_sent()
            seen = await self.client.send(call)
            self.pacer.answered(ticket)
            if isinstance(seen, Answer) and 200 <= seen.status < 300:
                return self._second_success(call, lead_id, seen)
            if isinstance(seen, Answer) and seen.status in (409, 429):
                shape = fingerprint(seen, call.crm_id)
                if self._is_proof(seen, call, seen_before):
                    await self._keep(shape)
                    return None
                seen_before = shape
            await self.clock.sleep(PAUSE)
        return Learnt(
            note="what “already exists” looks like on this server could not be learnt; unclear answers are asked again"
        )

    @staticmethod
    def _is_proof(seen: Answer, call: Call, seen_before: Fingerprint | None) -> bool:
        """The known words, or the same error document twice with a pause in between and no sign of a rate limit."""
        meaning = meaning_of(seen, call.crm_id)
        if meaning is Meaning.DUPLICATE:
            return True
        repeated = seen_before == fingerprint(seen, call.crm_id)
        return meaning is Meaning.UNCLEAR and seen.is_error_document and repeated

    async def _keep(self, shape: Fingerprint) -> None:
        self.fingerprint = shape
        await self.journal.learn(fingerprint_text(shape))

    @staticmethod
    def _second_success(call: Call, lead_id: str, seen: Answer) -> Learnt | None:
        second = (seen.document or {}).get("lead_id")
        if second in (lead_id, None):
            return None
        return Learnt(
            second_lead=f"the server made two leads for one crm_id ({call.crm_id}): {lead_id} and {second}; "
            "nothing more is sent, because no repetition would be safe"
        )


def fingerprint_text(shape: Fingerprint) -> str:
    """A fingerprint as the journal keeps it."""
    return json.dumps(asdict(shape))


def fingerprint_from(text: str) -> Fingerprint:
    """A fingerprint as it was."""
    return Fingerprint(**json.loads(text))
