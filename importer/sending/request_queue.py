"""The requests of one endpoint that wait to be sent."""

import asyncio
import heapq
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from importer.clock import Clock
from importer.crm.conflict_or_throttle import Fingerprint
from importer.crm.verdict import Action, Verdict
from importer.model.operation import Call

BACKLOG: Final = 1000
"""Released follow-ups in memory; while there are more, the endpoint before has to wait."""


@dataclass(slots=True, kw_only=True)
class Waiting:
    """A request with what this process has learnt about it: how often it had each verdict, and who saw the lead before.

    Verdicts of one action with different limits are counted apart. `unclear` is the shape of its first unclear answer
    and when that came; `tried_before`, that an earlier process has sent it.
    """

    call: Call
    seen_in: str = ""
    due_in: float = 0.0
    tried_before: bool = False
    verdicts: Counter[tuple[Action, int | None]] = field(default_factory=Counter)
    unclear: tuple[Fingerprint, float] | None = None

    def times(self, verdict: Verdict) -> int:
        """How often the request had this verdict."""
        return self.verdicts[verdict.action, verdict.tries]


class RequestQueue:
    """Hands out requests: first those whose backoff is over, then released ones, then new ones from the plan."""

    def __init__(self, clock: Clock, planned: AsyncIterator[Waiting] | None = None) -> None:
        self._planned = planned
        self._clock = clock
        self._delayed: list[tuple[float, int, Waiting]] = []
        self._order = count()
        self._released: deque[Waiting] = deque()
        self._closed = False
        self._changed = asyncio.Event()
        self._unanswered = 0
        self._unfinished = 0

    def put(self, waiting: Waiting, *, wait: float = 0.0) -> None:
        """Hand it out in `wait` seconds at the earliest."""
        heapq.heappush(self._delayed, (self._clock.monotonic() + wait, next(self._order), waiting))
        self._changed.set()

    def release(self, waiting: Waiting) -> None:
        """A follow-up that may be sent now."""
        self._released.append(waiting)
        self._changed.set()

    def close(self) -> None:
        """Nothing more will be released from outside."""
        self._closed = True
        self._changed.set()

    def started(self) -> None:
        """An attempt begins."""
        self._unanswered += 1
        self._unfinished += 1

    def answered(self) -> None:
        """An attempt has its answer, or will have none; what it meant is on its way to the disk."""
        self._unanswered -= 1
        self._changed.set()

    def finished(self) -> None:
        """An attempt is over, and what it meant is on disk."""
        self._unfinished -= 1
        self._changed.set()

    @property
    def is_full(self) -> bool:
        """Whether the endpoint that releases requests to this one should wait."""
        return len(self._released) >= BACKLOG

    async def until_fewer_than(self, limit: int) -> None:
        """Wait until fewer than `limit` attempts are without an answer."""
        while self._unanswered >= limit:
            await self._wait(None)

    async def until_idle(self) -> None:
        """Wait until every attempt is over."""
        while self._unfinished:
            await self._wait(None)

    async def until_not_full(self) -> None:
        """Wait until there is room in the backlog."""
        while self.is_full:
            await self._wait(None)

    async def next(self) -> Waiting | None:
        """The next request to send; `None` once there will never be another."""
        while True:
            now = self._clock.monotonic()
            if self._delayed and self._delayed[0][0] <= now:
                return heapq.heappop(self._delayed)[2]
            if (waiting := await self._fresh()) is not None:
                return waiting
            if self._closed and not self._delayed and not self._unfinished:
                return None
            await self._wait(self._delayed[0][0] - now if self._delayed else None)

    async def _fresh(self) -> Waiting | None:
        if self._released:
            self._changed.set()
            return self._released.popleft()
        if self._planned is not None:
            async for waiting in self._planned:
                if waiting.due_in <= 0.0:
                    return waiting
                self.put(waiting, wait=waiting.due_in)
        return None

    async def _wait(self, seconds: float | None) -> None:
        self._changed.clear()
        if seconds is None:
            await self._changed.wait()
            return
        # Not wait_for: in Python 3.11 it can swallow a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
