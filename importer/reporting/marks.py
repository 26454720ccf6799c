"""Marks on a sheet of the user's own workbook: filled cells, comments, and one more column."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Final, cast

from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter

from importer.reporting.cells import FILLS, clean, set_text
from importer.reporting.headers import named, slots
from importer.reporting.wording import STATUSES, Tone, outcome, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from importer.model.outcome import RowResult
    from importer.model.problem import Problem
    from importer.model.source import SourceInfo

ADDED_COLUMN: Final = "Import"
COMMENTS: Final = 5_000
"""Comments on one sheet: with more, spreadsheet programs become slow. The added column tells it for every row."""

_AUTHOR: Final = "importer"
_ADDED_WIDTH: Final = 60
_COMMENT_WIDTH: Final = 340
_COMMENT_LENGTH: Final = 1_000
_CHARACTERS_PER_LINE: Final = 50


class SheetMarks:
    """Marks rows of one sheet. What the user's cells hold is never changed."""

    def __init__(self, sheet: Worksheet, source: SourceInfo) -> None:
        self._sheet = sheet
        self._columns = _positions(sheet, source)
        self._added = _last_column(sheet, source.header_row) + 1
        self.comments = 0
        self._add_column(source.header_row)

    def mark(self, row: RowResult) -> None:
        """Write the row's outcome beside it, and mark the cells that have problems."""
        number = row.row.number
        added = self._added_cell(number)
        set_text(added, _outcome(row))
        added.fill = FILLS[Tone.PERSON if row.needs_a_person else STATUSES[row.status].tone]
        for problem in row.problems:
            if column := self._columns.get(problem.column):
                self._mark_cell(self._cell(number, column), problem)

    def _mark_cell(self, cell: Cell | MergedCell, problem: Problem) -> None:
        cell.fill = FILLS[Tone.WAITING if problem.warning else Tone.PERSON]
        if not isinstance(cell, MergedCell) and self.comments < COMMENTS:
            before = f"{cell.comment.text}\n\n" if cell.comment else ""
            cell.comment = _comment(before + f"{problem.message}\n{problem.hint}\n[{problem.code}]")
            self.comments += not before

    def _add_column(self, header_row: int) -> None:
        sheet = self._sheet
        header = self._added_cell(header_row)
        beside = self._cell(header_row, self._added - 1)
        set_text(header, ADDED_COLUMN)
        if beside.has_style:
            # The look of the neighbour, so that the new column does not look foreign.
            header._style = copy(beside._style)  # type: ignore[attr-defined, union-attr]
        sheet.column_dimensions[get_column_letter(self._added)].width = _ADDED_WIDTH

    def _added_cell(self, row: int) -> Cell:
        return cast("Cell", self._cell(row, self._added))

    def _cell(self, row: int, column: int) -> Cell | MergedCell:
        return self._sheet.cell(row=row, column=column)


def _outcome(row: RowResult) -> str:
    """The words of the added column: outcome, lead id, and what is wrong with the cure where a person is needed."""
    text = outcome(row)
    if row.lead_id:
        text = f"{text}, lead {row.lead_id}"
    return f"{text}: {told(row).rstrip('.')}. {row.cure}".rstrip() if row.needs_a_person else text


def _comment(text: str) -> Comment:
    text = clean(text[:_COMMENT_LENGTH])
    lines = sum(1 + len(line) // _CHARACTERS_PER_LINE for line in text.splitlines())
    return Comment(text, _AUTHOR, width=_COMMENT_WIDTH, height=24 + 17 * lines)


def _last_column(sheet: Worksheet, header_row: int) -> int:
    """The last column of the table: it holds something, or is merged with one that does. Mere styles do not count."""
    filled: Iterator[int] = (column for (_, column), cell in sheet._cells.items() if cell.value is not None)
    merged: Iterator[int] = (area.max_col for area in sheet.merged_cells.ranges if area.max_row >= header_row)
    return max([1, *filled, *merged])


def _positions(sheet: Worksheet, source: SourceInfo) -> dict[str, int]:
    """In which column of the sheet each column of the source stands."""
    cells = [cell for cell in sheet[source.header_row] if cell.value is not None]
    standing = dict(zip(slots(str(cell.value) for cell in cells), (cell.column for cell in cells), strict=True))
    found: dict[str, int] = {}
    last = cells[0].column - 1 if cells else 0
    for name, slot in zip(source.columns, slots(named(source)), strict=True):
        # A header that reads differently (a date, say) stands where the one before it ends.
        last = standing.get(slot, last + 1)
        found[name] = last
    return found
