"""The service in somebody else's program: any thread, several at once, and nothing of the process is changed."""

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.crm.credential import Credential, CredentialKind
from importer.errors import RunError
from importer.exit_codes import ExitCode
from importer.model.operation import RowId
from importer.runs.finish import Finished
from importer.runs.go_ahead import Announcement
from importer.runs.service import Service
from importer.runs.settings import load_settings
from importer.sandbox import Sandbox
from importer.sending.progress import Progress
from importer.sending.push import Destination
from importer.sending.run_log import FILE_NAME
from importer.sending.stop_request import StopRequest

MAPPING = """\
version: 1
name: weekly
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
"""
ROWS = 12


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rate=0) as server:
        yield server


@pytest.fixture
def unchanged() -> Iterator[None]:
    """What belongs to the process is after the test what it was before."""
    before = _of_the_process()
    yield
    assert _of_the_process() == before


def _of_the_process() -> dict[str, Any]:
    loggers = {name: logging.getLogger(name) for name in ("", "importer", "importer.sandbox.app", "httpx", "asyncio")}
    return {
        "gc": (gc.isenabled(), gc.get_threshold()),
        "signals": {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)},
        "logging": {
            name: (logger.level, logger.propagate, logger.disabled, list(logger.handlers), list(logger.filters))
            for name, logger in loggers.items()
        },
        "records": logging.getLogRecordFactory(),
        "threads": threading.active_count(),
    }


