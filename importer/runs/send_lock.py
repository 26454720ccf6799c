"""One process sends from a reports folder at a time; a second one learns who and since when."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from importer.errors import LocalDiskError, RunError
from importer.journal.database import FILE_NAME, HOLDER_NAME
from importer.journal.runs import Journal
from importer.private import FILE_MODE, open_private, refuse_link

_LOCK: Final = ".sending.lock"


@contextmanager
def sending_lock(folder: Path, run_id: str, now: datetime) -> Iterator[None]:
    """Hold the lock for the block; the system frees it when the process dies. RunError when it is taken."""
    lock, holder = _lock_of(folder), folder / HOLDER_NAME
    try:
        lock.acquire()
    except Timeout as error:
        raise RunError(
            f"another process is sending from {folder}: {_shown(holder)}",
            tip="Wait until it has finished, or stop it with Ctrl-C; it can be resumed.",
        ) from error
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        _write(holder, {"run": run_id, "pid": os.getpid(), "since": now.isoformat(timespec="seconds")})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def is_sending(folder: Path) -> bool:
    """Whether a process plans or sends a run of the folder."""
    try:
        with _lock_of(folder):
            return False
    except Timeout:
        return True


def lost_commits(journal: Journal) -> str:
    """The warning if a process died here while it was sending, and SQLite's -wal with its last commits is gone.

    The empty text if nothing is missing; from then on that death is history. A clean end leaves nothing to look at.
    """
    holder, path = journal.folder / HOLDER_NAME, journal.folder / FILE_NAME
    if not holder.exists() or is_sending(journal.folder):
        return ""
    # Opening and closing the journal after such a death moves the -wal into it and removes the -shm.
    is_moved = "-shm" not in journal.found and journal.found.get("", 0) >= holder.stat().st_mtime_ns
    who = _read(holder)
    if not who.get("lost") and ("-wal" in journal.found or is_moved):
        holder.unlink(missing_ok=True)
        return ""
    _write(holder, {**who, "lost": True})  # opening the journal has covered the tracks
    return (
        f"{path}-wal is missing, although the process that sent last was killed ({_shown(holder)}). SQLite keeps its "
        "last commits there, so the journal may not know what was sent. If somebody moved the file, put it back "
        "before you do anything else. Otherwise `importer resume` assumes that every lead still to be sent may "
        "exist, and a new run may report leads as duplicates that the old one created."
    )


def _lock_of(folder: Path) -> FileLock:
    refuse_link(folder / _LOCK)
    return FileLock(folder / _LOCK, timeout=0, mode=FILE_MODE)


def _write(holder: Path, who: dict[str, object]) -> None:
    try:
        with os.fdopen(open_private(holder, os.O_TRUNC), "w", encoding="utf-8") as file:
            json.dump(who, file)
    except OSError as error:
        raise _refused(holder.parent, error) from error


def _refused(folder: Path, error: OSError) -> LocalDiskError:
    return LocalDiskError(
        f"nothing can be written in {folder}: {error}",
        tip="Free some disk space or fix the folder's permissions; to continue a run that had started: importer resume",
    )


def _shown(holder: Path) -> str:
    who = _read(holder)
    return "run unknown" if not who else f"run {who['run']}, process {who['pid']}, since {who['since']}"


def _read(holder: Path) -> dict[str, object]:
    try:
        who = json.loads(holder.read_text())
    except (OSError, ValueError):
        return {}
    return who if isinstance(who, dict) and {"run", "pid", "since"} <= who.keys() else {}
