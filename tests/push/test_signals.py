"""Signals at random moments of a run: one drains and leaves no doubt, two leave no more than was in flight."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from importer.clock import SystemClock
from importer.journal.store import Journal
from importer.journal.writer import Writer
from importer.runs import closing, job
from importer.runs.postponed import postponed
from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import KEY, MAPPING, CommandLine, command_line, leads, read_csv

__all__ = ["command_line"]

TRIALS = int(os.environ.get("IMPORTER_TEST_SIGNAL_TRIALS", "4"))
ROOT = Path(__file__).parents[2]
ROWS = 40
CONCURRENCY = 4
SENDING = ("--settle", "0", "--rate", "0", "--concurrency", str(CONCURRENCY), "--yes", "--no-progress", "--no-canary")
SLOW = Faults(slow=1.0, slow_seconds=0.05, slow_jitter=0.1)
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}


@dataclass
class Trial:
    """A run of its own, in a folder and an organisation of its own."""

    folder: Path
    rng: random.Random
    started: float = 0.0
    pid: int = 0
    signals: list[tuple[float, signal.Signals]] = field(default_factory=list)
    began: float = 0.0
    last_signal: float = 0.0
    seconds: float = 0.0

    @property
    def org(self) -> str:
        return f"org-{self.folder.name}"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    @property
    def is_sending(self) -> bool:
        holder = self.reports / ".sending.json"
        log = list(self.reports.glob("*/importer.log"))
        return holder.exists() and bool(log) and "sending:" in log[0].read_text()

    @property
    def code(self) -> int | None:
        file = self.folder / "out.code"
        if file.exists() and (text := file.read_text()):
            return int(text)
        return None if Path(f"/proc/{self.pid}").exists() else -1

    def results(self) -> list[dict[str, str]]:
        (run,) = [path for path in self.reports.iterdir() if path.is_dir()]
        return read_csv(run / "results.csv")

    def doubts(self) -> int:
        """Requests that may have had effect and were not answered: noted ones and those found on opening."""
        with Journal(self.reports, SystemClock().now) as journal:
            found = journal.recover()
            noted = journal.connection.execute("SELECT count(*) FROM leads WHERE maybe").fetchone()[0]
            follow_ups = journal.connection.execute(
                "SELECT count(*) FROM operations WHERE kind != 'create' AND doubt_at IS NOT NULL"
            ).fetchone()[0]
        return max(found, noted + follow_ups)


class Forker:
    def __init__(self) -> None:
        command = [sys.executable, str(ROOT / "tests/push/forked.py")]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SALESCHAT_")}
        environment |= {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=environment
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def start(self, trial: Trial, sandbox: Sandbox, *argv: str) -> None:
        environment = {
            "SALESCHAT_ORG_ID": trial.org,
            "SALESCHAT_API_KEY": sandbox.api_key,
            "SALESCHAT_BASE_URL": sandbox.base_url,
        }
        order = {"argv": argv, "env": environment, "cwd": str(trial.folder), "out": str(trial.folder / "out")}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        (trial.folder / "out.code").unlink(missing_ok=True)
        self._process.stdin.write(json.dumps(order) + "\n")
        trial.pid = int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def forker() -> Iterator[Forker]:
    if sys.platform != "linux":
        pytest.skip("watches processes as Linux shows them")
    forker = Forker()
    yield forker
    forker.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rate=0, api_key=KEY, faults=SLOW) as running:
        yield running


def prepared(place: Path, seed: str) -> list[Trial]:
    trials = []
    for number in range(TRIALS):
        folder = place / f"{seed}-{number}"
        folder.mkdir()
        (folder / "m.yaml").write_text(MAPPING)
        CommandLine(folder).table(leads(ROWS))
        trials.append(Trial(folder, random.Random(f"{seed} {number}")))
    return trials


def carry_out(trials: list[Trial], forker: Forker, sandbox: Sandbox, *argv: str) -> None:
    """Run all of them side by side, with their signals at their moments after they began to send."""
    for trial in trials:
        forker.start(trial, sandbox, *argv)
    deadline = time.monotonic() + 60
    running = list(trials)
    while running:
        assert time.monotonic() < deadline, [(trial.folder / "out").read_text() for trial in running]
        now = time.monotonic()
        for trial in list(running):
            if trial.code is not None:
                trial.seconds = now - trial.last_signal if trial.last_signal else 0.0
                running.remove(trial)
            elif not trial.began:
                trial.began = now if trial.is_sending else 0.0
            elif trial.signals and now - trial.began >= trial.signals[0][0]:
                os.kill(trial.pid, trial.signals.pop(0)[1])
                trial.last_signal = now
        time.sleep(0.005)


def assert_true(trial: Trial, sandbox: Sandbox) -> None:
    """Every label is what the server says."""
    stored = {lead.crm_id: lead for lead in sandbox.state.leads if lead.org == trial.org}
    rows = trial.results()
    assert len(rows) == ROWS
    for row in rows:
        lead = stored.get(row["crm_id"])
        if row["status"] == "created":
            assert lead is not None
            assert (row["events"] != "accepted") or len(lead.events) == 1
        else:
            assert row["status"] == "pending", row


def finish(trials: list[Trial], forker: Forker, sandbox: Sandbox) -> None:
    for trial in trials:
        trial.began = trial.last_signal = 0.0
        trial.signals.clear()
    unfinished = [trial for trial in trials if trial.code != 0]
    carry_out(unfinished, forker, sandbox, "resume", *SENDING)
    for trial in trials:
        assert trial.code in (0, 1), (trial.folder / "out").read_text()
        stored = [lead for lead in sandbox.state.leads if lead.org == trial.org]
        assert [lead.creates for lead in stored] == [1] * ROWS
        unconfirmed = {row["crm_id"] for row in trial.results() if row["status"] == "created_unconfirmed"}
        assert len(unconfirmed) <= CONCURRENCY
        for lead in stored:
            assert len(lead.events) == (lead.crm_id not in unconfirmed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_drains_and_leaves_no_doubt(
    tmp_path: Path, forker: Forker, sandbox: Sandbox, number: signal.Signals
) -> None:
    trials = prepared(tmp_path, f"once-{number.name}")
    for trial in trials:
        trial.signals = [(trial.rng.uniform(0.0, 1.0), number)]
    carry_out(trials, forker, sandbox, "run", "list.csv", "-m", "m.yaml", *SENDING)
    for trial in trials:
        out = (trial.folder / "out").read_text()
        assert "Traceback" not in out
        assert trial.code == CODES[number], out
        assert trial.seconds < 10, "what was on its way is finished within seconds"
        assert trial.doubts() == 0
        assert_true(trial, sandbox)
    finish(trials[:2], forker, sandbox)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_two_signals_stop_at_once_and_leave_no_more_than_was_in_flight(
    tmp_path: Path, forker: Forker, sandbox: Sandbox, number: signal.Signals
) -> None:
    trials = prepared(tmp_path, f"twice-{number.name}")
    for trial in trials:
        first = trial.rng.uniform(0.0, 0.8)
        trial.signals = [(first, number), (first + trial.rng.uniform(0.0, 0.15), number)]
    carry_out(trials, forker, sandbox, "run", "list.csv", "-m", "m.yaml", *SENDING)
    for trial in trials:
        out = (trial.folder / "out").read_text()
        assert "Traceback" not in out
        assert trial.code == CODES[number], out
        assert trial.seconds < 10
        assert trial.doubts() <= 3 * CONCURRENCY
        assert_true(trial, sandbox)
    finish(trials[:2], forker, sandbox)


def test_a_signal_while_the_report_is_written_does_not_cost_the_report(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping()
    importer.table(leads(3))
    importer.at(sandbox, "reporting")
    end_run = closing.end_run

    def interrupted(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return end_run(*arguments, **options)

    monkeypatch.setattr(closing, "end_run", interrupted)
    assert importer("run", "list.csv", "-m", "m.yaml", *SENDING).code == 0
    assert importer.statuses() == ["created"] * 3


@pytest.mark.parametrize("number", list(CODES))
def test_a_signal_when_all_is_sent_changes_nothing(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Between the last answer and the report: what was sent is being ended, and nothing is left to be stopped."""
    importer.mapping()
    importer.table(leads(3))
    importer.at(sandbox, f"ending-{number.name}")
    leave = Writer.__aexit__

    async def interrupted(*arguments: Any) -> None:
        os.kill(os.getpid(), number)
        await leave(*arguments)

    monkeypatch.setattr(Writer, "__aexit__", interrupted)
    assert importer("run", "list.csv", "-m", "m.yaml", *SENDING).code == 0
    assert importer.statuses() == ["created"] * 3


