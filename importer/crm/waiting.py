"""How long to wait: what the server asks for, and the backoff when it does not say."""

import random
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from importer.crm.observation import Answer

LONGEST_WAIT: Final = 300.0
"""Seconds: a server that asks for more is obeyed up to here (a run should not sleep on a typing error)."""


def retry_after(answer: Answer) -> float | None:
    """The seconds of `Retry-After` (RFC 9110, 10.2.3: seconds or a date), capped; `None` if absent or absurd."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    try:
        seconds = float(text) if text.isdecimal() else _until(text, answer.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(text: str, date: str) -> float:
    """Seconds to a date, by the server's own clock when it tells it."""
    now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    return (parsedate_to_datetime(text) - now).total_seconds()


def backoff(attempt: int, rng: random.Random, *, base: float = 1.0, cap: float = 60.0) -> float:
    """Full jitter: between 0 and `base` · 2^attempt seconds, at most `cap` (attempts counted from 0)."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 30)))
