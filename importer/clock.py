"""Time, passed in wherever it is needed so that every test is exact and fast."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where a run takes its time from."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC. Only for reports and for what must hold across processes."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards. For pacing, deadlines and backoff."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some point in the past."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        await asyncio.sleep(seconds)