@pytest.mark.parametrize("number", list(CODES))
def test_a_run_that_sent_does_not_say_that_nothing_was_sent(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    importer.mapping()
    importer.table(leads(3))
    importer.at(sandbox, f"told-{number.name}")
    send = job.send

    def interrupted(*arguments: Any, **options: Any) -> Any:
        send(*arguments, **options)
        os.kill(os.getpid(), number)

    with monkeypatch.context() as patched:
        patched.setattr(job, "send", interrupted)
        done = importer("run", "list.csv", "-m", "m.yaml", *SENDING)
    assert done.code == CODES[number]
    assert "before anything was sent" not in done.out
    assert "`importer resume` goes on" in done.out
    assert importer.statuses() == ["created"] * 3
    assert importer("resume", *SENDING).code == 0
    assert importer.statuses() == ["created"] * 3


@pytest.mark.parametrize("number", list(CODES))
def test_the_second_signal_is_not_postponed(number: signal.Signals) -> None:
    def ends(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, ends)
    try:
        with pytest.raises(KeyboardInterrupt), postponed():
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is ends
        with postponed():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is ends
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("when", ["at once", "while sending"])
def test_nobody_listening_to_stdout_stops_nothing(importer: CommandLine, sandbox: Sandbox, when: str) -> None:
    """SIGPIPE: the rows and the report matter more than what `head` wanted to see of them."""
    importer.mapping()
    importer.table(leads(10))
    importer.at(sandbox, f"pipe {when}".replace(" ", "-"))
    process = importer.start("run", "list.csv", "-m", "m.yaml", *SENDING, "-v", "--json")
    assert process.stdout is not None
    if when == "while sending":
        while not list(importer.reports.glob("*/importer.log")):
            time.sleep(0.01)
    process.stdout.close()
    assert process.stderr is not None
    try:
        told = process.stderr.read()
        assert process.wait(60) == 0, told
    finally:
        process.kill()
        process.stderr.close()
    assert "Traceback" not in told
    assert "BrokenPipe" not in told
    assert importer.statuses() == ["created"] * 10
