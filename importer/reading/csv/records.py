"""The records of a delimited text: by `csv`, but with the exceptions that spreadsheets make.

In `"A1", "Anna" ,"x"` a spreadsheet shows `Anna`; `csv` would take the quotation marks after a space for a part of the
cell, and refuse the space after them. Spaces of any kind count.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.problem import shown
from importer.model.whitespace import UNSEEN_CHARACTERS
from importer.reading.record import Fault, Record

if TYPE_CHECKING:
    import _csv
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

LARGEST_CELL = 1 << 20
"""Characters of one cell: anything longer is a quote that was never closed."""
LONGEST_LINE = 1 << 23
"""Characters of one line: a file without line breaks would be read into memory as a whole."""
MOST_COLUMNS = 16_384
"""Cells of one row: as many as a spreadsheet has columns."""
MOST_ROWS = 10_000_000
"""Rows of one file: a longer list is sent in parts."""

_TEXT_FORMULA = re.compile(r'="([^"]*(?:""[^"]*)*)" *')
_MOST_LINES = 100
"""Lines of one record that are searched for spaces next to its quotation marks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiter:
    """The delimiter, how many cells most rows have by it, and whether a `sep=` line named it."""

    character: str
    width: int = 0
    named_by_file: bool = False


def open_text(path: Path, encoding: str) -> TextIO:
    """The file as text with its line ends; raises `UnicodeError` while reading if it is not of the encoding."""
    return path.open(encoding=encoding, errors="strict", newline="")


def lines_in(text: TextIO, path: Path) -> Iterator[str]:
    """The physical lines, as `unbroken` gives them."""
    return unbroken(iter(partial(text.readline, LONGEST_LINE), ""), path)


def unbroken(lines: Iterable[str], path: Path, first: int = 1) -> Iterator[str]:
    """The physical lines; raises `SourceError` at one that no honest list has."""
    for number, line in enumerate(lines, start=first):
        if len(line) >= LONGEST_LINE:
            raise SourceError(
                f"{path}: line {number} holds more than {LONGEST_LINE:,} characters",
                tip="Every row must end with a line break; export the file again.",
            )
        # Where files were joined, a byte order mark or the end mark of DOS (0x1A) is left between the rows,
        # and where columns were, a mark before a quoted cell.
        yield line.lstrip("\ufeff\x1a").rstrip("\x1a").replace('\ufeff"', '"')


