"""A disk that fills up, or a reports folder that goes away, while a run is sending."""

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from importer.errors import LocalDiskError
from importer.journal.writer import Writer
from importer.sandbox import Sandbox
from tests.cli.command_line import KEY, CommandLine, command_line, leads, sandbox

pytestmark = pytest.mark.slow

__all__ = ["command_line", "sandbox"]

TRIALS = int(os.environ.get("IMPORTER_TEST_DISK_TRIALS", "2"))
ROWS = 150
SENDING = ("--settle", "0", "--rate", "0", "--yes", "--no-progress", "--quiet")


def may_mount() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[None]:
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> None:
    """Another program that takes all the space there is."""
    with suppress(OSError), (folder / "ballast").open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def requests(sandbox: Sandbox) -> int:
    return sum(sum(sandbox.state.answers(endpoint).values()) for endpoint in ("create", "assign", "event"))


@contextmanager
def happening(sandbox: Sandbox, after: int, deed: Callable[[], object]) -> Iterator[None]:
    """Does it when the server answers that request, before the answer leaves: no machine is too slow for that."""
    count = sandbox.state.count

    def counted(*arguments: str) -> None:
        count(*arguments)
        if requests(sandbox) == after:
            deed()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox.state, "count", counted)
        yield


def intents(reports: Path) -> int:
    """How many requests the journal knows of."""
    with sqlite3.connect(reports / "journal.sqlite3") as journal:
        attempts = journal.execute("SELECT coalesce(sum(attempts), 0) FROM operations").fetchone()[0]
        canaries = journal.execute("SELECT coalesce(sum(canaries), 0) FROM runs").fetchone()[0]
    journal.close()
    return int(attempts + canaries)


def assert_truth(importer: CommandLine, sandbox: Sandbox, reports: Path) -> None:
    results = importer.results(max(path for path in reports.iterdir() if path.is_dir()))
    assert len(results) == ROWS
    stored = {lead.crm_id: lead for lead in sandbox.state.leads}
    assert set(stored) == {row["crm_id"] for row in results}
    for row in results:
        lead = stored[row["crm_id"]]
        assert lead.creates == 1
        assert row["status"] in ("created", "created_unconfirmed")
        assert len(lead.events) == (row["events"] == "accepted")
        assert (row["events"] == "accepted") == (row["status"] == "created")


@pytest.mark.skipif(not may_mount(), reason="only root on Linux can mount a small disk")
@pytest.mark.parametrize("trial", range(TRIALS))
@pytest.mark.parametrize("mib", [1, 2, 8])
def test_on_a_full_disk_nothing_is_sent_that_is_not_written_down(
    importer: CommandLine, tmp_path: Path, mib: int, trial: int
) -> None:
    importer.mapping()
    importer.table(leads(ROWS))
    reports = tmp_path / "disk"
    after = random.Random(f"{mib} {trial}").randint(1, ROWS * 2)
    with small_disk(reports, mib), Sandbox(rate=0, api_key=KEY) as sandbox:
        importer.at(sandbox)
        with happening(sandbox, after, lambda: fill(reports)):
            ended = importer("run", "list.csv", "-m", "m.yaml", "--reports-dir", reports, *SENDING)
        assert ended.code == 5, ended
        assert "space" in ended.err
        assert requests(sandbox) <= intents(reports), "a request left whose intent was never written"
        left = requests(sandbox)
        assert importer("resume", "--reports-dir", reports, *SENDING).code in (5, 2)
        assert requests(sandbox) <= left + 1, "at most what fitted into the pages that were there already"

        (reports / "ballast").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,size=64m", reports], check=True)
        again = importer("resume", "--reports-dir", reports, *SENDING)
        assert again.code in (0, 1), again
        assert_truth(importer, sandbox, reports)
        with sqlite3.connect(reports / "journal.sqlite3") as journal:
            assert journal.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        journal.close()


