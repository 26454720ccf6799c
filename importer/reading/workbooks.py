"""Workbooks (Excel, OpenDocument) to records."""

from __future__ import annotations

from array import array
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
from importer.reading.cells import lost_digits, text_of
from importer.reading.digests import sha256_of
from importer.reading.formats import OPEN_XML, SAVE_AS, Format, password_protected
from importer.reading.header import find_header, matches, sample_of
from importer.reading.number_formats import masks_of
from importer.reading.open_document import refuse_sprawling
from importer.reading.packages import Package, open_package, refuse_large, related_part, sheet_parts
from importer.reading.panics import refusing_panics
from importer.reading.records import Fault, Record
from importer.reading.shared_strings import lengths_of, referred_bytes
from importer.reading.sheet_scan import MOST_CELLS, Mark, Reach, column_letters, marks_of, reach_of
from importer.reading.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from python_calamine import CalamineSheet

    from importer.reading.cells import Cell

ALL_SHEETS = "*"
MOST_TEXT = 512 << 20
"""Bytes of text in the cells of a sheet, each counted as often as it is used."""

_SAVE = "save the file, and import it again"
_BLIND = "{} files do not tell error cells (such as #N/A) from blank ones; save it as .xlsx if it may hold some"


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """An open workbook: its sheets, and where their XML lies (`parts`, for Open XML only)."""

    path: Path
    format: Format
    sha256: str
    book: CalamineWorkbook
    package: Package | None = None
    parts: dict[str, str] = field(default_factory=dict)
    masks: dict[int, str] = field(default_factory=dict)
    shared: array[int] = field(default_factory=lambda: array("L"))

    @property
    def visible(self) -> list[str]:
        """The sheets a person sees, in their order."""
        return [
            sheet.name
            for sheet in self.book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]

    @property
    def hidden(self) -> list[str]:
        """The sheets a person does not see."""
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
    try:
        with refusing_panics(path):
            book = CalamineWorkbook.from_path(path)
    except PasswordError:
        raise password_protected(path) from None
    except (CalamineError, OSError) as error:
        raise _damaged(path, error) from error
    workbook = Workbook(path=path, format=kind, sha256=sha256_of(path), book=book, package=package)
    return _with_parts(workbook, package) if package and kind in OPEN_XML else workbook


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


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path}: the workbook is damaged ({shown(str(error))})", tip=SAVE_AS)


def _named(workbook: Workbook, asked: str) -> str:
    """The sheet a person means: its name exactly, its name ignoring case and blanks, or its position from 1."""
    names = workbook.book.sheet_names
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
        f" the sheets are {_listed(workbook.book.sheet_names)}",
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
    remarkable = _is_remarkable(workbook, name, place)
    sheet = _sheet(workbook, name)
    records = partial(_records, workbook, sheet, remarkable=remarkable)
    sample = sample_of(records(), options.header_row)
    header = replace(find_header(sample, wanted, options.header_row, place), ragged_matters=False)
    blind = () if workbook.format in OPEN_XML else (_BLIND.format(f".{workbook.format}"),)
    info = SourceInfo(
        path=str(workbook.path),
        sha256=workbook.sha256,
        format=workbook.format,
        columns=header.columns,
        headers=header.headers,
        header_row=header.row,
        sheet=name,
        notes=(*header.notes, *blind),
    )
    return Table(info=info, header=header, records=lambda: islice(records(), header.row, None))


def _is_remarkable(workbook: Workbook, name: str, place: str) -> bool:
    """Whether the sheet holds cells that the values do not tell; refuses a sheet that claims a huge rectangle."""
    if workbook.package is None or workbook.format not in OPEN_XML:
        return False
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


def _sheet(workbook: Workbook, name: str) -> CalamineSheet:
    try:
        with refusing_panics(workbook.path):
            return workbook.book.get_sheet_by_name(name)
    except WorksheetNotFound as error:
        raise SourceError(
            f"{workbook.path}: “{shown(name)}” is not a sheet of cells", tip="Name another sheet."
        ) from error
    except (CalamineError, OSError) as error:
        raise _damaged(workbook.path, error) from error


def _records(workbook: Workbook, sheet: CalamineSheet, *, remarkable: bool) -> Iterator[Record]:
    """Every row of the sheet from row 1 on, blank ones too."""
    marks = _marks(workbook, sheet.name) if remarkable else iter(())
    marked = next(marks, None)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells, faults = _texts(row)
        if marked and marked[0] == number:
            cells, faults = _with_marks(cells, faults, marked[1])
            marked = next(marks, None)
        yield Record(number, number, cells, faults)
    while marked:  # rows below the last value: only errors or formulas without a value
        yield Record(marked[0], marked[0], *_with_marks([], (), marked[1]))
        marked = next(marks, None)


def _marks(workbook: Workbook, name: str) -> Iterator[tuple[int, list[Mark]]]:
    if workbook.package is None:
        return iter(())
    return marks_of(workbook.package, workbook.parts[name], workbook.masks)


def _texts(row: list[Cell]) -> tuple[list[str], tuple[Fault, ...]]:
    cells = [cell if cell.__class__ is str else text_of(cell) for cell in row]
    faults = tuple(
        Fault("digits-lost", "a spreadsheet keeps 15 digits of a number", text, position)
        for position, (cell, text) in enumerate(zip(row, cells, strict=True))
        if len(text) > 15 and lost_digits(cell)
    )
    return cells, faults


def _with_marks(
    cells: list[str], faults: tuple[Fault, ...], marks: Sequence[Mark]
) -> tuple[list[str], tuple[Fault, ...]]:
    """What a person sees in the remarkable cells, in place of their values."""
    width = max(len(cells), *(mark.position + 1 for mark in marks))
    cells = cells + [""] * (width - len(cells))
    for mark in marks:
        cells[mark.position] = mark.text
    return cells, (*faults, *(mark.fault for mark in marks if mark.fault))
