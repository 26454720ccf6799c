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
from tests.crash.acceptance import hunt
from tests.crash.mutants import MUTANTS
from tests.crash.points import ONCE, POINTS
from tests.crash.processes import ColdLauncher, Launcher, OracleProcess
from tests.crash.trial import Rough, Verdict, summed, trials

HITS = range(1, 13)


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


def kills(bench: Bench, wanted: int, seeds: Iterator[int], rough: Rough = Rough()) -> list[Verdict]:
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
    rough = Rough(size=40, kills=0, fault_rate=fault_rate)
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
            caught = done[-1].violations
            lines.append(f"  {name}: " + (f"caught in trial {len(done)}, {caught[0]}" if caught else "SURVIVED"))
            survivors.extend([] if caught else [name])
        return []

    bench.spread(work)
    return sorted(lines), survivors


def _say(name: str, done: list[Verdict]) -> bool:
    print(f"{name}: {summed(done)}", flush=True)
    return not any(verdict.violations for verdict in done)


def _parts(bench: Bench, wanted: int, seeds: Iterator[int], chosen: frozenset[str]) -> Iterator[bool]:
    first, folder = bench.launchers[0], bench.folder
    if "T0" in chosen:
        lines, survivors = mutants(bench)
        print(f"T0 mutants: {len(MUTANTS) - len(survivors)} of {len(MUTANTS)} caught", *lines, sep="\n", flush=True)
        yield not survivors
    if "T1" in chosen:
        yield _say("T1 kills at random times", kills(bench, wanted, seeds))
        with ColdLauncher() as cold:
            yield _say(
                "T1 cold starts",
                trials(itertools.islice(seeds, max(1, wanted // 100)), Rough(kills=3), bench.oracle, cold, folder),
            )
    if "T2" in chosen:
        for rate in (0.40, 0.0):
            name = f"T2 kills at named points, {'with' if rate else 'without'} faults"
            yield _say(name, points(bench, all_crashes(), seeds, fault_rate=rate))
    if "T3" in chosen:
        for lines in power_loss.report(bench.oracle, folder, states=800):
            print(lines.text, flush=True)
            yield lines.is_good
    if "T4" in chosen:
        share = [list(itertools.islice(seeds, 15)) for _ in bench.launchers]
        yield _say(
            "T4 the journal is lost",
            bench.spread(lambda one: scenarios.journal_losses(share.pop(), bench.oracle, one, folder)),
        )
    if "T5" in chosen:
        share = [list(itertools.islice(seeds, 13)) for _ in bench.launchers]
        yield _say("T5 racy server", bench.spread(lambda one: scenarios.racy(share.pop(), bench.oracle, one, folder)))
    if "T9" in chosen:
        rough = replace(scenarios.RESTARTS, size=2000, give_up_after=300.0)
        yield _say(
            "T9 server restarts every 2 s",
            [scenarios.restarts(next(seeds), rough, first, folder / f"restarts-{n}", every=2.0) for n in range(3)],
        )
    if "T18" in chosen:
        pairs = []
        for number in range(10):
            (place := folder / f"two-{number}").mkdir()
            pairs += scenarios.two_folders(next(seeds), bench.oracle, (first, bench.launchers[-1]), place)
        yield _say("T18 two importers, two folders", pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="how many kills T1 makes")
    parser.add_argument("--seed", type=int, default=1000, help="the first seed; every trial has one of its own")
    parser.add_argument("--parts", default="T0,T1,T2,T3,T4,T5,T9,T18")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="importer-crash-"))
    began = time.monotonic()
    with OracleProcess(folder) as oracle, Launcher() as one, Launcher() as other:
        bench = Bench(folder, oracle, [one, other])
        parts = _parts(bench, given.kills, itertools.count(given.seed), frozenset(given.parts.split(",")))
        good = all(list(parts))
    print(f"{'no violation' if good else 'VIOLATIONS'} in {time.monotonic() - began:.0f} s; folder: {folder}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
