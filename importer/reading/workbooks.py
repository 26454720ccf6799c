"""Workbooks of any format: which sheet is meant, and its rows. All of it happens in a child of the importer.

Nothing here may import pandas or pyarrow: the child has to start quickly, and to stay small.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.problem import shown
from importer.model.source import ReadOptions, SourceInfo
from importer.model.whitespace import text_key
from importer.reading import other
from importer.reading.file_kind import head_of, open_xml_format, sha256_of, unknown_container
from importer.reading.header import Header, find_header, matches, sample_of
from importer.reading.xlsx.open_xml import OpenXmlBook
from importer.reading.zip_package import refuse_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importer.reading.record import Piece, Record
    from importer.reading.sheet_layout import Book, Sheet

ALL_SHEETS = "*"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A table that was found in a sheet."""

    info: SourceInfo
    header: Header

    def fit(self, wanted: frozenset[str]) -> int:
        """How many of the wanted columns it has; if none is wanted, whether it has more than one column.

        Rejected rows fit best: the other sheets of their workbook are about them.
        """
        if self.header.is_rejects:
            return len(wanted) + 2
        return matches(self.info.columns, wanted) if wanted else len(self.info.columns) > 1

    def is_sure(self, wanted: frozenset[str]) -> bool:
        """Whether no other sheet can fit better."""
        return self.header.is_rejects or (bool(wanted) and self.fit(wanted) == len(wanted))

    def with_notes(self, notes: Sequence[str]) -> Found:
        """The same with more notes."""
        return replace(self, info=replace(self.info, notes=(*self.info.notes, *notes)))


def opened(path: Path) -> Workbook:
    """The workbook; raises `SourceError` if it is none, or damaged, hostile or protected."""
    refuse_large(path)
    head = head_of(path)
    if kind := open_xml_format(path, head):
        return Workbook(path, kind, OpenXmlBook(path))
    if legacy := other.find(path, head):
        return Workbook(path, legacy.name, legacy.open(path))
    raise unknown_container(path, head)


