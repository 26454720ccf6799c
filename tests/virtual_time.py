"""An event loop whose time jumps to the next timer whenever nothing else is left to do.

Everything that waits on the loop's time (sleeps, timeouts, rate limits) is exact and takes no time at all. While a
thread of the loop's executors is at work, time stands still.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any


class _Jumping(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.loop: VirtualLoop | None = None

    def select(self, timeout: float | None = None) -> Any:
        assert self.loop is not None
        if timeout is None or self.loop.at_work:
            return super().select(None if timeout is None else min(timeout, 0.001))
        ready = super().select(0)
        if not ready:
            # A turn of the loop takes a moment, as it really does: waits of a rounding error must pass.
            self.loop.now += max(timeout, 1e-7)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.now = 1000.0
        self.at_work = 0
        selector = _Jumping()
        super().__init__(selector)
        selector.loop = self

    def time(self) -> float:
        return self.now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> Any:  # type: ignore[override]
        self.at_work += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(lambda _: self._landed())
        return future

    def _landed(self) -> None:
        self.at_work -= 1


class VirtualClock:
    """A clock that follows the running virtual loop; its wall time begins on 22 November 2026."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC) + timedelta(seconds=self.monotonic() - 1000.0) + self.offset

    def monotonic(self) -> float:
        try:
            return asyncio.get_running_loop().time()
        except RuntimeError:
            return 1000.0

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def run_virtually(coroutine: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
