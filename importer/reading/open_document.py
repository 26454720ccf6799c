"""How much the tables of an OpenDocument file hold once every repeated cell and row is written out.

A cell or row can say that it stands there a million times. The workbook library writes all of them out when it opens
the file, so they are counted before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.reading.markup import CHUNK, local, parser

if TYPE_CHECKING:
    from importer.reading.packages import Package

MOST_CELLS = 6_000_000
"""Cells of a table, blank ones too; the library takes some 130 bytes for each."""
MOST_TEXT = 128 << 20
"""Characters of a table, of which the library keeps several copies."""
CONTENT = "content.xml"

CELLS = ("table-cell", "covered-table-cell")


def refuse_sprawling(package: Package) -> None:
    """Raises `SourceError` if a table would fill the memory."""
    if not package.has(CONTENT):
        return
    tables = _Tables(str(package.path))
    reader = parser()
    reader.StartElementHandler = tables.start
    reader.EndElementHandler = tables.end
    reader.CharacterDataHandler = tables.text
    with package.open(CONTENT) as file:
        while piece := file.read(CHUNK):
            reader.Parse(piece, False)  # noqa: FBT003
        reader.Parse(b"", True)  # noqa: FBT003


class _Tables:
    """The parser's state: the table, row and cell it is in, and how far the filled cells of the table reach."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._begin_table("")
        self._begin_row(1)
        self._begin_cell(1, is_filled=False)

    def _begin_table(self, name: str) -> None:
        self._name = name
        self._row = self._rows = self._columns = self._characters = 0

    def _begin_row(self, times: int) -> None:
        self._row_times = times
        self._position = self._last = self._row_characters = 0

    def _begin_cell(self, times: int, *, is_filled: bool) -> None:
        self._cell_times, self._is_filled, self._cell_characters = times, is_filled, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        name = local(name)
        told = {local(key): value for key, value in attributes.items()}
        if name == "table":
            self._begin_table(told.get("name", ""))
        elif name == "table-row":
            self._begin_row(int(told.get("number-rows-repeated", 1)))
        elif name in CELLS:
            self._begin_cell(int(told.get("number-columns-repeated", 1)), is_filled="value-type" in told)
        elif name == "p":
            self._is_filled = True

    def text(self, text: str) -> None:
        """Text between two elements."""
        self._cell_characters += len(text)

    def end(self, name: str) -> None:
        """An element closes."""
        name = local(name)
        if name in CELLS:
            self._position += self._cell_times
            if self._is_filled:
                self._last = self._position
                self._row_characters += self._cell_times * self._cell_characters
        elif name == "table-row":
            self._row += self._row_times
            if self._last:
                self._rows, self._columns = self._row, max(self._columns, self._last)
                self._characters += self._row_times * self._row_characters
        elif name == "table":
            self._refuse()

    def _refuse(self) -> None:
        place = f"{self._path}, sheet “{self._name}”"
        if self._rows * self._columns > MOST_CELLS:
            raise SourceError(
                f"{place}: its cells reach to row {self._rows} and column {self._columns},"
                f" more than {MOST_CELLS:,} cells, which is more than can be read from an .ods file",
                tip="Delete stray cells far below or far right of the table; or save it as “Excel Workbook (.xlsx)”.",
            )
        if self._characters > MOST_TEXT:
            raise SourceError(
                f"{place}: its cells hold more than {MOST_TEXT >> 20} MB of text", tip="Save it as “CSV UTF-8”."
            )
