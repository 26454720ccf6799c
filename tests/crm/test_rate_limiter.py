"""The rate limiter against limiters of many kinds, in virtual time: what it uses of what is permitted, and refusals."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from importer.crm.rate_limiter import RateLimiter
from tests.virtual_time import VirtualClock, run_virtually


@dataclass
class Bucket:
    rate: float
    burst: float = 1.0
    tokens: float = 0.0
    at: float = 0.0

    def admits(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        admitted = self.tokens >= 1.0
        self.tokens -= admitted
        return admitted


@dataclass
class Window:
    """At most `limit` in each window of `seconds`; a sliding one looks back from now."""

    limit: int
    seconds: float = 1.0
    sliding: bool = False
    seen: deque[float] = field(default_factory=deque)

    @property
    def rate(self) -> float:
        return self.limit / self.seconds

    def admits(self, now: float) -> bool:
        start = now - self.seconds if self.sliding else now // self.seconds * self.seconds
        while self.seen and self.seen[0] < start:
            self.seen.popleft()
        admitted = len(self.seen) < self.limit
        if admitted:
            self.seen.append(now)
        return admitted


Limiter = Bucket | Window


@dataclass
class Outcome:
    efficiency: float
    refused: float
    longest_run_of_refusals: int


async def push(
    limiter_at: Callable[[float], Limiter], *, ceiling: float, seconds: float, settled_after: float, **more: float
) -> Outcome:
    """Send as fast as the rate limiter lets us; judge what came after `settled_after` seconds."""
    latency, wait = more.get("latency", 0.1), more.get("retry_after")
    loop = asyncio.get_running_loop()
    began = loop.time()
    rate_limiter = RateLimiter(ceiling, VirtualClock())
    room = asyncio.Semaphore(max(16, int(2 * ceiling * latency)))
    answers: list[tuple[float, bool]] = []

    async def call(ticket: float) -> None:
        await asyncio.sleep(latency / 2)
        admitted = limiter_at(loop.time() - began).admits(loop.time())
        await asyncio.sleep(latency / 2)
        answers.append((loop.time() - began, admitted))
        rate_limiter.answered(ticket, throttled=not admitted, wait=None if admitted else wait)
        room.release()

    calls = set()
    while loop.time() - began < seconds:
        await room.acquire()
        task = asyncio.create_task(call(await rate_limiter.acquire()))
        calls.add(task)
        task.add_done_callback(calls.discard)
    if calls:
        await asyncio.wait(calls)
    judged = [admitted for at, admitted in answers if settled_after <= at < seconds]
    permitted = limiter_at(seconds).rate * (seconds - settled_after)
    longest = run = 0
    for _, admitted in answers:
        run = 0 if admitted else run + 1
        longest = max(longest, run)
    return Outcome(sum(judged) / permitted, 1 - sum(judged) / len(judged), longest)


LIMITERS: dict[str, Callable[[float], Limiter]] = {
    "bucket": lambda rate: Bucket(rate),
    "bucket with burst": lambda rate: Bucket(rate, burst=rate),
    "window": lambda rate: Window(int(rate)),
    "sliding window": lambda rate: Window(int(rate), sliding=True),
}


@pytest.mark.slow
@pytest.mark.parametrize("latency", [0.02, 0.2])
@pytest.mark.parametrize("kind", LIMITERS)
@pytest.mark.parametrize(("ceiling", "true_rate"), [(10, 3), (10, 5), (10, 8), (10, 10), (50, 30), (200, 120)])
def test_an_unknown_limit_is_used_to_nine_tenths_and_seldom_hit(
    kind: str, ceiling: float, true_rate: float, latency: float
) -> None:
    limiter = LIMITERS[kind](true_rate)
    outcome = run_virtually(push(lambda _: limiter, ceiling=ceiling, seconds=180, settled_after=60, latency=latency))
    assert outcome.efficiency >= 0.88 if kind == "bucket with burst" else outcome.efficiency >= 0.90
    assert outcome.refused <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize("kind", LIMITERS)
@pytest.mark.parametrize("true_rate", [3, 5, 8])
def test_retry_after_is_obeyed_and_costs_little(kind: str, true_rate: float) -> None:
    limiter = LIMITERS[kind](true_rate)
    outcome = run_virtually(push(lambda _: limiter, ceiling=10, seconds=240, settled_after=60, retry_after=1.0))
    assert outcome.efficiency >= 0.85
    assert outcome.refused <= 0.03


@pytest.mark.slow
@pytest.mark.parametrize("sliding", [False, True])
@pytest.mark.parametrize(("limit", "seconds"), [(50, 10), (30, 10), (300, 60), (180, 60)])
def test_long_windows_without_a_word_are_used_to_seven_tenths(limit: int, seconds: float, *, sliding: bool) -> None:
    limiter = Window(limit, seconds, sliding=sliding)
    outcome = run_virtually(push(lambda _: limiter, ceiling=10, seconds=900, settled_after=120))
    assert outcome.efficiency >= 0.70
    assert outcome.refused <= 0.06
    assert outcome.longest_run_of_refusals <= 30


@pytest.mark.parametrize(("before", "after"), [(8, 4), (4, 8), (10, 3), (3, 10)])
def test_a_limit_that_changes_is_followed_within_a_minute(before: float, after: float) -> None:
    first, second = Bucket(before), Bucket(after)
    outcome = run_virtually(push(lambda at: first if at < 120 else second, ceiling=10, seconds=300, settled_after=180))
    assert outcome.efficiency >= 0.88
    assert outcome.refused <= 0.03


def test_without_a_limit_nothing_waits() -> None:
    outcome = run_virtually(push(lambda _: Bucket(1e9, 1e9), ceiling=0, seconds=0.5, settled_after=0, latency=0.01))
    assert outcome.refused == 0.0


async def first_times(rate_limiter: RateLimiter, count: int) -> list[float]:
    return [await rate_limiter.acquire() for _ in range(count)]


def test_turns_are_evenly_spaced_and_unused_ones_are_lost() -> None:
    async def scenario() -> tuple[list[float], list[float]]:
        rate_limiter = RateLimiter(10.0, VirtualClock())
        early = await first_times(rate_limiter, 5)
        await asyncio.sleep(60)
        return early, await first_times(rate_limiter, 5)

    for times in run_virtually(scenario()):
        assert [round(b - a, 3) for a, b in itertools.pairwise(times)][1:] == [0.1] * 3


def test_the_gate_is_shut_for_everybody_and_one_probe_opens_it() -> None:
    async def scenario() -> list[float]:
        rate_limiter = RateLimiter(10.0, VirtualClock())
        first = await rate_limiter.acquire()
        rate_limiter.answered(first, throttled=True, wait=7.0)
        probe = await rate_limiter.acquire()
        others = asyncio.create_task(first_times(rate_limiter, 2))
        await asyncio.sleep(3.0)
        assert not others.done()
        rate_limiter.answered(probe)
        return [first, probe, *await others]

    first, probe, second, third = run_virtually(scenario())
    assert probe - first == pytest.approx(7.0, abs=0.01)
    assert second - probe >= 3.0
    assert third - second >= 0.1


def test_an_idle_hour_before_a_throttle_does_not_count_as_slowness() -> None:
    async def scenario() -> float:
        rate_limiter = RateLimiter(10.0, VirtualClock())
        for _ in range(50):
            rate_limiter.answered(await rate_limiter.acquire())
        await asyncio.sleep(3600)
        rate_limiter.answered(await rate_limiter.acquire(), throttled=True, wait=4.0)
        rate_limiter.answered(await rate_limiter.acquire())
        return rate_limiter.rate

    assert run_virtually(scenario()) > 4.0


def test_a_long_wait_at_the_very_beginning_says_nothing_about_the_rate() -> None:
    async def scenario() -> float:
        rate_limiter = RateLimiter(10.0, VirtualClock())
        rate_limiter.answered(await rate_limiter.acquire(), throttled=True, wait=60.0)
        rate_limiter.answered(await rate_limiter.acquire())
        return rate_limiter.rate

    assert run_virtually(scenario()) > 9.0
