"""importer.log: one line for each record, in visible characters, readable by its owner alone."""

import logging
import os
import stat
from pathlib import Path

import pytest

from importer.errors import LocalDiskError
from importer.sending.run_log import FILE_NAME, logged, run_log


def written(folder: Path) -> str:
    return (folder / FILE_NAME).read_text(encoding="utf-8")


def test_a_record_is_one_line_of_visible_characters(tmp_path: Path) -> None:
    with logged(tmp_path):
        run_log().info("read %s", "a\r\n2026-01-01T00:00:00.000Z ERROR forged\x1b[2J\u202e")
    (line,) = written(tmp_path).splitlines()
    assert line.endswith("INFO    read a\\x0d\\x0a2026-01-01T00:00:00.000Z ERROR forged\\x1b[2J\\u202e")


def test_an_exception_is_logged_by_type_and_place_without_its_values(tmp_path: Path) -> None:
    with logged(tmp_path):
        try:
            int("Asha +919876543210")
        except ValueError:
            run_log().exception("the report failed")
    (line,) = written(tmp_path).splitlines()
    assert "the report failed: ValueError" in line
    assert "Asha" not in line


def test_a_traceback_that_was_made_already_is_logged_by_its_type(tmp_path: Path) -> None:
    with logged(tmp_path):
        record = logging.makeLogRecord({"msg": "failed", "levelno": logging.ERROR, "levelname": "ERROR"})
        record.exc_text = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: Asha'
        run_log().handle(record)
    (line,) = written(tmp_path).splitlines()
    assert line.endswith("ERROR   failed: ValueError")


def test_the_libraries_records_stay_out(tmp_path: Path) -> None:
    """httpx logs the address of every request, and crm_ids stand in addresses."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    try:
        with logged(tmp_path):
            logging.getLogger("httpx").warning("HTTP Request: PUT https://crm.example/v4/orgs/o/leads/L-1/assign")
            run_log().debug("crm_id L-1")
    finally:
        root.setLevel(before)
    assert written(tmp_path) == ""


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_it_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with logged(tmp_path / "new" / "run"):
            run_log().info("x")
    finally:
        os.umask(before)
    for path, mode in (("new", 0o700), ("new/run", 0o700), (f"new/run/{FILE_NAME}", 0o600)):
        assert stat.S_IMODE((tmp_path / path).stat().st_mode) == mode, path


@pytest.mark.parametrize("what", ["file", "folder", "dangling"])
def test_it_is_never_written_through_a_link(tmp_path: Path, what: str) -> None:
    precious = tmp_path / "precious"
    run = tmp_path / "run"
    if what == "folder":
        precious.mkdir()
        run.symlink_to(precious)
    else:
        run.mkdir()
        (run / FILE_NAME).symlink_to(precious)
        if what == "file":
            precious.write_text("precious")
    with pytest.raises(LocalDiskError) as caught, logged(run):
        run_log().info("x")
    assert caught.value.tip
    if what == "file":
        assert precious.read_text() == "precious"
    elif what == "folder":
        assert list(precious.iterdir()) == []
    else:
        assert not precious.exists()
