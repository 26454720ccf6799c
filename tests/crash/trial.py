"""One trial: a list is imported, the importer is killed again and again, and the run is taken up until it is done."""

import csv
import json
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.canary import CANARY
from tests.crash.invariants import Evidence, violations
from tests.crash.lists import MAPPING, LeadList, lead_list
from tests.crash.oracle import mark_of
from tests.crash.processes import KILLED, Launcher, OracleProcess

ENDED = (0, 1)
RESUMABLE = (3, 4)
"""Exit codes after which a person would resume: the faults may look like a wrong endpoint or an outage."""

KEY = CANARY


@dataclass(frozen=True)
class Rough:
    """How rough a trial is. Delays are in real seconds; `settle` is on the importer's hurried clock."""

    size: int = 60
    fault_rate: float = 0.40
    kills: int = 6
    longest: float = 0.5
    settle: float = 4.0
    concurrency: int = 4
    canary_share: float = 0.2
    late: float = 0.0
    hold: float = 0.0
    mutant: str = ""
    crash: str = ""
    give_up_after: float = 30.0
    known_share: float = 0.15

    @property
    def timeout(self) -> float:
        """On the hurried clock: 0.25 s where answers are held back, else 3 s, so that a busy machine makes no doubts.

        Nobody counts a doubt that comes of a stalled process, and without faults there must be none.
        """
        return 5.0 if self.fault_rate else 60.0


@dataclass
class Verdict:
    """What came of a trial."""

    seed: int
    kills: int = 0
    starts: int = 0
    stops: int = 0
    seconds: float = 0.0
    requests: int = 0
    faults: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)


