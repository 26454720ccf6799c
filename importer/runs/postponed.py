"""A signal to end that has to wait a moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

ENDING: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that ask a process to end; Windows has no SIGHUP."""


@contextmanager
def postponed() -> Iterator[None]:
    """The first signal within the block changes nothing: what is done here ends the command anyway. A second one does.

    Elsewhere than in the main thread no signal arrives, and nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDING}

    def put_back(number: int = 0, frame: FrameType | None = None) -> None:  # noqa: ARG001
        for each, handler in before.items():
            _handle(each, handler)

    for number in ENDING:
        _handle(number, put_back)
    try:
        yield
    finally:
        put_back()


def _handle(number: signal.Signals, handler: Callable[[int, FrameType | None], object] | int | None) -> None:
    if handler is not None:  # `None`: it was installed by something that is not Python, and cannot be put back
        signal.signal(number, handler)
