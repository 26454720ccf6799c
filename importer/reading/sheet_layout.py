"""What every format tells about its sheets: names, rows, which of them are hidden, and which cells are merged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Final, NamedTuple, Protocol

from importer.model.problem import shown
from importer.model.whitespace import text_key
from importer.reading.cell_text import column_letters, column_number
from importer.reading.zip_package import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.header import Header
    from importer.reading.record import Piece

MOST_MERGED: Final = 10_000
_LARGEST_TAIL: Final = 64 << 20
_SHOWN: Final = 3

_ROW_END: Final = b"row>"
_HIDDEN_ROW: Final = re.compile(
    rb"""<(?:\w+:)?row\b(?=[^>]*\shidden=["'](?:1|true)["'])(?:[^>]*?\sr=["'](\d+)["'])?[^>]*(?<!/)>"""
    rb"(?:(?!</(?:\w+:)?row>).)*?<(?:\w+:)?(?:v|is)\b",
    re.S,
)
"""A row that is hidden and holds something."""
_MERGED: Final = re.compile(rb"""<(?:\w+:)?mergeCell\s[^>]*?ref=["']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})["']""")
_FILTER: Final = re.compile(rb"<(?:\w+:)?(?:autoFilter|tablePart)\b")


class Sheet(NamedTuple):
    """A sheet of a workbook; one that `holds_cells` is no chart."""

    name: str
    is_visible: bool = True
    holds_cells: bool = True


class Book(Protocol):
    """An open workbook of any format."""

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets, in their order."""

    def pieces(self, name: str) -> Iterator[Piece]:
        """The filled rows of a sheet, in order."""

    def layout(self, name: str) -> SheetLayout:
        """What is hidden and merged in a sheet that was read before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Cells that are merged into one: its first and last row (from 1) and column (from 0)."""

    name: str
    rows: tuple[int, int]
    columns: tuple[int, int]

    def covers(self, position: int, header_row: int) -> bool:
        """Whether it leaves cells of the column blank, below the header."""
        first, last = self.columns
        has_blank = position > first or self.rows[1] > self.rows[0]
        return first <= position <= last and has_blank and self.rows[1] > header_row


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLayout:
    """The numbers of the rows that are hidden and hold something (0: not known), whether by a filter; merged cells."""

    hidden_rows: tuple[int, ...] = ()
    has_filter: bool = False
    merged: tuple[Area, ...] = ()

    def notes(self, header: Header, wanted: frozenset[str]) -> list[str]:
        """What to report about the table with this header, of which these columns are wanted (none: all)."""
        hidden = sum(not row or row > header.row for row in self.hidden_rows)
        by = " (by a filter)" if self.has_filter else ""
        rows, verb, them = ("1 row", "is", "it") if hidden == 1 else (f"{hidden:,} rows", "are", "them")
        notes = [f"{rows} {verb} hidden{by} and {verb} read; to leave {them} out, delete {them}"] if hidden else []
        return [*notes, *self._merged_notes(header, {text_key(name) for name in wanted})]

    def _merged_notes(self, header: Header, wanted: set[str]) -> list[str]:
        notes = []
        for column, position in zip(header.columns, header.positions, strict=True):
            areas = [area.name for area in self.merged if area.covers(position, header.row)]
            if areas and (not wanted or text_key(column) in wanted):
                listed = ", ".join(areas[:_SHOWN]) + (", …" if len(areas) > _SHOWN else "")
                notes.append(
                    f"column “{shown(column)}” has merged cells ({listed}): only the first cell of each has the value,"
                    " the others are blank; to fill them, unmerge the cells and copy the value"
                )
        return notes


def sheet_layout(part: IO[bytes]) -> SheetLayout:
    """The layout of an Open XML sheet; looks at the text of the part, and for tags only where they can be."""
    rows: list[int] = []
    tail = b""
    while (piece := part.read(CHUNK)) and len(tail) < _LARGEST_TAIL:
        head, end, tail = (tail + piece).rpartition(_ROW_END)
        if b"hidden" in head:
            rows.extend(int(match[1] or 0) for match in _HIDDEN_ROW.finditer(head + end))
    return SheetLayout(
        hidden_rows=tuple(rows),
        has_filter=bool(_FILTER.search(tail)),
        merged=tuple(map(_area, islice(_MERGED.finditer(tail), MOST_MERGED))),
    )


def area_of(rows: tuple[int, int], columns: tuple[int, int]) -> Area:
    """The area of these first and last rows and columns."""
    (top, bottom), (left, right) = rows, columns
    return Area(name=f"{column_letters(left + 1)}{top}:{column_letters(right + 1)}{bottom}", rows=rows, columns=columns)


def _area(match: re.Match[bytes]) -> Area:
    left, top, right, bottom = (text.decode() for text in match.groups())
    return area_of((int(top), int(bottom)), (column_number(left) - 1, column_number(right) - 1))