class Trial:
    """One list, one org, one reports folder, and whoever imports it."""

    def __init__(self, seed: int, rough: Rough, oracle: OracleProcess, launcher: Launcher, folder: Path) -> None:
        self.rough = rough
        self.folder = folder
        self.reports = folder / "reports"
        self.key = KEY
        self.verdict = Verdict(seed)
        self.leads: LeadList = lead_list(random.Random(f"list/{seed}"), rough.size, known_share=rough.known_share)
        self.org = f"t{seed}-{folder.name}"
        self._oracle = oracle
        self._launcher = launcher
        self._dice = random.Random(f"kills/{seed}")
        self._canary = self._dice.random() < rough.canary_share
        self._deadline = time.monotonic() + rough.give_up_after

    def prepare(self) -> None:
        """Write the files and open the org."""
        self.write_files()
        self._oracle.begin(
            self.org,
            seed=self.verdict.seed,
            fault_rate=self.rough.fault_rate,
            late=self.rough.late,
            hold=self.rough.hold,
            refuse=self.leads.refused,
            existing=self.leads.existing,
        )

    def write_files(self) -> None:
        """The list and the mapping."""
        self.folder.mkdir(parents=True)
        (self.folder / "list.csv").write_text(self.leads.text(), encoding="utf-8")
        (self.folder / "mapping.yaml").write_text(MAPPING, encoding="utf-8")

    def run(self) -> Verdict:
        """Import with kills until it is done, then judge."""
        began = time.monotonic()
        self.prepare()
        code = self.until_done()
        self.verdict.seconds = time.monotonic() - began
        self.judge(code)
        return self.verdict

    def until_done(self) -> int:
        """Start, kill, take up again; the exit code of the process that finished the run."""
        while True:
            code = self.once()
            if code == KILLED:
                self.verdict.kills += 1
            elif code in RESUMABLE:
                self.verdict.stops += 1
            elif code in ENDED:
                return code
            if time.monotonic() > self._deadline:
                self.verdict.violations.append(f"I0: it does not come to an end (last exit code {code})")
                return code
            if code not in (*ENDED, *RESUMABLE, KILLED):
                self.verdict.violations.append(f"I0: exit code {code}")
                return code

    def once(self) -> int:
        """One process: it ends, or it is killed at a random time."""
        command = self.next_command()
        crash = self.rough.crash if self.verdict.starts == 0 else ""
        self.start(command, crash)
        patience = max(0.0, self._deadline + 1.0 - time.monotonic())
        if crash or self.verdict.kills >= self.rough.kills:
            code = self._launcher.wait(patience)
        else:
            code = self._wait_to_kill()
        return self._launcher.kill() if code is None else code

    def _wait_to_kill(self) -> int | None:
        """Until a random time: one in four at any time at all, the others while it is sending."""
        if self._dice.random() < 0.25:
            return self._launcher.wait(self._dice.uniform(0.0, 0.5))
        code = None
        while code is None and not self._is_sending() and time.monotonic() < self._deadline:
            code = self._launcher.wait(0.01)
        left = self._dice.uniform(0.0, self.rough.longest)
        if code is None and self._dice.random() < 0.5:
            code = self._launcher.wait(left / 2)
            left /= 2
            self._state()  # somebody looks into the journal meanwhile, as `importer runs` does
        return self._launcher.wait(left) if code is None else code

    def _is_sending(self) -> bool:
        """Whether a request of this process has come in."""
        return self._oracle.requests(self.org) > self._requests_before

    def start(self, command: list[str], crash: str = "") -> None:
        """Start an importer with this command."""
        self.verdict.starts += 1
        self._requests_before = self._oracle.requests(self.org) if self.rough.kills else 0
        self._launcher.start(self.order(command, crash))

    def order(self, command: list[str], crash: str = "") -> dict[str, Any]:
        """What a launcher needs to know."""
        return {
            "argv": [*command, "--verbose", "--reports-dir", str(self.reports)],
            "env": {"SALESCHAT_API_KEY": self.key},
            "log": str(self.folder / "log.txt"),
            "mutant": self.rough.mutant,
            "crash": crash,
        }

    def next_command(self) -> list[str]:
        """What a person would type now: `run` until there is a run, then `resume`; `report` if only that is left."""
        where = ["--base-url", f"http://127.0.0.1:{self._oracle.port}", "--org", self.org]
        state = self._state()
        if state == "":
            return ["run", str(self.folder / "list.csv"), *self._how(), *where]
        if state == "finished":
            return ["report", "latest"]
        return ["resume", "--no-progress", *where]

    def _how(self) -> list[str]:
        options = ["-m", str(self.folder / "mapping.yaml"), "--yes", "--no-progress", "--rate", "0"]
        options += ["--settle", str(self.rough.settle), "--timeout", str(self.rough.timeout)]
        options += ["--concurrency", str(self.rough.concurrency)]
        return options if self._canary else [*options, "--no-canary"]

    def _state(self) -> str:
        """The state of the only run, or the empty text if there is none yet."""
        journal = self.reports / "journal.sqlite3"
        if not journal.exists():
            return ""
        with closing(sqlite3.connect(journal)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
                return ""
            found = connection.execute("SELECT state FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        return str(found[0]) if found else ""

    def judge(self, code: int) -> None:
        """Check every invariant."""
        told = self._oracle.told(self.org)
        self.verdict.requests = told["requests"]
        self.verdict.faults = sum(told["faults"].values())
        if self.verdict.violations:
            return
        evidence = Evidence(
            leads=self.leads,
            oracle=told,
            results=self.results(),
            journal=self.reports / "journal.sqlite3",
            key=mark_of(self.key),
            doubts=self.verdict.kills * self.rough.concurrency,
            exit_code=self._said(code),
        )
        self.verdict.statuses.update(row["status"] for row in evidence.results)
        self.verdict.violations += violations(evidence)

    def _said(self, code: int) -> int:
        """The run's exit code: `report` has one of its own, so it is read from the summary."""
        if self._state() != "finished":
            return code
        return int(json.loads((self._run_folder() / "summary.json").read_text())["exit_code"])

    def results(self) -> list[dict[str, str]]:
        """The rows of results.csv."""
        with (self._run_folder() / "results.csv").open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def _run_folder(self) -> Path:
        return max(path.parent for path in self.reports.glob("*/results.csv"))

    def clean(self) -> None:
        """Remove the folder of a trial that went well."""
        shutil.rmtree(self.folder)


def trials(
    seeds: Iterable[int],
    rough: Rough,
    oracle: OracleProcess,
    launcher: Launcher,
    folder: Path,
    *,
    trial_type: type[Trial] = Trial,
) -> list[Verdict]:
    """Several trials one after the other; those that broke something keep their folder."""
    done = []
    for seed in seeds:
        name = "-".join(filter(None, (str(seed), rough.mutant, rough.crash.replace(":", "-"))))
        trial = trial_type(seed, rough, oracle, launcher, folder / name)
        done.append(trial.run())
        if not done[-1].violations:
            trial.clean()
    return done


def summed(done: list[Verdict]) -> str:
    """The counts of many trials in one line."""
    statuses = sum((verdict.statuses for verdict in done), Counter[str]())
    broken = [verdict for verdict in done if verdict.violations]
    requests, faults = sum(v.requests for v in done), sum(v.faults for v in done)
    return (
        f"{len(done)} trials, {sum(v.kills for v in done)} kills, {sum(v.starts for v in done)} starts, "
        f"{sum(v.stops for v in done)} stops, {requests} requests, "
        f"{faults / max(1, requests):.0%} of them with a fault, {sum(v.seconds for v in done):.0f} s; "
        f"{', '.join(f'{count} {status}' for status, count in statuses.most_common())}; "
        f"{len(broken)} trials with violations" + "".join(f"\n  seed {v.seed}: {v.violations[:5]}" for v in broken)
    )
