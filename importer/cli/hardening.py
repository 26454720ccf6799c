"""What the process does first: no dump, traceback or log can show the credential, and no lost terminal ends a run."""

import logging
import os
import sys
import threading
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, TextIO, cast

from importer.crm.redaction import redacted

_TALKATIVE: Final = ("httpx", "httpcore")
"""Libraries that log addresses (with crm_ids) and headers."""


def harden() -> None:
    """Harden this process; once, before anything is opened or read."""
    _make_streams_unfailing()
    with suppress(ImportError, ValueError, OSError):  # Windows has no limits
        import resource

        # A dump of the memory would hold the key and every lead that was read.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_elsewhere
    sys.unraisablehook = _uncaught_elsewhere
    logging.setLogRecordFactory(_Records(logging.getLogRecordFactory()))
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def traceback_of(error: BaseException) -> str:
    """Where an error came up: lines of code and its message, never the values of variables, never the credential."""
    return redacted("".join(traceback.TracebackException.from_exception(error, capture_locals=False).format()))


class _Records:
    """Makes the records of every logger, as the factory before did, but without the credential.

    Not a filter: a filter sees only the records of its own logger or handler, and libraries have their own.
    """

    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **named: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **named)
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):  # a wrong format is for logging to complain about
            text = f"{record.msg} {record.args}"
        if (clean := redacted(text)) != text:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = traceback_of(record.exc_info[1]).rstrip()
            record.exc_info = None
        return record


def _uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:  # noqa: ARG001
    with suppress(OSError, ValueError, AttributeError):  # there may be no stderr any more
        sys.stderr.write(kind.__name__ + "\n" if error is None else traceback_of(error))


def _uncaught_elsewhere(seen: Any) -> None:
    """In a thread, or where nothing could catch it."""
    if not issubclass(seen.exc_type, KeyboardInterrupt | SystemExit):  # a request to stop is noted where it came in
        _uncaught(seen.exc_type, seen.exc_value, seen.exc_traceback)


def _make_streams_unfailing() -> None:
    """Standard output and error that cannot end a command: a run never depends on a reader.

    A descriptor that the caller has closed (`>&-`) is taken by the null device: else the next file that is opened, the
    journal perhaps, would receive what is meant for the terminal.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest that is free, so this one
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        setattr(sys, name, cast(TextIO, _Unfailing(stream)))


class _Unfailing:
    """A stream whose reader may go away (`| head`, a closed terminal) or whose disk is full: the rest is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # ValueError: it was closed
            self._drop_the_rest()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._drop_the_rest()

    def _drop_the_rest(self) -> None:
        """To the null device, so that the interpreter does not complain at the end about what is still buffered."""
        name, encoding, errors = os.devnull, self._stream.encoding, self._stream.errors
        if not self._stream.closed:
            null = os.open(name, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)
        else:
            self._stream = open(name, "w", encoding=encoding, errors=errors)  # noqa: PTH123, SIM115 - a device, kept open

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
