"""What the values of an .xls sheet do not tell: error cells, dates, padded numbers.

The workbook library hands error cells over as blanks, and numbers without their format. So the cells that a person
sees as something else are read here: a row of records of type, length and content ([MS-XLS] 2.4, and Excel 5's).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from importer.errors import SourceError
from importer.reading.binary_sheet import ERROR_TEXTS, rk_number, shown_number
from importer.reading.compound import stream_of
from importer.reading.formats import password_protected
from importer.reading.marks import Mark
from importer.reading.number_formats import NumberFormat, format_of
from importer.reading.packages import refusing_damage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEGIN: Final = 0x809
_END: Final = 0x0A
_SHEET: Final = 0x85
_FORMAT: Final = 0x41E
_STYLE: Final = 0xE0
_DATE_SYSTEM: Final = 0x22
_PASSWORD: Final = 0x2F

_NUMBER: Final = 0x203
_RK: Final = 0x27E
_RKS: Final = 0xBD
_BOOLEAN_OR_ERROR: Final = 0x205
_FORMULAS: Final = (0x06, 0x206, 0x406)
_NO_NUMBER: Final = b"\xff\xff"
_ERROR_RESULT: Final = 2

_HEAD: Final = Struct("<HH")
_CELL: Final = Struct("<HHH")
_DOUBLE: Final = Struct("<d")
_EXCEL_97: Final = 0x600


@dataclass(frozen=True, slots=True, kw_only=True)
class OldBook:
    """The stream of an .xls workbook: where its sheets begin in it, and what its cells refer to."""

    path: Path
    stream: bytes
    begins: list[int]
    styles: list[NumberFormat]
    is_1904: bool


class _Cell(NamedTuple):
    row: int
    position: int
    style: int
    value: float
    error: str = ""


def old_book(path: Path) -> OldBook:
    """The workbook around the sheets; raises `SourceError` where it is damaged or needs a password."""
    with refusing_damage(path):
        stream = stream_of(path.read_bytes(), ("Workbook", "Book"))
        return _book(path, stream)


def _book(path: Path, stream: bytes) -> OldBook:
    begins: list[int] = []
    codes: dict[int, str] = {}
    numbers: list[int] = []
    is_1904, wide = False, True
    for kind, content in _records(stream, 0):
        if kind == _BEGIN:
            wide = int.from_bytes(content[:2], "little") >= _EXCEL_97
        elif kind == _SHEET:
            begins.append(int.from_bytes(content[:4], "little"))
        elif kind == _FORMAT:
            codes[int.from_bytes(content[:2], "little")] = _code(content, wide=wide)
        elif kind == _STYLE:
            numbers.append(int.from_bytes(content[2:4], "little"))
        elif kind == _PASSWORD:
            raise password_protected(path)
        elif kind == _DATE_SYSTEM:
            is_1904 = bool(content[0])
    styles = [format_of(number, codes.get(number)) for number in numbers]
    return OldBook(path=path, stream=stream, begins=begins, styles=styles, is_1904=is_1904)


def _code(content: bytes, *, wide: bool) -> str:
    """A format's code: Excel 97 says whether its letters have one byte or two, older ones have one."""
    if not wide:
        return content[3:].decode("latin-1")
    return content[5:].decode("utf-16-le", "replace") if content[4] & 1 else content[5:].decode("latin-1")


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """The records from there to the end of the part that begins there, charts within it left out."""
    depth = 0
    while True:
        kind, length = _HEAD.unpack_from(stream, at)
        content = stream[at + 4 : at + 4 + length]
        if len(content) < length:
            raise EOFError("the workbook ends within a record")
        at += 4 + length
        depth += (kind == _BEGIN) - (kind == _END)
        if depth == 1:
            yield kind, content
        elif depth == 0:
            return


def old_marks(book: OldBook, sheet: int) -> Iterator[tuple[int, list[Mark]]]:
    """The remarkable cells of the sheet (counted from 0), row by row: the row's number and its marks.

    Raises `SourceError` if the part is damaged, or if its rows do not stand in order.
    """
    last = 0
    with refusing_damage(book.path):
        for row, cells in groupby(_cells(book, book.begins[sheet]), key=lambda cell: cell.row + 1):
            if row <= last:
                raise SourceError(
                    f"{book.path}: row {row} stands after row {last} in the file",
                    tip="Open it in a spreadsheet program and save it again.",
                )
            last = row
            yield row, sorted(_mark(cell, book) for cell in cells)


def _mark(cell: _Cell, book: OldBook) -> Mark:
    if cell.error:
        return Mark(cell.position, cell.error)  # `suspects` calls it an error
    style = book.styles[cell.style]
    fault, text = shown_number(cell.value, style, cell.position, is_1904=book.is_1904)
    return Mark(cell.position, text, fault)


def _cells(book: OldBook, begin: int) -> Iterator[_Cell]:
    """The cells that hold an error, or a number that is not shown as it is."""
    remarkable = {number for number, style in enumerate(book.styles) if style.changes_numbers}
    for kind, content in _records(book.stream, begin):
        if kind == _RKS:
            yield from (cell for cell in _packed(content) if cell.style in remarkable)
        elif kind in (_NUMBER, _RK, _BOOLEAN_OR_ERROR, *_FORMULAS):
            cell = _single(kind, content)
            if cell and (cell.error or cell.style in remarkable):
                yield cell


def _single(kind: int, content: bytes) -> _Cell | None:
    row, position, style = _CELL.unpack_from(content)
    value = content[6:]
    if kind == _RK:
        return _Cell(row, position, style, rk_number(value))
    if kind == _BOOLEAN_OR_ERROR:
        return _Cell(row, position, style, 0, _error(value[0])) if value[1] else None
    if kind in _FORMULAS and value[6:8] == _NO_NUMBER:
        return _Cell(row, position, style, 0, _error(value[2])) if value[0] == _ERROR_RESULT else None
    return _Cell(row, position, style, _DOUBLE.unpack_from(value)[0])


def _error(code: int) -> str:
    return ERROR_TEXTS.get(code, "#N/A")


def _packed(content: bytes) -> Iterator[_Cell]:
    """Several numbers side by side."""
    row, first = _HEAD.unpack_from(content)
    for at in range(4, len(content) - 2, 6):
        style = int.from_bytes(content[at : at + 2], "little")
        yield _Cell(row, first + (at - 4) // 6, style, rk_number(content[at + 2 : at + 6]))
