"""Opening the journal's file so that what is committed survives a power loss."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from importer.errors import LocalDiskError, RunError
from importer.journal.schema import LAYOUTS, VERSION
from importer.journal.volume import refuse_network_drive
from importer.private import FILE_MODE, private_folder, refuse_link

FILE_NAME: Final = "journal.sqlite3"

HOLDER_NAME: Final = ".sending.json"
"""Who sends from the folder; what is left of it after a crash was written last with the last commit."""

PATIENCE: Final = 10_000
"""Milliseconds that a statement waits for another process's lock."""


def open_database(folder: Path, *, check_same_thread: bool = True) -> sqlite3.Connection:
    """The journal in `folder`, created with its tables when it is not there; files 0600, folder 0700.

    WAL with `synchronous=FULL` is the setting that lost no committed intent in simulated power losses.
    Raises LocalDiskError when the disk refuses, RunError when the file is newer than this program.
    """
    path = folder / FILE_NAME
    try:
        refuse_network_drive(folder)
        private_folder(folder)
        _create_private(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=check_same_thread)
        try:
            _prepare(connection)
        except sqlite3.Error:
            connection.close()
            raise
    except (OSError, sqlite3.Error) as error:
        raise disk_error(path, error) from error
    _check_version(connection, path)
    return connection


def disk_error(path: Path | str, error: Exception) -> LocalDiskError:
    """The journal's own words for whatever the disk or SQLite said."""
    return LocalDiskError(
        f"the journal {path} cannot be used: {error}",
        tip="Nothing is sent without it. Free some disk space or fix the folder's permissions; "
        "To continue a run that had started: importer resume",
    )


def _create_private(path: Path) -> None:
    """SQLite gives -wal and -shm the mode of the database; its own default would be readable for everybody.

    A journal that is there is never opened here. Closing it would drop every POSIX lock that this process has on it,
    those of its other connection included; whoever looked into the journal next would take himself for the only one
    and delete the -wal that is still being written.
    """
    for name in (FILE_NAME, *(f"{FILE_NAME}{ending}" for ending in ("-wal", "-shm", "-journal"))):
        refuse_link(path.with_name(name))
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, FILE_MODE))


def _prepare(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    for pragma in (
        f"busy_timeout = {PATIENCE}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "fullfsync = ON",
        "secure_delete = ON",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version < VERSION:
        for statement in ";\n".join(LAYOUTS[version:]).split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        connection.close()
        raise RunError(
            f"the journal {path} was written by a newer importer (layout {version}, this program knows {VERSION})",
            tip="Update the importer, or use another --reports-dir.",
        )
