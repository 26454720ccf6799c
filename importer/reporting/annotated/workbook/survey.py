"""A first look at a sheet of the user's: how far its table reaches, and what its header says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from importer.reporting.annotated.workbook.lines import column_number
from importer.reporting.annotated.workbook.xml_edit import NotCopied, utf8_parser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

PIECE: Final = 1 << 18
"""Bytes that are read at once."""

LAST_COLUMN: Final = 16_384


@dataclass(slots=True, kw_only=True)
class HeaderCell:
    """A cell of the header: where it stands, how it looks, its text or the number of its shared string."""

    column: int
    look: int
    kind: str
    text: str = ""


class Columns:
    """Which column a cell's reference names; remembers the few that a sheet uses."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, reference: str) -> int:
        """The column of `AB12`; NotCopied if it names none."""
        letters = reference.rstrip("0123456789")
        number = self._numbers.get(letters)
        if number is None:
            number = self._numbers[letters] = column_number(letters)
            if not 0 < number <= LAST_COLUMN:
                raise NotCopied("a cell stands outside the sheet")
        return number


@dataclass(slots=True)
class Survey:
    """What was found: `last` is the last column with a value, or merged with one in the table; 0 if there is none."""

    last: int = 0
    header: list[HeaderCell] = field(default_factory=list)


def survey(sheet: IO[bytes], header_row: int) -> Survey:
    """Look at a sheet."""
    surveyor = _Surveyor(header_row)
    while piece := sheet.read(PIECE):
        surveyor.parser.Parse(piece, False)  # noqa: FBT003
    surveyor.parser.Parse(b"", True)  # noqa: FBT003
    return surveyor.found


class _Surveyor:
    def __init__(self, header_row: int) -> None:
        self.found = Survey()
        self.parser = utf8_parser()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self._header_row = header_row
        self._columns = Columns()
        self._row = self._column = 0
        self._cell: dict[str, str] = {}

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r")
            self._column = self._columns.of(reference) if reference else self._column + 1
            self._cell = attributes
        elif name in ("v", "is", "f"):
            self._fill(name)
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
            self.parser.CharacterDataHandler = self._text if self._row == self._header_row else None
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _fill(self, name: str) -> None:
        if self._column > self.found.last:
            self.found.last = self._column
        if self._row == self._header_row and name != "f":
            look, kind = int(self._cell.get("s", 0)), self._cell.get("t", "n")
            self.found.header.append(HeaderCell(column=self._column, look=look, kind=kind))

    def _text(self, text: str) -> None:
        if self.found.header and self.found.header[-1].column == self._column:
            self.found.header[-1].text += text

    def _merge(self, reference: str) -> None:
        end = reference.rpartition(":")[2].replace("$", "")
        row = end[len(end.rstrip("0123456789")) :]
        if row and int(row) >= self._header_row:
            self.found.last = max(self.found.last, self._columns.of(end))


def shared_strings(part: IO[bytes], wanted: set[int]) -> dict[int, str]:
    """The texts of some shared strings, without what says how they are pronounced."""
    reader = _Strings(wanted)
    while len(reader.found) < len(wanted) and (piece := part.read(PIECE)):
        reader.parser.Parse(piece, False)  # noqa: FBT003
    return reader.found


class _Strings:
    def __init__(self, wanted: set[int]) -> None:
        self.found: dict[int, str] = {}
        self.parser = utf8_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._wanted = wanted
        self._number = -1
        self._pieces: list[str] = []
        self._is_spoken = False

    def _start(self, name: str, _: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "si":
            self._number += 1
            self._pieces = []
        elif name == "rPh":
            self._is_spoken = True
        elif name == "t" and self._number in self._wanted and not self._is_spoken:
            self.parser.CharacterDataHandler = self._pieces.append

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            self.parser.CharacterDataHandler = None
        elif name == "rPh":
            self._is_spoken = False
        elif name == "si" and self._number in self._wanted:
            self.found[self._number] = "".join(self._pieces)


def numbered(cells: list[HeaderCell]) -> Iterator[int]:
    """The numbers of the shared strings that the header uses."""
    return (int(cell.text) for cell in cells if cell.kind == "s" and cell.text.strip().isdigit())
