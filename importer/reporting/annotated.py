"""annotated.xlsx: the user's own workbook with every problem marked where it stands.

Measured with openpyxl, twelve columns: 80,000 rows (48 MB of XML) take 30 to 45 s and 550 MiB, 100,000 rows 700 MiB.
Larger workbooks, and those that cannot be copied, are answered with a plain workbook of the rows that need a person.
"""

from __future__ import annotations

import hashlib
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook.properties import CalcProperties

from importer.reporting.import_sheet import IMPORT, ROWS_LISTED, ImportSheet
from importer.reporting.marks import COMMENTS, SheetMarks
from importer.reporting.overview import Overview
from importer.reporting.plain_workbook import save, write_plain_workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openpyxl import Workbook

    from importer.model.operation import RowId
    from importer.model.outcome import RowResult
    from importer.model.run import RunReport

COPIED_BYTES: Final = 50_000_000
"""XML of a workbook (unpacked) up to which it is copied: about 80,000 rows of twelve columns."""

FORMATS: Final = frozenset({".xlsx", ".xlsm"})
"""Endings of the files that can be copied."""

# What openpyxl raises for workbooks that it does not understand is its own and its parsers' choice, not documented.
_NOT_UNDERSTOOD: Final = (
    InvalidFileException,
    BadZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zlib.error,
)


def write_annotated(path: Path, source_path: Path, run: RunReport, rows: Iterable[RowResult]) -> None:
    """Write a copy of the workbook with its problems marked, its outcomes in one more column, and a sheet "Import".

    Sheets, rows, cells, formulas, widths, formats, panes and filters stay; macros and pictures are not copied. Rows of
    other files are passed over. Falls back to a plain workbook that says why. Takes the rows once. Raises
    LocalDiskError.
    """
    mine = [index for index, source in enumerate(run.sources) if Path(source.info.path) == source_path]
    own = (row for row in rows if row.row.source in mine)
    reason = _why_not(source_path, {run.sources[index].info.sha256 for index in mine})
    if not reason:
        kept: list[RowResult] = []
        try:
            _write_copy(path, source_path, run, mine, _kept(own, kept))
        except _NOT_UNDERSTOOD:
            reason = f"{source_path.name} holds something that cannot be copied."
            own = (row for rest in (kept, own) for row in rest)
    if reason:
        note = f"{reason} This plain workbook shows the rows that need you instead of a copy."
        write_plain_workbook(path, run, own, note)


def _why_not(source_path: Path, digests: set[str]) -> str:
    """Why the workbook cannot be copied; empty when it can."""
    name = source_path.name
    if source_path.suffix.lower() not in FORMATS:
        return f"{name} is not an .xlsx workbook."
    try:
        with source_path.open("rb") as file:
            if digests != {hashlib.file_digest(file, "sha256").hexdigest()}:
                return f"{name} was changed after it was read."
            with ZipFile(file) as archive:
                size = sum(member.file_size for member in archive.infolist() if member.filename.endswith(".xml"))
    except (OSError, BadZipFile) as error:
        return f"{name} cannot be read any more ({error.__class__.__name__})."
    return f"{name} is too large to be copied ({size / 1e6:,.0f} MB unpacked)." if size > COPIED_BYTES else ""


def _kept(rows: Iterable[RowResult], kept: list[RowResult]) -> Iterable[RowResult]:
    """Hand the rows on, and keep those that a plain workbook shows, in case the copy cannot be written."""
    for row in rows:
        if row.problems or row.needs_a_person:
            kept.append(row)
        yield row


def _write_copy(path: Path, source_path: Path, run: RunReport, mine: Sequence[int], rows: Iterable[RowResult]) -> None:
    with warnings.catch_warnings(record=True) as losses:
        warnings.simplefilter("always")
        book = load_workbook(source_path, rich_text=True)
    marks = {index: SheetMarks(book[run.sources[index].info.sheet], run.sources[index].info) for index in mine}
    overview = Overview(shown=ROWS_LISTED)
    for row in overview.watch(rows):
        marks[row.row.source].mark(row)
    notes = []
    if losses:
        notes.append("Some features of your workbook could not be copied: your own file is untouched.")
    if any(mark.comments >= COMMENTS for mark in marks.values()):
        notes.append(f"Only the first {COMMENTS:,} cells with problems carry a comment; all of them are filled.")
    _add_front(book, run, overview, notes)
    save(book, path)


def _add_front(book: Workbook, run: RunReport, overview: Overview, notes: Sequence[str]) -> None:
    """Put the sheet "Import" in front and open the workbook there."""

    def link(row: RowId) -> tuple[str, int]:
        return run.sources[row.source].info.sheet, row.number

    front = book.create_sheet(IMPORT, 0)
    ImportSheet(run=run, overview=overview, notes=tuple(notes), link=link).write(front)
    for sheet in book.worksheets:
        # Two selected sheets would be a group, and typing into one would change both.
        sheet.sheet_view.tabSelected = sheet is front
    book.active = 0
    # The copy holds formulas without their values, and many writers leave no calculation settings to amend.
    book.calculation = CalcProperties(fullCalcOnLoad=True)
