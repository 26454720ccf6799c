"""The Python API in somebody else's program: threads, event loops, signals; nothing is printed, nothing is changed."""

import asyncio
import gc
import logging
import os
import signal
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import importer

MAPPING = {"version": 1, "name": "weekly", "lead": {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone"}}
ROWS = 12
LOGGERS = ("", "importer", "httpx", "httpcore", "uvicorn", "asyncio", "pandas")


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ["ID,Name,Phone", *(f"L-{number},Asha,+9198765{number:05}" for number in range(ROWS))]
    Path("list.csv").write_text("\n".join(lines))


@pytest.fixture
def server() -> Iterator[importer.Sandbox]:
    with importer.sandbox(rate=0) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_is_printed_or_changed(
    _working_folder: None, capfd: pytest.CaptureFixture[str], server: importer.Sandbox
) -> Iterator[None]:
    importer.check("list.csv", MAPPING, write=False)  # what libraries change when they are imported is not ours
    before = _of_the_process()
    yield
    assert _of_the_process() == before
    assert capfd.readouterr() == ("", "")


def _of_the_process() -> dict[str, Any]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    return {
        "gc": (gc.isenabled(), gc.get_threshold()),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "wakeup": _wakeup(),
        "logging": [(each.level, each.propagate, each.disabled, [*each.handlers], [*each.filters]) for each in loggers],
        "records": logging.getLogRecordFactory(),
        "warnings": (warnings.showwarning, [*warnings.filters]),
        "threads": threading.active_count(),
        "umask": _umask(),
        "environment": {name: text for name, text in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "folder": Path.cwd(),
    }


def _wakeup() -> int:
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    return descriptor


def _umask() -> int:
    mask = os.umask(0o77)
    os.umask(mask)
    return mask


def check_and_run(url: str, name: str) -> dict[str, int]:
    importer.check("list.csv", MAPPING, reports_dir=name)
    return importer.run("list.csv", MAPPING, base_url=url, org=name, reports_dir=name, rate=0).counts


def test_in_the_main_thread(server: importer.Sandbox) -> None:
    assert check_and_run(server.url, "one") == {"created": ROWS}


def test_in_several_threads_at_once(server: importer.Sandbox) -> None:
    with ThreadPoolExecutor(max_workers=2) as threads:
        assert [*threads.map(check_and_run, [server.url] * 2, ["one", "two"])] == [{"created": ROWS}] * 2


def test_beside_a_running_event_loop(server: importer.Sandbox) -> None:
    """As in a notebook, where a cell is run within a loop."""

    async def cell() -> dict[str, int]:
        return check_and_run(server.url, "one")

    assert asyncio.run(cell()) == {"created": ROWS}


def test_as_coroutines_that_do_not_block_the_loop(server: importer.Sandbox) -> None:
    async def main() -> list[importer.Report]:
        loop, seen = asyncio.get_running_loop(), asyncio.Event()

        def callback(progress: importer.Progress) -> None:
            if progress.phase == "sending" and not progress.done:
                loop.call_soon_threadsafe(seen.set)
                assert answered.wait(60), "the loop does not turn while the run works"

        answered = threading.Event()
        runs = asyncio.gather(
            importer.arun("list.csv", MAPPING, base_url=server.url, rate=0, reports_dir="one", on_progress=callback),
            importer.acheck("list.csv", MAPPING, write=False),
        )
        await seen.wait()
        answered.set()
        return [*await runs]

    assert [report.counts for report in asyncio.run(main())] == [{"created": ROWS}, {"valid": ROWS}]


def test_cancelling_a_task_stops_the_run_in_order(server: importer.Sandbox) -> None:
    async def main() -> None:
        loop, sending = asyncio.get_running_loop(), asyncio.Event()

        def callback(progress: importer.Progress) -> None:
            if progress.phase == "sending" and progress.done:
                loop.call_soon_threadsafe(sending.set)

        task = asyncio.create_task(
            importer.arun("list.csv", MAPPING, base_url=server.url, on_progress=callback, canary=False)
        )
        await sending.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    (past,) = importer.history()
    assert past.state == "interrupted"
    assert past.counts["created"] + past.counts["pending"] == ROWS
    assert importer.resume(past.run_id).counts == {"created": ROWS}


class Alarm(Exception):
    """What a scheduler's handler raises when a task takes too long."""


@pytest.mark.parametrize("raises", [KeyboardInterrupt, Alarm], ids=["ctrl-c", "a handler of the program"])
def test_what_a_signal_handler_raises_stops_the_run_in_order(
    raises: type[BaseException], server: importer.Sandbox
) -> None:
    def handler(*_: object) -> None:
        raise raises

    def callback(progress: importer.Progress) -> None:
        if progress.phase == "sending" and progress.done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with pytest.raises(raises):
            importer.run("list.csv", MAPPING, base_url=server.url, on_progress=callback, canary=False)
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    (past,) = importer.history()
    assert (past.state, past.exit_code) == ("interrupted", 130)
    assert "unknown" not in past.counts, "what was in flight was finished"
    assert importer.resume(past.run_id).counts == {"created": ROWS}


def test_a_handler_that_raises_nothing_leaves_the_run_alone(server: importer.Sandbox) -> None:
    heard = []

    def callback(progress: importer.Progress) -> None:
        if progress.phase == "sending" and progress.done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        result = importer.run("list.csv", MAPPING, base_url=server.url, on_progress=callback, rate=0, canary=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (result.counts, heard) == ({"created": ROWS}, [signal.SIGINT])


def test_an_error_is_raised_where_the_call_was_made() -> None:
    with pytest.raises(importer.SourceError), ThreadPoolExecutor(max_workers=1) as threads:
        threads.submit(importer.check, "nowhere.csv", MAPPING).result()
