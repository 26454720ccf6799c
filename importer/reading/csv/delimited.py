"""Delimited text (CSV and its relatives) to records."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from importer import accelerators
from importer.errors import SourceError
from importer.model.problem import shown
from importer.model.source import ReadOptions, SourceInfo
from importer.reading.csv.delimiters import Delimiter, find_delimiter
from importer.reading.csv.encodings import Survey, find_encoding, survey
from importer.reading.csv.padded_quotes import cells_without_padding, has_padded_quote
from importer.reading.file_kind import SAVE_AS, Format
from importer.reading.header import Header, find_header, sample_of
from importer.reading.record import Fault, Record
from importer.reading.table import Table

if TYPE_CHECKING:
    import _csv
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from importer.reading.blocks import Block

LARGEST_CELL = 1 << 20
"""Characters of one cell: anything longer is a quote that was never closed."""

LONGEST_LINE = 1 << 23
"""Characters of one line: a file without line breaks would be read into memory as a whole."""

MOST_COLUMNS = 16_384
"""Cells of one row: as many as a spreadsheet has columns."""

MOST_ROWS = 10_000_000
"""Rows of one file: a list of more is sent in parts."""

_TEXT_FORMULA = re.compile(r'="([^"]*(?:""[^"]*)*)" *')

_SAMPLE_LINES = 2_000
_SAMPLE_CHARACTERS = 1 << 18


def open_delimited(path: Path, options: ReadOptions, wanted: frozenset[str]) -> Table:
    """The table in a delimited text file; raises `SourceError` where it is no such thing."""
    csv.field_size_limit(LARGEST_CELL)
    found = survey(path)
    _refuse_binary(path, found)
    encoding = find_encoding(path, found, options.encoding)
    delimiter = find_delimiter(_first_lines(path, encoding.name), options.delimiter, wanted, str(path))
    file = DelimitedFile(path=path, encoding=encoding.name, delimiter=delimiter, holds_nul=found.holds_nul)
    sample = sample_of(file.records(), options.header_row)
    header = find_header(sample, wanted, options.header_row, str(path))
    info = SourceInfo(
        path=str(path),
        sha256=found.sha256,
        format=Format.CSV,
        columns=header.columns,
        headers=header.headers,
        header_row=header.row,
        encoding=encoding.name,
        delimiter=delimiter.character,
        notes=(*encoding.notes, *_one_column(delimiter, header), *header.notes),
    )
    return Table(
        info=info,
        header=header,
        records=lambda: islice(file.records(), header.row, None),
        blocks=_quick_blocks(file, header),
    )


def _quick_blocks(file: DelimitedFile, header: Header) -> Callable[[], Iterator[Block]] | None:
    """The accelerator, where it may be used: Arrow takes a delimiter of one byte."""
    if not accelerators.are_on() or not file.delimiter.character.isascii():
        return None
    from importer.reading.csv.arrow_reader import blocks_by_arrow

    return partial(blocks_by_arrow, file, header)


def _one_column(delimiter: Delimiter, header: Header) -> tuple[str, ...]:
    """One column is never taken silently."""
    if header.width > 1:
        return ()
    return (f"read as one column: the delimiter {delimiter.character!r} does not stand in the header row",)


def _refuse_binary(path: Path, found: Survey) -> None:
    """Text holds no control characters to speak of; a stray NUL is left to be a problem of its row."""
    if found.is_wide:
        return
    strange = sum(found.head.count(code) for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1a\x1c\x1d\x1e\x1f\x01")
    if strange > max(64, len(found.head) // 20):
        raise SourceError(f"{path}: not a text file, and no workbook either", tip=SAVE_AS)


def _first_lines(path: Path, encoding: str) -> list[str]:
    lines: list[str] = []
    size = 0
    with _text(path, encoding) as text:
        for line in islice(unbroken(_lines_in(text), path), _SAMPLE_LINES):
            if size > _SAMPLE_CHARACTERS and lines:
                break
            lines.append(line)
            size += len(line)
    return lines


def _text(path: Path, encoding: str) -> TextIO:
    return path.open(encoding=encoding, errors="strict", newline="")


def _lines_in(text: TextIO) -> Iterator[str]:
    """The physical lines; of one that is too long, the beginning."""
    return iter(partial(text.readline, LONGEST_LINE), "")


def unbroken(lines: Iterable[str], path: Path, first: int = 1) -> Iterator[str]:
    """The physical lines; raises `SourceError` at one that no honest list has."""
    for number, line in enumerate(lines, start=first):
        if len(line) >= LONGEST_LINE:
            raise SourceError(
                f"{path}: line {number} holds more than {LONGEST_LINE:,} characters",
                tip="Every row must end with a line break; export the file again.",
            )
        # Where files were joined, a byte order mark or the end mark of DOS (0x1A) stands between the rows,
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
        """All pending lines but the first few are read again."""
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
        with _text(self.path, self.encoding) as text:
            physical = unbroken(_lines_in(text), self.path)
            skipped = 1 if self.delimiter.said_by_file and next(physical, "") else 0
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
                return _mended(self.path, record, error, lines.pending, self.delimiter)
            cells = found
        else:
            if any(has_padded_quote(line, self.delimiter.character) for line in lines.pending):
                cells = self._unpadded(lines, is_record=True) or cells
        if any('="' in line for line in lines.pending):
            cells = [_without_formula(cell) for cell in cells]
        refuse_too_many(self.path, record.number, len(cells))
        return record._replace(cells=cells, faults=_nul_faults(cells) if self.holds_nul else ())

    def _unpadded(self, lines: Lines, *, is_record: bool = False) -> list[str] | None:
        """The cells of the record without the spaces beside quotation marks, if there is nothing else beside them.

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


def _mended(path: Path, record: Record, error: csv.Error, pending: list[str], delimiter: Delimiter) -> Record:
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
        "quote-misplaced", f"a quotation mark stands in the middle of a cell ({lines})", "".join(pending).strip()
    )
    return record._replace(cells=cells, faults=(fault,))
