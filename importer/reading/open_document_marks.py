"""What the values of an OpenDocument sheet do not tell: error cells, and numbers that are shown as something else.

The workbook library hands error cells over as blanks, numbers without their format, and days of more than 24 hours in
ISO 8601. But each cell also holds the text that a person sees, so only that has to be looked at, and only in files that
have such cells.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from importer.reading.error_texts import is_error
from importer.reading.marks import UNCALCULATED, Mark
from importer.reading.markup import CHUNK, local, parser
from importer.reading.open_document import CELLS, CONTENT
from importer.reading.records import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.packages import Package

_STYLES: Final = "styles.xml"
_SIGNS: Final = re.compile(
    rb"""value-type=["']error["']"""
    rb"""|<(?:\w+:)?p(?:\s[^>]*)?>\#"""  # an error without its type
    rb"""|min-integer-digits=["'](?:[2-9]|\d\d)"""  # zeros in front
    rb"""|<number:text[^>]*>[^<]*[+(/-]"""  # signs in between
    rb"""|time-value=["'](?:-|PT(?:2[4-9]|[3-9]\d|\d{3}))"""  # more than a day
    rb"""|:formula=["']"""  # the result of TRUE() is a number
)
LAST_HOUR: Final = 23
_TAIL: Final = 256
_WHOLE: Final = re.compile(r"(\d{1,15})(?:\.0+)?")
_LENGTH: Final = re.compile(r"(-?)PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_LOGICAL: Final = {"TRUE": "1", "FALSE": "0"}
_WITH_SIGNS: Final = re.compile(r"[+(]*\d[\d()/ -]*")


def is_remarkable(package: Package) -> bool:
    """Whether a sheet of the file may hold such cells: one pass over the bytes of its sheets and styles."""
    return any(_has_signs(package, part) for part in (CONTENT, _STYLES) if package.has(part))


def _has_signs(package: Package, part: str) -> bool:
    with package.open(part) as file:
        tail = b""
        while piece := file.read(CHUNK):
            if _SIGNS.search(tail + piece):
                return True
            tail = piece[-_TAIL:]
    return False


def open_document_marks(package: Package, name: str) -> Iterator[tuple[int, list[Mark]]]:
    """The remarkable cells of the sheet, row by row: the row's number and its marks."""
    sheet = _Sheet(name)
    with package.open(CONTENT) as file:
        for first, times, marks in sheet.rows(file):
            for row in range(first, first + times):
                yield row, marks


class _Sheet:
    """The parser's state: the table, row and cell it is in."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._inside = False
        self._done: list[tuple[int, int, list[Mark]]] = []
        self._marks: list[Mark] = []
        self._row, self._row_times = 1, 1
        self._position, self._cell_times = 0, 1
        self._cell: dict[str, str] = {}
        self._texts: list[str] = []
        self._in_text = self._in_note = False

    def rows(self, file: IO[bytes]) -> Iterator[tuple[int, int, list[Mark]]]:
        """Number of the first row, how often it is repeated, and its marks."""
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
        if name == "table":
            self._inside = attributes.get("table:name", "") == self._name
            self._row = 1
        elif not self._inside:
            return
        elif name == "table-row":
            self._row_times = int(attributes.get("table:number-rows-repeated", 1))
            self._position, self._marks = 0, []
        elif name in CELLS:
            self._cell_times = int(attributes.get("table:number-columns-repeated", 1))
            self._cell, self._texts = attributes, []
        elif name == "annotation":
            self._in_note = True
        elif name == "p":
            self._in_text = not self._in_note

    def _text(self, text: str) -> None:
        if self._in_text:
            self._texts.append(text)

    def _end(self, name: str) -> None:
        name = local(name)
        if name == "p":
            self._in_text = False
        elif name == "annotation":
            self._in_note = False
        elif self._inside and name in CELLS:
            self._end_of_cell()
        elif self._inside and name == "table-row":
            if self._marks:
                self._done.append((self._row, self._row_times, self._marks))
            self._row += self._row_times

    def _end_of_cell(self) -> None:
        shown = "".join(self._texts).strip()
        end = self._position + self._cell_times
        marks = (_mark(shown, self._cell, position) for position in range(self._position, end))
        self._marks += (mark for mark in marks if mark)
        self._position = end


def _mark(shown: str, cell: dict[str, str], position: int) -> Mark | None:
    """The mark of a remarkable cell; `None` for all others."""
    if is_error(shown):
        return Mark(position, shown)  # `suspects` calls it an error
    if cell.get("calcext:value-type") == "error":
        return Mark(position, shown, Fault("cell-error", "is an error, not a value", shown, position))
    if "table:formula" in cell and "office:value-type" not in cell and not shown:
        return Mark(position, "", Fault("formula-without-value", UNCALCULATED, "", position))
    seen = _seen(shown, cell)
    return Mark(position, seen) if seen else None


def _seen(shown: str, cell: dict[str, str]) -> str:
    """What a person sees, where it is not what the value says."""
    value = cell.get("office:value", "")
    if _shows_more(shown, value) or (value and value == _LOGICAL.get(shown)):
        return shown
    length = _LENGTH.fullmatch(cell.get("office:time-value", ""))
    if length and (length[1] or int(length[2]) > LAST_HOUR):
        return f"{length[1]}{int(length[2])}:{length[3]}:{length[4]}"
    return ""


def _shows_more(shown: str, value: str) -> bool:
    """Whether a whole number is shown with zeros in front, or with the signs of a phone number or an id."""
    whole = _WHOLE.fullmatch(value)
    if not whole or not _WITH_SIGNS.fullmatch(shown) or shown == whole[1]:
        return False
    return int(re.sub(r"\D", "", shown)) == int(whole[1])
