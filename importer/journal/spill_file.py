"""A spill file for the cells of valid rows, which a later step needs only if the whole file shows a row to be wrong."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from importer.journal.database import disk_error

BatchKey = tuple[int, int, int]
"""Run, source, number of the first row."""


class SpillFile:
    """A file without a name in the reports folder, gone with this process. Raises LocalDiskError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._places: dict[BatchKey, tuple[int, int]] = {}

    def put(self, key: BatchKey, block: memoryview) -> None:
        """Keep the block of a batch."""
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
        assert self._file is not None  # noqa: S101 - only blocks that were put there are asked for
        begin, size = self._places[key]
        try:
            self._file.seek(begin)
            return self._file.read(size)
        except OSError as error:
            raise disk_error(self._folder, error) from error

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            with suppress(OSError):  # a full disk was reported when it was met, and nobody needs these bytes any more
                self._file.close()
