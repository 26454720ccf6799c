"""A request to stop: noted by a signal handler or another thread, and checked by the code that works and waits.

An exception raised by a signal handler surfaces in whatever code is running, and code that swallows exceptions (a
`__del__`, a callback of the garbage collector) can lose it. A note cannot be lost. So while a run is open a signal is
only noted; the run checks for it before each batch, before it sends, and while it sends.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from importer.exit_codes import ExitCode


class Interrupted(KeyboardInterrupt):
    """The command is to stop; `exit_code` is 130 for Ctrl-C and 143 for SIGTERM and SIGHUP."""

    def __init__(self, name: str, exit_code: ExitCode) -> None:
        super().__init__(name)
        self.name = name
        self.exit_code = exit_code


class StopRequest:
    """Whether a command is to stop. Every method may be called from any thread, and from a signal handler.

    `received` counts the requests: a part of a command that only a later one should end compares it.
    """

    def __init__(self) -> None:
        self.received = 0
        self._first: Interrupted | None = None
        self._listener: Callable[[Interrupted], None] | None = None
        self._patience = 0

    def note(self, request: Interrupted) -> bool:
        """Note a request; returns whether it will be checked for. If not, the signal handler has to raise it."""
        self.received += 1
        self._first = self._first or request
        if (listener := self._listener) is not None:
            listener(request)
            return True
        self._patience -= 1
        return self._patience >= 0

    def set(self) -> None:
        """Stop the command from a program: requests in flight are finished and written down."""
        self.note(Interrupted("the program", ExitCode.INTERRUPTED))

    def look(self) -> None:
        """Raise `Interrupted` if the command is to stop."""
        if self._first is not None:
            raise self._first

    def wait(self) -> None:
        """Block until the command is to stop."""
        while self._first is None:  # an Event would deadlock when the handler sets it within its own wait
            time.sleep(0.2)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Within the block the first request is only noted: `look` finds it. A second one is raised."""
        before, self._patience = self._patience, 1
        try:
            yield
        finally:
            self._patience = before

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within the block (a question on the terminal) a request is raised, so that it ends the waiting."""
        before, self._patience = self._patience, 0
        try:
            self.look()
            yield
        finally:
            self._patience = before

    @contextmanager
    def listening(self, listener: Callable[[Interrupted], None]) -> Iterator[None]:
        """Within the block every request goes to `listener`, also one that was noted before."""
        self._listener = listener
        try:
            if self._first is not None:
                listener(self._first)
            yield
        finally:
            self._listener = None
