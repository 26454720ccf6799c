"""Workbooks (Excel, OpenDocument) to records."""

from __future__ import annotations

from array import array
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    WorksheetNotFound,
)

from importer.errors import SourceError
from importer.model.columns import column_key
from importer.model.problem import shown
from importer.model.source import ReadOptions, SourceInfo
from importer.reading.binary_sheet import BinaryBook
from importer.reading.cells import lost_digits, text_of
from importer.reading.digests import sha256_of
from importer.reading.formats import OPEN_XML, SAVE_AS, Format, password_protected
from importer.reading.header import find_header, matches, sample_of
from importer.reading.marks import marked
from importer.reading.number_formats import masks_of
from importer.reading.old_workbook import OldBook, old_book, old_marks
from importer.reading.open_document import refuse_sprawling
from importer.reading.open_document_marks import is_remarkable, open_document_marks
from importer.reading.packages import Package, open_package, refuse_large, related_part, sheet_parts
from importer.reading.records import Fault, Record
from importer.reading.shared_strings import lengths_of, referred_bytes
from importer.reading.sheet_scan import MOST_CELLS, Reach, column_letters, marks_of, reach_of
from importer.reading.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from python_calamine import CalamineSheet

    from importer.reading.cells import Cell
    from importer.reading.marks import Mark

ALL_SHEETS = "*"
MOST_TEXT = 512 << 20
"""Bytes of text in the cells of a sheet, each counted as often as it is used."""

_SAVE = "save the file, and import it again"


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """An open workbook: its sheets, and where their XML lies (`parts`, for Open XML only)."""

    path: Path
    format: Format
    sha256: str
    book: CalamineWorkbook | BinaryBook
    package: Package | None = None
    parts: dict[str, str] = field(default_factory=dict)
    masks: dict[int, str] = field(default_factory=dict)
    shared: array[int] = field(default_factory=lambda: array("L"))
    old: OldBook | None = None

    @property
    def names(self) -> list[str]:
        """The sheets, in their order."""
        return self.book.names if isinstance(self.book, BinaryBook) else self.book.sheet_names

    @property
    def visible(self) -> list[str]:
        """The sheets a person sees, in their order."""
        if isinstance(self.book, BinaryBook):
            return self.book.visible
        return [
            sheet.name
            for sheet in self.book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]

    @property
    def hidden(self) -> list[str]:
        """The sheets a person does not see."""
        if isinstance(self.book, BinaryBook):
            return self.book.hidden
        return [sheet.name for sheet in self.book.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible]


def open_workbook(path: Path, kind: Format, options: ReadOptions, wanted: frozenset[str]) -> list[Table]:
    """The tables of the workbook that were asked for, or the one that fits best."""
    refuse_large(path)
    workbook = _opened(path, kind)
    if options.sheet == ALL_SHEETS:
        return _all_alike(workbook, options, wanted)
    if options.sheet is not None:
        return [_table(workbook, _named(workbook, options.sheet), options, wanted)]
    return [_best(workbook, options, wanted)]


def _opened(path: Path, kind: Format) -> Workbook:
    package = None if kind is Format.XLS else open_package(path)
    if package and kind is Format.ODS:
        refuse_sprawling(package)
    if package and kind is Format.XLSB:
        return Workbook(path=path, format=kind, sha256=sha256_of(path), book=BinaryBook(package))
    old = old_book(path) if kind is Format.XLS else None  # first, because the library trusts every chain of sectors
    with _library(path):
        book = CalamineWorkbook.from_path(path)
    workbook = Workbook(path=path, format=kind, sha256=sha256_of(path), book=book, package=package, old=old)
    return _with_parts(workbook, package) if package and kind in OPEN_XML else workbook


@contextmanager
def _library(path: Path) -> Iterator[None]:
    """Turns what the library says about broken workbooks, or panics at, into a refusal in a person's words."""
    try:
        yield
    except PasswordError:
        raise password_protected(path) from None
    except (CalamineError, OSError) as error:
        raise _damaged(path, error) from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of no module that could be imported
            raise _damaged(path, error) from error
        raise


def _with_parts(workbook: Workbook, package: Package) -> Workbook:
    masks: dict[int, str] = {}
    if styles := related_part(package, "styles"):
        with package.open(styles) as file:
            masks = masks_of(file)
    shared = array("L")
    if strings := related_part(package, "sharedStrings"):
        with package.open(strings) as file:
            shared = lengths_of(file)
    return replace(workbook, parts=sheet_parts(package), masks=masks, shared=shared)


