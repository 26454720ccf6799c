"""What a run leaves is its owner's alone from the first moment on, and never written through a link."""

import os
import stat
import time
from pathlib import Path

import openpyxl
import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import COLUMNS, FAST, CommandLine, lead, leads

LINKS = (
    "journal.sqlite3",
    "journal.sqlite3-wal",
    "journal.sqlite3-shm",
    "journal.sqlite3-journal",
    ".sending.lock",
    ".sending.json",
)
REPORTS = {
    *("results.csv", "rejects.csv", "rejects.xlsx", "problems.csv", "leads.csv"),
    *("report.html", "annotated.xlsx", "summary.json"),
}


def seen_modes(folder: Path, into: dict[str, set[int]]) -> None:
    """The permissions of everything that is there at this moment."""
    for path in (folder, *folder.rglob("*")):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "file"
        into.setdefault(f"{kind} {path.name}", set()).add(stat.S_IMODE(status.st_mode))


@pytest.mark.slow
def test_every_file_is_private_at_every_moment_whatever_the_umask(importer: CommandLine, sandbox: Sandbox) -> None:
    """Watched from outside while it runs: what vanishes again (-wal, -shm, lock, half a report) counts, too.

    With the umask that takes nothing away: every other leaves a file with the same permissions or fewer.
    """
    importer.mapping()
    importer.table(leads(60))
    modes: dict[str, set[int]] = {}
    arguments = ("run", "list.csv", "-m", "m.yaml", "--reports-dir", "new/reports", *FAST)
    process = importer.start(*arguments, preexec_fn=lambda: os.umask(0o000))
    while process.poll() is None:
        seen_modes(importer.folder / "new", modes)
        time.sleep(0.001)
    assert importer.finished(process).code == 0
    seen_modes(importer.folder / "new", modes)
    names = {name.split()[1] for name in modes}
    assert {"journal.sqlite3", "journal.sqlite3-wal", "journal.sqlite3-shm", ".sending.lock", ".sending.json"} <= names
    assert {"results.csv", "rejects.csv", "problems.csv", "leads.csv", "report.html", "importer.log"} <= names
    assert {name: found for name, found in modes.items() if name.startswith("file") and found != {0o600}} == {}
    assert {name: found for name, found in modes.items() if name.startswith("folder") and found != {0o700}} == {}


def test_the_command_has_a_strict_umask_for_whatever_it_starts_or_forgets(importer: CommandLine) -> None:
    """Each file is made private by itself; this is for those that libraries make."""
    os.umask(0o000)  # the fixture puts it back
    assert importer("runs").code == 0
    assert os.umask(0o077) == 0o077


def test_the_mapping_that_init_writes_is_private_too(importer: CommandLine) -> None:
    importer.table(leads(3))
    assert importer("init", "list.csv", "-o", "m.yaml").code == 0
    assert stat.S_IMODE((importer.folder / "m.yaml").stat().st_mode) == 0o600
    assert importer("init", "list.csv", "-o", "m.yaml", "--force").code == 0
    assert [path.name for path in importer.folder.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("name", LINKS)
def test_a_link_in_the_reports_folder_is_refused(
    importer: CommandLine, sandbox: Sandbox, name: str, exists: bool
) -> None:
    importer.mapping()
    importer.table(leads(3))
    target = importer.folder / "precious"
    if exists:
        target.write_text("precious")
    importer.reports.mkdir()
    (importer.reports / name).symlink_to(target)
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert (ended.code, f"{name}: is a symbolic link" in ended.error) == (5, True)
    assert target.exists() is exists
    assert not exists or target.read_text() == "precious"
    assert sandbox.state.snapshot()["leads"] == []


def test_a_link_in_the_place_of_a_runs_folder_is_refused(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping()
    importer.table(leads(3))
    importer("run", "list.csv", "-m", "m.yaml", *FAST)
    run = importer.latest()
    target = importer.folder / "precious"
    run.rename(target)
    before = {path.name: path.read_bytes() for path in target.iterdir()}
    run.symlink_to(target)
    for arguments in (("report", "latest"), ("purge", "--older-than", "0d")):
        ended = importer(*arguments)
        assert ended.code == 5
        assert run.name in ended.error
    assert {path.name: path.read_bytes() for path in target.iterdir()} == before


def test_every_report_takes_the_place_of_the_old_one_and_is_not_written_into_it(
    importer: CommandLine, sandbox: Sandbox
) -> None:
    """Whoever has the old one open, or linked hard elsewhere, keeps what it was."""
    importer.mapping()
    book = openpyxl.Workbook()
    for row in (COLUMNS, *leads(3), lead(4, Phone="1")):
        book.active.append(row)
    book.save(importer.folder / "list.xlsx")
    assert importer("run", "list.xlsx", "-m", "m.yaml", *FAST).code == 1
    reports = [path for path in importer.latest().iterdir() if path.name != "importer.log"]
    assert {path.name for path in reports} == REPORTS
    for path in reports:
        (importer.folder / path.name).hardlink_to(path)
        path.write_bytes(b"old")
    assert importer("report", "latest").code == 0
    assert {path.name for path in reports if path.read_bytes() != b"old"} == REPORTS
    assert {name for name in REPORTS if (importer.folder / name).read_bytes() == b"old"} == REPORTS


def test_a_mapping_is_never_written_through_a_link(importer: CommandLine) -> None:
    importer.table(leads(3))
    target = importer.folder / "precious"
    target.write_text("precious")
    (importer.folder / "m.yaml").symlink_to(target)
    ended = importer("init", "list.csv", "-o", "m.yaml", "--force")
    assert (ended.code, "symbolic link" in ended.error) == (5, True)
    assert target.read_text() == "precious"
