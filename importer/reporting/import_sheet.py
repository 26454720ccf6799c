"""The sheet "Import" that opens a workbook report: counts, problems by rule, and links to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from importer.reporting.cells import BOLD, FILLS, HEADING, TITLE, append, set_widths, text_cell
from importer.reporting.wording import STATUSES, ending, outcome, sentence, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openpyxl.worksheet._write_only import WriteOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

    from importer.model.operation import RowId
    from importer.model.run import RunReport
    from importer.reporting.overview import Overview

IMPORT: Final = "Import"
ROWS_LISTED: Final = 2_000
"""Rows that need a person which the sheet lists; all of them are in rejects.csv."""

_WIDTHS: Final = {"A": 30, "B": 12, "C": 60, "D": 60}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSheet:
    """Fills the sheet; `link` says on which sheet and in which row of this workbook a source row stands."""

    run: RunReport
    overview: Overview
    notes: tuple[str, ...]
    link: Callable[[RowId], tuple[str, int] | None]

    def write(self, sheet: Worksheet | WriteOnlyWorksheet) -> None:
        """Write everything from the first row on."""
        set_widths(sheet, _WIDTHS)
        self._head(sheet)
        self._counts(sheet)
        self._rules(sheet)
        self._people(sheet)

    def _head(self, sheet: Worksheet | WriteOnlyWorksheet) -> None:
        run = self.run
        append(sheet, [text_cell(sheet, "Import report", font=TITLE, wrapped=False)])
        append(sheet, [text_cell(sheet, sentence(run, people=self.overview.people_count), wrapped=False)])
        where = f"to {run.org} on {run.base_url}" if run.org else ""
        append(
            sheet,
            [
                text_cell(
                    sheet, f"Run {run.run_id}, {run.command} {where}".strip() + f", {run.started_at}", wrapped=False
                )
            ],
        )
        for note in filter(None, (ending(run), *self.notes)):
            append(sheet, [text_cell(sheet, note, font=BOLD, wrapped=False)])

    def _counts(self, sheet: Worksheet | WriteOnlyWorksheet) -> None:
        _heading(sheet, "Outcome", "Rows", "What it means")
        for status, wording in STATUSES.items():
            if count := self.run.counts.get(status, 0):
                label = text_cell(sheet, wording.label, fill=FILLS[wording.tone])
                append(sheet, [label, count, text_cell(sheet, wording.meaning)])

    def _rules(self, sheet: Worksheet | WriteOnlyWorksheet) -> None:
        groups = self.overview.groups
        if not groups:
            return
        _heading(sheet, "Rule", "Rows", "What is wrong", "What to do")
        for group in groups:
            title = f"{group.title} (only a hint)" if group.warning else group.title
            example = group.examples[0]
            name = text_cell(sheet, title, link=self.link(example.row))
            append(
                sheet, [name, group.rows, text_cell(sheet, group.cause), text_cell(sheet, group.cure or example.cure)]
            )

    def _people(self, sheet: Worksheet | WriteOnlyWorksheet) -> None:
        overview = self.overview
        if not overview.people:
            return
        _heading(sheet, "Row", "Outcome", "What happened", "What to do")
        for row in overview.people:
            name = text_cell(sheet, place(self.run, row.row), link=self.link(row.row))
            append(
                sheet,
                [name, text_cell(sheet, outcome(row)), text_cell(sheet, told(row)), text_cell(sheet, row.cure)],
            )
        if overview.people_count > len(overview.people):
            more = f"The first {len(overview.people):,} of {overview.people_count:,}; all of them are in rejects.csv."
            append(sheet, [text_cell(sheet, more, font=BOLD, wrapped=False)])


def place(run: RunReport, row: RowId) -> str:
    """Where a row stands, its number, and the sheet and file only where there are several."""
    source = run.sources[row.source].info
    several_files = len({other.info.path for other in run.sources}) > 1
    several_sheets = len(run.sources) > len({other.info.path for other in run.sources})
    words: Iterable[str] = (
        Path(source.path).name if several_files else "",
        source.sheet if several_sheets else "",
        f"row {row.number}",
    )
    return ", ".join(filter(None, words))


def _heading(sheet: Worksheet | WriteOnlyWorksheet, *texts: str) -> None:
    append(sheet, [])
    append(sheet, [text_cell(sheet, text, font=HEADING) for text in texts])
