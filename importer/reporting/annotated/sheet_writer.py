"""Sheets of our own: lines of cells that hold text or numbers and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.styles import Look
from importer.reporting.annotated.xml_edit import quoted, text_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import IO

    from importer.reporting.annotated.styles import Styles

TEXT: Final = Look()
WRAPPED: Final = Look(is_wrapped=True)
BOLD: Final = Look(is_bold=True)
HEADING: Final = Look(is_bold=True, size=12)
TITLE: Final = Look(is_bold=True, size=15)
LINK: Final = Look(color="FF0B57D0", is_underlined=True, is_wrapped=True)
NUMBER: Final = Look(is_number=True, is_wrapped=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A text that is shown as it is, or a number. `link` leads to a row of a sheet of the workbook."""

    value: str | int
    look: Look = WRAPPED
    link: tuple[str, int] | None = None


@dataclass(slots=True, kw_only=True)
class SheetWriter:
    """Writes a sheet line by line: `open` first, `close` last. `widths` are in characters."""

    file: IO[bytes]
    styles: Styles
    widths: Sequence[int]
    namespace: str
    frozen: str = ""
    is_selected: bool = False
    _row: int = 0
    _links: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Write what stands before the lines."""
        columns = "".join(
            f'<col min="{n}" max="{n}" width="{width}" customWidth="1"/>' for n, width in enumerate(self.widths, 1)
        )
        selected = ' tabSelected="1"' if self.is_selected else ""
        pane = ""
        if self.frozen:
            across, down = column_number(self.frozen.rstrip("0123456789")) - 1, int(self.frozen.lstrip(_LETTERS)) - 1
            pane = f'<pane xSplit="{across}" ySplit="{down}" topLeftCell="{self.frozen}" activePane="bottomRight" '
            pane += 'state="frozen"/>'
        self._write(
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
            f'<worksheet xmlns="{self.namespace}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
            f'<sheetViews><sheetView{selected} workbookViewId="0">{pane}</sheetView></sheetViews>'
            f"<cols>{columns}</cols><sheetData>"
        )

    def add(self, cells: Sequence[Cell]) -> int:
        """Write a line; returns its number."""
        self._row += 1
        lines = max((_lines(cell, width) for cell, width in zip(cells, self.widths, strict=False)), default=1)
        # Not every program makes a row as high as its text.
        height = f' ht="{min(lines * _LINE, _HIGHEST)}" customHeight="1"' if lines > 1 else ""
        self._write(f'<row r="{self._row}"{height}>{"".join(self._cells(cells))}</row>')
        return self._row

    def close(self) -> None:
        """Write what stands after the lines."""
        links = f"<hyperlinks>{''.join(self._links)}</hyperlinks>" if self._links else ""
        # On paper, all columns side by side.
        paper = '<pageSetup orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
        self._write(f"</sheetData>{links}{paper}</worksheet>")

    def _cells(self, cells: Iterable[Cell]) -> Iterator[str]:
        for column, cell in enumerate(cells, start=1):
            where = f"{column_letters(column)}{self._row}"
            if cell.link:
                sheet, row = cell.link
                target = f"'{sheet.replace(chr(39), chr(39) * 2)}'!A{row}"
                self._links.append(f'<hyperlink ref="{where}" location="{quoted(target)}"/>')
            style = self.styles.look(LINK if cell.link else cell.look)
            if isinstance(cell.value, int):
                yield f'<c r="{where}" s="{style}"><v>{cell.value}</v></c>'
            elif cell.value:
                yield text_cell(where, style, cell.value)

    def _write(self, xml: str) -> None:
        self.file.write(xml.encode())


def _lines(cell: Cell, width: int) -> int:
    """How many lines a cell needs that is so many characters wide."""
    if not cell.look.is_wrapped or isinstance(cell.value, int):
        return 1
    return sum(max(1, -(-len(line) // width)) for line in cell.value.split("\n"))


_LINE: Final = 15
_HIGHEST: Final = 405
"""Points: the height of a line, and what a row can have at most."""

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@lru_cache(16_384)
def column_letters(number: int) -> str:
    """`C` for column 3."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


@lru_cache(16_384)
def column_number(letters: str) -> int:
    """3 for column `C`; 0 for what is no column."""
    number = 0
    for letter in letters.upper():
        if letter not in _LETTERS:
            return 0
        number = number * 26 + ord(letter) - 64
    return number
