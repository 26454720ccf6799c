"""One process sends from a reports folder at a time; a second one is told who and since when."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from importer.errors import LocalDiskError, RunError
from importer.private import FILE_MODE, open_private, refuse_link

_LOCK: Final = ".sending.lock"
_HOLDER: Final = ".sending.json"


@contextmanager
def sending_lock(folder: Path, run_id: str, now: datetime) -> Iterator[None]:
    """Hold the lock for the block; the system frees it when the process dies. RunError when it is taken."""
    lock, holder = _lock_of(folder), folder / _HOLDER
    try:
        lock.acquire()
    except Timeout as error:
        raise RunError(
            f"another process is sending from {folder}: {_said(holder)}",
            tip="Wait until it is done, or stop it with Ctrl-C; it can be resumed.",
        ) from error
    except OSError as error:
        raise _refused(folder, error) from error
    try:
        _say(holder, {"run": run_id, "pid": os.getpid(), "since": now.isoformat(timespec="seconds")})
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


def _lock_of(folder: Path) -> FileLock:
    refuse_link(folder / _LOCK)
    return FileLock(folder / _LOCK, timeout=0, mode=FILE_MODE)


def _say(holder: Path, who: dict[str, object]) -> None:
    try:
        with os.fdopen(open_private(holder, os.O_TRUNC), "w", encoding="utf-8") as file:
            json.dump(who, file)
    except OSError as error:
        raise _refused(holder.parent, error) from error


def _refused(folder: Path, error: OSError) -> LocalDiskError:
    return LocalDiskError(
        f"nothing can be written in {folder}: {error}",
        tip="Free some disk space or fix the folder's permissions; `importer resume` then goes on with a run that "
        "had begun.",
    )


def _said(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text())
        return f"run {who['run']}, process {who['pid']}, since {who['since']}"
    except (OSError, ValueError, KeyError):
        return "it has not said which run"
