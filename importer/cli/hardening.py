"""What the process does first, so that nothing it leaves behind can show the credential: dumps, tracebacks, logs."""

import logging
import sys
import threading
import traceback
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

from importer.crm.redaction import redacted

_TALKATIVE: Final = ("httpx", "httpcore")
"""Libraries that log addresses (with crm_ids) and headers."""


def harden() -> None:
    """Harden this process; once, before anything is read."""
    _leave_no_core()
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
        said = _said(record)
        if (clean := redacted(said)) != said:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = traceback_of(record.exc_info[1]).rstrip()
            record.exc_info = None
        return record


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # a wrong format is for logging to complain about
        return f"{record.msg} {record.args}"


def _uncaught(kind: type[BaseException], error: BaseException | None, where: TracebackType | None) -> None:  # noqa: ARG001
    with suppress(OSError, ValueError, AttributeError):  # there may be no stderr any more
        sys.stderr.write(kind.__name__ + "\n" if error is None else traceback_of(error))


def _uncaught_elsewhere(seen: Any) -> None:
    """In a thread, or where nobody could catch it."""
    if not issubclass(seen.exc_type, KeyboardInterrupt | SystemExit):  # a wish to end is noted where it came in
        _uncaught(seen.exc_type, seen.exc_value, seen.exc_traceback)


def _leave_no_core() -> None:
    """A dump of the memory would hold the key and every lead that was read."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no limits
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
