"""Wall clocks that jump, and requests without an answer that are too old to be repeated."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from importer.crm.observation import Observation
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.journal.runs import Journal
from importer.model.operation import Call, Kind
from importer.sending.dispatcher import Dispatcher
from tests.result_rows import ResultRow
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import LOST, FakeCrm, error
from tests.virtual_time import VirtualClock

DIED = Stop(exit_code=ExitCode.INTERRUPTED, reason="died")
MINUTES, HOURS = timedelta(minutes=1), timedelta(hours=1)
TO_1970 = datetime(1970, 1, 1, tzinfo=UTC) - datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)


class SilentCrm(FakeCrm):
    """Takes calls of one endpoint and never answers them."""

    silent: Kind | None = None

    async def send(self, call: Call) -> Observation:
        if call.operation.kind is self.silent:
            self.calls.append((asyncio.get_running_loop().time(), call.operation.kind, call.crm_id))
            self.behave(call)
            await asyncio.sleep(1e9)
        return await super().send(call)


@pytest.fixture
def push(tmp_path: Path) -> Push:
    return Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=SilentCrm())


def die_while(push: Push, kind: Kind) -> None:
    """A process that dies while the server is silent about this call: its intent stays in the journal."""
    assert isinstance(push.crm, SilentCrm)
    push.crm.silent = kind

    def before(sender: Dispatcher) -> None:
        asyncio.get_running_loop().call_later(30.0, sender.interrupt, DIED)
        asyncio.get_running_loop().call_later(30.1, sender.abandon)

    push.send(before)
    push.crm.silent = None
    push.crm.calls.clear()


def stop_in_doubt(push: Push, kind: Kind) -> None:
    """A graceful stop while a call waits to be asked again: no intent, but a doubt."""
    senders: list[Dispatcher] = []

    def answer(call: Call) -> Observation | None:
        if call.operation.kind is not kind:
            return None
        senders[0].interrupt(DIED)
        return LOST

    push.crm.always = answer
    push.send(senders.append)
    push.crm.always = lambda _: None
    push.crm.calls.clear()


def resumed(push: Push, later: timedelta) -> ResultRow:
    push.clock.offset = later
    assert push.send() is None
    (result,) = push.results()
    return result


def called(push: Push, kind: Kind) -> int:
    return sum(1 for _, each, _ in push.crm.calls if each is kind)


@pytest.mark.slow
@pytest.mark.parametrize("leave", [die_while, stop_in_doubt])
@pytest.mark.parametrize(
    ("kind", "later", "again"),
    [
        (Kind.ASSIGN, 1 * MINUTES, True),
        (Kind.ASSIGN, 59 * MINUTES, True),
        (Kind.ASSIGN, 61 * MINUTES, False),
        (Kind.ASSIGN, 30 * 24 * HOURS, False),
        (Kind.ASSIGN, -1 * HOURS, False),
        (Kind.ASSIGN, TO_1970, False),
        (Kind.EVENT, 61 * MINUTES, True),
        (Kind.EVENT, 23 * HOURS, True),
        (Kind.EVENT, 25 * HOURS, False),
        (Kind.EVENT, -1 * HOURS, False),
        (Kind.EVENT, TO_1970, False),
    ],
)
def test_an_unanswered_follow_up_is_repeated_only_while_it_is_young(
    push: Push, leave: Callable[[Push, Kind], None], kind: Kind, later: timedelta, again: bool
) -> None:
    push.plan([planned_row(2, assign=kind is Kind.ASSIGN)])
    leave(push, kind)
    result = resumed(push, later)
    assert called(push, kind) == again
    state = result.assign if kind is Kind.ASSIGN else result.events
    assert (result.status, state) == ("created", "accepted" if again else "unknown")
    if not again:
        assert "too old to retry" in result.message
        assert "2026-11-22T15:0" in result.message
        assert result.needs_attention
        assert called(push, Kind.EVENT) == 0
        if kind is Kind.ASSIGN:
            assert result.events == "held"


def test_a_clock_that_was_set_by_a_few_seconds_makes_nothing_old(push: Push) -> None:
    push.plan([planned_row(2)])
    die_while(push, Kind.ASSIGN)
    assert resumed(push, timedelta(seconds=-20)).assign == "accepted"


def test_a_follow_up_that_never_left_is_never_too_old(push: Push) -> None:
    push.plan([planned_row(2)])
    die_while(push, Kind.CREATE)
    push.clock.offset = 9 * HOURS
    assert push.send() is None
    assert push.statuses() == ["created_unconfirmed"]
    push.plan([planned_row(3)], name="run-2")
    push.crm.always = lambda call: error(401) if call.operation.kind is Kind.ASSIGN else None
    assert push.send() is not None
    push.crm.always = lambda _: None
    result = resumed(push, 40 * 24 * HOURS)
    assert (result.status, result.assign, result.events) == ("created", "accepted", "accepted")


@pytest.mark.parametrize("kind", [Kind.ASSIGN, Kind.EVENT])
def test_a_person_may_have_an_old_one_sent_all_the_same(push: Push, kind: Kind) -> None:
    push.plan([planned_row(2)])
    die_while(push, kind)
    later = 48 * HOURS
    assert "unknown" in (resumed(push, later).assign, push.results()[0].events)
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        journal.retry_failed(push.run)
    result = resumed(push, later)
    assert (result.assign, result.events, result.message) == ("accepted", "accepted", "")
    assert sum(push.crm.events.values()) == 1


def test_the_rule_holds_for_every_run_of_the_folder(push: Push) -> None:
    push.plan([planned_row(2)])
    die_while(push, Kind.ASSIGN)
    first = push.run
    push.plan([planned_row(3)], name="run-2")
    resumed(push, 2 * HOURS)
    push.run = first
    assert push.results()[0].assign == "unknown"


@pytest.mark.parametrize("later", [timedelta(), 1 * HOURS, -1 * HOURS, TO_1970, timedelta(seconds=-5)])
@pytest.mark.parametrize("leave", [die_while, stop_in_doubt])
def test_after_a_resume_a_create_in_doubt_waits_no_longer_than_settle(
    push: Push, leave: Callable[[Push, Kind], None], later: timedelta
) -> None:
    push.plan([planned_row(2)])
    leave(push, Kind.CREATE)
    resumed(push, later)
    (at, *_), *_ = push.crm.calls
    assert 0.0 <= at - 1000.0 <= 60.5
    if later < timedelta():
        assert at - 1000.0 >= 60.0 - 1.0, "a clock that went back proves no waiting"


def test_a_clock_that_was_wrong_for_one_resume_shortens_no_wait(push: Push) -> None:
    """In 1970 for a moment, then right again: the request is 10 s old, not 56 years."""
    push.plan([planned_row(2)])
    die_while(push, Kind.CREATE)
    push.clock.offset = TO_1970
    with Journal(push.folder, push.clock.now) as journal:
        assert journal.recover() == 1
    resumed(push, timedelta(seconds=10))
    assert push.crm.calls[0][0] - 1000.0 >= 45.0


class Steady(random.Random):
    """No jitter, so that two runs can be compared."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def troubled(folder: Path, seed: int, *, jumps: bool) -> tuple[dict[tuple[Kind, str, int], float], list[str]]:
    """When each request of a run on a bad server is made, and the labels; with or without jumps of the wall clock."""
    rng = random.Random(seed)
    push = Push(folder=folder, clock=VirtualClock(), crm=FakeCrm())
    answers: list[Observation] = [
        LOST,
        error(503),
        error(503, retry_after="20"),
        error(429, "slow down", retry_after="9"),
        error(404),
    ]
    asked: Counter[tuple[Kind, str]] = Counter()

    def answer(call: Call) -> Observation | None:
        key = (call.operation.kind, call.crm_id)
        asked[key] += 1
        chance = random.Random(f"{seed} {key} {asked[key]}")
        return chance.choice(answers) if chance.random() < 0.25 else None

    def before(sender: Dispatcher) -> None:
        sender.rng = sender.health.circuit_breaker._rng = Steady()
        for _ in range(12 if jumps else 0):
            to = rng.choice([HOURS, -HOURS, TO_1970, timedelta(), 400 * 24 * HOURS])
            asyncio.get_running_loop().call_later(rng.uniform(0, 200), setattr, push.clock, "offset", to)

    push.crm.always = answer
    push.plan([planned_row(number) for number in range(2, 14)])
    push.send(before, settle=30.0)
    numbered: Counter[tuple[Kind, str]] = Counter()
    times = {}
    for at, kind, crm_id in push.crm.calls:
        numbered[kind, crm_id] += 1
        times[kind, crm_id, numbered[kind, crm_id]] = at
    return times, push.statuses()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_jumps_while_a_run_waits_change_nothing(tmp_path: Path, seed: int) -> None:
    """The same trouble with and without jumps: the same requests at the same moments, the same labels."""
    with_jumps, labels = troubled(tmp_path / "a", seed, jumps=True)
    without, same_labels = troubled(tmp_path / "b", seed, jumps=False)
    assert labels == same_labels
    assert with_jumps == pytest.approx(without, abs=0.5)
