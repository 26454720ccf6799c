"""A journal whose -wal was lost after a crash: SQLite opens it as if nothing had happened, without the last commits."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, PLAIN_MAPPING, CommandLine, leads

WARNING = "journal.sqlite3-wal is missing, although the process that sent last was killed"
DIE = """
import os, signal, sqlite3, sys
from importer.crm.client import LeadsClient
send, asked, looking = LeadsClient.send, [], []
async def dying(self, call):
    seen = await send(self, call)
    asked.append(call)
    if len(asked) == 1:  # what was planned is in the file, what is sent from here on is not
        looking.append(sqlite3.connect("reports/journal.sqlite3"))
        looking[0].execute("PRAGMA wal_checkpoint(PASSIVE)")
    if len(asked) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return seen
LeadsClient.send = dying
from importer.cli import entry
sys.argv = ["importer", *sys.argv[1:]]
entry()
"""


@pytest.fixture
def killed(importer: CommandLine, sandbox: Sandbox) -> Iterator[CommandLine]:
    """Eight leads, of which some were created when the process was killed."""
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(8))
    process = subprocess.run(
        [sys.executable, "-c", DIE, "run", "list.csv", "-m", "m.yaml", *FAST, "--no-canary"],
        cwd=importer.folder,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    assert (importer.reports / "journal.sqlite3-wal").stat().st_size > 0
    yield importer


def remove(importer: CommandLine, *endings: str) -> None:
    for ending in endings:
        (importer.reports / f"journal.sqlite3{ending}").unlink()


@pytest.mark.slow
@pytest.mark.parametrize("endings", [("-wal",), ("-wal", "-shm")])
def test_a_journal_whose_wal_was_lost_is_noticed_and_reported(killed: CommandLine, endings: tuple[str, ...]) -> None:
    remove(killed, *endings)
    looked = killed("doctor")
    assert looked.code == 2
    assert WARNING in looked.out
    for command in ("runs", "runs"):
        assert WARNING in killed(command).err, "until it was resumed"
    assert WARNING in killed("resume", "--yes").err
    assert WARNING not in killed("runs").err


@pytest.mark.slow
def test_a_journal_with_its_wal_is_not_suspected(killed: CommandLine) -> None:
    for command in (("runs",), ("doctor",), ("resume", "--yes"), ("runs",)):
        ended = killed(*command)
        assert WARNING not in ended.out + ended.err
    assert set(killed.statuses()) <= {"created", "created_unconfirmed"}


@pytest.mark.slow
def test_a_journal_that_another_program_has_looked_into_is_not_suspected(killed: CommandLine) -> None:
    """Closing it, SQLite moves the -wal into the journal and removes it."""
    with closing(sqlite3.connect(killed.reports / "journal.sqlite3")) as connection:
        connection.execute("SELECT * FROM runs").fetchall()
    assert not (killed.reports / "journal.sqlite3-wal").exists()
    ended = killed("resume", "--yes")
    assert WARNING not in ended.err
    assert set(killed.statuses()) <= {"created", "created_unconfirmed"}


@pytest.mark.slow
def test_a_resumed_run_calls_nothing_a_duplicate_that_a_lost_request_may_have_created(killed: CommandLine) -> None:
    remove(killed, "-wal", "-shm")
    ended = killed("resume", "--yes")
    assert WARNING in ended.err
    assert ended.code == 1
    assert "duplicate" not in ended.out
    statuses = killed.statuses()
    assert set(statuses) == {"created", "created_unconfirmed"}
    assert statuses.count("created_unconfirmed") >= 2, "those whose outcome was lost"
