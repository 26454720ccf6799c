"""The command `importer` as a person or a script calls it, in a folder of its own."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from importer.cli import main
from importer.sandbox import Sandbox
from tests.canary import CANARY, found_in, leaks

ROOT = Path(__file__).parents[2]
KEY = CANARY
ORG = "o1"
COLUMNS = ("ID", "Name", "Phone", "City", "Owner", "Stage")
MAPPING = """\
version: 1
name: tiny
lead:
  crm_id: ID
  first_name: {column: Name, part: first}
  last_name: {column: Name, part: last}
  phone_number: {column: Phone}
  attributes: {city: City}
assign: {user_email: Owner, when_blank: skip}
events:
  - {event: LEAD_IMPORTED, key: w47, when: {column: Stage, not_blank: true}, attributes: {stage: Stage}}
"""
FAST = ("--rate", "0", "--settle", "0", "--yes")
"""Options of a run that waits for nothing and asks nothing."""

PLAIN_MAPPING = """\
version: 1
name: plain
lead: {crm_id: ID, first_name: Name, phone_number: Phone, attributes: {}}
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document

    @property
    def error(self) -> str:
        """The one error message."""
        errors = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, self.err
        return errors[0].removeprefix("error: ")


@dataclass
class CommandLine:
    """Calls `importer` in `folder`; in this process (fast), or in one of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str | Path) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        return self._checked(Ended(int(code), out.getvalue(), err.getvalue()))

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """A process of its own; `finished` ends it."""
        command = [sys.executable, "-W", "error", "-m", "importer", *map(str, arguments)]
        environment = {**_without_settings(os.environ), "PYTHONPATH": str(ROOT), **self.environment}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen(command, cwd=self.folder, env=environment, **pipes)

    def finished(self, process: subprocess.Popen[str], within: float = 300) -> Ended:
        try:
            out, err = process.communicate(timeout=within)
        finally:
            process.kill()
        return self._checked(Ended(process.returncode, out, err))

    def process(self, *arguments: str | Path) -> Ended:
        return self.finished(self.start(*arguments))

    def _checked(self, ended: Ended) -> Ended:
        """What holds for every call: no traceback, no defect, no secret."""
        assert "Traceback" not in ended.err, ended.err
        assert "defect" not in ended.err, ended.err
        assert not (leak := found_in(ended.out) or found_in(ended.err)), leak
        return ended

    # files

    def at(self, sandbox: Sandbox, org: str = ORG) -> None:
        """From now on the settings name this server."""
        self.environment |= {
            "SALESCHAT_ORG_ID": org,
            "SALESCHAT_API_KEY": sandbox.api_key,
            "SALESCHAT_BASE_URL": sandbox.base_url,
        }
        os.environ.update(self.environment)  # the fixture puts it back

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def mapping(self, text: str = MAPPING, name: str = "m.yaml") -> Path:
        return self.write(name, text)

    def table(self, rows: Sequence[Sequence[str]], name: str = "list.csv", columns: Sequence[str] = COLUMNS) -> Path:
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    # what a run left

    @property
    def reports(self) -> Path:
        return self.folder / "reports"

    def latest(self) -> Path:
        return max(path for path in self.reports.iterdir() if path.is_dir())

    def results(self, run: Path | None = None) -> list[dict[str, str]]:
        return read_csv((run or self.latest()) / "results.csv")

    def rejects(self, run: Path | None = None) -> list[dict[str, str]]:
        return read_csv((run or self.latest()) / "rejects.csv")

    def summary(self, run: Path | None = None) -> dict[str, Any]:
        document = json.loads(((run or self.latest()) / "summary.json").read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        return document

    def statuses(self, run: Path | None = None) -> list[str]:
        return [row["status"] for row in self.results(run)]

    def assert_no_secret(self) -> None:
        assert leaks(self.folder) == []


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def lead(number: int, **changes: str) -> list[str]:
    """A row of a list: valid, and different from every other."""
    row = {
        "ID": f"L-{number:04}",
        "Name": f"Asha Test{number}",
        "Phone": f"+9198765{number:05}",
        "City": "Pune",
        "Owner": f"owner{number % 3}@leads.example",
        "Stage": "warm",
    }
    return list({**row, **changes}.values())


def leads(count: int, first: int = 1) -> list[list[str]]:
    return [lead(number) for number in range(first, first + count)]


def _without_settings(environment: Any) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("SALESCHAT_")}


@pytest.fixture(name="importer")
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """`importer` in an empty folder, with no settings, and everything that `main` changes put back afterwards."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    umask = os.umask(0o022)
    monkeypatch.chdir(tmp_path)
    for name in ("SALESCHAT_ORG_ID", "SALESCHAT_API_KEY", "SALESCHAT_TOKEN", "SALESCHAT_BASE_URL"):
        monkeypatch.setenv(name, "")  # remembered, so that it is put back
        monkeypatch.delenv(name)
    command = CommandLine(tmp_path)
    yield command
    os.umask(umask)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    command.assert_no_secret()


@pytest.fixture
def sandbox(importer: CommandLine) -> Iterator[Sandbox]:
    """A sandbox without a rate limit, which the settings name."""
    with Sandbox(rate=0, api_key=KEY) as running:
        importer.at(running)
        yield running
