"""The circuit breaker: an outage costs time, never rows."""

import asyncio
import random
from contextlib import suppress
from typing import Final

from importer.clock import Clock
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode

FAILURES: Final = 10
"""Consecutive attempts without an answer that make an outage."""

PATIENCE: Final = 600.0
"""Seconds without any success after which the run stops (resumable)."""

FIRST_CONTACT: Final = 10.0
"""The same for a server that has not answered in this run yet: more likely a wrong address than an outage."""


class CircuitBreaker:
    """Counts failures across all rows and endpoints; while it is open, one probe at a time is let through."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self._failures = 0
        self._failing_since: float | None = None
        self._ever_answered = False
        self._probes = 0
        self._next_probe = 0.0
        self._probing = False
        self._paused = False
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether everything except probes has to wait. Before the first answer a single failure opens it."""
        return self._paused or self._failures >= (FAILURES if self._ever_answered else 1)

    @property
    def next_probe_in(self) -> float:
        """Seconds until the next probe."""
        return max(0.0, self._next_probe - self._clock.monotonic())

    async def admit(self) -> bool:
        """Wait until this call may be made; returns whether it is the probe of an open breaker."""
        while self.is_open:
            if not self._probing and self.next_probe_in == 0.0:
                self._probing = True
                return True
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if self._probing else self.next_probe_in):
                    await self._changed.wait()
        return False

    def pause(self, seconds: float) -> None:
        """Send nothing for so long, and then a single probe: a refusal may concern the whole run."""
        self._paused = True
        self._next_probe = self._clock.monotonic() + seconds

    def answered(self) -> None:
        """An answer came that shows that the server is there."""
        self._ever_answered = True
        self._paused = False
        self._failures = self._probes = 0
        self._failing_since = None
        self._settle_probe()

    def failed(self, reason: str) -> Stop | None:
        """An attempt got no answer; returns why to stop when that has gone on for too long."""
        now = self._clock.monotonic()
        self._failures += 1
        self._failing_since = now if self._failing_since is None else self._failing_since
        if self.is_open:
            self._next_probe = now + min(60.0, 2.0**self._probes) * self._rng.uniform(0.75, 1.25)
            self._probes += 1
        self._settle_probe()
        if not self.is_open or now - self._failing_since < (PATIENCE if self._ever_answered else FIRST_CONTACT):
            return None
        return Stop(
            exit_code=ExitCode.OUTAGE,
            reason=f"no answer from the server for {now - self._failing_since:.0f} s ({reason})",
            tip="Check --base-url and the network. To continue this run: importer resume",
        )

    def _settle_probe(self) -> None:
        self._probing = False
        self._changed.set()
