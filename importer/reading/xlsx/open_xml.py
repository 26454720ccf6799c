"""Open XML workbooks (.xlsx, .xlsm): which sheets there are, and their rows as they stream from the package."""

from __future__ import annotations

import posixpath
from functools import cached_property
from operator import lt
from typing import TYPE_CHECKING, Final, NamedTuple

from importer import accelerators
from importer.errors import SourceError
from importer.model.problem import shown
from importer.reading.cell_text import column_letters
from importer.reading.file_kind import SAVE_AS
from importer.reading.number_formats import styles_of
from importer.reading.record import pieces_of
from importer.reading.sheet_layout import Sheet, sheet_layout
from importer.reading.xlsx.cell_values import Values
from importer.reading.xlsx.shared_strings import SharedStrings
from importer.reading.xlsx.sheet_parser import MOST_COLUMNS, parsed_rows
from importer.reading.zip_package import elements, open_package, part_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from importer.reading.number_formats import NumberFormat
    from importer.reading.record import Piece, Record
    from importer.reading.sheet_layout import SheetLayout

MOST_ROWS: Final = 1 << 20
HARMLESS_CELLS: Final = 5_000_000
"""A rectangle of so many cells needs no closer look."""
MOST_BLANK: Final = 20
"""Rectangles that are so many times larger than the rows and columns in use come from a stray cell.

Only rows and columns count, because honest exports have hundreds of columns in which hardly a cell is filled.
"""


class _Target(NamedTuple):
    """A part that another part refers to, and what it is: `worksheet`, `styles`, …"""

    part: str
    kind: str


