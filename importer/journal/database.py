"""Opening the journal's file so that what is committed survives a power loss."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from importer.errors import LocalDiskError, RunError, SettingsError
from importer.journal.schema import LAYOUTS, VERSION
from importer.private import FILE_MODE, private_folder, refuse_link

FILE_NAME: Final = "journal.sqlite3"

HOLDER_NAME: Final = ".sending.json"
"""Who sends from the folder; what is left of it after a crash was written last with the last commit."""

PATIENCE: Final = 10_000
"""Milliseconds that a statement waits for another process's lock."""


MOUNTS: Final = Path("/proc/self/mountinfo")
"""Linux's table of what is mounted where; other systems have none, and nothing is refused there."""

_NETWORK: Final = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "smb2",
        "ncpfs",
        "afs",
        "ceph",
        "glusterfs",
        "davfs",
        "beegfs",
        "ocfs2",
        "gfs2",
        "lustre",
    }
    | {f"fuse.{name}" for name in ("sshfs", "davfs2", "rclone", "s3fs", "gcsfuse", "glusterfs", "cephfs", "smbnetfs")}
)


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
    those of its other connection included; the next process to look into the journal would take itself for the only one
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


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit at the end of the block; roll back when it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def run_ids(folder: Path, beginning: str) -> list[tuple[str, str, str]]:
    """(run_id, command, state) of the runs whose id begins so, newest first; none where there is no journal."""
    address = f"file:{quote(str((folder / FILE_NAME).absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=0.5)) as connection:
            found = connection.execute(
                "SELECT run_id, command, state FROM runs WHERE substr(run_id, 1, length(?)) = ? ORDER BY id DESC",
                (beginning, beginning),
            ).fetchall()
    except sqlite3.Error:
        return []
    return [(str(run_id), str(command), str(state)) for run_id, command, state in found]


def refuse_network_drive(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise SettingsError for a folder on a network drive.

    SQLite's write-ahead log needs memory that is shared with every process that has the file open, and locks that
    hold: neither is true over a network, and then a row may be sent twice. Source: sqlite.org/wal.html.
    """
    kind = kind_of_disk(folder, mounts)
    if kind in _NETWORK:
        raise SettingsError(
            f"{folder} is on a network drive ({kind}), where the journal is not safe",
            tip="Give a folder on a local disk with --reports-dir, and copy the reports afterwards.",
        )


def kind_of_disk(folder: Path, mounts: Path = MOUNTS) -> str:
    """The file system's name, such as `ext4`; empty where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    real = folder.resolve()
    found, depth = "", -1
    for line in lines:
        place, kind = _mount(line)
        # The last one counts where one is mounted over another.
        if kind and (real == place or place in real.parents) and len(place.parts) >= depth:
            found, depth = kind, len(place.parts)
    return found


def _mount(line: str) -> tuple[Path, str]:
    """Where and what, of a line such as `36 35 98:0 / /mnt rw shared:1 - ext3 /dev/root rw` (see proc(5))."""
    before, _, after = line.partition(" - ")
    fields, kind = before.split(" "), after.split(" ")[0]
    if len(fields) < 5:
        return Path(), ""
    return Path(re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])), kind
