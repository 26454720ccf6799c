"""The end of a run, whatever way it ended: its state in the journal, and the report files from the journal alone."""

from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from importer.errors import LocalDiskError
from importer.exit_codes import ExitCode
from importer.journal.cell_retention import scrub
from importer.journal.results import result_batches
from importer.journal.run_totals import needs_a_person, run_report
from importer.journal.store import Journal, StoredRun
from importer.model.run import RunReport, RunState
from importer.private import refuse_link
from importer.reporting import (
    Overview,
    rejects_csv,
    results_csv,
    summary,
    write_annotated,
    write_html,
    write_summary,
)
from importer.runs.prefetch import ahead
from importer.sending.run_log import FILE_NAME as LOG_NAME
from importer.sending.run_log import LOG


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run with its report on disk: what it amounts to, and where the files are.

    `rejects` counts the rows of rejects.csv, `warnings` the rows of each warning by its code.
    """

    report: RunReport
    files: dict[str, str]
    rejects: int = 0
    warnings: dict[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """The code the process should end with."""
        return ExitCode(self.report.exit_code)

    def document(self) -> dict[str, Any]:
        """What summary.json holds."""
        return summary(self.report, self.files)


def end_run(
    journal: Journal, run: StoredRun, state: RunState, *, exit_code: ExitCode | None, reason: str, seconds: float
) -> Ended:
    """Close the run in the journal and write its report. Without an exit code it is 1 if rows need a person, else 0."""
    if exit_code is None:
        exit_code = ExitCode.NEEDS_A_PERSON if needs_a_person(journal, run) else ExitCode.DONE
    journal.end(run, state, exit_code=exit_code, reason=reason, seconds=seconds)
    _forget(journal, run)
    return write_report(journal, run)


def _forget(journal: Journal, run: StoredRun) -> None:
    """Forget the cells that nobody needs any more; a disk that refuses must not cost the report."""
    try:
        scrub(journal, run)
    except LocalDiskError as error:
        LOG.warning(
            "cells of finished rows are still in the journal (`importer purge` removes them): %s", error.message
        )


def write_report(journal: Journal, run: StoredRun) -> Ended:
    """Write the run's files from the journal, as often as anybody likes, also while another process sends the run."""
    with journal.one_moment():
        return _write_report(journal, run)


def _write_report(journal: Journal, run: StoredRun) -> Ended:
    folder = journal.folder / run.run_id
    refuse_link(folder)
    report = run_report(journal, run, mapping_sha256=sha256(run.request.mapping_text.encode()).hexdigest())
    if sum(report.counts.values()) != report.rows:
        raise AssertionError(f"{report.run_id}: {report.rows} rows, but the counts add up to {report.counts}")
    files = {name: str(folder / name) for name in ("results.csv", "rejects.csv", "report.html")}
    overview = Overview()
    results = results_csv(Path(files["results.csv"]), report)
    rejects = rejects_csv(Path(files["rejects.csv"]), report)
    with results as write_results, rejects as write_rejects:
        for batch in ahead(result_batches(journal, run)):
            write_results(batch)
            write_rejects(batch)
            overview.add(batch)
    write_html(Path(files["report.html"]), report, overview)
    for name, workbook in _workbooks(report):
        files[name] = str(folder / name)
        write_annotated(folder / name, Path(workbook), report, partial(result_batches, journal, run))
    if (folder / LOG_NAME).exists():
        files[LOG_NAME] = str(folder / LOG_NAME)
    files["summary.json"] = str(folder / "summary.json")
    write_summary(Path(files["summary.json"]), report, files)
    warnings = {group.code: group.rows for group in overview.groups if group.warning}
    return Ended(report=report, files=files, rejects=overview.attention_count, warnings=warnings)


def _workbooks(report: RunReport) -> list[tuple[str, str]]:
    """(report file, source file) of each workbook among the sources: annotated.xlsx, annotated-2.xlsx, ..."""
    paths = dict.fromkeys(source.info.path for source in report.sources if source.info.format in ("xlsx", "xlsm"))
    return [(f"annotated{f'-{n}' if n > 1 else ''}.xlsx", path) for n, path in enumerate(paths, start=1)]


def is_reported(journal: Journal, run: StoredRun) -> bool:
    """Whether the run's report is complete: the summary is written last."""
    return (journal.folder / run.run_id / "summary.json").exists()
