"""Interrupting a run while it is sending."""

import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing

from tests.cli.command_line import CommandLine, Ended


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def interrupt_while_sending(
    importer: CommandLine, process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT
) -> Ended:
    """Signal the process half a second after it began to send, and wait for its end."""
    wait_for(lambda: _is_sending(importer), process)
    time.sleep(0.5)
    process.send_signal(number)
    return importer.finished(process)


def _is_sending(importer: CommandLine) -> bool:
    journal = importer.reports / "journal.sqlite3"
    if not journal.exists():
        return False
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        try:
            return bool(connection.execute("SELECT 1 FROM runs WHERE state = 'sending'").fetchone())
        except sqlite3.OperationalError:  # the tables are still being made
            return False
