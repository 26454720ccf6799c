"""The rows of an Open XML sheet, as they stream from the package: in order, and where a spreadsheet can have cells."""

from __future__ import annotations

from operator import lt
from typing import TYPE_CHECKING, Final

from importer import accelerators
from importer.errors import SourceError
from importer.reading.cell_text import column_letters
from importer.reading.xlsx.row_pieces import laid_out
from importer.reading.xlsx.sheet_parser import MOST_COLUMNS, parsed_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reading.record import Record
    from importer.reading.xlsx.cell_values import Values
    from importer.reading.xlsx.row_pieces import Piece
    from importer.reading.zip_package import Package

MOST_ROWS: Final = 1 << 20


def rows_of(package: Package, part: str, values: Values, place: str) -> Iterator[Piece]:
    """Every filled row of the sheet that stands in the file, in the order of their numbers.

    Raises `SourceError` naming `place` if the rows do not stand in order, or lie where no spreadsheet has cells.
    """
    last = 0
    for piece in _pieces(package, part, values):
        sound = min(_in_order(piece.numbers, last), _within_sheet(piece))
        if sound:
            yield piece.part(0, sound).filled()
            last = piece.numbers[sound - 1]
        if sound < len(piece):
            raise _misplaced(place, piece.record(sound), last)


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
        return SourceError(f"{place}: row {record.number} stands after row {last} in the file", tip=tip)
    reach = f"its cells reach to row {record.number} and column {column_letters(len(record.cells))}"
    return SourceError(f"{place}: {reach}, where no spreadsheet has cells", tip=tip)


def _pieces(package: Package, part: str, values: Values) -> Iterator[Piece]:
    """The rows by the accelerator as far as it goes, and the rest by the parser."""
    last: int | None = 0
    if accelerators.are_on():
        from importer.reading.xlsx.fast_rows import rows_by_pattern

        last = yield from rows_by_pattern(package, part, values)
    if last is not None:
        with package.open(part) as file:
            yield from laid_out(record for record in parsed_rows(file, values) if record.number > last)
