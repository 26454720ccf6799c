"""What the values of a sheet do not tell: error cells, formulas without a value, padded numbers, how far it reaches.

The workbook library hands error cells and uncalculated formulas over as blanks and numbers without their format.
So a sheet's XML is scanned as bytes, which is fast, and parsed only if it holds such cells.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
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

MOST_CELLS = 24_000_000
"""The library keeps the whole rectangle of a sheet in memory, with 32 bytes for a blank: so many fit into 1 GiB."""
HARMLESS_CELLS = 5_000_000
"""A rectangle of so many cells needs no closer look: 160 MB, and a second or two."""
MOST_BLANK = 20
"""Rectangles that are so many times larger than the rows and columns in use come from a stray cell.

Only rows and columns count, because honest exports have hundreds of columns in which hardly a cell is filled.
"""

_TAIL = 64
_LAST_ROW = 1_048_576
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ERROR = re.compile(rb"""\st=["']e["']""")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")
_DEEP = re.compile(rb"""\sr=["'][A-Za-z]*(\d{5,})["']""")
_STYLE = re.compile(rb"""\ss=["'](\d+)["']""")


class Mark(NamedTuple):
    """What a person sees in a cell, where it is not what the value says; or what is wrong with it."""

    position: int
    text: str
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far the cells of a sheet reach, at most, and whether any of them needs a closer look.

    `used` is how many cells the rows and columns with a value would fill, where the sheet was worth counting.
    """

    rows: int
    columns: int
    remarkable: bool
    used: int | None = None

    @property
    def cells(self) -> int:
        """The rectangle that the library will keep."""
        return self.rows * self.columns

    @property
    def is_stray(self) -> bool:
        """Whether a cell far away from the others makes the rectangle as large as it is."""
        return self.used is not None and self.cells > HARMLESS_CELLS and self.cells > MOST_BLANK * self.used


def reach_of(package: Package, part: str, masks: dict[int, str]) -> Reach:
    """One pass over the bytes of the sheet."""
    rows, columns, remarkable, cells = 9_999, 1, False, 0
    styles = {str(style).encode() for style in masks}
    unplaced = False
    with package.open(part) as file:
        tail = b""
        while piece := file.read(CHUNK):
            text = tail + piece
            found = len(_CELL.findall(text))
            cells += found
            unplaced = unplaced or found != text.count(b"<c r=")
            rows = max(rows, *map(int, set(_DEEP.findall(text))), 0)
            columns = max(columns, *map(_column_number, set(_beyond(columns).findall(text))), 0)
            remarkable = remarkable or bool(
                _ERROR.search(text) or _FORMULA.search(text) or (styles and styles & set(_STYLE.findall(text)))
            )
            tail = piece[-_TAIL:]
    # Some writers leave the references out; then only counting tells where a cell is.
    if unplaced or rows * columns > max(HARMLESS_CELLS, min(MOST_CELLS, MOST_BLANK * cells)):
        return _exact_reach(package, part, remarkable=remarkable)
    return Reach(rows=rows, columns=columns, remarkable=remarkable)


@cache
def _beyond(column: int) -> re.Pattern[bytes]:
    """Matches cells right of the column; so few have to be looked at, however long the sheet is."""
    single = f"[{chr(65 + column)}-Z{chr(97 + column)}-z]|" if column < 26 else ""
    return re.compile(f"""\\sr=["']({single}[A-Za-z]{{2,}})\\d""".encode())


def _exact_reach(package: Package, part: str, *, remarkable: bool) -> Reach:
    """The last row and column with a value, by parsing every cell."""
    sheet = _Sheet({})
    with package.open(part) as file:
        for _ in sheet.rows(file):
            pass
    used = len(sheet.filled_rows) * len(sheet.filled_positions)
    return Reach(rows=sheet.last_row, columns=sheet.last_position + 1, remarkable=remarkable, used=used)


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
        self.filled_rows: set[int] = set()
        self.filled_positions: set[int] = set()

    @property
    def last_row(self) -> int:
        return max(self.filled_rows, default=0)

    @property
    def last_position(self) -> int:
        return max(self.filled_positions, default=0)

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
            if reference := attributes.get("r"):
                self._row, self._position = _place(reference)
            else:
                self._position += 1
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
                self.filled_rows.add(self._row)
                self.filled_positions.add(self._position)
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


def _place(reference: str) -> tuple[int, int]:
    """Row (from 1) and position (from 0) of a cell: the library believes the cell, not the row that it stands in."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or int(match[2]) > _LAST_ROW:
        raise ValueError(f"a cell is said to stand at {reference!r}")
    return int(match[2]), _column_number(match[1].encode()) - 1


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def column_letters(number: int) -> str:
    """`XFD` for column 16,384, as a spreadsheet calls it."""
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