@pytest.mark.skipif(not may_mount(), reason="only root on Linux can mount a disk that can only be read")
def test_a_folder_that_can_only_be_read_is_refused_before_the_first_request(
    importer: CommandLine, tmp_path: Path
) -> None:
    importer.mapping()
    importer.table(leads(3))
    reports = tmp_path / "disk"
    with small_disk(reports, 8), Sandbox(rate=0, api_key=KEY) as sandbox:
        importer.at(sandbox)
        subprocess.run(["mount", "-o", "remount,ro", reports], check=True)
        ended = importer("run", "list.csv", "-m", "m.yaml", "--reports-dir", reports / "deeper", *SENDING)
        assert ended.code == 5, ended
        assert requests(sandbox) == 0

        subprocess.run(["mount", "-o", "remount,rw", reports], check=True)
        assert importer("check", "list.csv", "-m", "m.yaml", "--reports-dir", reports).code == 0
        subprocess.run(["mount", "-o", "remount,ro", reports], check=True)
        ended = importer("run", "list.csv", "-m", "m.yaml", "--reports-dir", reports, *SENDING)
        assert ended.code == 5, ended
        assert requests(sandbox) == 0


def run_folder(reports: Path) -> Path:
    return max(path for path in reports.iterdir() if path.is_dir())


def in_the_way(reports: Path) -> None:
    """Somebody puts a folder where a report belongs."""
    (run_folder(reports) / "results.csv").mkdir()


def linked(reports: Path) -> None:
    (run_folder(reports) / "results.csv").symlink_to("/etc/hostname")


def removed(reports: Path) -> None:
    for path in run_folder(reports).iterdir():
        path.unlink()
    run_folder(reports).rmdir()


@pytest.mark.parametrize("deed", [in_the_way, linked, removed])
def test_what_goes_wrong_with_the_reports_does_not_harm_the_rows(
    importer: CommandLine, sandbox: Sandbox, deed: Callable[[Path], None]
) -> None:
    importer.mapping()
    importer.table(leads(ROWS))
    with happening(sandbox, 40, lambda: deed(importer.reports)):
        ended = importer("run", "list.csv", "-m", "m.yaml", *SENDING)
    assert requests(sandbox) == ROWS * 3 + 1, "every row was sent to the end"
    if deed is removed:
        assert ended.code == 0, ended
    else:
        assert ended.code == 5, ended
        assert "results.csv" in ended.err
        there = run_folder(importer.reports) / "results.csv"
        there.unlink() if there.is_symlink() else there.rmdir()
        assert importer("report", "latest").code == 0
    assert_truth(importer, sandbox, importer.reports)


def test_a_journal_that_vanishes_while_sending_is_said(importer: CommandLine, sandbox: Sandbox) -> None:
    """Whoever deletes the whole folder in the middle of a run hears of it, and no lead is doubled by the next run."""
    importer.mapping()
    importer.table(leads(ROWS))

    def vanish() -> None:
        for path in importer.reports.glob("journal.sqlite3*"):
            path.unlink()

    with happening(sandbox, 100, vanish):
        importer("run", "list.csv", "-m", "m.yaml", *SENDING)
    assert importer("run", "list.csv", "-m", "m.yaml", "--on-duplicate", "follow-up", *SENDING).code == 0
    assert [lead.creates for lead in sandbox.state.leads] == [1] * ROWS
    assert [len(lead.events) for lead in sandbox.state.leads] == [1] * ROWS


@pytest.mark.parametrize("refusal", [ValueError("no"), OSError(28, "No space left on device"), OverflowError("large")])
def test_whatever_goes_wrong_with_a_change_is_heard_and_nothing_is_written_after_it(
    tmp_path: Path, refusal: Exception
) -> None:
    def refused(_: sqlite3.Connection) -> None:
        raise refusal

    async def main() -> list[BaseException | None]:
        async with Writer(tmp_path / "reports") as writer:
            together = [writer.commit(lambda connection: connection.execute("SELECT 1")), writer.commit(refused)]
            heard = await asyncio.wait_for(asyncio.gather(*together, return_exceptions=True), 60)
            later = await asyncio.gather(writer.commit(lambda _: None), return_exceptions=True)
            return [*heard, *later]

    heard = asyncio.run(main())
    expected = LocalDiskError if isinstance(refusal, OSError) else type(refusal)
    assert [type(each) for each in heard] == [expected] * 3


def test_a_journal_that_cannot_be_opened_for_writing_is_heard(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").mkdir()

    async def main() -> None:
        async with Writer(tmp_path) as writer:
            await asyncio.wait_for(writer.commit(lambda _: None), 60)

    with pytest.raises(LocalDiskError):
        asyncio.run(main())
