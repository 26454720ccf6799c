"""When the next request may leave: the rate limiter of an endpoint, what the server asks for, and backoff.

The vendor's limits are per organization and endpoint, so each endpoint has a rate limiter of its own. It hands out
slots at a steady rate (unused slots expire, so they never add up to a burst). When the server throttles, the limiter
shuts for all requests, a single probe finds out when the server accepts requests again, and the rate drops: a little
after the first throttle, more with each that follows soon. After a while without one, it slowly rises.
"""

import asyncio
import random
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from importer.clock import Clock
from importer.crm.observation import Answer

LONGEST_WAIT: Final = 300.0
"""Seconds: a server that asks for more is obeyed up to here (a typing error should not put a run to sleep)."""

_STEPS: Final = (0.97, 0.9, 0.8, 0.7, 0.5)
"""Factors on the rate: the first for a single throttle, the later ones for throttles soon after reopening."""

# The numbers below were chosen by simulation over token buckets, fixed and sliding windows;
# tests/crm/test_rate_limiter.py holds what they reach. Seconds, requests per second, and shares per second.
_SLOWEST: Final = 0.1
_UNLIMITED_START: Final = 100.0
_SOON: Final = 5.0
_HOLD: Final = 8.0
_HOLD_PER_SHUT: Final = 20.0
_LONGEST_HOLD: Final = 30.0
_CREEP: Final = 0.004
_FASTER: Final = 0.02
_FASTER_AFTER: Final = 10.0
_LONG_SHUT: Final = 3.0
_ENOUGH: Final = 10
_FIRST_WAIT: Final = 0.1
_LONGEST_PROBE_WAIT: Final = 8.0

_EPOCH: Final = 1e9


class RateLimiter:
    """Hands out at most `ceiling` slots a second (0: no limit), and fewer after the server has throttled requests.

    Every slot ends with `answered` or `unused`. If the limiter was shut for 3 s or longer, the server counts in long
    windows: then the rate becomes the number of accepted requests divided by the time they took and the time it was
    shut.
    """

    def __init__(self, ceiling: float, clock: Clock) -> None:
        self.ceiling = ceiling
        self.rate = ceiling
        self._clock = clock
        self._line = asyncio.Lock()
        self._next = 0.0
        self._shut_at: float | None = None
        self._open_at = 0.0
        self._probing = False
        self._wait = _FIRST_WAIT
        self._step = 0
        self._reopened_at = float("-inf")
        self._passed = 0
        self._busy = 0.0
        self._last_slot = float("inf")
        self._hold = _HOLD
        self._hold_until = 0.0
        self._grown_at = 0.0
        self._changed = asyncio.Event()

    @property
    def shut_for(self) -> float:
        """Seconds since it shut; 0 while it is open."""
        return 0.0 if self._shut_at is None else self._clock.monotonic() - self._shut_at

    async def acquire(self) -> float:
        """Wait for this call's slot, first come first served; returns the ticket that `answered` takes."""
        async with self._line:
            while (wait := self._seconds_left()) is None or wait > 0:
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
            now = self._clock.monotonic()
            self._probing = self._shut_at is not None
            if not self._probing:
                # Idle time and outages tell nothing about the server's limit, so they count for two slots at most.
                self._busy += max(0.0, min(now - self._last_slot, 2 / self.rate if self.rate else 1.0))
            self._last_slot = now
            self._grow(now)
            if self.rate:
                self._next = max(self._next, now - 1 / self.rate) + 1 / self.rate
            return now

    def _seconds_left(self) -> float | None:
        """Seconds until the next slot; `None`: not before the probe is answered."""
        if self._shut_at is not None and self._probing:
            return None
        opening = self._open_at if self._shut_at is not None else self._next
        return opening - self._clock.monotonic()

    def answered(self, ticket: float, *, throttled: bool = False, wait: float | None = None) -> None:
        """The call of this slot was answered; `wait` is how many seconds a throttling server asked for."""
        now = self._clock.monotonic()
        if throttled:
            self._refused(ticket, now, wait)
        else:
            self._passed += 1
            if self._shut_at is not None and ticket >= self._shut_at:
                self._reopen(now)
        self._changed.set()

    def unused(self) -> None:
        """The call of this slot is not made after all."""
        self._probing = False
        self._changed.set()

    def pause(self, seconds: float) -> None:
        """The server's budget is used up for so many seconds; nothing was refused, so the rate stays."""
        self._next = max(self._next, self._clock.monotonic() + seconds)

    def _refused(self, ticket: float, now: float, wait: float | None) -> None:
        if self._shut_at is None:
            self._shut_at = now
            self._wait = _FIRST_WAIT
        elif ticket < self._shut_at:
            if wait is not None:
                self._open_at = max(self._open_at, now + wait)
            return  # sent before the limiter shut: part of the same burst
        else:
            self._wait = min(_LONGEST_PROBE_WAIT, self._wait * 2)
        self._probing = False
        self._open_at = now + (self._wait if wait is None else wait)

    def _reopen(self, now: float) -> None:
        """The probe was accepted: choose the new rate and hold it for a while."""
        assert self._shut_at is not None  # noqa: S101 - the caller looked
        rate = self.rate or _UNLIMITED_START
        soon = self._shut_at - self._reopened_at < _SOON
        self._step = min(self._step + 1, len(_STEPS) - 1) if soon else 0
        shut = now - self._shut_at
        if shut >= _LONG_SHUT and self._passed >= _ENOUGH:
            self.rate = self._passed / (self._busy + shut)
        else:
            self.rate = rate * _STEPS[self._step]
        self.rate = max(_SLOWEST, min(self.rate, self.ceiling or self.rate))
        # The longer the limiter was shut, the more a throttle costs, and the longer the new rate is held.
        hold = max(_HOLD, _HOLD_PER_SHUT * shut)
        self._hold = min(_LONGEST_HOLD, max(hold, self._hold * 1.5 if soon else 0.0))
        self._hold_until = self._grown_at = now + self._hold
        self._shut_at = None
        self._probing = False
        self._reopened_at = now
        self._passed, self._busy, self._last_slot = 0, 0.0, now
        self._next = now + 1 / self.rate

    def _grow(self, now: float) -> None:
        if not self.rate or now <= self._hold_until or (self.ceiling and self.rate >= self.ceiling):
            return
        speed = _FASTER if now - self._hold_until > _FASTER_AFTER else _CREEP
        self.rate *= (1 + speed) ** (now - self._grown_at)
        if self.ceiling:
            self.rate = min(self.rate, self.ceiling)
        self._grown_at = now


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


