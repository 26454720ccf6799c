"""An empty workbook to fill in: a column for each one that a mapping reads, with its rule, choices and an example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from importer.model.outcome import Tone
from importer.model.template import TEXT_FORMAT, TemplateColumn
from importer.model.whitespace import EXAMPLE_ROW
from importer.reporting.private_files import replacing
from importer.reporting.workbook_text import COLORS, shortened

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

SHEET: Final = "Leads"
LISTS: Final = "Lists"
EXAMPLE: Final = "Example, never imported"
LAST_ROW: Final = 1_048_576

_AUTHOR: Final = "importer"
_ABOUT_EXAMPLES: Final = (
    "A row with any text in this column is never imported. Keep or delete the example row, and leave this column blank"
    " in your own rows."
)
_GRAY: Final = "FF80868B"
_COMMENT_SIZE: Final = (140, 360)


def write_template(path: Path, columns: Sequence[TemplateColumn]) -> None:
    """Write the workbook. Raises LocalDiskError."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = SHEET
    # Not inline: lists of a validation may have no more than 255 characters, and no comma in a value.
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    mark = TemplateColumn(name=EXAMPLE_ROW, rules=(_ABOUT_EXAMPLES,), example=EXAMPLE)
    for number, column in enumerate((mark, *columns), start=1):
        _add_column(sheet, number, column)
        if column.choices:
            _offer(sheet, lists, number, column)
    sheet.freeze_panes = "B2"
    with replacing(path) as file:
        book.save(file)


def _add_column(sheet: Worksheet, number: int, column: TemplateColumn) -> None:
    """The header with its comment, the example below it, and how all other cells are formatted."""
    shape = sheet.column_dimensions[get_column_letter(number)]
    shape.width = max(18, min(40, len(column.name) + 4))
    shape.number_format = column.number_format
    header = _set(sheet, 1, number, column.name)
    header.number_format = TEXT_FORMAT
    header.font = Font(bold=True)
    header.fill = PatternFill("solid", fgColor=COLORS[Tone.CALM])
    height, width = _COMMENT_SIZE
    header.comment = Comment(shortened("\n".join(column.rules)), _AUTHOR, height=height, width=width)
    example = _set(sheet, 2, number, column.example)
    example.number_format = column.number_format
    example.font = Font(italic=True, color=_GRAY)


def _offer(sheet: Worksheet, lists: Worksheet, number: int, column: TemplateColumn) -> None:
    """Offer the choices in the cells of the column."""
    for row, choice in enumerate(column.choices, start=1):
        _set(lists, row, number, choice).number_format = TEXT_FORMAT
    letter = get_column_letter(number)
    offered = DataValidation(
        type="list", formula1=f"{LISTS}!${letter}$1:${letter}${len(column.choices)}", allow_blank=True
    )
    offered.showErrorMessage = column.is_closed
    offered.error = "Choose a value of the list."
    offered.add(f"{letter}2:{letter}{LAST_ROW}")
    sheet.add_data_validation(offered)


def _set(sheet: Worksheet, row: int, column: int, value: str | float | date) -> Cell:
    """The cell with this value; a text is a text, also one that begins with `=`."""
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell)  # noqa: S101 - no cells are merged
    if isinstance(value, str):
        cell.value = shortened(value)
        cell.data_type = "s"
    else:
        cell.value = value
    return cell
