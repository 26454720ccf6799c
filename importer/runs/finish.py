"""The end of every run: its state in the journal, and its report files, made from the journal alone."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from importer.crm.verdict import Stop
from importer.errors import ImporterError, LocalDiskError
from importer.exit_codes import ExitCode
from importer.journal.planned_leads import lead_columns
from importer.journal.results import result_batches
from importer.journal.retention import scrub
from importer.journal.run_totals import needs_a_person, run_report
from importer.journal.runs import Journal, StoredRun
from importer.model.lead_preview import LeadPreview
from importer.model.operation import RowId
from importer.model.run import RunReport, RunState
from importer.private import refuse_link
from importer.reporting import (
    Overview,
    leads_csv,
    problems_csv,
    rejects_csv,
    rejects_xlsx,
    results_csv,
    summary,
    write_annotated,
    write_html,
    write_summary,
)
from importer.runs.row_pipeline import prefetched
from importer.sending.run_log import FILE_NAME as LOG_NAME
from importer.sending.run_log import logged, run_log
from importer.sending.stop_request import Interrupted, StopRequest
from importer.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run with its report on disk: the figures, and where the files are.

    `rejects` counts the rows of rejects.csv, `warnings` the rows of each warning by its code, `leads` are the
    first beside their cells.
    """

    report: RunReport
    files: dict[str, str]
    rejects: int = 0
    warnings: dict[str, int] = field(default_factory=dict)
    leads: tuple[tuple[RowId, LeadPreview], ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """The code the process should end with."""
        return ExitCode(self.report.exit_code)

    def document(self) -> dict[str, Any]:
        """What summary.json holds."""
        return summary(self.report, self.files)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a command ended: its report, and the reason when it stopped early; `error` if that was an exception.

    `obstacles`: of a check, what would stop a run of the same files before anything is sent.
    """

    ended: Ended
    stop: Stop | None = None
    error: ImporterError | None = None
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
        self.obstacles: tuple[str, ...] = ()
        self._error: ImporterError | None = None
        self._ended: Ended | None = None
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._request.noting())
        self._open.enter_context(logged(self._journal.folder / self._run.run_id))
        run_log().info("%s %s: importer %s, process %d", self._run.command, self._run.run_id, __version__, os.getpid())
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> bool:
        # The command ends here anyway, so another signal does not change how.
        with self._open, self._request.noting():
            return self._close(exc)

    def _close(self, exc: BaseException | None) -> bool:
        if isinstance(exc, ImporterError):
            self._error = exc
            self.stop = Stop(exit_code=exc.exit_code, reason=exc.message, tip=exc.tip)
        elif isinstance(exc, KeyboardInterrupt):
            code = exc.exit_code if isinstance(exc, Interrupted) else ExitCode.INTERRUPTED
            if self._journal.run(self._run.run_id).planned:  # just before sending, or for the second time
                self.stop = Stop(exit_code=code, reason="interrupted", tip="To continue: importer resume")
            else:
                self.stop = Stop(exit_code=code, reason="stopped before anything was sent", tip="Start it again.")
        elif exc is not None:
            run_log().error("defect: %s", type(exc).__name__)
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
        run_log().info("%s, exit code %d: %s, %s", report.state, report.exit_code, report.counts, report.requests)
        return exc is not None

    def finished(self) -> Finished:
        """What the command ended with."""
        assert self._ended is not None  # noqa: S101 - set by `__exit__`
        return Finished(ended=self._ended, stop=self.stop, error=self._error, obstacles=self.obstacles)


def end_run(
    journal: Journal, run: StoredRun, state: RunState, *, exit_code: ExitCode | None, reason: str, seconds: float
) -> Ended:
    """Close the run in the journal and write its report. The default exit code is 1 if rows need attention, else 0."""
    if exit_code is None:
        exit_code = ExitCode.NEEDS_A_PERSON if needs_a_person(journal, run) else ExitCode.DONE
    journal.end(run, state, exit_code=exit_code, reason=reason, seconds=seconds)
    _forget(journal, run)
    return write_report(journal, run)


def _forget(journal: Journal, run: StoredRun) -> None:
    """Remove the cells of finished rows; if the disk refuses, the report is written anyway."""
    try:
        scrub(journal, run)
    except LocalDiskError as error:
        run_log().warning(
            "cells of finished rows are still in the journal (`importer purge` removes them): %s", error.message
        )


def write_report(journal: Journal, run: StoredRun) -> Ended:
    """Write the run's files from the journal, at any time, even while another process sends the run."""
    with journal.one_moment():
        return _write_report(journal, run)


def _write_report(journal: Journal, run: StoredRun) -> Ended:
    folder = journal.folder / run.run_id
    refuse_link(folder)
    report = run_report(journal, run, mapping_sha256=sha256(run.request.mapping_text.encode()).hexdigest())
    if sum(report.counts.values()) != report.rows:
        raise AssertionError(f"{report.run_id}: {report.rows} rows, but the counts add up to {report.counts}")
    tables = {"results.csv": results_csv, "rejects.csv": rejects_csv, "problems.csv": problems_csv}
    if (values := lead_columns(journal.connection, run.id)) is not None:
        tables["leads.csv"] = partial(leads_csv, values=values)
    files = {name: str(folder / name) for name in (*tables, "report.html")}
    overview = Overview()
    batches = partial(result_batches, journal, run)
    workbooks = _workbooks(report)
    notes = [write_annotated(folder / name, Path(source), report, batches) for name, source in workbooks]
    writers = [table(folder / name, report) for name, table in tables.items()]
    writers.append(rejects_xlsx(folder / "rejects.xlsx", report, overview, notes))
    with ExitStack() as opened:
        taking = [overview.add, *map(opened.enter_context, writers)]
        for batch in prefetched(batches()):
            for take in taking:
                take(batch)
    write_html(Path(files["report.html"]), report, overview)
    written = ("rejects.xlsx", *(name for name, _ in workbooks), LOG_NAME)
    files |= {name: str(folder / name) for name in written if (folder / name).exists()}
    files["summary.json"] = str(folder / "summary.json")
    write_summary(Path(files["summary.json"]), report, files)
    warnings = {group.code: group.rows for group in overview.groups if group.warning}
    return Ended(
        report=report, files=files, rejects=overview.attention_count, warnings=warnings, leads=tuple(overview.leads)
    )


def _workbooks(report: RunReport) -> list[tuple[str, str]]:
    """(report file, source file) of each workbook among the sources: annotated.xlsx, annotated-2.xlsx, ..."""
    paths = dict.fromkeys(source.info.path for source in report.sources if source.info.format in ("xlsx", "xlsm"))
    return [(f"annotated{f'-{n}' if n > 1 else ''}.xlsx", path) for n, path in enumerate(paths, start=1)]


def is_reported(journal: Journal, run: StoredRun) -> bool:
    """Whether the run's report is complete: the summary is written last."""
    return (journal.folder / run.run_id / "summary.json").exists()
