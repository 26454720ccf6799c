"""A refused create: does the lead exist already, or are we too fast?

The contract documents 429 as "Lead with this crm_id already exists", and a rate limit answers 429 too. A throttle that
is taken for a duplicate loses a lead silently; a duplicate that is taken for a throttle costs one request. So
`DUPLICATE` needs positive proof, and everything unproven is asked again.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from importer.crm.observation import Answer


class Meaning(StrEnum):
    """What a 429 (or a 409) on create says."""

    DUPLICATE = "duplicate"
    THROTTLE = "throttle"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The shape of the server's duplicate answer, with everything that varies from lead to lead taken out."""

    status: int
    media_type: str
    error_code: int | None
    text: str


_EXISTS: Final = re.compile(r"already\s+exist|duplicate", re.IGNORECASE)
_ABOUT_LEAD: Final = re.compile(r"\blead|crm[_\s-]?id", re.IGNORECASE)
_RATE_WORDS: Final = re.compile(r"rate.?limit|too.many|throttl|quota|slow.?down", re.IGNORECASE)
_NOTHING_LEFT: Final = re.compile(r"^\s*0+\s*$|[;,]\s*r=0\b")


def meaning_of(answer: Answer, crm_id: str, learnt: Fingerprint | None = None) -> Meaning:
    """Evidence in order; the first rule that matches wins (see docs/reliability.md)."""
    said = _without(answer.error_text, crm_id)
    about_rate = _has_rate_header(answer) or bool(_RATE_WORDS.search(said))
    exists = bool(_EXISTS.search(said) and _ABOUT_LEAD.search(said))
    if learnt is not None and fingerprint(answer, crm_id) == learnt:
        exists = True
        about_rate = _has_rate_header(answer)
    if exists:
        return Meaning.UNCLEAR if about_rate else Meaning.DUPLICATE
    if about_rate or _RATE_WORDS.search(_body_text(answer)):
        return Meaning.THROTTLE
    return Meaning.UNCLEAR


def fingerprint(answer: Answer, crm_id: str) -> Fingerprint:
    """The answer's shape: status, media type, error code, and its words without the id and without digits."""
    media_type = answer.headers.get("content-type", "").split(";")[0].strip().lower()
    text = re.sub(r"\d+", "0", _without(answer.error_text, crm_id))
    return Fingerprint(answer.status, media_type, answer.error_code, text)


def _without(text: str, crm_id: str) -> str:
    """The text without the id as a whole word: an id such as `quota-7` must not speak for the server."""
    return re.sub(rf"(?<!\w){re.escape(crm_id)}(?!\w)", "‹id›", text) if crm_id else text


def _has_rate_header(answer: Answer) -> bool:
    if "retry-after" in answer.headers:
        return True
    names = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining", "ratelimit")
    return any(_NOTHING_LEFT.search(answer.headers.get(name, "")) for name in names)


def _body_text(answer: Answer) -> str:
    """Words outside an error document count for a throttle only: there they can do no harm."""
    return (answer.body or b"")[:4096].decode("utf-8", "replace")
