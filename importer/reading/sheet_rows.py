"""The rows of an Open XML sheet, as they stream from the package.

Plain rows are cut by a pattern. A sheet that is not laid out plainly (prefixes, comments, rows without a number,
another encoding) goes to the parser as a whole.
"""

from __future__ import annotations

import re
from operator import lt
from typing import IO, TYPE_CHECKING, Final

from importer.errors import SourceError
from importer.reading.cells import column_letters
from importer.reading.markup import CHUNK, PROLOG, ROOT_KEEPS_SPACES
from importer.reading.pieces import laid_out
from importer.reading.plain_rows import NotPlain, PlainRows
from importer.reading.sheet_parser import MOST_COLUMNS, parsed_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reading.packages import Package
    from importer.reading.pieces import Piece
    from importer.reading.records import Record
    from importer.reading.values import Values

MOST_ROWS: Final = 1 << 20
LARGEST_ROW: Final = 64 << 20
"""Bytes of XML from one row to the next."""

_ROW_END = b"</row>"
_PROLOG = re.compile(PROLOG + rb"\s*(<worksheet\b[^<>]*>)(?:(?!<sheetData)[^!?])*?<sheetData\s*(/?)>", re.I)
_EPILOG = re.compile(rb'\s*(?:<row r="\d+"[^<>]*/>\s*)*</sheetData')


def rows_of(package: Package, part: str, values: Values, place: str) -> Iterator[Piece]:
    """Every filled row of the sheet that stands in the file, in the order of their numbers.

    Raises `SourceError` naming `place` if the rows do not stand in order, or lie where no spreadsheet has cells.
    """
    last = 0
    for piece in _plain_or_parsed(package, part, values):
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


def _plain_or_parsed(package: Package, part: str, values: Values) -> Iterator[Piece]:
    read = 0
    try:
        with package.open(part) as file:
            for piece in plain_rows(file, values):
                if len({*piece.numbers}) < len(piece):
                    raise NotPlain  # a row element for each cell; the parser puts them together
                yield piece
                read = piece.numbers[-1]
    except NotPlain:
        with package.open(part) as file:
            yield from laid_out(record for record in parsed_rows(file, values) if record.number > read)


def plain_rows(file: IO[bytes], values: Values) -> Iterator[Piece]:
    """Every row of a sheet that is laid out plainly; raises `NotPlain` where it is not."""
    text, is_empty, keeps_spaces = _after_prolog(file)
    rows = PlainRows(values, keeps_spaces=keeps_spaces)
    while not is_empty:
        head, found, end = text.rpartition(_ROW_END)
        finished = b"</sheetData" in end
        if found:
            yield from rows.of(head.decode())
        if finished:
            if not _EPILOG.match(end):
                raise NotPlain
            break
        piece = file.read(CHUNK)
        if not piece or len(end) > LARGEST_ROW:
            raise NotPlain
        text = end + piece
    while file.read(CHUNK):  # to the end, where the checksum is compared
        pass


def _after_prolog(file: IO[bytes]) -> tuple[bytes, bool, bool]:
    """The bytes after `<sheetData>`, whether there is nothing in it, and whether spaces around all texts count."""
    text = file.read(CHUNK)
    match = _PROLOG.match(text)
    if not match:
        raise NotPlain
    return text[match.end() :], bool(match[2]), bool(ROOT_KEEPS_SPACES(match[1]))
