"""Trials that go wrong in other ways: a lost journal, a server that restarts, two importers at once."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.crash.invariants import Effects, effects_violations
from tests.crash.processes import KILLED, Launcher, OracleProcess
from tests.crash.trial import Rough, Trial, Verdict, trials

JOURNAL_LOSS = Rough(longest=0.3, kills=4)
RACY = Rough(late=0.08, settle=4.0, kills=3)
"""A server that checks, and inserts 0.08 s later; the importer's 4 s last 0.2 s."""
RESTARTS = Rough(fault_rate=0.0, kills=0, hold=0.03, canary_share=0.0)
TWO = Rough(fault_rate=0.25, kills=2)


class JournalLoss(Trial):
    """T4: the journal is deleted after the second kill. The labels are then weaker; the effects must not be."""

    lost = False

    def once(self) -> int:
        code = super().once()
        if not self.lost and (code in (0, 1) or (code == KILLED and self.verdict.kills >= 1)):
            for file in self.reports.glob("journal.sqlite3*"):
                file.unlink()
            self.lost = True
            return KILLED
        return code

    def judge(self, code: int) -> None:
        told = self._oracle.told(self.org)
        self.verdict.requests, self.verdict.faults = told["requests"], sum(told["faults"].values())
        effects = Effects(told["leads"])
        unknown = {row["crm_id"] for row in self.results() if row["status"] == "unknown"}
        missing = set(self.leads.leads) - set(effects.leads) - set(self.leads.refused) - unknown
        self.verdict.violations += effects_violations(self.leads, effects)
        self.verdict.violations += [f"I1: {crm_id} does not exist" for crm_id in sorted(missing)]
        self.verdict.statuses.update(row["status"] for row in self.results())


def journal_losses(seeds: list[int], oracle: OracleProcess, launcher: Launcher, folder: Path) -> list[Verdict]:
    """T4 for each seed."""
    return trials(seeds, JOURNAL_LOSS, oracle, launcher, folder, trial_type=JournalLoss)


def racy(seeds: list[int], oracle: OracleProcess, launcher: Launcher, folder: Path) -> list[Verdict]:
    """T5: a server that checks, waits, and inserts. No lead twice, because doubts are settled first."""
    return trials(seeds, RACY, oracle, launcher, folder)


def restarts(seed: int, rough: Rough, launcher: Launcher, folder: Path, *, every: float) -> Verdict:
    """T9: the server is killed and started again, with what it had written down, again and again."""
    folder.mkdir()
    with OracleProcess(folder) as oracle:
        trial = Trial(seed, rough, oracle, launcher, folder / "trial")
        trial.prepare()
        with _restarting(oracle, every) as times:
            code = trial.until_done()
        trial.verdict.kills = len(times)  # what they put in doubt is what kills would have
        trial.judge(code)
    return trial.verdict


@contextmanager
def _restarting(oracle: OracleProcess, every: float) -> Iterator[list[float]]:
    over, times = threading.Event(), list[float]()

    def restart() -> None:
        while not over.wait(every):
            oracle.kill()
            oracle.start()
            times.append(time.monotonic())

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        yield times
    finally:
        over.set()
        thread.join()


def two_folders(
    seed: int, oracle: OracleProcess, launchers: tuple[Launcher, Launcher], folder: Path
) -> tuple[Verdict, Verdict]:
    """T18: two people import the same list at the same time, each with a reports folder and a key of their own."""
    one, other = (Trial(seed, TWO, oracle, launcher, folder / "both") for launcher in launchers)
    other.folder, other.reports, other.key = folder / "other", folder / "other" / "reports", "key-of-the-other"
    one.prepare()
    other.write_files()
    codes: dict[str, int] = {}
    threads = [
        threading.Thread(target=lambda trial=trial: codes.update({trial.key: trial.until_done()}))
        for trial in (one, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for trial in (one, other):
        trial.judge(codes[trial.key])
    return one.verdict, other.verdict


def one_folder(
    seed: int, oracle: OracleProcess, launchers: tuple[Launcher, Launcher], folder: Path
) -> tuple[Verdict, int | None, str]:
    """T18: a second importer on one folder. The first's verdict, the second's exit code, and both's words."""
    rough = replace(TWO, fault_rate=0.0, kills=0, hold=0.3, canary_share=0.0, give_up_after=300.0)
    first = Trial(seed, rough, oracle, launchers[0], folder / "first")
    first.prepare()
    first.start(first.next_command())
    while not (first.reports / ".sending.json").exists():
        time.sleep(0.01)
    launchers[1].start(first.order(first.next_command()))
    code = launchers[1].wait(300.0)
    ended = launchers[0].wait(300.0)
    assert ended is not None
    first.judge(ended)
    return first.verdict, code, (first.folder / "log.txt").read_text()
