"""The lock of a reports folder: private by itself, never taken through a link, and it says who holds it."""

import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from importer import private
from importer.errors import LocalDiskError, RunError
from importer.runs import send_lock
from importer.runs.send_lock import sending_lock

NOW = datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)
FILES = (".sending.lock", ".sending.json")


@pytest.fixture(params=[0o000, 0o022])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_its_files_are_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    """Whoever calls it, and not only the command, which has a strict umask of its own."""
    with sending_lock(tmp_path, "run-1", NOW):
        modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in FILES}
    assert modes == dict.fromkeys(FILES, 0o600)


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_neither_is_written_through_a_link(tmp_path: Path, name: str, exists: bool) -> None:
    target = tmp_path / "precious"
    if exists:
        target.write_text("precious")
    reports = tmp_path / "reports"
    reports.mkdir()
    (reports / name).symlink_to(target)
    with pytest.raises(LocalDiskError, match=rf"\{name}: is a symbolic link"), sending_lock(reports, "run-1", NOW):
        pass
    assert target.exists() is exists
    assert not exists or target.read_text() == "precious"


@pytest.mark.parametrize(("name", "looks"), [(".sending.lock", send_lock), (".sending.json", private)])
def test_a_link_that_is_put_there_after_the_look_is_not_followed_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, looks: ModuleType
) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    reports = tmp_path / "reports"
    reports.mkdir()
    monkeypatch.setattr(looks, "refuse_link", lambda path: path.symlink_to(target))
    with pytest.raises(LocalDiskError), sending_lock(reports, "run-1", NOW):
        pass
    assert target.read_text() == "precious"
    assert name == ".sending.json" or (reports / name).is_symlink()


def test_a_second_one_learns_who_holds_it_and_changes_nothing(tmp_path: Path) -> None:
    with sending_lock(tmp_path, "run-1", NOW):
        with (
            pytest.raises(RunError, match=f"run run-1, process {os.getpid()}, since 2026-11-22T15:04:05"),
            sending_lock(tmp_path, "run-2", NOW),
        ):
            pass
        assert json.loads((tmp_path / ".sending.json").read_text())["run"] == "run-1"
    with sending_lock(tmp_path, "run-2", NOW):
        pass
