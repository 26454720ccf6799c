"""The sheet "Import" that opens a workbook report: counts, problems by rule, and links to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from importer.reporting.cells import BOLD, FILLS, HEADING, TITLE, append, number_cell, set_widths, text_cell
from importer.reporting.wording import STATUSES, ending, outcome, place, sentence, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from openpyxl.worksheet._write_only import WriteOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

    from importer.model.operation import RowId
    from importer.model.run import RunReport
    from importer.reporting.overview import Overview

IMPORT: Final = "Import"
ROWS_LISTED: Final = 2_000
"""Rows that need a person which the sheet lists; all of them are in rejects.csv."""

_WIDTHS: Final = {"A": 34, "B": 24, "C": 60, "D": 60}


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
                append(sheet, [label, number_cell(sheet, count), text_cell(sheet, wording.meaning)])

    def _rules(self, sheet: Worksheet | WriteOnlyWorksheet) -> None:
        groups = self.overview.groups
        if not groups:
            return
        _heading(sheet, "Rule", "Rows", "What is wrong", "What to do")
        for group in groups:
            title = f"{group.title} (hint)" if group.warning else group.title
            example = group.examples[0]
            name = text_cell(sheet, title, link=self.link(example.row))
            cause, cure = text_cell(sheet, group.cause), text_cell(sheet, group.cure or example.cure)
            append(sheet, [name, number_cell(sheet, group.rows), cause, cure])

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


def _heading(sheet: Worksheet | WriteOnlyWorksheet, *texts: str) -> None:
    append(sheet, [])
    append(sheet, [text_cell(sheet, text, font=HEADING) for text in texts])
