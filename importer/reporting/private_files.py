"""Files that only their owner can read, and that are complete or not there.

Every report goes through `replacing`: written beside its final place, synced, and moved over the old one. A report of
an earlier attempt stays intact until the new one is complete.
"""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

from importer.private import FILE_MODE, private_folder, refuse_link, refused

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` when the block ends well, and vanishes when it does not.

    The file is 0600 whatever the umask, and on disk before it is moved. A symbolic link at `path` is refused: what
    it points at is never written. Raises LocalDiskError when the disk refuses; the old file is then untouched.
    """
    private_folder(path.parent)
    refuse_link(path)
    try:
        # mkstemp opens with O_EXCL and O_NOFOLLOW: nobody can put a file or a link in its way.
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise refused(path, error) from error
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            beside.chmod(FILE_MODE)
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise refused(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def removed(path: Path) -> None:
    """Remove a report that an earlier attempt has left and this one does not write. Raises LocalDiskError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise refused(path, error) from error


@contextmanager
def replacing_text(path: Path, *, encoding: str = "utf-8") -> Iterator[TextIO]:
    """As `replacing`, for text with `\\n` as written.

    What cannot be encoded (half a surrogate pair in a server's answer) is written as an escape and stops nothing.
    """
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding=encoding, errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            # The wrapper would write what is left of a failed report when it is collected.
            _detached(text)


def _detached(text: io.TextIOWrapper) -> None:
    """Detach the file below; an error of the disk has been raised already."""
    try:
        text.detach()
    except OSError:
        text.close = lambda: None  # type: ignore[method-assign]


def _sync_folder(folder: Path) -> None:
    """Make the move itself durable, where folders can be opened (not on Windows)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
