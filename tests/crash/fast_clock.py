"""Time that runs faster for the importer than for everybody else, so that its real waits can be lived through.

Every clock the importer has goes through the event loop or `SystemClock`; both are sped up by one factor. No rule and
no number of the product is changed: a pause of 5 s is still one of 5 s, on a clock that hurries.
"""

import asyncio
import selectors
import time
from datetime import UTC, datetime, timedelta

from importer.clock import SystemClock

SPEED = 20.0
_ZERO = datetime(2026, 1, 1, tzinfo=UTC)


class _HurriedSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(None if timeout is None else timeout / SPEED)


class _HurriedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_HurriedSelector())

    def time(self) -> float:
        return time.monotonic() * SPEED


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return _HurriedLoop()


def hurry() -> None:
    """From now on this process lives `SPEED` times as fast; all such processes agree on what time it is."""
    asyncio.set_event_loop_policy(_Policy())
    SystemClock.monotonic = lambda _: time.monotonic() * SPEED
    SystemClock.now = lambda _: _ZERO + timedelta(seconds=(time.time() - _ZERO.timestamp()) * SPEED)