class Lines:
    """Physical lines, which are counted, and of which those of the record that is being read are kept."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.pending: list[str] = []
        self.returned: list[str] = []
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.returned.pop() if self.returned else next(self._lines)
        self.pending.append(line)
        self.count += 1
        return line

    def give_back(self, kept: int) -> None:
        """Return all pending lines but the first few, to be read a second time."""
        self.count -= len(self.pending) - kept
        while len(self.pending) > kept:
            self.returned.append(self.pending.pop())


@dataclass(frozen=True, kw_only=True)
class DelimitedFile:
    """A text file of which everything is known that it takes to read it."""

    path: Path
    encoding: str
    delimiter: Delimiter
    holds_nul: bool

    def records(self) -> Iterator[Record]:
        """Every record of the file, blank ones too, numbered from 1 as a spreadsheet does."""
        with open_text(self.path, self.encoding) as text:
            physical = lines_in(text, self.path)
            skipped = 1 if self.delimiter.named_by_file and next(physical, "") else 0
            yield from self.records_in(Lines(physical), number=1, line=1 + skipped)

    def records_in(self, lines: Lines, *, number: int, line: int) -> Iterator[Record]:
        """The records in some lines, of which the first has this number and begins in this physical line."""
        reader = _reader(lines, self.delimiter, strict=True)
        first = line
        while True:
            record = Record(number, first + lines.count, [])
            try:
                record = self._next(reader, lines, record)
            except StopIteration:
                return
            yield record
            lines.pending.clear()
            number += 1

    def _next(self, reader: _csv.Reader, lines: Lines, record: Record) -> Record:
        """The next record of the reader, in place of `record`, which has its number and line."""
        try:
            cells = next(reader)
        except csv.Error as error:
            found = self._unpadded(lines) if "expected after" in str(error) else None
            if found is None:
                return _with_fault(self.path, record, error, lines.pending, self.delimiter)
            cells = found
        else:
            if any(has_padded_quote(line, self.delimiter.character) for line in lines.pending):
                cells = self._unpadded(lines, is_record=True) or cells
        if any('="' in line for line in lines.pending):
            cells = [_without_formula(cell) for cell in cells]
        refuse_too_many(self.path, record.number, len(cells))
        return record._replace(cells=cells, faults=_nul_faults(cells) if self.holds_nul else ())

    def _unpadded(self, lines: Lines, *, is_record: bool = False) -> list[str] | None:
        """The cells of the record without the spaces next to quotation marks; `None` if anything else is next to one.

        Where `csv` saw a record, more lines are taken only if together they have the usual width and by themselves not.
        """
        seen, usual = len(lines.pending), self.delimiter.width
        cells = cells_without_padding(lines.pending, self.delimiter.character, lines.__next__)
        is_longer = is_record and len(lines.pending) > seen
        if cells is None or (is_longer and (len(cells) != usual or self._widths(lines.pending) == {usual})):
            lines.give_back(seen)
            return None
        return cells

    def _widths(self, lines: list[str]) -> set[int]:
        """How many cells the lines have, each by itself."""
        return {len(next(_reader(iter([line]), self.delimiter, strict=False), [])) for line in lines}


def refuse_too_many(path: Path, row: int, cells: int) -> None:
    """Raises `SourceError` at a row that no spreadsheet has, or with more cells than one has."""
    if row > MOST_ROWS:
        raise SourceError(f"{path}: more than {MOST_ROWS:,} rows", tip="Cut the list into several files.")
    if cells > MOST_COLUMNS:
        raise SourceError(
            f"{path}: row {row} has {cells:,} cells; a spreadsheet has no more than {MOST_COLUMNS:,} columns",
            tip="Check the delimiter (--delimiter) and the line breaks of the file.",
        )


def _reader(lines: Iterator[str], delimiter: Delimiter, *, strict: bool) -> _csv.Reader:
    return csv.reader(lines, delimiter=delimiter.character, strict=strict)


def _without_formula(cell: str) -> str:
    """The text that a formula of nothing but a text gives: `="00123"`, by which exports keep zeros in a spreadsheet."""
    match = _TEXT_FORMULA.fullmatch(cell)
    return match[1].replace('""', '"') if match else cell


def _nul_faults(cells: list[str]) -> tuple[Fault, ...]:
    return tuple(
        Fault("control-characters", "holds a NUL character", cell.replace("\0", "␀"), position)
        for position, cell in enumerate(cells)
        if "\0" in cell
    )


def _with_fault(path: Path, record: Record, error: csv.Error, pending: list[str], delimiter: Delimiter) -> Record:
    """The record whose quotes are wrong, as a row with a fault, so that the rows after it are read.

    Raises `SourceError` where the end of the record cannot be known.
    """
    where = f"{path}: row {record.number} (line {record.line})"
    reason = str(error)
    if "field larger than field limit" in reason or "unexpected end of data" in reason:
        raise SourceError(
            f"{where}: a quotation mark is opened and never closed, or a cell holds more than a million characters:"
            f" “{shown(pending[0])}”",
            tip='Close the quotation mark in that row; a quotation mark inside a cell is written twice: "".',
        ) from None
    cells: list[str] = next(_reader(iter(pending), delimiter, strict=False), [])
    last = record.line + len(pending) - 1
    lines = f"line {record.line}" if last == record.line else f"lines {record.line} to {last}"
    fault = Fault(
        "quote-misplaced", f"has a quotation mark in the middle of a cell ({lines})", "".join(pending).strip()
    )
    return record._replace(cells=cells, faults=(fault,))


def cells_without_padding(lines: list[str], delimiter: str, next_line: Callable[[], str]) -> list[str] | None:
    """The cells of the record that begins with these lines; `None` if anything but spaces is next to a quotation mark.

    `next_line` is asked for more where a cell is still open, and raises `StopIteration` at the end.
    """
    text = "".join(lines)
    for _ in range(_MOST_LINES):
        cells = _cells(text, delimiter)
        if cells is not None:
            return cells or None
        try:
            text += next_line()
        except StopIteration:
            break
    return None


def has_padded_quote(line: str, delimiter: str) -> bool:
    """Whether a quotation mark may open a cell after spaces, which `csv` takes for a part of the cell."""
    return delimiter != " " and '"' in line and _opening(delimiter).search(line) is not None


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells; none at all where the quotation marks are wrong, `None` where one is not closed yet."""
    cell, end = _patterns(delimiter)
    cells, at = [], 0
    while match := cell.match(text, at):
        quoted, plain, is_open = match.groups()
        if is_open:
            return None
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if end.match(text, at):
            return cells
        at += 1
    return []


def _spaces(delimiter: str) -> str:
    """A class of every space that is neither the delimiter nor the end of a line."""
    return f"[{''.join(each for each in UNSEEN_CHARACTERS if each not in {delimiter, chr(10), chr(13)})}]"


@cache
def _opening(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'(?:\A|{re.escape(delimiter)}){_spaces(delimiter)}+"')


@cache
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    mark, space = re.escape(delimiter), _spaces(delimiter)
    inside = r'[^"]*(?:""[^"]*)*'
    quoted = rf'{space}*"({inside})"{space}*(?={mark}|[\r\n]*\Z)'
    plain = rf'(?!{space}*")([^{mark}\r\n]*)(?={mark}|[\r\n]*\Z)'
    return re.compile(rf'{quoted}|{plain}|({space}*"{inside}\Z)'), re.compile(r"[\r\n]*\Z")
