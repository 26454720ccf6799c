"""What is wanted again only if the whole file turns against a row, and never after the command."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from importer.journal.database import disk_error

BatchKey = tuple[int, int, int]
"""Run, source, number of the first row."""


class Aside:
    """A file without a name in the reports folder, gone with this process. Raises LocalDiskError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._places: dict[BatchKey, tuple[int, int]] = {}

    def put(self, key: BatchKey, block: memoryview) -> None:
        """Set the block of a batch aside."""
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115  closed with the journal
            self._places[key] = (self._file.seek(0, 2), len(block))
            self._file.write(block)
            self._file.flush()
        except OSError as error:
            raise disk_error(self._folder, error) from error

    def get(self, key: BatchKey) -> bytes:
        """The block of a batch."""
        assert self._file is not None  # noqa: S101 - whoever asks has put it there
        begin, size = self._places[key]
        try:
            self._file.seek(begin)
            return self._file.read(size)
        except OSError as error:
            raise disk_error(self._folder, error) from error

    def close(self) -> None:
        """Let go of everything."""
        if self._file is not None:
            with suppress(OSError):  # of a full disk, which was told when it was met: nobody needs these bytes any more
                self._file.close()
