"""How long to wait: what the server asks for, and the backoff when it does not say."""

import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from importer.crm.observation import Answer

LONGEST_WAIT: Final = 300.0
"""Seconds: a server that asks for more is obeyed up to here (a run should not sleep on a typing error)."""


_EPOCH: Final = 1e9


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


def nothing_left_for(answer: Answer) -> float | None:
    """The seconds for which a server says that nothing of its budget is left; `None` if it does not say so.

    Understands `X-RateLimit-Remaining`/`-Reset` (seconds, or an epoch), `RateLimit-Remaining`/`-Reset` and `RateLimit`
    (`"policy";r=0;t=30`, draft-ietf-httpapi-ratelimit-headers).
    """
    for name in ("x-ratelimit", "x-rate-limit", "ratelimit"):
        if answer.headers.get(f"{name}-remaining", "").strip() == "0":
            return _reset(answer.headers.get(f"{name}-reset", ""))
    parameters = dict(re.findall(r"\b([rt])=(\d+)", answer.headers.get("ratelimit", "")))
    return _reset(parameters.get("t", "")) if parameters.get("r") == "0" else None


def _reset(text: str) -> float | None:
    """Seconds of a reset header: small numbers are seconds, large ones an epoch."""
    if not text.strip().isdecimal():
        return None
    seconds = float(text)
    if seconds > _EPOCH:
        seconds -= datetime.now(UTC).timestamp()
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(text: str, date: str) -> float:
    """Seconds to a date, by the server's own clock when it tells it."""
    now = _moment(date) if date else datetime.now(UTC)
    return (_moment(text) - now).total_seconds()


def _moment(date: str) -> datetime:
    """A date of HTTP, which is in UTC also where it does not say so."""
    moment = parsedate_to_datetime(date)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def backoff(attempt: int, rng: random.Random, *, base: float = 1.0, cap: float = 60.0) -> float:
    """Full jitter: between 0 and `base` · 2^attempt seconds, at most `cap` (attempts counted from 0)."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 30)))
