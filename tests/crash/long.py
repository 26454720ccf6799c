"""`make crash-test N=1000`: the long version of every part, with one line of counts each."""

import argparse
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tests.crash import power_loss, scenarios
from tests.crash.acceptance import hunt, is_caught
from tests.crash.mutants import MUTANTS
from tests.crash.points import ONCE, POINTS
from tests.crash.processes import ColdLauncher, Launcher, OracleProcess
from tests.crash.trial import Rough, Verdict, summed, trials

HITS = range(1, 13)
ROUGH = Rough()


class Bench:
    """The oracle, one launcher per worker, and the folder everything happens in."""

    def __init__(self, folder: Path, oracle: OracleProcess, launchers: list[Launcher]) -> None:
        self.folder = folder
        self.oracle = oracle
        self.launchers = launchers

    def spread(self, work: Callable[[Launcher], list[Verdict]]) -> list[Verdict]:
        """Let every worker do its share at the same time."""
        with ThreadPoolExecutor(len(self.launchers)) as pool:
            return list(itertools.chain.from_iterable(pool.map(work, self.launchers)))


def kills(bench: Bench, wanted: int, seeds: Iterator[int], rough: Rough = ROUGH) -> list[Verdict]:
    """T1: trials until there were that many kills."""
    lock, count = threading.Lock(), [0]

    def work(launcher: Launcher) -> list[Verdict]:
        done: list[Verdict] = []
        while count[0] < wanted:
            with lock:
                seed = next(seeds)
            done += trials([seed], rough, bench.oracle, launcher, bench.folder)
            count[0] += done[-1].kills
        return done

    return bench.spread(work)


def points(bench: Bench, crashes: list[str], seeds: Iterator[int], *, fault_rate: float) -> list[Verdict]:
    """T2: die at every named point, each in a trial of its own."""
    rough = Rough(size=40, kills=0, fault_rate=fault_rate, give_up_after=300.0)
    left = [(crash, next(seeds)) for crash in crashes]

    def work(launcher: Launcher) -> list[Verdict]:
        done: list[Verdict] = []
        while left:
            crash, seed = left.pop()
            done += trials([seed], replace(rough, crash=crash), bench.oracle, launcher, bench.folder)
        return done

    return bench.spread(work)


def all_crashes() -> list[str]:
    """Every point with every hit that it can have."""
    return [f"{name}:{hit}" for name in POINTS for hit in ([1] if name in ONCE else HITS)]


def mutants(bench: Bench) -> tuple[list[str], list[str]]:
    """T0: a line for each mutant, and the names of those that survived."""
    left, lines, survivors = list(MUTANTS), list[str](), list[str]()

    def work(launcher: Launcher) -> list[Verdict]:
        while left:
            name = left.pop()
            done = hunt(name, bench.oracle, launcher, bench.folder)
            said = (*done[-1].violations, "no violation")[0]
            caught = is_caught(done)
            lines.append(f"  {name}: {'caught' if caught else 'NOT CAUGHT'} in trial {len(done)}, {said}")
            survivors.extend([] if caught else [name])
        return []

    bench.spread(work)
    return sorted(lines), survivors


def _say(name: str, done: list[Verdict]) -> bool:
    print(f"{name}: {summed(done)}", flush=True)
    return not any(verdict.violations for verdict in done)


def _mutants(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    lines, survivors = mutants(bench)
    print(f"T0 mutants: {len(MUTANTS) - len(survivors)} of {len(MUTANTS)} caught", *lines, sep="\n", flush=True)
    return not survivors


def _kills(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    warm = _say("T1 kills at random times", kills(bench, wanted, seeds))
    share = itertools.islice(seeds, max(1, wanted // 100))
    with ColdLauncher() as cold:
        done = trials(share, replace(ROUGH, kills=3, give_up_after=90.0), bench.oracle, cold, bench.folder)
    return _say("T1 the same, every process a new Python", done) and warm


def _points(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    rough = points(bench, all_crashes(), seeds, fault_rate=0.40)
    calm = points(bench, all_crashes(), seeds, fault_rate=0.0)
    return _say("T2 kills at named points, with faults", rough) & _say("T2 kills at named points, without faults", calm)


def _power(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    good = True
    for line in power_loss.report(bench.oracle, bench.folder, states=max(800, wanted)):
        print(line.text, flush=True)
        good &= line.is_good
    return good


def _journal_losses(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    share = [list(itertools.islice(seeds, 15)) for _ in bench.launchers]
    done = bench.spread(lambda one: scenarios.journal_losses(share.pop(), bench.oracle, one, bench.folder))
    return _say("T4 the journal is lost", done)


def _racy(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    share = [list(itertools.islice(seeds, 13)) for _ in bench.launchers]
    done = bench.spread(lambda one: scenarios.racy(share.pop(), bench.oracle, one, bench.folder))
    return _say("T5 a server that checks, then inserts", done)


def _restarts(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    rough = replace(scenarios.RESTARTS, size=2000, give_up_after=300.0)
    done = [
        scenarios.restarts(next(seeds), rough, bench.launchers[0], bench.folder / f"restarts-{number}", every=2.0)
        for number in range(3)
    ]
    return _say("T9 a server that restarts every 2 s", done)


def _two(bench: Bench, wanted: int, seeds: Iterator[int]) -> bool:
    done: list[Verdict] = []
    for number in range(10):
        (folder := bench.folder / f"two-{number}").mkdir()
        done += scenarios.two_folders(next(seeds), bench.oracle, (bench.launchers[0], bench.launchers[1]), folder)
    return _say("T18 two importers, two folders, one list", done)


PARTS: dict[str, Callable[[Bench, int, Iterator[int]], bool]] = {
    "T0": _mutants,
    "T1": _kills,
    "T2": _points,
    "T3": _power,
    "T4": _journal_losses,
    "T5": _racy,
    "T9": _restarts,
    "T18": _two,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="how many kills T1 makes")
    parser.add_argument("--seed", type=int, default=1000, help="the first seed; every trial has one of its own")
    parser.add_argument("--parts", default=",".join(PARTS), help="which of them, with commas between")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="importer-crash-"))
    began = time.monotonic()
    with OracleProcess(folder) as oracle, Launcher() as one, Launcher() as other:
        bench = Bench(folder, oracle, [one, other])
        seeds = itertools.count(given.seed)
        ended = [PARTS[name](bench, given.kills, seeds) for name in given.parts.split(",")]
    good = all(ended)
    print(f"{'no violation' if good else 'VIOLATIONS'} in {time.monotonic() - began:.0f} s; folder: {folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