class Program:
    """One folder of a program that uses the importer."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "m.yaml").write_text(MAPPING)
        rows = [("ID", "Name", "Phone")]
        rows += [(f"{folder.name}-{number}", "Asha", f"+9198765{number:05}") for number in range(ROWS)]
        self.table = folder / ("list.xlsx" if folder.name == "two" else "list.csv")
        if self.table.suffix == ".xlsx":  # which is read by a process of its own
            book = openpyxl.Workbook()
            for row in rows:
                book.worksheets[0].append(row)
            book.save(self.table)
        else:
            self.table.write_text("".join(f"{','.join(row)}\n" for row in rows))
        credential = Credential(CredentialKind.API_KEY, sandbox.api_key, source="the test")
        self.destination = Destination.of(sandbox.base_url, folder.name, lambda: credential)
        self.settings = load_settings(
            {"reports_dir": folder / "reports", "base_url": sandbox.base_url, "org": folder.name, "rate": 0.0},
            environment={},
            folder=folder,
        )

    def check_run_resume(self) -> list[Finished]:
        """A check, a run that is stopped after its first rows, and its resumption."""
        stop = StopRequest()
        with Service(self.settings) as service:
            request = service.request([self.table], self.folder / "m.yaml", canary=False)
            checked = service.check(request, name="check")
        with Service(self.settings, progress=StopsAfter(3, stop), stop=stop) as service:
            stopped = service.run(request, self.destination)
        with Service(self.settings) as service:
            resumed = service.resume(service.to_resume(), self.destination)
        return [checked, stopped, resumed]


class StopsAfter(Progress):
    """Asks for the end as soon as so many rows have their status."""

    def __init__(self, rows: int, stop: StopRequest) -> None:
        self._rows = rows
        self._stop = stop

    def settled(self, status: str, row: RowId) -> None:
        self._rows -= 1
        if self._rows == 0:
            another_thread = threading.Thread(target=self._stop.set)
            another_thread.start()
            another_thread.join()


def assert_done(finished: list[Finished]) -> None:
    checked, stopped, resumed = finished
    assert checked.ended.report.counts == {"valid": ROWS}
    assert stopped.ended.exit_code is ExitCode.INTERRUPTED
    assert 0 < stopped.ended.report.counts["created"] < ROWS
    assert resumed.ended.report.run_id == stopped.ended.report.run_id
    assert resumed.ended.report.counts == {"created": ROWS}
    assert resumed.ended.exit_code is ExitCode.DONE


@pytest.mark.usefixtures("unchanged")
def test_two_at_once_in_threads(tmp_path: Path, sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    programs = [Program(tmp_path / name, sandbox) for name in ("one", "two")]
    with ThreadPoolExecutor(max_workers=2) as threads:
        for finished in threads.map(Program.check_run_resume, programs):
            assert_done(finished)
    assert capfd.readouterr() == ("", "")
    for program in programs:
        logs = [path.read_text() for path in program.folder.glob(f"reports/*/{FILE_NAME}")]
        run_ids = {path.parent.name for path in program.folder.glob(f"reports/*/{FILE_NAME}")}
        assert len(logs) == len(run_ids) == 2, "a check and a run"
        for text in logs:
            named = {run_id for run_id in run_ids if f" {run_id}: importer" in text}
            assert len(named) == 1, "each log is about its own run"


@pytest.mark.usefixtures("unchanged")
def test_two_at_once_beside_a_running_event_loop(tmp_path: Path, sandbox: Sandbox) -> None:
    async def main() -> list[list[Finished]]:
        programs = [Program(tmp_path / name, sandbox) for name in ("one", "two")]
        return await asyncio.gather(*(asyncio.to_thread(program.check_run_resume) for program in programs))

    with asyncio.Runner() as runner:
        for finished in runner.run(main()):
            assert_done(finished)


@pytest.mark.usefixtures("unchanged")
def test_in_the_main_thread_ctrl_c_stays_the_programs(tmp_path: Path, sandbox: Sandbox) -> None:
    seen = []

    class Looks(Progress):
        def settled(self, status: str, row: RowId) -> None:
            seen.append(signal.getsignal(signal.SIGINT))

    program = Program(tmp_path / "one", sandbox)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Service(program.settings, progress=Looks()) as service:
            request = service.request([program.table], program.folder / "m.yaml", canary=False)
            assert service.run(request, program.destination).ended.report.counts == {"created": ROWS}
    finally:
        signal.signal(signal.SIGINT, before)
    assert set(seen) == {signal.default_int_handler}


def test_nothing_is_sent_that_is_not_confirmed(tmp_path: Path, sandbox: Sandbox) -> None:
    announced: list[Announcement] = []

    def confirm(about: Announcement) -> bool:
        announced.append(about)
        return False

    program = Program(tmp_path / "one", sandbox)
    with Service(program.settings, confirm=confirm) as service:
        request = service.request([program.table], program.folder / "m.yaml")
        stopped = service.run(request, program.destination)
        assert [(about.rows, about.org) for about in announced] == [(ROWS, "one")]
        assert stopped.stop is not None
        assert stopped.stop.exit_code is ExitCode.USAGE
        (past,) = service.history()
    assert (past.run.run_id, past.counts) == (stopped.ended.report.run_id, {"pending": ROWS})


def test_the_other_commands_work_on_the_same_folder(tmp_path: Path, sandbox: Sandbox) -> None:
    program = Program(tmp_path / "one", sandbox)
    assert all(finding.fine for finding in Service(program.settings).preflight() if finding.subject != "credential")
    finished = program.check_run_resume()[-1]
    with Service(program.settings) as service:
        report = Path(finished.ended.files["summary.json"])
        report.unlink()
        service.report(finished.ended.report.run_id)
        assert report.exists()
        assert [past.run.command for past in service.history()] == ["run", "check"]
        with pytest.raises(RunError, match="is finished"):
            service.resume(service.to_resume("latest"), program.destination)


def test_a_run_that_was_never_planned_is_resumed_with_the_choices_given_now(tmp_path: Path, sandbox: Sandbox) -> None:
    program = Program(tmp_path / "one", sandbox)
    with Service(program.settings) as service:
        request = service.request([program.table], program.folder / "m.yaml", canary=False)
        service.run(request, program.destination)
    program.table.write_text(program.table.read_text() + f"one-{ROWS},Ravi,+919876500099\n")
    with Service(program.settings, confirm=lambda _: False) as service:
        declined = service.run(request, program.destination, name="declined").ended.report.run_id
    with Service(program.settings) as service:
        run = service.to_resume(declined, skip_known=True)
        assert not run.planned
        assert service.resume(run, program.destination).ended.report.counts == {"skipped_known": ROWS, "created": 1}
