"""Work in a thread of its own, while the program that asked for it waits, sees how far it is, and may stop it.

So no signal hits the work, only the waiting; whatever ends the waiting stops the run in order. And the work may use an
event loop and the journal, which belong to one thread, wherever the call was made.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from time import monotonic
from typing import Final, Literal, TypeVar

from importer.model.operation import RowId
from importer.sending.progress import Progress as ProgressListener
from importer.sending.stop_request import StopRequest

T = TypeVar("T")

_LOOK_EVERY: Final = 0.1
"""Seconds between two looks at the caller's `stop` event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a call is. `done` and `total` are rows; `total` is `None` while it is unknown.

    `counts` has the rows by status, their assignments and events (`event accepted`), and the `throttled` requests.
    `rate` is in rows per second, `estimate` in seconds that are left, `None` where nothing is known.
    """

    phase: Literal["checking", "sending"]
    done: int
    total: int | None
    counts: dict[str, int]
    rate: float
    estimate: float | None


class Listener(ProgressListener):
    """Hands what happens on to a callback. One that raises is not called again, and stops the run; `error` keeps it."""

    def __init__(
        self, callback: Callable[[Progress], object] | None, stop: StopRequest, event: threading.Event | None = None
    ) -> None:
        self.notes: list[str] = []
        self.error: BaseException | None = None
        self._callback = callback
        self.stop_request = stop
        self._event = event or threading.Event()
        self._lock, self._has_asked = threading.Lock(), False
        self._phase: Literal["checking", "sending"] = "checking"
        self._total: int | None = None
        self._done = self._first = 0
        self._counts: Counter[str] = Counter()
        self._began = monotonic()

    def reading(self, source: str) -> None:  # noqa: ARG002
        """Checking goes through all files as one."""
        self._call()

    def checked(self, rows: int) -> None:
        """More rows were checked."""
        self._done += rows
        self._call()

    def sending(self, rows: int, done: int) -> None:
        """From now on rows are sent."""
        self._phase, self._total, self._done, self._first = "sending", rows, done, done
        self._began = monotonic()
        self._call()

    def settled(self, status: str, row: RowId) -> None:  # noqa: ARG002
        """A row, an assignment or an event has its final status."""
        self._counts[str(status)] += 1
        self._done += " " not in status
        self._call()

    def throttled(self) -> None:
        """The server throttled one more request."""
        self._counts["throttled"] += 1

    def tick(self) -> None:
        """A second has passed."""
        self._call()

    def note(self, text: str) -> None:
        """What the command would have printed."""
        self.notes.append(text)

    def warn(self, message: str) -> None:
        """What the command would have printed as a warning."""
        self.notes.append(f"warning: {message}")

    def _call(self) -> None:
        if self._callback is None or self.error is not None:
            return
        rate = (self._done - self._first) / max(monotonic() - self._began, 0.001)
        left = None if self._total is None or not rate else (self._total - self._done) / rate
        seen = Progress(
            phase=self._phase,
            done=self._done,
            total=self._total,
            counts=dict(self._counts),
            rate=rate,
            estimate=left,
        )
        try:
            self._callback(seen)
        except BaseException as error:  # noqa: BLE001  raised for the caller once the run has ended
            self.error = error
            self.stop_request.set()
        self.look()

    def look(self) -> None:
        """Ask the work to stop if the caller's event is set; once, for a second request would stop it at once."""
        with self._lock:
            if self._event.is_set() and not self._has_asked:
                self._has_asked = True
                self.stop_request.set()


def in_background(work: Callable[[], T], listener: Listener) -> T:
    """What the work returns or raises. What ends the waiting (Ctrl-C) asks it to stop, and is raised after its end."""
    interruption: BaseException | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="importer") as thread:
        future = thread.submit(work)
        while not future.done():
            try:
                wait([future], timeout=_LOOK_EVERY)
                listener.look()
            except BaseException as error:  # noqa: BLE001  raised below; a second one stops the run at once
                interruption = interruption or error
                listener.stop_request.set()
    if interruption is not None:
        raise interruption
    return future.result()


async def in_background_of_loop(work: Callable[[], T], listener: Listener) -> T:
    """The same in a running event loop: cancelling the task asks the work to stop, and waits for its end."""
    cancelled: BaseException | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="importer") as thread:
        future = asyncio.get_running_loop().run_in_executor(thread, work)
        while not future.done():
            try:
                await asyncio.wait([future], timeout=_LOOK_EVERY)
                listener.look()
            except asyncio.CancelledError as error:
                cancelled = cancelled or error
                listener.stop_request.set()
    if cancelled is not None:
        future.exception()  # it was looked at
        raise cancelled
    return future.result()
