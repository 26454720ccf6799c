"""A signal to end that has to wait a moment."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    with handlers_kept() as put_back:
        for number in ENDING:
            signal.signal(number, lambda *_: put_back())
        yield


@contextmanager
def handlers_kept() -> Iterator[Callable[[], None]]:
    """After the block (or when what it gives is called) the signals that end do what they did before it."""
    before = {number: signal.getsignal(number) for number in ENDING}

    def put_back() -> None:
        for number, handler in before.items():
            if handler is not None:  # it was installed by something that is not Python, and cannot be put back
                signal.signal(number, handler)

    try:
        yield put_back
    finally:
        put_back()
