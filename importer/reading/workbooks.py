"""Workbooks (Excel, OpenDocument): which sheet is meant, and its rows. All of it happens in a child of the importer.

Nothing here may import pandas or pyarrow: the child has to start quickly, and to stay small.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from importer.errors import SourceError
from importer.model.problem import shown
from importer.model.source import ReadOptions, SourceInfo
from importer.model.whitespace import text_key
from importer.reading.digests import sha256_of
from importer.reading.file_kind import OPEN_XML, Format
from importer.reading.header import Header, find_header, matches, sample_of
from importer.reading.other.open_document import OpenDocumentBook
from importer.reading.record import Record
from importer.reading.xlsx.open_xml import OpenXmlBook
from importer.reading.xlsx.row_pieces import laid_out
from importer.reading.zip_package import open_package, refuse_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from importer.reading.sheet_layout import SheetLayout
    from importer.reading.xlsx.row_pieces import Piece

ALL_SHEETS = "*"


class Book(Protocol):
    """An open workbook of any format."""

    @property
    def names(self) -> list[str]:
        """The sheets, in their order."""

    @property
    def visible(self) -> list[str]:
        """The sheets of cells that a person sees."""

    @property
    def hidden(self) -> list[str]:
        """The sheets a person does not see."""

    def records(self, name: str) -> Iterator[Record]:
        """The rows of a sheet from its first on; blank ones may be left out."""

    def layout(self, name: str) -> SheetLayout:
        """What is hidden and merged in a sheet that was read before."""


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """A workbook and the file it comes from."""

    path: Path
    format: Format
    book: Book
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A table that was found in a sheet."""

    info: SourceInfo
    header: Header


def opened(path: Path, kind: Format) -> Book:
    """The workbook; raises `SourceError` if it is damaged, hostile or protected."""
    refuse_large(path)
    if kind in OPEN_XML:
        return OpenXmlBook(open_package(path))
    if kind is Format.ODS:
        return OpenDocumentBook(open_package(path))
    from importer.reading.other.old_workbook import OldBook  # only here: the library takes its time to import

    return OldBook(path)


def rows_below(book: Book, found: Found) -> Iterator[Piece]:
    """The filled rows of a table."""
    first = found.header.row + 1
    for piece in _pieces(book, found.info.sheet):
        below = piece.part(bisect_left(piece.numbers, first), len(piece)).filled()
        if below.numbers:
            yield below


def _pieces(book: Book, sheet: str) -> Iterator[Piece]:
    return book.pieces(sheet) if isinstance(book, OpenXmlBook) else laid_out(book.records(sheet))


def tables_in(path: Path, kind: Format, book: Book, options: ReadOptions, wanted: frozenset[str]) -> list[Found]:
    """The tables of the workbook that were asked for, or the one that fits best."""
    workbook = Workbook(path=path, format=kind, book=book, sha256=sha256_of(path))
    if options.sheet == ALL_SHEETS:
        tables = _all_alike(workbook, options, wanted)
    elif options.sheet is not None:
        tables = [_table(workbook, _named(workbook, options.sheet), options, wanted)]
    else:
        tables = [_best(workbook, options, wanted)]
    all_sheets = options.sheet == ALL_SHEETS
    return [_with_notes(table, _layout_notes(book, table, wanted, all_sheets=all_sheets)) for table in tables]


def _layout_notes(book: Book, table: Found, wanted: frozenset[str], *, all_sheets: bool) -> list[str]:
    try:
        layout = book.layout(table.info.sheet)
    except SourceError:  # damage far below the header is said when the rows are read
        return []
    notes = layout.notes(table.header, wanted)
    return [f"sheet “{shown(table.info.sheet)}”: {note}" for note in notes] if all_sheets else notes


def _named(workbook: Workbook, asked: str) -> str:
    """The sheet a person means: its name exactly, its name ignoring case and blanks, or its position from 1."""
    names = workbook.book.names
    if asked in names:
        return asked
    alike = [name for name in names if text_key(name) == text_key(asked)]
    if len(alike) == 1:
        return alike[0]
    if asked.isdecimal() and 1 <= int(asked) <= len(workbook.book.visible):
        return workbook.book.visible[int(asked) - 1]
    raise SourceError(
        f"{workbook.path}: there is no sheet “{shown(asked)}”; it has {_listed(names)}",
        tip="Give --sheet one of these names, or a position from 1.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{shown(name)}”" for name in names)


