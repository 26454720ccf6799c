"""Sheets of our own: lines of cells that hold text or numbers and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.styles import Look
from importer.reporting.annotated.xml_edit import quoted, text_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import IO

    from importer.reporting.annotated.styles import Styles

TEXT: Final = Look()
WRAPPED: Final = Look(is_wrapped=True)
BOLD: Final = Look(is_bold=True)
HEADING: Final = Look(is_bold=True, size=12)
TITLE: Final = Look(is_bold=True, size=15)
LINK: Final = Look(color="FF0B57D0", is_underlined=True, is_wrapped=True)
NUMBER: Final = Look(is_number=True, is_wrapped=True)

_LINE_HEIGHT: Final = 15
_ROW_HEIGHT: Final = 405
"""Points: the height of a line of text, and what a row can have at most."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A text that is shown as it is, or a number. `link` leads to a row of a sheet of the workbook."""

    value: str | int
    look: Look = WRAPPED
    link: tuple[str, int] | None = None


Line = list[Cell]


def write_sheet(
    file: IO[bytes],
    lines: Iterable[Line],
    *,
    styles: Styles,
    widths: Sequence[int],
    namespace: str,
) -> None:
    """Write a sheet line by line, from row 1 on; `widths` are in characters. The sheet is the one that is shown."""
    columns = "".join(
        f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(widths, 1)
    )
    links: list[str] = []
    head = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<worksheet xmlns="{namespace}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView tabSelected="1" workbookViewId="0"/></sheetViews>'
        f"<cols>{columns}</cols><sheetData>"
    )
    file.write(head.encode())
    for row, line in enumerate(lines, start=1):
        height = max((_lines(cell, width) for cell, width in zip(line, widths, strict=False)), default=1)
        # Not every program makes a row as high as its text.
        high = f' ht="{min(height * _LINE_HEIGHT, _ROW_HEIGHT)}" customHeight="1"' if height > 1 else ""
        cells = []
        for column, cell in enumerate(line, start=1):
            where = f"{column_letters(column)}{row}"
            if cell.link:
                sheet, target_row = cell.link
                target = f"'{sheet.replace(chr(39), chr(39) * 2)}'!A{target_row}"
                links.append(f'<hyperlink ref="{where}" location="{quoted(target)}"/>')
            style = styles.look(LINK if cell.link else cell.look)
            if isinstance(cell.value, int):
                cells.append(f'<c r="{where}" s="{style}"><v>{cell.value}</v></c>')
            elif cell.value:
                cells.append(text_cell(where, style, cell.value))
        file.write(f'<row r="{row}"{high}>{"".join(cells)}</row>'.encode())
    hyperlinks = f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else ""
    # On paper, all columns side by side.
    paper = '<pageSetup orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
    file.write(f"</sheetData>{hyperlinks}{paper}</worksheet>".encode())


def _lines(cell: Cell, width: int) -> int:
    """How many lines a cell needs that is so many characters wide."""
    if not cell.look.is_wrapped or isinstance(cell.value, int):
        return 1
    return sum(max(1, -(-len(line) // width)) for line in cell.value.split("\n"))


@lru_cache(16_384)
def column_letters(number: int) -> str:
    """`C` for column 3."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = _LETTERS[letter] + letters
    return letters


@lru_cache(16_384)
def column_number(letters: str) -> int:
    """3 for column `C`; 0 for what is no column."""
    number = 0
    for letter in letters.upper():
        if letter not in _LETTERS:
            return 0
        number = number * 26 + _LETTERS.index(letter) + 1
    return number
