"""Cells of a workbook that hold text and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.hyperlink import Hyperlink

from importer.reporting.wording import Tone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.cell import Cell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet
    from openpyxl.worksheet.worksheet import Worksheet

CELL_LENGTH: Final = 32_767
"""Characters that a cell can hold."""

FILLS: Final = {
    Tone.GOOD: PatternFill("solid", fgColor="FFDDF3E4"),
    Tone.CALM: PatternFill("solid", fgColor="FFECEEF1"),
    Tone.WAITING: PatternFill("solid", fgColor="FFFFF3CD"),
    Tone.PERSON: PatternFill("solid", fgColor="FFFBD5D5"),
}

TITLE: Final = Font(name="Calibri", bold=True, size=15)
HEADING: Final = Font(name="Calibri", bold=True, size=12)
BOLD: Final = Font(name="Calibri", bold=True)
LINK: Final = Font(name="Calibri", color="FF0B57D0", underline="single")
WRAPPED: Final = Alignment(horizontal="left", vertical="top", wrap_text=True)


def clean(text: str) -> str:
    """The text without what a workbook cannot hold."""
    return ILLEGAL_CHARACTERS_RE.sub("", text)[:CELL_LENGTH]


def text_cell(
    sheet: Worksheet | WriteOnlyWorksheet,
    text: str,
    *,
    font: Font | None = None,
    fill: PatternFill | None = None,
    wrapped: bool = True,
    link: tuple[str, int] | None = None,
) -> Cell:
    """A cell for `append` that shows the text as it is; `link` leads to a row of a sheet of this workbook."""
    cell: Cell = WriteOnlyCell(sheet)
    set_text(cell, text)
    if wrapped:
        cell.alignment = WRAPPED
    if link:
        sheet_name, number = link
        quoted = sheet_name.replace("'", "''")
        cell.hyperlink = Hyperlink(ref="A1", location=f"'{quoted}'!A{number}")
        cell.font = LINK
    if font:
        cell.font = font
    if fill:
        cell.fill = fill
    return cell


def number_cell(sheet: Worksheet | WriteOnlyWorksheet, number: int) -> Cell:
    """A cell for `append` that holds a number, aligned like the texts beside it."""
    cell: Cell = WriteOnlyCell(sheet, value=number)
    cell.alignment = WRAPPED
    cell.number_format = "#,##0"
    return cell


def set_text(cell: Cell, text: str) -> None:
    """Make a cell hold the text. Not even `=1+1` or `#N/A` is taken for more than text."""
    cell.value = clean(text)
    cell.data_type = "s"


def append(sheet: Worksheet | WriteOnlyWorksheet, cells: Sequence[Cell]) -> None:
    """Add a row; links are bound to where their cells end up."""
    sheet.append(list(cells))
    for cell in cells:
        if cell.hyperlink:
            cell.hyperlink.ref = cell.coordinate


def set_widths(sheet: Any, widths: dict[str, int]) -> None:
    """Set the widths of columns, in characters. `Any`: the stubs leave this out of write-only sheets."""
    for column, width in widths.items():
        sheet.column_dimensions[column].width = width
