"""The last step of every command: however it ended, the run is closed in the journal and reported."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self

from importer import __version__
from importer.crm.verdict import Stop
from importer.errors import ImporterError
from importer.exit_codes import ExitCode
from importer.journal.store import Journal, StoredRun
from importer.model.run import RunState
from importer.runs.finish import Ended, end_run
from importer.sending.run_log import LOG, logged
from importer.sending.stop_request import Interrupted, StopRequest


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a command ended: its report, and the reason when it stopped early.

    `obstacles`: of a check, what would stop a run of the same files before anything is sent.
    """

    ended: Ended
    stop: Stop | None = None
    obstacles: tuple[str, ...] = ()


class RunScope:
    """Ends the run in the journal and writes its report, whichever way the block is left.

    An ImporterError or an interruption becomes the run's `stop`; anything else is a defect and is passed on.
    """

    def __init__(self, journal: Journal, run: StoredRun, began: float, request: StopRequest) -> None:
        self._journal = journal
        self._run = run
        self._began = began
        self._request = request
        self.stop: Stop | None = None
        self._ended: Ended | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._request.noting())
        self._open.enter_context(logged(self._journal.folder / self._run.run_id))
        LOG.info("%s %s: importer %s, process %d", self._run.command, self._run.run_id, __version__, os.getpid())
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> bool:
        # What is done here ends the command anyway: another signal may only hurry it.
        with self._open, self._request.noting():
            return self._close(exc)

    def _close(self, exc: BaseException | None) -> bool:
        if isinstance(exc, ImporterError):
            self.stop = Stop(exit_code=exc.exit_code, reason=exc.message, tip=exc.tip)
        elif isinstance(exc, KeyboardInterrupt):
            code = exc.exit_code if isinstance(exc, Interrupted) else ExitCode.INTERRUPTED
            if self._journal.run(self._run.run_id).planned:  # it came just before the sending, or for the second time
                self.stop = Stop(exit_code=code, reason="interrupted", tip="To continue: importer resume")
            else:
                self.stop = Stop(exit_code=code, reason="stopped before anything was sent", tip="Start it again.")
        elif exc is not None:
            LOG.error("defect: %s", type(exc).__name__)
            return False
        interrupted = self.stop is not None and self.stop.exit_code >= ExitCode.INTERRUPTED
        self._ended = end_run(
            self._journal,
            self._journal.run(self._run.run_id),  # as it is now: freezing has written down where it was sent
            RunState.FINISHED if self.stop is None else RunState.INTERRUPTED if interrupted else RunState.STOPPED,
            exit_code=None if self.stop is None else self.stop.exit_code,
            reason="" if self.stop is None else self.stop.reason,
            seconds=time.monotonic() - self._began,
        )
        report = self._ended.report
        LOG.info("%s, exit code %d: %s, %s", report.state, report.exit_code, report.counts, report.requests)
        return exc is not None

    def finished(self) -> Finished:
        """What the command ended with."""
        assert self._ended is not None  # noqa: S101 - set by `__exit__`
        return Finished(ended=self._ended, stop=self.stop)