class OpenXmlBook:
    """An open workbook; nothing of its sheets is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._package = open_package(path)

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets, in their order."""
        return self._contents[0]

    def pieces(self, name: str) -> Iterator[Piece]:
        """The filled rows of the sheet in the order of their numbers.

        Raises `SourceError` where it cannot be read any further: where the rows are not in order, or lie where no
        spreadsheet has cells; and after the last one if a cell lies far beyond all others.
        """
        part, place = self._part(name), f"{self._path}, sheet “{shown(name)}”"
        last = rows = lowest = 0
        used: set[int] = set()
        for piece in self._pieces(part):
            sound = min(_in_order(piece.numbers, last), _within_sheet(piece))
            last = piece.numbers[sound - 1] if sound else last
            filled = piece.part(0, sound).filled()
            if filled.numbers:
                rows, lowest = rows + len(filled), filled.numbers[-1]
                used.update(at for at, column in filled.columns.items() if at not in used and any(column))
                yield filled
            if sound < len(piece):
                raise _misplaced(place, piece.record(sound), last)
        columns = max(used, default=-1) + 1
        if lowest * columns > max(HARMLESS_CELLS, MOST_BLANK * rows * len(used)):
            raise SourceError(
                f"{place}: its cells reach to row {lowest} and column {column_letters(columns)}, far beyond its table:"
                " there is a stray cell",
                tip="Go to the last cell (Ctrl+End), delete the rows and columns between it and the table, save the"
                " file, and import it again.",
            )

    def layout(self, name: str) -> SheetLayout:
        """What is hidden and merged in a sheet that was read before."""
        with self._package.open(self._part(name)) as file:
            return sheet_layout(file)

    def _pieces(self, part: str) -> Iterator[Piece]:
        """The rows by the accelerator as far as it goes, and the rest by the parser."""
        last: int | None = 0
        if accelerators.are_on():
            from importer.reading.xlsx.fast_rows import rows_by_pattern

            last = yield from rows_by_pattern(self._package, part, self._values)
        if last is not None:
            with self._package.open(part) as file:
                yield from pieces_of(row for row in parsed_rows(file, self._values) if row.number > last)

    def _part(self, name: str) -> str:
        """Where in the package a sheet of cells is."""
        sheets, parts, _ = self._contents
        at = next(at for at, sheet in enumerate(sheets) if sheet.name == name)
        if not sheets[at].holds_cells:
            raise SourceError(f"{self._path}: “{shown(name)}” is not a sheet of cells", tip="Name another sheet.")
        if not self._package.has(parts[at]):
            raise SourceError(
                f"{self._path}, sheet “{shown(name)}”: the workbook is damaged: the sheet is missing in it", tip=SAVE_AS
            )
        return parts[at]

    @cached_property
    def _contents(self) -> tuple[list[Sheet], list[str], bool]:
        """The sheets, their parts, and whether their days are counted from 1904."""
        sheets: list[Sheet] = []
        parts: list[str] = []
        from_1904 = False
        with self._package.open(self._main) as file:
            for element, attributes in elements(file):
                if element == "workbookPr":
                    from_1904 = attributes.get("date1904", "0") in ("1", "true")
                elif element == "sheet" and "name" in attributes:
                    key = next((value for name, value in attributes.items() if name.endswith(":id")), "")
                    part, kind = self._related.get(key, _Target("", "worksheet"))
                    is_visible = attributes.get("state", "visible") == "visible"
                    sheets.append(Sheet(attributes["name"], is_visible, holds_cells=kind == "worksheet"))
                    parts.append(part)
        return sheets, parts, from_1904

    @cached_property
    def _values(self) -> Values:
        styles: dict[int, NumberFormat] = {}
        if part := self._related_part("styles"):
            with self._package.open(part) as file:
                styles = styles_of(file)
        strings = SharedStrings(self._package, self._related_part("sharedStrings"))
        return Values(strings=strings, styles=styles, from_1904=self._contents[2])

    @cached_property
    def _main(self) -> str:
        found = (part for part, kind in self._targets("").values() if kind == "officeDocument")
        return next(filter(self._package.has, found), "xl/workbook.xml")

    @cached_property
    def _related(self) -> dict[str, _Target]:
        return self._targets(self._main)

    def _related_part(self, wanted: str) -> str | None:
        """The workbook's part of a kind such as `styles` or `sharedStrings`, if there is one."""
        return next((part for part, kind in self._related.values() if kind == wanted and self._package.has(part)), None)

    def _targets(self, part: str) -> dict[str, _Target]:
        """The parts that `part` refers to, by the id of the relationship."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        if not self._package.has(relations):
            return {}
        found = {}
        with self._package.open(relations) as file:
            for element, attributes in elements(file):
                if element == "Relationship" and attributes.get("TargetMode") != "External":
                    target = attributes.get("Target", "")
                    local = part_name(target)
                    full = local if target.startswith("/") else posixpath.normpath(posixpath.join(folder, local))
                    found[attributes.get("Id", "")] = _Target(full, attributes.get("Type", "").rpartition("/")[2])
        return found


def _in_order(numbers: Sequence[int], last: int) -> int:
    """How many rows have a number that is larger than the one before, and that a spreadsheet can have."""
    if all(map(lt, (last, *numbers), numbers)) and (not numbers or numbers[-1] <= MOST_ROWS):
        return len(numbers)
    before = (last, *numbers)
    return next(place for place, number in enumerate(numbers) if not before[place] < number <= MOST_ROWS)


def _within_sheet(piece: Piece) -> int:
    """How many rows have no cell beyond the last column that there can be."""
    beyond = [column for position, column in piece.columns.items() if position >= MOST_COLUMNS]
    if not beyond:
        return len(piece)
    return next((place for place in range(len(piece)) if any(column[place] for column in beyond)), len(piece))


def _misplaced(place: str, record: Record, last: int) -> SourceError:
    tip = "Open it in a spreadsheet program and save it again."
    if record.number <= last:
        return SourceError(f"{place}: row {record.number} comes after row {last} in the file", tip=tip)
    reach = f"its cells reach to row {record.number} and column {column_letters(len(record.cells))}"
    return SourceError(f"{place}: {reach}, where no spreadsheet has cells", tip=tip)
