"""What of the crash tests does not depend on chance: a death at each named point, and two importers on one folder.

`make crash-test` hunts: kills at random times, mutants, power losses, servers that restart. See docs/crash-tests.md.
"""

import itertools
import os
import time
from contextlib import suppress

import pytest

from tests.crash import scenarios
from tests.crash.long import Bench, points
from tests.crash.points import ONCE, POINTS
from tests.crash.trial import Verdict, summed

pytestmark = pytest.mark.slow


def assert_kept(done: list[Verdict]) -> None:
    print(summed(done))
    assert not [verdict for verdict in done if verdict.violations], summed(done)


def test_death_at_every_named_point(bench: Bench) -> None:
    crashes = [f"{name}:{hit}" for name in POINTS for hit in ((1,) if name in ONCE else (1, 4))]
    done = points(bench, crashes, itertools.count(100), fault_rate=0.0)
    assert sum(verdict.kills for verdict in done) == len(crashes)
    assert_kept(done)


def test_who_is_killed_too_late_ended_by_itself(bench: Bench) -> None:
    launcher = bench.launchers[0]
    launcher.start({"argv": ["--version"], "log": str(bench.folder / "version.log")})
    with suppress(ProcessLookupError):  # until the launcher has seen its end
        for _ in range(1200):
            os.kill(launcher.pid, 0)
            time.sleep(0.05)
        pytest.fail("the command does not end")
    assert launcher.kill() == 0


def test_a_second_importer_on_one_folder_is_refused_at_once(bench: Bench) -> None:
    verdict, code, words = scenarios.one_folder(1, bench.oracle, (bench.launchers[0], bench.launchers[1]), bench.folder)
    assert_kept([verdict])
    assert code == 2
    assert "another process is sending from" in words
