"""Stray cells: one in the last corner makes a table of a few rows as large as the sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.errors import SourceError
from importer.reading.cell_text import column_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.xlsx.row_pieces import Piece

HARMLESS_CELLS: Final = 5_000_000
"""A rectangle of so many cells needs no closer look."""
MOST_BLANK: Final = 20
"""Rectangles that are so many times larger than the rows and columns in use come from a stray cell.

Only rows and columns count, because honest exports have hundreds of columns in which hardly a cell is filled.
"""


def without_strays(pieces: Iterator[Piece], place: str) -> Iterator[Piece]:
    """The filled rows; after the last one raises `SourceError` if a cell lies far beyond all others."""
    rows = last = 0
    used: set[int] = set()
    for piece in pieces:
        if piece.numbers:
            rows, last = rows + len(piece), piece.numbers[-1]
            used.update(at for at, column in piece.columns.items() if at not in used and any(column))
        yield piece
    columns = max(used, default=-1) + 1
    if last * columns > max(HARMLESS_CELLS, MOST_BLANK * rows * len(used)):
        raise SourceError(
            f"{place}: its cells reach to row {last} and column {column_letters(columns)}, far beyond its table:"
            " there is a stray cell",
            tip="Go to the last cell (Ctrl+End), delete the rows and columns between it and the table, save the file,"
            " and import it again.",
        )
