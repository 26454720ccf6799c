"""The rows of an Open XML sheet by a real XML parser: right for every sheet there can be, and slow."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from importer.reading.cell_text import column_letters, column_number
from importer.reading.record import Record
from importer.reading.zip_package import CHUNK, WHITE, keeps_spaces, local, parser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.record import Fault
    from importer.reading.xlsx.cell_values import Values

LARGEST_CELL: Final = 1 << 20
"""Characters of a cell; a spreadsheet keeps 32,767."""
MOST_COLUMNS: Final = 16_384
"""A spreadsheet has no more; the last is XFD."""

_PARENTS = {"row": "sheetData", "c": "row"}
_TEXT_OF = {"v": ("c",), "t": ("is", "r")}
"""Elements that hold text, by their parents."""


def parsed_rows(file: IO[bytes], values: Values) -> Iterator[Record]:
    """Every row of the sheet, blank ones too."""
    sheet = _Sheet(values)
    while piece := file.read(CHUNK):
        yield from sheet.rows(piece)
    yield from sheet.rows(b"", last=True)


def parsed_row(row: str, values: Values, *, keeps_spaces: bool = False) -> Record:
    """One row, from `<row` to `</row>`, of a sheet that may keep the spaces around all its texts."""
    root = '<sheetData xml:space="preserve">' if keeps_spaces else "<sheetData>"
    (record,) = _Sheet(values).rows(f"{root}{row}</sheetData>".encode(), last=True)
    return record


class _Sheet:
    """The parser's state: where it is, the cell it is in, and the row so far."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._reader = parser()
        self._reader.StartElementHandler = self._start
        self._reader.EndElementHandler = self._end
        self._reader.CharacterDataHandler = self._text
        self._done: list[Record] = []
        self._open: list[str] = []
        self._spaces: list[bool] = [False]
        self._number = 0
        self._begin_row()
        self._begin_cell({})

    def rows(self, piece: bytes, *, last: bool = False) -> list[Record]:
        """The rows that end in this piece of the sheet."""
        self._reader.Parse(piece, last)
        if last:
            # Parser and handlers refer to each other, and there may be one for each row: break the cycle at once.
            self._reader.StartElementHandler = self._reader.EndElementHandler = self._reader.CharacterDataHandler = None
        # The last row stays: its next element may hold more of its cells.
        several = len(self._done) - (not last)
        finished, self._done = self._done[: max(0, several)], self._done[max(0, several) :]
        return finished

    def _begin_row(self) -> None:
        self._cells: list[str] = []
        self._faults: list[Fault] = []
        self._position = -1

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._cell = attributes
        self._formula = False
        self._texts: dict[str, str] = {}
        self._piece: str | None = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        parent = self._open[-1] if self._open else ""
        # Text in <rPh>, however deep, is the pronunciation of its neighbor.
        self._open.append(parent if parent == "rPh" else name)
        self._spaces.append(keeps_spaces(attributes, self._spaces[-1]))
        if _PARENTS.get(name, parent) != parent:
            return
        if name == "c":
            reference = attributes.get("r")
            self._position = column_number(reference.rstrip("0123456789")) - 1 if reference else self._position + 1
            self._begin_cell(attributes)
        elif parent in _TEXT_OF.get(name, ()):
            self._piece = ""
        elif name == "f":
            self._formula = True
        elif name == "row":
            number = int(attributes.get("r", self._number + 1))
            self._position = -1
            if number != self._number:
                self._begin_row()
            elif self._done:  # some programs write a row element for each cell
                self._done.pop()
            self._number = number

    def _text(self, text: str) -> None:
        if self._piece is not None and self._open[-1] in _TEXT_OF:
            self._piece += text
            if len(self._piece) > LARGEST_CELL:
                raise ValueError(f"a cell in row {self._number} holds more than {LARGEST_CELL:,} characters")

    def _end(self, name: str) -> None:
        name = local(name)
        self._open.pop()
        keeps_spaces = self._spaces.pop()
        if self._piece is not None and self._open[-1] in _TEXT_OF.get(name, ()):
            text = self._piece if keeps_spaces or name == "v" else self._piece.strip(WHITE)
            self._texts[name] = self._texts.get(name, "") + text if name == "t" else self._texts.get(name, text)
            self._piece = None
        elif name == "c" and self._open[-1:] == ["row"]:
            self._end_cell()
        elif name == "row" and self._open[-1:] == ["sheetData"]:
            self._done.append(Record(self._number, self._number, self._cells, tuple(self._faults)))

    def _end_cell(self) -> None:
        kind, style = self._cell.get("t", "n"), int(self._cell.get("s") or 0)
        # An inline text may have a number as well, which a spreadsheet does not show.
        first, other = ("t", "v") if kind == "inlineStr" else ("v", "t")
        value = self._texts.get(first, self._texts.get(other))
        text, fault = self._values.text_and_fault(kind, style, value, self._position, formula=self._formula)
        if fault:
            self._faults.append(fault)
        if (text or fault) and self._position >= MOST_COLUMNS:
            raise ValueError(f"a cell in column {column_letters(self._position + 1)}, where no spreadsheet has cells")
        if text:
            missing = self._position + 1 - len(self._cells)
            self._cells.extend([""] * missing)
            self._cells[self._position] = text
