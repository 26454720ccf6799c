"""A refused create: does the lead exist already, or are we too fast?

The contract documents 429 as "Lead with this crm_id already exists", and a rate limit answers 429 too. A throttle that
is taken for a duplicate loses a lead silently; a duplicate that is taken for a throttle costs one request. So
`DUPLICATE` needs positive proof, and everything unproven is retried.
"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from importer.crm.observation import Answer
from importer.model.operation import Call


class Meaning(StrEnum):
    """What a 429 (or a 409) on create means."""

    DUPLICATE = "duplicate"
    OTHER_RULE = "other rule"
    """Something else has to be unique, such as the phone number: this lead is not stored."""
    THROTTLE = "throttle"
    LIKELY = "likely"
    """The shape of the learnt duplicate answer, in words that prove nothing."""
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The shape of the server's duplicate answer, without everything that varies from lead to lead.

    `rate_header`: it came with a rate-limit header, which then proves nothing on this server.
    """

    status: int
    media_type: str
    error_code: int | None
    text: str
    rate_header: bool = field(default=False, compare=False)

    @property
    def proves(self) -> bool:
        """Whether the words alone say that this lead exists."""
        return _uniqueness(self.text) is Meaning.DUPLICATE


_EXISTS: Final = re.compile(
    r"already\s+(exist|in\s+use|taken)|duplicate(?!\s+(request|call|submission))", re.IGNORECASE
)
_THIS_ID: Final = re.compile(r"crm[_\s-]?id|‹id›", re.IGNORECASE)
_LEAD: Final = re.compile(r"\blead", re.IGNORECASE)
_SOMETHING_ELSE: Final = re.compile(
    r"(?<![a-z])(phone|mobile|msisdn|telephone|whats\s?app|e-?mail|user|owner|agent|attribute)"
    r"|(first|last|full)[_\s-]?name|‹value›",
    re.IGNORECASE,
)
_RATE_WORDS: Final = re.compile(
    r"rate.?limit|too.many|throttl|quota|slow.?down|limit\s+(?:is\s+|was\s+|has\s+been\s+)?(?:exceeded|reached)",
    re.IGNORECASE,
)
_NOTHING_LEFT: Final = re.compile(r"^\s*0+\s*$|[;,]\s*r=0\b")


def meaning_of(answer: Answer, crm_id: str, learnt: Fingerprint | None = None, values: Collection[str] = ()) -> Meaning:
    """Evidence in order; the first rule that matches wins (see docs/reliability.md). `values`: what else was sent."""
    text = without_values(answer.error_text, crm_id, values)
    known = learnt is not None and fingerprint(answer, crm_id, values) == learnt
    # A header that came with the learnt answer too is sent with every answer and proves nothing.
    rate_header = _has_rate_header(answer) and not (known and learnt is not None and learnt.rate_header)
    about_rate = rate_header or (not known and bool(_RATE_WORDS.search(text)))
    exists = _uniqueness(text)
    if exists is None and not known:
        body = without_values((answer.body or b"")[:4096].decode("utf-8", "replace"), crm_id, values)
        # Words outside an error document count as signs of a throttle only, where a wrong guess does no harm.
        return Meaning.THROTTLE if about_rate or _RATE_WORDS.search(body) else Meaning.UNCLEAR
    if about_rate:
        return Meaning.UNCLEAR
    if exists in (Meaning.DUPLICATE, Meaning.OTHER_RULE):
        return exists
    return Meaning.LIKELY if known else Meaning.UNCLEAR


def _uniqueness(text: str) -> Meaning | None:
    """What these words call a duplicate; `None` if they are about something else."""
    if not _EXISTS.search(text):
        return None
    about_id, about_else = _THIS_ID.search(text), _SOMETHING_ELSE.search(text)
    if about_else:
        return Meaning.UNCLEAR if about_id else Meaning.OTHER_RULE
    return Meaning.DUPLICATE if about_id or _LEAD.search(text) else Meaning.UNCLEAR


def fingerprint(answer: Answer, crm_id: str, values: Collection[str] = ()) -> Fingerprint:
    """The answer's shape: status, media type, error code, and its words without what was sent and without digits."""
    media_type = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    text = re.sub(r"\d+", "0", without_values(answer.error_text, crm_id, values))
    return Fingerprint(answer.status, media_type, answer.error_code, text, _has_rate_header(answer))


def without_values(text: str, crm_id: str, values: Collection[str] = ()) -> str:
    """The text without the values that were sent, as whole words: an id such as `quota-7` is not the server's word.

    Phone numbers and addresses leave another mark than mere words, because they show what the text is about.
    """
    marks = {value.casefold(): "‹value›" if re.search(r"[\d@]", value) else "‹word›" for value in values}
    marks[crm_id.casefold()] = "‹id›"
    longest_first = sorted((value for value in marks if re.search(r"\w", value)), key=len, reverse=True)
    if not text or not longest_first:
        return text
    sent = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
    return sent.sub(lambda found: marks.get(found[0].casefold(), "‹word›"), text)


def values_sent(call: Call) -> frozenset[str]:
    """Every text of the call that the server may quote: these are our words, not the server's."""
    try:
        body = json.loads(call.operation.body)
    except ValueError:
        body = {}
    named = body.values() if isinstance(body, dict) else (body,)  # the names at the top are the contract's
    return frozenset({call.operation.key, call.lead_id, *(text for value in named for text in _texts(value))} - {""})


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _has_rate_header(answer: Answer) -> bool:
    if "retry-after" in answer.headers:
        return True
    names = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining", "ratelimit")
    return any(_NOTHING_LEFT.search(answer.headers.get(name, "")) for name in names)
