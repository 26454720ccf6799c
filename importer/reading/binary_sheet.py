"""Sheets of an .xlsb workbook to records.

The workbook library reads .xlsb too, but hands error cells over as blanks, numbers without their format, and leaves out
every cell that is written in short form (a cell right of its neighbour, as SheetJS writes them all). So the cells, of
which there are a dozen kinds, are read here ([MS-XLSB] 2.4).
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from importer.errors import SourceError
from importer.model.problem import shown
from importer.reading.binary_parts import binary_parts, records, text_at
from importer.reading.cells import lost_digits, text_of
from importer.reading.formats import SAVE_AS
from importer.reading.number_formats import NumberFormat, number_format
from importer.reading.packages import refusing_damage
from importer.reading.records import Fault, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.binary_parts import BinaryParts
    from importer.reading.packages import Package

MOST_TEXT: Final = 512 << 20
"""Characters in the cells of a sheet."""

ERROR_TEXTS: Final = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
    0x2B: "#GETTING_DATA",
}
"""What a person sees for the codes of errors, in .xls and .xlsb."""

_LAST_ROW: Final = (1 << 20) - 1
_LAST_POSITION: Final = (1 << 14) - 1

_ROW: Final = 0
_SHORT: Final = range(12, 19)
_BLANK, _RK, _ERROR, _BOOLEAN, _REAL, _TEXT, _SHARED = range(1, 8)
_FORMULAS: Final = {8: _TEXT, 9: _REAL, 10: _BOOLEAN, 11: _ERROR}
_RICH: Final = 62
_CELLS: Final = frozenset((*range(1, 12), *_SHORT, _RICH))
_COLUMN: Final = Struct("<I")
_DOUBLE: Final = Struct("<d")
_INTEGER: Final = Struct("<i")
_PLAIN: Final = number_format("General")


class _Cell(NamedTuple):
    row: int
    position: int
    kind: int
    style: int
    content: bytes


class BinaryBook:
    """An open .xlsb workbook."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._parts = binary_parts(package)

    @property
    def names(self) -> list[str]:
        """The sheets, in their order."""
        return list(self._parts.sheets)

    @property
    def visible(self) -> list[str]:
        """The sheets of cells that a person sees."""
        return [name for name, sheet in self._parts.sheets.items() if sheet.is_visible and sheet.holds_cells]

    @property
    def hidden(self) -> list[str]:
        """The sheets a person does not see."""
        return [name for name, sheet in self._parts.sheets.items() if not sheet.is_visible]

    def records(self, name: str) -> Iterator[Record]:
        """Every row of the sheet from row 1 to the last one with a value, blank ones too.

        Filled rows are of one width. Raises `SourceError` if the part is damaged, or its rows do not stand in order.
        """
        sheet = self._parts.sheets[name]
        place = f"{self._package.path}, sheet “{shown(name)}”"
        if not sheet.holds_cells:
            raise SourceError(f"{place}: not a sheet of cells", tip="Name another sheet.")
        if not self._package.has(sheet.part):
            raise SourceError(f"{place}: the workbook is damaged: the sheet is missing in it", tip=SAVE_AS)
        with refusing_damage(self._package.path):
            yield from _records(self._package, sheet.part, place, _Texts(self._parts))


def _records(package: Package, part: str, place: str, texts: _Texts) -> Iterator[Record]:
    width = 1 + max((cell.position for cell in _cells(package, part)), default=-1)
    last = 0
    for row, cells in groupby(_cells(package, part), key=itemgetter(0)):
        if row < last:
            raise _out_of_order(package, row + 1, last)
        for number in range(last + 1, row + 1):
            yield Record(number, number, [])
        last = row + 1
        yield texts.record(last, width, cells)
        if texts.length > MOST_TEXT:
            raise SourceError(f"{place}: its cells hold more than {MOST_TEXT >> 20} MB of text", tip="Split the file.")


def _out_of_order(package: Package, row: int, last: int) -> SourceError:
    return SourceError(
        f"{package.path}: row {row} stands after row {last} in the file",
        tip="Open it in a spreadsheet program and save it again.",
    )


def _cells(package: Package, part: str) -> Iterator[_Cell]:
    """The cells with a value, in the order of the file."""
    row, position = 0, -1
    with package.open(part) as file:
        for kind, content in records(file):
            if kind == _ROW:
                (row,), position = _COLUMN.unpack_from(content), -1
            elif kind in _CELLS:
                head = 4 if kind in _SHORT else 8
                (position,) = (position + 1,) if head == 4 else _COLUMN.unpack_from(content)
                style = int.from_bytes(content[head - 4 : head - 1], "little")
                known = kind - 11 if head == 4 else _FORMULAS.get(kind, kind)
                if row > _LAST_ROW or position > _LAST_POSITION:
                    raise ValueError("a cell lies beyond the last row or column")
                if known != _BLANK:
                    yield _Cell(row, position, known, style, content[head:])


class _Texts:
    """Cells to the texts that a person sees; counts how much text there was."""

    def __init__(self, parts: BinaryParts) -> None:
        self._parts = parts
        self.length = 0

    def record(self, number: int, width: int, cells: Iterator[_Cell]) -> Record:
        """A row of the sheet."""
        texts = [""] * width
        faults = []
        for cell in cells:
            text, fault = self._seen(cell)
            texts[cell.position] = text
            self.length += len(text)
            if fault:
                faults.append(fault)
        return Record(number, number, texts, tuple(faults))

    def _seen(self, cell: _Cell) -> tuple[str, Fault | None]:
        if cell.kind == _RK:
            return self._number(rk_number(cell.content), cell)
        if cell.kind == _REAL:
            return self._number(_DOUBLE.unpack_from(cell.content)[0], cell)
        return self._text(cell.kind, cell.content), None

    def _text(self, kind: int, content: bytes) -> str:
        if kind == _SHARED:
            (number,) = _COLUMN.unpack_from(content)
            return self._parts.strings[int(number)]
        if kind in (_TEXT, _RICH):
            return text_at(content, int(kind == _RICH))[0]
        if kind == _BOOLEAN:
            return text_of(bool(content[0]))
        return ERROR_TEXTS.get(int(content[0]), "#N/A")  # `suspects` calls it an error

    def _number(self, value: float, cell: _Cell) -> tuple[str, Fault | None]:
        styles = self._parts.styles
        style = styles[cell.style] if cell.style < len(styles) else _PLAIN
        fault, text = shown_number(value, style, cell.position, is_1904=self._parts.is_1904)
        return text, fault


def shown_number(value: float, style: NumberFormat, position: int, *, is_1904: bool) -> tuple[Fault | None, str]:
    """A number as its style shows it: a date, padded with zeros, or as it is; and what is wrong with that."""
    reading = style.read(value, from_1904=is_1904)
    if reading.problem:
        return Fault("cell-shown-differently", reading.problem, reading.text, position), reading.text
    if lost_digits(value):
        return Fault("digits-lost", "a spreadsheet keeps 15 digits of a number", reading.text, position), reading.text
    return None, reading.text


def rk_number(content: bytes) -> float:
    """A number in four bytes: a whole number of 30 bits or the front of a double, perhaps a hundred times too large."""
    (packed,) = _INTEGER.unpack_from(content)
    value: float = float(packed >> 2) if packed & 2 else _DOUBLE.unpack(bytes(4) + _INTEGER.pack(packed & ~3))[0]
    return value / 100 if packed & 1 else value
