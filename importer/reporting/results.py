"""results.csv: one line per source row, for programs and spreadsheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from importer.reporting.delimited import CsvLines
from importer.reporting.files import replacing_text
from importer.reporting.neutral import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable

    from importer.model.outcome import RowResult
    from importer.model.run import RunReport

RESULT_COLUMNS: Final = (
    "source",
    "sheet",
    "number",
    "crm_id",
    "status",
    "lead_id",
    "assign",
    "assigned_to",
    "events",
    "problems",
    "warnings",
    "message",
    "hint",
    "attempts",
    "http_status",
    "error_code",
    "finished_at",
)


def write_results(path: Path, run: RunReport, rows: Iterable[RowResult]) -> None:
    """Write one line per row, in the order given; UTF-8 without BOM.

    Text that a spreadsheet could take for a formula has an apostrophe in front. Takes the rows one by one, so memory
    does not grow with them. Raises LocalDiskError.
    """
    places = [(neutral(Path(source.info.path).name), neutral(source.info.sheet)) for source in run.sources]
    with replacing_text(path) as file:
        lines = CsvLines(file)
        lines.write(RESULT_COLUMNS)
        for row in rows:
            lines.write((*places[row.row.source], *_cells(row)))


def codes(row: RowResult, *, warnings: bool) -> str:
    """The row's problem codes (or those of its warnings), each once, joined with `;`."""
    return ";".join(dict.fromkeys(problem.code for problem in row.problems if problem.warning is warnings))


def _cells(row: RowResult) -> tuple[str, ...]:
    """Everything after `source` and `sheet`."""
    return (
        str(row.row.number),
        neutral(row.crm_id),
        row.status,
        neutral(row.lead_id),
        row.assign,
        neutral(row.assigned_to),
        row.events,
        codes(row, warnings=False),
        codes(row, warnings=True),
        neutral(row.explanation),
        neutral(row.cure),
        str(row.attempts),
        _number(row.http_status),
        _number(row.error_code),
        row.finished_at,
    )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