def budget_used_up_for(answer: Answer) -> float | None:
    """The seconds for which nothing is left of the server's rate-limit budget; `None` if its headers do not say so.

    Understands `X-RateLimit-Remaining`/`-Reset` (seconds, or an epoch), `RateLimit-Remaining`/`-Reset` and `RateLimit`
    (`"policy";r=0;t=30`, draft-ietf-httpapi-ratelimit-headers).
    """
    for name in ("x-ratelimit", "x-rate-limit", "ratelimit"):
        if answer.headers.get(f"{name}-remaining", "").strip() == "0":
            return _reset(answer.headers.get(f"{name}-reset", ""))
    parameters = dict(re.findall(r"\b([rt])=(\d+)", answer.headers.get("ratelimit", "")))
    return _reset(parameters.get("t", "")) if parameters.get("r") == "0" else None


def _reset(text: str) -> float | None:
    """The seconds in a reset header: small numbers are seconds, large ones an epoch."""
    if not text.strip().isdecimal():
        return None
    seconds = float(text)
    if seconds > _EPOCH:
        seconds -= datetime.now(UTC).timestamp()
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _until(text: str, date: str) -> float:
    """Seconds to a date, by the server's own clock where there is a `Date` header."""
    now = _moment(date) if date else datetime.now(UTC)
    return (_moment(text) - now).total_seconds()


def _moment(date: str) -> datetime:
    """A date of HTTP, which is in UTC even without a zone."""
    moment = parsedate_to_datetime(date)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def backoff(attempt: int, rng: random.Random, *, base: float = 1.0, cap: float = 60.0) -> float:
    """Full jitter: between 0 and `base` · 2^attempt seconds, at most `cap` (attempts counted from 0)."""
    return rng.uniform(0.0, min(cap, base * 2.0 ** min(attempt, 30)))
