"""Reports are private, whole or not there, and never written through a link."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from importer.errors import LocalDiskError
from importer.private import private_folder
from importer.reporting.private_files import replacing, replacing_text


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "reports" / "run-1" / "results.csv"
    with replacing(path) as file:
        file.write(b"x")
        (beside,) = [found for found in path.parent.iterdir() if found != path]
        assert mode(beside) == 0o600
    assert path.read_bytes() == b"x"
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert mode(path.parent.parent) == 0o700


def test_a_folder_that_exists_keeps_its_permissions(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert private_folder(tmp_path) == tmp_path
    assert mode(tmp_path) == 0o755


def test_the_old_report_stays_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_a_block_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("old")

    def fail() -> None:
        with replacing_text(path) as file:
            file.write("half")
            raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        fail()
    assert [found.name for found in tmp_path.iterdir()] == ["results.csv"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_refused_and_its_target_untouched(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "precious"
    if exists:
        target.write_text("precious")
    path = tmp_path / "results.csv"
    path.symlink_to(target)
    with pytest.raises(LocalDiskError, match=r"results\.csv: is a symbolic link"), replacing(path) as file:
        file.write(b"x")
    assert path.is_symlink()
    assert target.exists() is exists
    assert not exists or target.read_text() == "precious"


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("")
    with (
        pytest.raises(LocalDiskError, match="reports") as caught,
        replacing(tmp_path / "reports" / "x" / "results.csv"),
    ):
        pass
    assert "--reports-dir" in caught.value.tip


def test_text_that_cannot_be_encoded_stops_nothing(tmp_path: Path) -> None:
    with replacing_text(tmp_path / "a.csv") as file:
        file.write("half \ud83d pair\r\n")
    assert (tmp_path / "a.csv").read_bytes() == b"half \\ud83d pair\r\n"


@pytest.mark.parametrize("opened", [replacing, replacing_text])
def test_a_full_disk_leaves_the_old_report_and_no_rest(small_disk: Path, opened: Callable[..., Any]) -> None:
    path = small_disk / "results.csv"
    path.write_text("old")
    blob = b"x" * 5_000 if opened is replacing else "x" * 5_000
    with (
        pytest.raises(LocalDiskError, match=r"results\.csv: cannot be written: No space left") as caught,
        opened(path) as file,
    ):
        for _ in range(40):
            file.write(blob)
    assert "Free some space" in caught.value.tip
    assert path.read_text() == "old"
    assert [found.name for found in small_disk.iterdir()] == ["results.csv"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_refuses_only_at_the_last_flush_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last buffer meets a full disk: the file beside is swapped for /dev/full below the open file."""
    path = tmp_path / "results.csv"
    path.write_text("old")
    with pytest.raises(LocalDiskError, match="No space left"), replacing_text(path) as file:
        file.write("small")
        full = os.open("/dev/full", os.O_WRONLY)
        os.dup2(full, file.buffer.fileno())
        os.close(full)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["results.csv"]


REPORT = """
import sys
from pathlib import Path
from importer.reporting.private_files import replacing_text
with replacing_text(Path(sys.argv[1])) as file:
    file.write("new")
"""
KINDS = {"write": "written", "fsync": "synced", "fdatasync": "synced"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace records what reaches the disk")
def test_a_report_is_on_disk_before_it_is_moved_and_the_move_is_too(tmp_path: Path) -> None:
    """Else a power loss leaves an empty report in the place of a whole one."""
    folder, trace = tmp_path / "reports", tmp_path / "trace.txt"
    calls = ["strace", "-f", "-y", "-e", "trace=write,fsync,fdatasync,rename,renameat,renameat2", "-o", str(trace)]
    subprocess.run([*calls, sys.executable, "-c", REPORT, str(folder / "results.csv")], check=True, timeout=300)
    done = []
    for call, rest in re.findall(r"^\d+ +(\w+)\((.*) = \d+$", trace.read_text(), re.MULTILINE):
        if f"{folder}" in rest:
            of = "folder" if f"{folder}>" in rest else "file"
            done.append(f"{of} {KINDS.get(call, 'moved')}")
    assert done == ["file written", "file synced", "file moved", "folder synced"]
