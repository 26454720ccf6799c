"""Interrupting a run while it is sending."""

import signal
import subprocess
import time
from collections.abc import Callable

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
    holder = importer.reports / ".sending.json"
    wait_for(lambda: holder.exists() and holder.read_text().endswith("}"), process)
    time.sleep(0.5)
    process.send_signal(number)
    return importer.finished(process)
