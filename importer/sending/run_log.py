"""importer.log: what happened when, for support. It holds row numbers, states and counts, no personal data.

Neither cells nor the server's own words are logged (both may name people), and no other logger writes into it: httpx
would log every address, and with it crm_ids. The log of a run is a logger of its own that is registered nowhere, so a
program that runs several imports side by side gets several logs, and keeps its own logging as it is.
"""

import logging
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from importer.model.visible import visible
from importer.private import open_private, private_folder, refuse_link

FILE_NAME: Final = "importer.log"

_OFF: Final = logging.Logger("importer", level=logging.CRITICAL + 1)
_current: ContextVar[logging.Logger] = ContextVar("run_log", default=_OFF)


def run_log() -> logging.Logger:
    """The log of the run that this code works for; outside of one, a logger that writes nothing."""
    return _current.get()


class OneLine(logging.Formatter):
    """Every record is one line of visible characters; of an exception it shows type and place, never its values."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as the log has it."""
        line = visible(super().formatMessage(self._completed(record)))
        error = record.exc_info[1] if record.exc_info else None
        # Where a traceback was made already, its last line begins with the type.
        kind = place_of(error) if error else (record.exc_text or "").rpartition("\n")[2].partition(":")[0]
        return f"{line}: {visible(kind)}" if kind else line

    def _completed(self, record: logging.LogRecord) -> logging.LogRecord:
        record.message = record.getMessage()
        if self.usesTime():
            record.asctime = self.formatTime(record, self.datefmt)
        return record


def place_of(error: BaseException) -> str:
    """The type of an exception and where it was raised, without the values that were there: they may be personal."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


@contextmanager
def logged(folder: Path) -> Iterator[None]:
    """Append what the block logs to the run's log, readable by its owner alone. Raises LocalDiskError."""
    refuse_link(folder)
    private_folder(folder)
    with os.fdopen(open_private(folder / FILE_NAME, os.O_APPEND), "a", encoding="utf-8") as stream:
        formatter = OneLine("%(asctime)s.%(msecs)03dZ %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter)
        log = logging.Logger("importer", level=logging.INFO)
        log.addHandler(handler)
        token = _current.set(log)
        try:
            yield
        finally:
            _current.reset(token)
            handler.close()