def _damaged(path: Path, error: BaseException) -> SourceError:
    return SourceError(f"{path}: the workbook is damaged ({shown(str(error))})", tip=SAVE_AS)


def _named(workbook: Workbook, asked: str) -> str:
    """The sheet a person means: its name exactly, its name ignoring case and blanks, or its position from 1."""
    names = workbook.names
    if asked in names:
        return asked
    alike = [name for name in names if column_key(name) == column_key(asked)]
    if len(alike) == 1:
        return alike[0]
    if asked.isdecimal() and 1 <= int(asked) <= len(workbook.visible):
        return workbook.visible[int(asked) - 1]
    raise SourceError(
        f"{workbook.path}: there is no sheet “{shown(asked)}”; it has {_listed(names)}",
        tip="Give --sheet one of these names, or a position from 1.",
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{shown(name)}”" for name in names)


def _best(workbook: Workbook, options: ReadOptions, wanted: frozenset[str]) -> Table:
    """The visible sheet that names most of the wanted columns; without any, the first with more than one column."""
    if not workbook.visible:
        raise SourceError(f"{workbook.path}: no sheet is visible", tip="Name the sheet to read with --sheet.")
    tables: list[Table] = []
    refusals: list[SourceError] = []
    for name in workbook.visible:
        try:
            tables.append(_table(workbook, name, options, wanted))
        except SourceError as refusal:
            refusals.append(refusal)
        if tables and _is_good_enough(tables[-1], wanted):
            break
    if not tables:
        raise refusals[0]
    table = max(tables, key=lambda candidate: _fit(candidate, wanted) if wanted else len(candidate.info.columns) > 1)
    if wanted and len(workbook.visible) > 1 and not _fit(table, wanted):
        raise _no_sheet_fits(workbook, wanted)
    return _with_notes(table, _sheets_left_out(workbook, [table.info.sheet]))


def _is_good_enough(table: Table, wanted: frozenset[str]) -> bool:
    return _fit(table, wanted) == len(wanted) if wanted else len(table.info.columns) > 1


def _no_sheet_fits(workbook: Workbook, wanted: frozenset[str]) -> SourceError:
    return SourceError(
        f"{workbook.path}: no sheet names any of the mapped columns ({_listed(sorted(wanted)[:8])});"
        f" the sheets are {_listed(workbook.names)}",
        tip="Name the sheet (--sheet) and the row of the column names (--header-row), or correct the mapping.",
    )


def _fit(table: Table, wanted: frozenset[str]) -> int:
    return matches(Record(0, 0, list(table.info.columns)), wanted)


def _sheets_left_out(workbook: Workbook, read: Sequence[str]) -> list[str]:
    others = [name for name in workbook.visible if name not in read]
    notes = [f"sheet “{shown(read[0])}” is read; not read: {_listed(others)}"] if others else []
    hidden = [name for name in workbook.hidden if name not in read]
    return [*notes, *([f"hidden, not read unless named: {_listed(hidden)}"] if hidden else [])]


def _all_alike(workbook: Workbook, options: ReadOptions, wanted: frozenset[str]) -> list[Table]:
    """Every visible sheet with the wanted columns, or with the columns of the first one that has any."""
    tables: list[Table] = []
    refusals: list[SourceError] = []
    for name in workbook.visible:
        try:
            tables.append(_table(workbook, name, options, wanted))
        except SourceError as refusal:
            refusals.append(refusal)
    if not tables:
        raise refusals[0] if refusals else SourceError(f"{workbook.path}: no sheet is visible", tip="Name a sheet.")
    first = max(tables, key=lambda table: _fit(table, wanted))
    keys = _shared_keys(first, wanted)
    alike = [table for table in tables if keys <= {column_key(column) for column in table.info.columns}]
    notes = _sheets_left_out(workbook, [table.info.sheet for table in alike])
    return [_with_notes(alike[0], notes), *alike[1:]]


def _shared_keys(first: Table, wanted: frozenset[str]) -> set[str]:
    """The columns that a sheet must have to be read together with the first one."""
    columns = {column_key(column) for column in first.info.columns}
    named = columns & {column_key(name) for name in wanted}
    return named or columns


def _with_notes(table: Table, notes: Sequence[str]) -> Table:
    return replace(table, info=replace(table.info, notes=(*table.info.notes, *notes)))


def _table(workbook: Workbook, name: str, options: ReadOptions, wanted: frozenset[str]) -> Table:
    """The table in one sheet; raises `SourceError` if the sheet has no header row."""
    place = f"{workbook.path}, sheet “{shown(name)}”"
    records = _records_of(workbook, name, place)
    sample = sample_of(records(), options.header_row)
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
    return Table(info=info, header=header, records=lambda: islice(records(), header.row, None))


def _records_of(workbook: Workbook, name: str, place: str) -> Callable[[], Iterator[Record]]:
    if isinstance(workbook.book, BinaryBook):
        return partial(workbook.book.records, name)
    remarkable = _is_remarkable(workbook, name, place)
    sheet = _sheet(workbook.book, workbook.path, name)
    return lambda: marked(_records(sheet), _marks(workbook, name) if remarkable else iter(()))


def _is_remarkable(workbook: Workbook, name: str, place: str) -> bool:
    """Whether the sheet holds cells that the values do not tell; refuses a sheet that claims a huge rectangle."""
    if workbook.package is None or workbook.format is Format.XLS:
        return True
    if workbook.format is Format.ODS:
        return is_remarkable(workbook.package)
    part = workbook.parts.get(name, "")
    if not workbook.package.has(part):
        raise SourceError(f"{place}: the workbook is damaged: the sheet is missing in it", tip=SAVE_AS)
    reach = reach_of(workbook.package, part, workbook.masks)
    if reach.is_stray or reach.cells > MOST_CELLS:
        raise _sprawling(place, reach)
    _refuse_amplified(workbook, workbook.package, part, place)
    return reach.remarkable


def _sprawling(place: str, reach: Reach) -> SourceError:
    where = f"{place}: its cells reach to row {reach.rows} and column {column_letters(reach.columns)}"
    if reach.is_stray:
        return SourceError(
            f"{where}, far beyond its table: there is a stray cell",
            tip=f"Go to the last cell (Ctrl+End), delete the rows and columns between it and the table, {_SAVE}.",
        )
    return SourceError(
        f"{where}, more than {MOST_CELLS:,} cells, which is more than can be read from a workbook",
        tip=f"Delete the columns that are not needed, {_SAVE}; or save it as “CSV UTF-8”, which has no such limit.",
    )


def _refuse_amplified(workbook: Workbook, package: Package, part: str, place: str) -> None:
    """Refuses a sheet whose cells repeat long shared strings until they fill the memory."""
    if max(workbook.shared, default=0) * MOST_CELLS < MOST_TEXT:
        return
    with package.open(part) as file:
        if referred_bytes(file, workbook.shared) > MOST_TEXT:
            raise SourceError(f"{place}: its cells hold more than {MOST_TEXT >> 20} MB of text", tip="Split the file.")


def _sheet(book: CalamineWorkbook, path: Path, name: str) -> CalamineSheet:
    with _library(path):
        try:
            return book.get_sheet_by_name(name)
        except WorksheetNotFound as error:
            raise SourceError(f"{path}: “{shown(name)}” is not a sheet of cells", tip="Name another sheet.") from error


def _records(sheet: CalamineSheet) -> Iterator[Record]:
    """Every row of the sheet from row 1 on, blank ones too."""
    left: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)  # rows begin with the first column in use
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells, faults = _texts(left + row)
        yield Record(number, number, cells, faults)


def _marks(workbook: Workbook, name: str) -> Iterator[tuple[int, list[Mark]]]:
    if workbook.old:
        return old_marks(workbook.old, workbook.names.index(name))
    if workbook.package is None:
        return iter(())
    if workbook.format is Format.ODS:
        return open_document_marks(workbook.package, name)
    return marks_of(workbook.package, workbook.parts[name], workbook.masks)


def _texts(row: list[Cell]) -> tuple[list[str], tuple[Fault, ...]]:
    cells = [cell if cell.__class__ is str else text_of(cell) for cell in row]
    faults = tuple(
        Fault("digits-lost", "a spreadsheet keeps 15 digits of a number", text, position)
        for position, (cell, text) in enumerate(zip(row, cells, strict=True))
        if len(text) > 15 and lost_digits(cell)
    )
    return cells, faults