@dataclass(frozen=True)
class Workbook:
    """A workbook and the file it comes from."""

    path: Path
    format: str
    book: Book

    def rows_below(self, found: Found) -> Iterator[Piece]:
        """The filled rows of a table."""
        first = found.header.row + 1
        for piece in self.book.pieces(found.info.sheet):
            below = piece.part(bisect_left(piece.numbers, first), len(piece))
            if below.numbers:
                yield below

    def tables(self, options: ReadOptions, wanted: frozenset[str]) -> list[Found]:
        """The tables of the workbook that were asked for, or the one that fits best."""
        if options.sheet == ALL_SHEETS:
            return [
                table.with_notes([f"sheet “{shown(table.info.sheet)}”: {note}" for note in self._layout(table, wanted)])
                for table in self._all_alike(options, wanted)
            ]
        table = self._best(options, wanted) if options.sheet is None else self._asked(options.sheet, options, wanted)
        return [table.with_notes(self._layout(table, wanted))]

    def _layout(self, table: Found, wanted: frozenset[str]) -> list[str]:
        try:
            return self.book.layout(table.info.sheet).notes(table.header, wanted)
        except SourceError:  # damage far below the header is reported when the rows are read
            return []

    def _asked(self, asked: str, options: ReadOptions, wanted: frozenset[str]) -> Found:
        """The sheet a person means: its name exactly, its name ignoring case and spaces, or its position from 1."""
        names = [sheet.name for sheet in self._sheets]
        alike = [asked] if asked in names else [name for name in names if text_key(name) == text_key(asked)]
        if len(alike) == 1:
            return self._table(alike[0], options, wanted)
        if asked.isdecimal() and 1 <= int(asked) <= len(self._visible):
            return self._table(self._visible[int(asked) - 1], options, wanted)
        raise SourceError(
            f"{self.path}: there is no sheet “{shown(asked)}”; it has {_listed(names)}",
            tip="Give --sheet one of these names, or a position from 1.",
        )

    def _best(self, options: ReadOptions, wanted: frozenset[str]) -> Found:
        """The visible sheet that names most of the wanted columns; without any, the first with more than one column."""
        tables = self._candidates(options, wanted, lambda table: table.is_sure(wanted))
        table = max(tables, key=lambda candidate: candidate.fit(wanted))
        if wanted and len(self._visible) > 1 and not table.fit(wanted):
            raise SourceError(
                f"{self.path}: no sheet names any of the mapped columns ({_listed(sorted(wanted)[:8])});"
                f" the sheets are {_listed([sheet.name for sheet in self._sheets])}",
                tip="Name the sheet (--sheet) and the row of the column names (--header-row), or correct the mapping.",
            )
        return table.with_notes(self._left_out([table.info.sheet]))

    def _all_alike(self, options: ReadOptions, wanted: frozenset[str]) -> list[Found]:
        """Every visible sheet with the wanted columns, or with the columns of the first one that has any."""
        tables = self._candidates(options, wanted, lambda _: False)
        first = max(tables, key=lambda table: matches(table.info.columns, wanted))
        columns = {text_key(column) for column in first.info.columns}
        keys = columns & {text_key(name) for name in wanted} or columns
        alike = [table for table in tables if keys <= {text_key(column) for column in table.info.columns}]
        return [alike[0].with_notes(self._left_out([table.info.sheet for table in alike])), *alike[1:]]

    def _candidates(
        self, options: ReadOptions, wanted: frozenset[str], is_last: Callable[[Found], bool]
    ) -> list[Found]:
        """The tables of the visible sheets, as far as they have a header row."""
        if not self._visible:
            raise SourceError(f"{self.path}: no sheet is visible", tip="Name the sheet to read with --sheet.")
        tables: list[Found] = []
        refusals: list[SourceError] = []
        for name in self._visible:
            try:
                tables.append(self._table(name, options, wanted))
            except SourceError as refusal:
                refusals.append(refusal)
            if tables and is_last(tables[-1]):
                break
        if not tables:
            raise refusals[0]
        return tables

    def _left_out(self, read: Sequence[str]) -> list[str]:
        others = [name for name in self._visible if name not in read]
        hidden = [sheet.name for sheet in self._sheets if not sheet.is_visible and sheet.name not in read]
        notes = [f"sheet “{shown(read[0])}” is read; not read: {_listed(others)}"] if others else []
        return [*notes, *([f"hidden, not read unless named: {_listed(hidden)}"] if hidden else [])]

    def _table(self, name: str, options: ReadOptions, wanted: frozenset[str]) -> Found:
        """The table in one sheet; raises `SourceError` if the sheet has no header row."""
        records = (record for piece in self.book.pieces(name) for record in piece.records())
        sample = _of_one_width(sample_of(records, options.header_row))
        header = find_header(sample, wanted, options.header_row, f"{self.path}, sheet “{shown(name)}”")
        header = replace(header, ragged_matters=False)
        columns, headers, positions = header.of_source
        info = SourceInfo(
            path=str(self.path),
            sha256=self._sha256,
            format=self.format,
            columns=columns,
            headers=headers,
            positions=positions,
            header_row=header.row,
            sheet=name,
            notes=header.notes,
        )
        return Found(info=info, header=header)

    @cached_property
    def _sha256(self) -> str:
        return sha256_of(self.path)

    @cached_property
    def _sheets(self) -> list[Sheet]:
        return self.book.sheets

    @cached_property
    def _visible(self) -> list[str]:
        return [sheet.name for sheet in self._sheets if sheet.is_visible and sheet.holds_cells]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{shown(name)}”" for name in names)


def _of_one_width(sample: list[Record]) -> list[Record]:
    """In a sheet, every row is as wide as the widest."""
    width = max((len(record.cells) for record in sample), default=0)
    return [record._replace(cells=record.cells + [""] * (width - len(record.cells))) for record in sample]
