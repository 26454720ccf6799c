"""Ctrl-C, SIGTERM and SIGHUP, handled in one place for every command."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from importer.exit_codes import ExitCode
from importer.sending.stop_request import Interrupted, StopRequest

_ENDING: Final = {
    getattr(signal, name): code
    for name, code in (
        ("SIGINT", ExitCode.INTERRUPTED),
        ("SIGTERM", ExitCode.TERMINATED),
        ("SIGHUP", ExitCode.TERMINATED),  # Windows has none
    )
    if hasattr(signal, name)
}


@contextmanager
def handled_signals() -> Iterator[StopRequest]:
    """While the block runs, signals that end a process reach the given request; afterwards they do what they did.

    A signal that is ignored stays ignored: that is how `nohup` protects a run from the end of its terminal. Elsewhere
    than in the main thread no signal arrives.
    """
    stop = StopRequest()

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        request = Interrupted(signal.Signals(number).name, _ENDING[signal.Signals(number)])
        if not stop.note(request):
            raise request

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in _ENDING}
    ours = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in ours:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number in ours:
            signal.signal(number, before[number])
