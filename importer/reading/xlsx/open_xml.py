"""Open XML workbooks (.xlsx, .xlsm): which sheets there are, and their rows as they stream from the package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.problem import shown
from importer.reading.file_kind import SAVE_AS
from importer.reading.number_formats import styles_of
from importer.reading.sheet_layout import sheet_layout
from importer.reading.xlsx.cell_values import Values
from importer.reading.xlsx.shared_strings import SharedStrings, shared_strings
from importer.reading.xlsx.sheet_rows import rows_of
from importer.reading.xlsx.stray_cells import without_strays
from importer.reading.zip_package import related_part, sheets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.number_formats import NumberFormat
    from importer.reading.record import Record
    from importer.reading.sheet_layout import SheetLayout
    from importer.reading.xlsx.row_pieces import Piece
    from importer.reading.zip_package import Package, Sheet


@dataclass(frozen=True)
class OpenXmlBook:
    """An open workbook; nothing of its sheets is kept."""

    package: Package

    @property
    def names(self) -> list[str]:
        """The sheets, in their order."""
        return [sheet.name for sheet in self._sheets]

    @property
    def visible(self) -> list[str]:
        """The sheets of cells that a person sees."""
        return [sheet.name for sheet in self._sheets if sheet.is_visible and sheet.holds_cells]

    @property
    def hidden(self) -> list[str]:
        """The sheets a person does not see."""
        return [sheet.name for sheet in self._sheets if not sheet.is_visible]

    def records(self, name: str) -> Iterator[Record]:
        """The rows of `pieces`, one by one."""
        return (record for piece in self.pieces(name) for record in piece.records())

    def pieces(self, name: str) -> Iterator[Piece]:
        """The filled rows of the sheet; raises `SourceError` where it cannot be read any further."""
        place = f"{self.package.path}, sheet “{shown(name)}”"
        sheet = next(sheet for sheet in self._sheets if sheet.name == name)
        if not sheet.holds_cells:
            raise SourceError(
                f"{self.package.path}: “{shown(name)}” is not a sheet of cells", tip="Name another sheet."
            )
        if not self.package.has(sheet.part):
            raise SourceError(f"{place}: the workbook is damaged: the sheet is missing in it", tip=SAVE_AS)
        return without_strays(rows_of(self.package, sheet.part, self._values, place), place)

    def layout(self, name: str) -> SheetLayout:
        """What is hidden and merged in a sheet that was read before."""
        sheet = next(sheet for sheet in self._sheets if sheet.name == name)
        with self.package.open(sheet.part) as file:
            return sheet_layout(file)

    @cached_property
    def _sheets(self) -> list[Sheet]:
        return sheets_of(self.package)

    @cached_property
    def _values(self) -> Values:
        strings = SharedStrings(iter(()))
        if part := related_part(self.package, "sharedStrings"):
            strings = shared_strings(self.package, part)
        styles: dict[int, NumberFormat] = {}
        if part := related_part(self.package, "styles"):
            with self.package.open(part) as file:
                styles = styles_of(file)
        return Values(strings=strings, styles=styles, from_1904=any(sheet.from_1904 for sheet in self._sheets))
