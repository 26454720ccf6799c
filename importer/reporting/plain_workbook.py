"""A plain workbook of the rows that need a person, for sources that are not copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from importer.reporting.cells import BOLD, FILLS, append, set_widths, text_cell
from importer.reporting.files import replacing
from importer.reporting.headers import Union
from importer.reporting.import_sheet import IMPORT, ROWS_LISTED, ImportSheet
from importer.reporting.overview import Overview
from importer.reporting.wording import Tone, outcome, place, told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from importer.model.operation import RowId
    from importer.model.outcome import RowResult
    from importer.model.run import RunReport

ROWS: Final = "Rows"
ROWS_WRITTEN: Final = 200_000
"""Rows that the workbook holds at most: more than anybody mends by hand; all of them are in rejects.csv."""

_FIRST: Final = ("Row", "Outcome", "What happened", "What to do")
_WIDTHS: Final = {"A": 18, "B": 18, "C": 50, "D": 50}


def write_plain_workbook(path: Path, run: RunReport, rows: Iterable[RowResult], note: str) -> None:
    """Write the sheet "Import" and a sheet with the rows that need a person, in the source's columns, as text.

    `note` says why it is not a copy of the source. Takes the rows one by one. Raises LocalDiskError.
    """
    book = Workbook(write_only=True)
    front: WriteOnlyWorksheet = book.create_sheet(IMPORT)
    sheet: WriteOnlyWorksheet = book.create_sheet(ROWS)
    overview = Overview(shown=ROWS_LISTED)
    written = _rows(sheet, run, overview.watch(rows))
    notes = [note]
    if overview.people_count > ROWS_WRITTEN:
        notes.append(f"“{ROWS}” holds the first {ROWS_WRITTEN:,} rows that need you; all are in rejects.csv.")

    def link(row: RowId) -> tuple[str, int] | None:
        return (ROWS, written[row]) if row in written else None

    ImportSheet(run=run, overview=overview, notes=tuple(notes), link=link).write(front)
    save(book, path)


def save(book: Workbook, path: Path) -> None:
    """Put a workbook in the place of `path`. Raises LocalDiskError."""
    with replacing(path) as file, ZipFile(file, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        ExcelWriter(book, archive).write_data()


def _rows(sheet: WriteOnlyWorksheet, run: RunReport, rows: Iterable[RowResult]) -> dict[RowId, int]:
    """Write the rows that need a person; returns where each of them stands."""
    union = Union([source.info for source in run.sources])
    set_widths(sheet, _WIDTHS)
    sheet.freeze_panes = "B2"
    append(sheet, [text_cell(sheet, text, font=BOLD) for text in (*_FIRST, *union.headers)])
    written: dict[RowId, int] = {}
    for row in rows:
        if row.needs_a_person and len(written) < ROWS_WRITTEN:
            texts = (place(run, row.row), outcome(row), told(row), row.cure)
            cells = [
                text_cell(sheet, text, fill=FILLS[Tone.PERSON] if index == 1 else None)
                for index, text in enumerate(texts)
            ]
            cells += [text_cell(sheet, cell, wrapped=False) for cell in union.cells(row.row.source, row.cells)]
            append(sheet, cells)
            written[row.row] = len(written) + 2
    return written
