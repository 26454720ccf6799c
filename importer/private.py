"""Folders and files that only their owner can read, and that are never reached through a symbolic link."""

import errno
import os
from pathlib import Path
from typing import Final

from importer.errors import LocalDiskError

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700

_TIPS: Final = {
    errno.ENOSPC: "Free some space on this disk; `importer report` then writes the report again from the journal.",
    errno.EDQUOT: "Your quota on this disk is used up. Free some space; `importer report` then writes it again.",
    errno.EROFS: "This disk is read-only. Give another folder with --reports-dir.",
}
_TIP: Final = "Check that you have permission to write to this folder, or give another one with --reports-dir."


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, each readable by its owner alone; returns `path`.

    Raises LocalDiskError. Folders that exist keep their permissions.
    """
    try:
        for folder in reversed([folder for folder in (path, *path.parents) if not folder.exists()]):
            folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    except OSError as error:
        raise refused(path, error) from error
    if not path.is_dir():
        raise LocalDiskError(f"{path}: is not a folder", tip=_TIP)
    return path


def refuse_link(path: Path) -> None:
    """Raise LocalDiskError where a file or folder of the importer has been replaced by a symbolic link."""
    if path.is_symlink():
        raise LocalDiskError(f"{path}: is a symbolic link, and nothing is ever written through one", tip="Remove it.")


def open_private(path: Path, flags: int) -> int:
    """Open a file of the importer for writing, created if missing; raises LocalDiskError for a link."""
    refuse_link(path)
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | flags | getattr(os, "O_NOFOLLOW", 0), FILE_MODE)
    except OSError as error:
        raise refused(path, error) from error


def refused(path: Path, error: OSError) -> LocalDiskError:
    """The system's error as one of ours, with what to do about it."""
    reason = error.strerror or str(error)
    return LocalDiskError(f"{path}: cannot be written: {reason}", tip=_TIPS.get(error.errno or 0, _TIP))