def _best(workbook: Workbook, options: ReadOptions, wanted: frozenset[str]) -> Found:
    """The visible sheet that names most of the wanted columns; without any, the first with more than one column."""
    if not workbook.book.visible:
        raise SourceError(f"{workbook.path}: no sheet is visible", tip="Name the sheet to read with --sheet.")
    tables: list[Found] = []
    refusals: list[SourceError] = []
    for name in workbook.book.visible:
        try:
            tables.append(_table(workbook, name, options, wanted))
        except SourceError as refusal:
            refusals.append(refusal)
        if tables and _is_good_enough(tables[-1], wanted):
            break
    if not tables:
        raise refusals[0]
    table = max(tables, key=lambda candidate: _fit(candidate, wanted) if wanted else len(candidate.info.columns) > 1)
    if wanted and len(workbook.book.visible) > 1 and not _fit(table, wanted):
        raise _no_sheet_fits(workbook, wanted)
    return _with_notes(table, _sheets_left_out(workbook, [table.info.sheet]))


def _is_good_enough(table: Found, wanted: frozenset[str]) -> bool:
    return _fit(table, wanted) == len(wanted) if wanted else len(table.info.columns) > 1


def _no_sheet_fits(workbook: Workbook, wanted: frozenset[str]) -> SourceError:
    return SourceError(
        f"{workbook.path}: no sheet names any of the mapped columns ({_listed(sorted(wanted)[:8])});"
        f" the sheets are {_listed(workbook.book.names)}",
        tip="Name the sheet (--sheet) and the row of the column names (--header-row), or correct the mapping.",
    )


def _fit(table: Found, wanted: frozenset[str]) -> int:
    return matches(Record(0, 0, list(table.info.columns)), wanted)


def _sheets_left_out(workbook: Workbook, read: Sequence[str]) -> list[str]:
    others = [name for name in workbook.book.visible if name not in read]
    notes = [f"sheet “{shown(read[0])}” is read; not read: {_listed(others)}"] if others else []
    hidden = [name for name in workbook.book.hidden if name not in read]
    return [*notes, *([f"hidden, not read unless named: {_listed(hidden)}"] if hidden else [])]


def _all_alike(workbook: Workbook, options: ReadOptions, wanted: frozenset[str]) -> list[Found]:
    """Every visible sheet with the wanted columns, or with the columns of the first one that has any."""
    tables: list[Found] = []
    refusals: list[SourceError] = []
    for name in workbook.book.visible:
        try:
            tables.append(_table(workbook, name, options, wanted))
        except SourceError as refusal:
            refusals.append(refusal)
    if not tables:
        raise refusals[0] if refusals else SourceError(f"{workbook.path}: no sheet is visible", tip="Name a sheet.")
    first = max(tables, key=lambda table: _fit(table, wanted))
    keys = _shared_keys(first, wanted)
    alike = [table for table in tables if keys <= {text_key(column) for column in table.info.columns}]
    notes = _sheets_left_out(workbook, [table.info.sheet for table in alike])
    return [_with_notes(alike[0], notes), *alike[1:]]


def _shared_keys(first: Found, wanted: frozenset[str]) -> set[str]:
    """The columns that a sheet must have to be read together with the first one."""
    columns = {text_key(column) for column in first.info.columns}
    named = columns & {text_key(name) for name in wanted}
    return named or columns


def _with_notes(table: Found, notes: Sequence[str]) -> Found:
    return replace(table, info=replace(table.info, notes=(*table.info.notes, *notes)))


def _table(workbook: Workbook, name: str, options: ReadOptions, wanted: frozenset[str]) -> Found:
    """The table in one sheet; raises `SourceError` if the sheet has no header row."""
    place = f"{workbook.path}, sheet “{shown(name)}”"
    sample = _of_one_width(sample_of(workbook.book.records(name), options.header_row))
    header = replace(find_header(sample, wanted, options.header_row, place), ragged_matters=False)
    info = SourceInfo(
        path=str(workbook.path),
        sha256=workbook.sha256,
        format=workbook.format,
        columns=header.columns,
        headers=header.headers,
        header_row=header.row,
        sheet=name,
        notes=header.notes,
    )
    return Found(info=info, header=header)


def _of_one_width(sample: list[Record]) -> list[Record]:
    """In a sheet, every row is as wide as the widest."""
    width = max((len(record.cells) for record in sample), default=0)
    return [record._replace(cells=record.cells + [""] * (width - len(record.cells))) for record in sample]
