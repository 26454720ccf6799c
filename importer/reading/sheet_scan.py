"""What the values of a sheet do not tell: error cells, formulas without a value, padded numbers, how far it reaches.

The workbook library hands error cells and uncalculated formulas over as blanks and numbers without their format.
So a sheet's XML is scanned as bytes, which is fast, and parsed only if it holds such cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from importer.errors import SourceError
from importer.reading.markup import CHUNK, local, parser
from importer.reading.number_formats import masked
from importer.reading.records import Fault
from importer.reading.suspects import ERRORS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from importer.reading.packages import Package

MOST_CELLS = 40_000_000
"""The library keeps the whole rectangle of a sheet in memory."""

_TAIL = 64
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ERROR = re.compile(rb"""\st=["']e["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_WIDE = re.compile(rb"""\sr=["']([A-Za-z]{2,})\d""")
_DEEP = re.compile(rb"""\sr=["'][A-Za-z]*(\d{5,})["']""")
_STYLE = re.compile(rb"""\ss=["'](\d+)["']""")


class Mark(NamedTuple):
    """What a person sees in a cell, where it is not what the value says; or what is wrong with it."""

    position: int
    text: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the cells of a sheet reach, at most, and whether any of them needs a closer look."""

    rows: int
    columns: int
    remarkable: bool


def reach_of(package: Package, part: str, masks: dict[int, str]) -> Reach:
    """One pass over the bytes of the sheet."""
    rows, columns, remarkable = 9_999, 26, False
    styles = {str(style).encode() for style in masks}
    unplaced = False
    with package.open(part) as file:
        tail = b""
        while piece := file.read(CHUNK):
            text = tail + piece
            unplaced = unplaced or _has_unplaced_cells(text)
            rows = max(rows, *map(int, set(_DEEP.findall(text))), 0)
            columns = max(columns, *map(_column_number, set(_WIDE.findall(text))), 0)
            remarkable = remarkable or bool(
                _ERROR.search(text) or _FORMULA.search(text) or (styles and styles & set(_STYLE.findall(text)))
            )
            tail = piece[-_TAIL:]
    if unplaced or rows * columns > MOST_CELLS:
        rows, columns = _exact_reach(package, part)
    return Reach(rows=rows, columns=columns, remarkable=remarkable)


def _has_unplaced_cells(text: bytes) -> bool:
    """Some writers leave the references out; then only counting tells where a cell is."""
    return len(_CELL.findall(text)) != text.count(b"<c r=")


def _exact_reach(package: Package, part: str) -> tuple[int, int]:
    """The last row and column with a value, by parsing every cell."""
    sheet = _Sheet({})
    with package.open(part) as file:
        for _ in sheet.rows(file):
            pass
    return sheet.last_row, sheet.last_position + 1


def marks_of(package: Package, part: str, masks: dict[int, str]) -> Iterator[tuple[int, list[Mark]]]:
    """The remarkable cells, row by row: the row's number and its marks.

    Raises `SourceError` if the rows do not stand in order.
    """
    sheet = _Sheet(masks)
    last = 0
    with package.open(part) as file:
        for number, marks in sheet.rows(file):
            if number <= last:
                raise SourceError(
                    f"{package.path}: row {number} stands after row {last} in the file",
                    tip="Open it in a spreadsheet program and save it again.",
                )
            last = number
            yield number, marks


class _Sheet:
    """The parser's state: where it is, and the cell it is in."""

    def __init__(self, masks: dict[int, str]) -> None:
        self._masks = masks
        self._done: list[tuple[int, list[Mark]]] = []
        self._marks: list[Mark] = []
        self._row = 0
        self._position = -1
        self._cell: dict[str, str] = {}
        self._formula = False
        self._value: str | None = None
        self._in_value = False
        self._is_filled = False
        self.last_row = 0
        self.last_position = 0

    def rows(self, file: IO[bytes]) -> Iterator[tuple[int, list[Mark]]]:
        reader = parser()
        reader.StartElementHandler = self._start
        reader.EndElementHandler = self._end
        reader.CharacterDataHandler = self._text
        while piece := file.read(CHUNK):
            reader.Parse(piece, False)  # noqa: FBT003
            yield from self._done
            self._done.clear()
        reader.Parse(b"", True)  # noqa: FBT003
        yield from self._done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "c":
            reference = attributes.get("r")
            self._position = _position(reference) if reference else self._position + 1
            self._cell, self._formula, self._value, self._is_filled = attributes, False, None, False
        elif name == "v":
            self._in_value, self._value, self._is_filled = True, "", True
        elif name == "is":
            self._is_filled = True
        elif name == "f":
            self._formula = True
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._position = -1

    def _text(self, text: str) -> None:
        if self._in_value:
            self._value = (self._value or "") + text

    def _end(self, name: str) -> None:
        name = local(name)
        if name == "v":
            self._in_value = False
        elif name == "c":
            if self._is_filled:
                self.last_row = max(self.last_row, self._row)
                self.last_position = max(self.last_position, self._position)
            if mark := self._mark():
                self._marks.append(mark)
        elif name == "row" and self._marks:
            self._done.append((self._row, self._marks))
            self._marks = []

    def _mark(self) -> Mark | None:
        kind = self._cell.get("t", "n")
        if kind == "e":
            error = self._value or "#N/A"
            if error.upper() in ERRORS:
                return Mark(self._position, error)  # the text stays for rejects.csv; `suspects` calls it an error
            return Mark(self._position, "", Fault("cell-error", "is an error, not a value", error, self._position))
        if self._formula and (self._value is None or (not self._value and kind != "str")):
            fault = Fault(
                "formula-without-value", "the cell holds a formula that was never calculated", "", self._position
            )
            return Mark(self._position, "", fault)
        mask = self._masks.get(int(self._cell.get("s", 0))) if self._masks and kind == "n" else None
        shown = masked(mask, self._value) if mask and self._value else None
        return Mark(self._position, shown) if shown else None


def _position(reference: str) -> int:
    return _column_number(reference.rstrip("0123456789").encode()) - 1


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
