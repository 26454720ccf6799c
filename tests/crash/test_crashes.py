"""The short version of the crash tests; `make crash-test` is the long one. See docs/crash-tests.md."""

import itertools
import os
import shutil
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from tests.crash import power_loss, scenarios
from tests.crash.long import Bench, kills, mutants, points
from tests.crash.mutants import MUTANTS
from tests.crash.points import ONCE, POINTS
from tests.crash.trial import Verdict, summed

pytestmark = pytest.mark.slow


def assert_kept(done: list[Verdict]) -> None:
    print(summed(done))
    assert not [verdict for verdict in done if verdict.violations], summed(done)


def test_the_harness_catches_every_mutant(bench: Bench) -> None:
    lines, survivors = mutants(bench)
    print(*lines, sep="\n")
    assert len(MUTANTS) >= 16
    assert not survivors, f"these wrong importers passed, so a green run means nothing: {survivors}"


def test_sixty_kills_at_random_times(bench: Bench) -> None:
    done = kills(bench, 60, itertools.count(1))
    assert sum(verdict.kills for verdict in done) >= 60
    faults, requests = sum(verdict.faults for verdict in done), sum(verdict.requests for verdict in done)
    assert 0.3 < faults / requests < 0.45
    statuses = set().union(*(verdict.statuses for verdict in done))
    assert statuses >= {"created", "duplicate", "created_unconfirmed", "rejected", "invalid"}
    assert_kept(done)


def test_death_at_every_named_point(bench: Bench) -> None:
    crashes = [f"{name}:{hit}" for name in POINTS for hit in ((1,) if name in ONCE else (1, 4, 11))]
    done = points(bench, crashes, itertools.count(100), fault_rate=0.3)
    assert sum(verdict.kills for verdict in done) == len(crashes)
    assert_kept(done)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace records what reaches the disk")
def test_power_loss_loses_no_intent_and_a_weaker_setting_would(bench: Bench) -> None:
    for line in power_loss.report(bench.oracle, bench.folder, states=600):
        print(line.text)
        assert line.is_good, line.text


def test_a_lost_journal_doubles_nothing(bench: Bench) -> None:
    assert_kept(scenarios.journal_losses([1, 2, 3], bench.oracle, bench.launchers[0], bench.folder))


def test_a_server_that_checks_then_inserts_gets_no_lead_twice(bench: Bench) -> None:
    seeds = [[1, 2], [3, 4]]
    assert_kept(bench.spread(lambda launcher: scenarios.racy(seeds.pop(), bench.oracle, launcher, bench.folder)))


def test_a_server_that_restarts_all_the_time_loses_nothing(bench: Bench) -> None:
    rough = replace(scenarios.RESTARTS, size=250)
    verdict = scenarios.restarts(1, rough, bench.launchers[0], bench.folder / "restarts", every=0.7)
    assert verdict.kills >= 3
    assert_kept([verdict])


def test_two_people_with_two_folders_double_nothing_and_hear_the_truth(bench: Bench) -> None:
    created = []
    for seed in range(1, 9):  # on a busy machine one may be done before the other begins; that shows nothing
        pair = (bench.launchers[0], bench.launchers[1])
        verdicts = scenarios.two_folders(seed, bench.oracle, pair, bench.folder / f"pair-{seed}")
        assert_kept(list(verdicts))
        created.append([verdict.statuses["created"] for verdict in verdicts])
        if all(created[-1]):
            return
    pytest.fail(f"they never met: {created}")


def test_who_is_killed_too_late_ended_by_itself(bench: Bench) -> None:
    launcher = bench.launchers[0]
    launcher.start({"argv": ["--version"], "log": str(bench.folder / "version.log")})
    with suppress(ProcessLookupError):  # until the launcher has seen its end
        for _ in range(400):
            os.kill(launcher.pid, 0)
            time.sleep(0.05)
        pytest.fail("the command does not end")
    assert launcher.kill() == 0


def test_a_second_importer_on_one_folder_is_refused_at_once(bench: Bench) -> None:
    verdict, code, seconds, words = scenarios.one_folder(
        1, bench.oracle, (bench.launchers[0], bench.launchers[1]), bench.folder
    )
    assert_kept([verdict])
    assert code == 2
    assert seconds < 5.0
    assert "another process is sending from" in words
