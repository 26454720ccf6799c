"""Standard output and error that cannot end a command: a run never depends on somebody reading along."""

import os
import sys
from typing import Any, TextIO, cast


class _Unfailing:
    """A stream whose reader may go away (`| head`, a closed terminal) or whose disk is full: the rest is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # ValueError: somebody closed it
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


def make_unfailing() -> None:
    """Do so for this process; once, before anything is opened.

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
