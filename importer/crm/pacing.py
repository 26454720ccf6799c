"""One pacer per endpoint: the vendor's limits are per organisation and endpoint, so the three run side by side."""

import asyncio
from typing import Final

from importer.clock import Clock

API_KEY_RATE: Final = 10.0
"""Requests per second, organisation and endpoint (vendor's rate-limit page)."""

TOKEN_RATE: Final = 5.0
"""Requests per second, organisation, user and endpoint: a bearer token is a user (vendor's rate-limit page)."""

_SLOWER: Final = 0.7
_SLOWEST: Final = 0.2
_QUIET: Final = 5.0
_RECOVERY: Final = 0.02
_LONGEST_GUESS: Final = 30.0


class Pacer:
    """Gives out turns at most `ceiling` times a second (0: no limit), and fewer after the server said "too fast".

    A throttle closes the gate for everybody for as long as the server asks (or for a growing while) and lowers the rate
    once per second of refusals; after 5 quiet seconds the rate creeps back by 2 % a second.
    """

    def __init__(self, ceiling: float, clock: Clock) -> None:
        self.ceiling = ceiling
        self.rate = ceiling
        self.shut_until = 0.0
        self._clock = clock
        self._next = 0.0
        self._lowered_at = float("-inf")
        self._grown_at = 0.0
        self._in_a_row = 0
        self._line = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for this call's turn, first come first served."""
        async with self._line:
            while (wait := max(self._next, self.shut_until) - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            now = self._clock.monotonic()
            self._grow(now)
            if self.rate:
                # A turn that was not used within one interval is lost: turns never pile up to a burst.
                self._next = max(self._next, now - 1 / self.rate) + 1 / self.rate

    def throttled(self, wait: float | None) -> None:
        """The server refused a call because of its rate; `wait` is what it asked for, in seconds."""
        now = self._clock.monotonic()
        if now - self._lowered_at >= 1.0:
            self.rate = max(_SLOWEST, (self.rate or self._unlimited_guess()) * _SLOWER)
            self._lowered_at = self._grown_at = now
            self._in_a_row += 1
        guess = min(_LONGEST_GUESS, 0.25 * 2.0 ** min(self._in_a_row, 10))
        self.shut_until = max(self.shut_until, now + (guess if wait is None else wait))

    def passed(self) -> None:
        """The server took a call."""
        self._in_a_row = 0

    def _grow(self, now: float) -> None:
        if not self.ceiling or now - self._lowered_at < _QUIET:
            return
        self.rate = min(self.ceiling, self.rate * (1 + _RECOVERY) ** (now - self._grown_at))
        self._grown_at = now

    def _unlimited_guess(self) -> float:
        """Where to start from when no rate was set and the server wants one."""
        self.ceiling = self.ceiling or 10 * API_KEY_RATE
        return self.ceiling
