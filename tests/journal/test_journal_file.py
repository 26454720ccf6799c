"""The file itself: private, durable, refused when it cannot be trusted."""

import asyncio
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importer.errors import LocalDiskError, RunError
from importer.journal.database import FILE_NAME, open_database
from importer.journal.runs import Journal
from importer.journal.schema import VERSION
from importer.journal.writer import Writer
from importer.model.run import RunRequest, RunState
from tests.journal.conftest import INFO, Book, planned
from tests.planned import add_rows


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_it_is_opened_so_that_a_commit_survives_a_power_loss(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "r")
    try:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2, "FULL"
        assert pragma(connection, "secure_delete") == 1
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "user_version") == VERSION
    finally:
        connection.close()


def test_everything_of_it_is_private(book: Book) -> None:
    book.plan(planned(2))
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in book.folder.iterdir()}
    assert {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"} <= set(files)
    assert set(files.values()) == {0o600}
    assert stat.S_IMODE(book.folder.stat().st_mode) == 0o700


def test_a_newer_layout_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection = open_database(tmp_path)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(RunError, match="newer importer"):
        open_database(tmp_path)
    plain = sqlite3.connect(tmp_path / FILE_NAME)
    assert pragma(plain, "user_version") == VERSION + 1
    plain.close()


@pytest.mark.parametrize("content", [b"no database " * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(LocalDiskError) as caught:
        open_database(tmp_path)
    assert FILE_NAME in caught.value.message
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_it_is_never_written_through_a_link(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"")
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / FILE_NAME).symlink_to(elsewhere)
    with pytest.raises(LocalDiskError):
        open_database(tmp_path / "r")
    assert elsewhere.read_bytes() == b""


def test_commits_of_one_moment_share_one_transaction(tmp_path: Path) -> None:
    open_database(tmp_path).close()
    begun: list[str] = []

    async def main() -> None:
        async with Writer(tmp_path) as writer:
            await writer.commit(lambda connection: connection.set_trace_callback(begun.append))
            begun.clear()
            await asyncio.gather(*(writer.commit(_tenant(number)) for number in range(100)))

    asyncio.run(main())
    assert sum(statement.startswith("BEGIN") for statement in begun) <= 3
    connection = open_database(tmp_path)
    assert connection.execute("SELECT count(*) FROM tenants").fetchone()[0] == 100
    connection.close()


def _tenant(number: int) -> Callable[..., Any]:
    return lambda connection: connection.execute("INSERT INTO tenants (origin, org) VALUES ('x', ?)", (str(number),))


def test_after_a_failed_commit_every_later_one_fails_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    open_database(tmp_path).close()

    def full(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def main() -> None:
        async with Writer(tmp_path) as writer:
            await writer.commit(_tenant(1))
            together = await asyncio.gather(
                writer.commit(_tenant(2)), writer.commit(full), writer.commit(_tenant(3)), return_exceptions=True
            )
            assert any(isinstance(each, LocalDiskError) for each in together)
            with pytest.raises(LocalDiskError, match="disk is full"):
                await writer.commit(_tenant(4))
            assert isinstance(together[1], LocalDiskError)
            kept.append(1 + sum(each is None for each in together))

    kept: list[int] = []
    asyncio.run(main())
    connection = open_database(tmp_path)
    assert connection.execute("SELECT count(*) FROM tenants").fetchone()[0] == kept[0], "said is done, and only that"
    connection.close()


def test_while_another_process_writes_the_commit_waits_and_the_event_loop_does_not(tmp_path: Path) -> None:
    other = open_database(tmp_path)

    async def main() -> None:
        async with Writer(tmp_path) as writer:
            await writer.commit(_tenant(1))
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(writer.commit(_tenant(2)))
            for _ in range(10):
                await asyncio.sleep(0.01)
            assert not waiting.done(), "the loop stood still until SQLite had given up"
            other.execute("COMMIT")
            await waiting

    asyncio.run(main())
    assert other.execute("SELECT count(*) FROM tenants").fetchone()[0] == 2
    other.close()


def test_a_disk_error_while_the_journal_is_in_use_is_said_as_one(book: Book) -> None:
    with pytest.raises(LocalDiskError), book.journal:
        raise sqlite3.OperationalError("disk I/O error")


# runs


def request() -> RunRequest:
    return RunRequest(files=("a.csv",), mapping_path="m.yaml", mapping_text="version: 1", rate=3.0, limit=7)


def test_a_run_comes_back_as_it_was_asked_for(book: Book) -> None:
    run = book.journal.begin("r", "run", request())
    assert book.journal.run("r") == run
    assert run.request == request()
    assert (run.state, run.planned, run.command) == (RunState.PREPARING, False, "run")


def test_a_taken_id_gets_a_number(book: Book) -> None:
    assert [book.journal.begin("r", "run", request()).run_id for _ in range(3)] == ["r", "r-2", "r-3"]
    assert book.journal.run("r").run_id == "r", "the whole id goes before the beginning of others"


def test_a_run_is_found_by_the_beginning_of_its_id(book: Book) -> None:
    for name in ("20261122-a", "20261123-a", "20261123-b"):
        book.journal.begin(name, "run", request())
    assert book.journal.run("20261122").run_id == "20261122-a"
    assert book.journal.run("latest").run_id == "20261123-b"
    with pytest.raises(RunError, match="several"):
        book.journal.run("20261123")
    for nobody in ("x", "%", "2026_122"):
        with pytest.raises(RunError, match="no run"):
            book.journal.run(nobody)


def test_the_latest_unfinished_run(book: Book) -> None:
    with pytest.raises(RunError):
        book.journal.latest_unfinished()
    book.journal.begin("a-check", "check", request())
    with pytest.raises(RunError):
        book.journal.latest_unfinished()
    book.plan(planned(2), name="one")
    book.plan(planned(2), name="two")
    book.journal.end(book.run, RunState.FINISHED, exit_code=0, reason="", seconds=1.0)
    assert book.journal.latest_unfinished().run_id == "one"


def test_seconds_of_all_processes_add_up(book: Book) -> None:
    book.plan(planned(2))
    for seconds in (1.5, 2.0):
        book.journal.end(book.run, RunState.STOPPED, exit_code=4, reason="x", seconds=seconds)
    assert book.journal.run("run-1").seconds == 3.5


def test_planning_again_leaves_nothing_of_the_plan_before(book: Book) -> None:
    run = book.journal.begin("r", "run", request())
    for numbers in ((2, 3, 4), (2,)):
        plan = book.journal.plan(run, to_send=True)
        plan.add_source(0, INFO)
        add_rows(plan, [planned(number) for number in numbers])
    assert sum(plan.statuses().values()) == 1


def test_two_journals_of_one_folder_see_each_other(book: Book) -> None:
    book.plan(planned(2))
    with Journal(book.folder, lambda: book.time) as other:
        assert other.run("run-1").planned
