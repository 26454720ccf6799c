"""Workbooks that a library loads as a whole (.xls, .ods); what it does not tell is marked by readers of our own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
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
from importer.model.problem import shown
from importer.reading.cells import lost_digits, text_of
from importer.reading.formats import SAVE_AS, Format, password_protected
from importer.reading.marks import marked
from importer.reading.old_workbook import OldBook, old_book, old_marks
from importer.reading.open_document import refuse_sprawling
from importer.reading.open_document_marks import is_remarkable, open_document_marks
from importer.reading.packages import open_package
from importer.reading.panics import refusing_panics
from importer.reading.records import Fault, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from python_calamine import CalamineSheet

    from importer.reading.cells import Cell
    from importer.reading.marks import Mark
    from importer.reading.packages import Package


@dataclass(frozen=True, kw_only=True)
class LoadedBook:
    """An open workbook; a sheet is loaded as a whole when its rows are asked for."""

    path: Path
    book: CalamineWorkbook
    package: Package | None = None
    old: OldBook | None = None

    @property
    def names(self) -> list[str]:
        """The sheets, in their order."""
        return self.book.sheet_names

    @property
    def visible(self) -> list[str]:
        """The sheets of cells that a person sees."""
        return [
            sheet.name
            for sheet in self.book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ]

    @property
    def hidden(self) -> list[str]:
        """The sheets a person does not see."""
        return [sheet.name for sheet in self.book.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible]

    def records(self, name: str) -> Iterator[Record]:
        """Every row of the sheet from row 1 on, blank ones too."""
        return marked(_records(self._sheet(name)), self._marks(name))

    def _marks(self, name: str) -> Iterator[tuple[int, list[Mark]]]:
        if self.old:
            return old_marks(self.old, self.names.index(name))
        if self.package and is_remarkable(self.package):
            return open_document_marks(self.package, name)
        return iter(())

    def _sheet(self, name: str) -> CalamineSheet:
        with _library(self.path):
            try:
                return self.book.get_sheet_by_name(name)
            except WorksheetNotFound as error:
                raise SourceError(
                    f"{self.path}: “{shown(name)}” is not a sheet of cells", tip="Name another sheet."
                ) from error


def loaded_book(path: Path, kind: Format) -> LoadedBook:
    """The workbook; raises `SourceError` if it is damaged, protected, or would fill the memory."""
    package = None if kind is Format.XLS else open_package(path)
    if package:
        refuse_sprawling(package)
    old = old_book(path) if kind is Format.XLS else None  # first, because the library trusts every chain of sectors
    with _library(path):
        return LoadedBook(path=path, book=CalamineWorkbook.from_path(path), package=package, old=old)


@contextmanager
def _library(path: Path) -> Iterator[None]:
    """Turns what the library says about broken workbooks, or panics at, into a refusal in a person's words."""
    try:
        with refusing_panics(path):
            yield
    except PasswordError:
        raise password_protected(path) from None
    except (CalamineError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> SourceError:
    return SourceError(f"{path}: the workbook is damaged ({shown(str(error))})", tip=SAVE_AS)


def _records(sheet: CalamineSheet) -> Iterator[Record]:
    """Every row of the sheet from row 1 on, blank ones too."""
    left: list[Cell] = [""] * (sheet.start[1] if sheet.start else 0)  # rows begin with the first column in use
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells, faults = _texts(left + row)
        yield Record(number, number, cells, faults)


def _texts(row: list[Cell]) -> tuple[list[str], tuple[Fault, ...]]:
    cells = [cell if cell.__class__ is str else text_of(cell) for cell in row]
    faults = tuple(
        Fault("digits-lost", "a spreadsheet keeps 15 digits of a number", text, position)
        for position, (cell, text) in enumerate(zip(row, cells, strict=True))
        if len(text) > 15 and lost_digits(cell)
    )
    return cells, faults
