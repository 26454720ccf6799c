"""Workbooks that a library loads as a whole (.xlsb, .xls, .ods)."""

from __future__ import annotations

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
from importer.reading.open_document import refuse_sprawling
from importer.reading.packages import open_package
from importer.reading.panics import refusing_panics
from importer.reading.records import Fault, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from python_calamine import CalamineSheet

    from importer.reading.cells import Cell


@dataclass(frozen=True, kw_only=True)
class LoadedBook:
    """An open workbook; a sheet is loaded as a whole when its rows are asked for."""

    path: Path
    book: CalamineWorkbook

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
        for number, row in enumerate(self._sheet(name).iter_rows(), start=1):
            cells, faults = _texts(row)
            yield Record(number, number, cells, faults)

    def _sheet(self, name: str) -> CalamineSheet:
        try:
            with refusing_panics(self.path):
                return self.book.get_sheet_by_name(name)
        except WorksheetNotFound as error:
            raise SourceError(
                f"{self.path}: “{shown(name)}” is not a sheet of cells", tip="Name another sheet."
            ) from error
        except (CalamineError, OSError) as error:
            raise _damaged(self.path, error) from error


def loaded_book(path: Path, kind: Format) -> LoadedBook:
    """The workbook; raises `SourceError` if it is damaged, protected, or would fill the memory."""
    if kind is not Format.XLS:
        package = open_package(path)
        if kind is Format.ODS:
            refuse_sprawling(package)
    try:
        with refusing_panics(path):
            return LoadedBook(path=path, book=CalamineWorkbook.from_path(path))
    except PasswordError:
        raise password_protected(path) from None
    except (CalamineError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SourceError:
    return SourceError(f"{path}: the workbook is damaged ({shown(str(error))})", tip=SAVE_AS)


def _texts(row: list[Cell]) -> tuple[list[str], tuple[Fault, ...]]:
    cells = [cell if cell.__class__ is str else text_of(cell) for cell in row]
    faults = tuple(
        Fault("digits-lost", "a spreadsheet keeps 15 digits of a number", text, position)
        for position, (cell, text) in enumerate(zip(row, cells, strict=True))
        if len(text) > 15 and lost_digits(cell)
    )
    return cells, faults
