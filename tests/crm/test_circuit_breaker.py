"""An outage costs time, never rows; in virtual time."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

from importer.crm.circuit_breaker import FAILURES, FIRST_CONTACT, PATIENCE, CircuitBreaker
from importer.exit_codes import ExitCode
from tests.virtual_time import VirtualClock, run_virtually


def breaker() -> CircuitBreaker:
    return CircuitBreaker(VirtualClock(), random.Random(5))


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return run_virtually(coroutine)


def test_it_is_shut_after_some_failures_in_a_row_and_not_before() -> None:
    async def main() -> None:
        here = breaker()
        here.answered()
        for _ in range(FAILURES - 1):
            assert here.failed("x") is None
        assert not here.is_open
        here.answered()
        for _ in range(FAILURES - 1):
            here.failed("x")
        assert not here.is_open, "an answer in between restarts the count"
        here.failed("x")
        assert here.is_open

    run(main())


def test_before_the_first_answer_one_failure_is_enough() -> None:
    async def main() -> None:
        here = breaker()
        here.failed("x")
        assert here.is_open

    run(main())


def test_a_closed_breaker_lets_everybody_through_at_once() -> None:
    async def main() -> None:
        here = breaker()
        async with asyncio.timeout(0.001):
            await asyncio.gather(*(here.admit() for _ in range(50)))

    run(main())


def test_an_open_one_lets_one_probe_through_and_an_answer_frees_all() -> None:
    async def main() -> None:
        here = breaker()
        here.failed("x")
        admitted: list[int] = []

        async def call(number: int) -> None:
            await here.admit()
            admitted.append(number)

        calls = [asyncio.create_task(call(number)) for number in range(20)]
        await asyncio.sleep(0.5)
        assert admitted == [], "the first probe waits about a second"
        await asyncio.sleep(1.0)
        assert len(admitted) == 1
        await asyncio.sleep(30)
        assert len(admitted) == 1, "while a probe is under way nobody else goes"
        here.answered()
        await asyncio.gather(*calls)
        assert len(admitted) == 20

    run(main())


def test_a_failed_probe_waits_longer_and_longer_up_to_a_minute() -> None:
    async def main() -> list[float]:
        here = breaker()
        here.answered()
        for _ in range(FAILURES):
            here.failed("x")
        waits = []
        for _ in range(12):
            began = asyncio.get_running_loop().time()
            await here.admit()
            waits.append(asyncio.get_running_loop().time() - began)
            here.failed("x")
        return waits

    waits = run(main())
    for number, wait in enumerate(waits):
        ideal = min(60.0, 2.0**number)
        assert 0.75 * ideal <= wait <= 1.25 * ideal + 0.01


def test_an_outage_of_five_minutes_draws_few_requests_and_does_not_stop_the_run() -> None:
    async def main() -> int:
        here = breaker()
        here.answered()
        loop = asyncio.get_running_loop()
        began, requests = loop.time(), 0
        while loop.time() - began < 300:
            await here.admit()
            requests += 1
            assert here.failed("503") is None
        return requests

    assert run(main()) <= 25


def test_patience_ends_and_says_for_how_long_and_why() -> None:
    async def main() -> None:
        here = breaker()
        here.answered()
        loop = asyncio.get_running_loop()
        began, stop = loop.time(), None
        while stop is None:
            await here.admit()
            stop = here.failed("503 Unavailable")
        assert PATIENCE <= loop.time() - began < PATIENCE + 80
        assert stop.exit_code is ExitCode.OUTAGE
        assert "503 Unavailable" in stop.reason
        assert "resume" in stop.tip

    run(main())


def test_a_server_that_never_answered_is_given_up_soon() -> None:
    async def main() -> float:
        here = breaker()
        loop = asyncio.get_running_loop()
        began = loop.time()
        while here.failed("refused") is None:
            await here.admit()
        return loop.time() - began

    assert FIRST_CONTACT <= run(main()) < FIRST_CONTACT + 15
