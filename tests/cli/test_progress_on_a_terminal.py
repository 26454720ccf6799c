"""What a person sees on a terminal while a run goes on: a real pseudo-terminal, a real server that fails."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pytest

from importer.cli.console import Console
from importer.model.operation import RowId
from importer.sandbox import Sandbox
from tests.cli.command_line import KEY, PLAIN_MAPPING, ROOT, CommandLine, lead, leads


def on_a_terminal(importer: CommandLine, *arguments: str, columns: int = 100) -> str:
    """All that the command writes to a terminal of so many columns (0: it does not say)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    command = [sys.executable, "-m", "importer", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **importer.environment}
    process = subprocess.Popen(
        command, cwd=importer.folder, env=environment, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    seen, end = b"", time.monotonic() + 300
    try:
        while time.monotonic() < end:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    seen += os.read(ours, 65536)
                except OSError:  # the other end is closed
                    break
            elif process.poll() is not None:
                break
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    return seen.decode()


@pytest.mark.slow
@pytest.mark.parametrize("columns", [100, 0])
def test_rows_rate_estimate_and_what_became_of_them(importer: CommandLine, columns: int) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([*leads(40), lead(99, Name="")])
    with Sandbox(rate=15, api_key=KEY) as server:
        importer.at(server)
        run = ("run", "list.csv", "-m", "m.yaml", "--rate", "16", "--no-canary", "--yes")
        seen = on_a_terminal(importer, *run, columns=columns)
    assert re.search(r"sending: +\d+%\|.*\| \d+ of 40 rows, +[\d.]+ rows/s, \d\d:\d\d left", seen), seen
    assert re.search(r"created \d+", seen), seen
    assert max(int(count) for count in re.findall(r"created (\d+)", seen)) > 10


@pytest.mark.slow
def test_while_the_server_is_away_it_says_until_when_it_waits(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(3))
    importer.environment |= {
        "SALESCHAT_ORG_ID": "o1",
        "SALESCHAT_API_KEY": KEY,
        "SALESCHAT_BASE_URL": "http://127.0.0.1:9",
    }
    seen = on_a_terminal(importer, "run", "list.csv", "-m", "m.yaml", "--yes")
    assert re.search(r"waiting until \d\d:\d\d:\d\d: no answer from the server", seen), seen


def test_on_a_pipe_a_line_says_the_same_also_while_nothing_moves(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.cli.console._LINE_EVERY", 0.0)
    console = Console()
    console.sending(1_000, 400)
    time.sleep(0.05)
    row = RowId(0, 2)
    for status in ("created", "created", "assign accepted", "duplicate", "rejected"):
        console.settled(status, row)
    console.settled("assign rejected", row)
    console.throttled()
    console.waiting("no answer from the server", 75.0)
    line = capsys.readouterr().err.splitlines()[-1]
    assert re.fullmatch(
        r"sending: 404 of 1,000 rows, [\d.]+ rows/s, about [\d.]+ s left; "
        r"waiting until \d\d:\d\d:\d\d: no answer from the server; "
        r"created 2, duplicate 1, needs attention 1, throttled 1, assign accepted 1",
        line,
    ), line

    assert float(re.findall(r"([\d.]+) rows/s", line)[0]) < 4 / 0.05, "what an earlier process did is not its speed"
    console.waiting("")
    console.tick()
    assert "waiting" not in capsys.readouterr().err.splitlines()[-1]
    console.done()


def test_a_row_whose_assignment_and_event_fail_needs_one_person(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.cli.console._LINE_EVERY", 0.0)
    console = Console()
    console.sending(2, 0)
    for number in (2, 3):
        for status in ("created", "assign rejected", "event unknown"):
            console.settled(status, RowId(0, number))
    console.tick()
    assert capsys.readouterr().err.splitlines()[-1].endswith("; created 2, needs attention 2")
