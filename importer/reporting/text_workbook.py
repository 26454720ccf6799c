"""A workbook of two sheets, one in front and one of text cells, written row by row with openpyxl."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.writer.excel import ExcelWriter

from importer.model.outcome import Tone
from importer.model.template import TEXT_FORMAT
from importer.model.visible import visible
from importer.private import refused
from importer.reporting.private_files import replacing
from importer.reporting.workbook_text import COLORS, COMMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from openpyxl.cell import Cell

_FILLS: Final = {tone: PatternFill("solid", fgColor=color) for tone, color in COLORS.items()}
_AUTHOR: Final = "importer"
_WIDEST: Final = 420
_LINE_OF_COMMENT: Final = 55
_NO_TIME: Final = datetime(1980, 1, 1)  # noqa: DTZ001 - as zip files have it: the first day that they can name


class _Undated(ZipFile):
    """An archive whose entries carry no time, so that a report that is written again is the very same file."""

    def writestr(self, name: Any, data: Any, *_: Any) -> None:  # as openpyxl calls it
        super().writestr(_entry(name), data)

    def write(self, filename: Any, arcname: Any = None, *_: Any) -> None:
        with Path(filename).open("rb") as source, self.open(_entry(arcname), "w") as entry:
            shutil.copyfileobj(source, entry)


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _NO_TIME.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    return entry


class _Part(WorksheetWriter):
    """A sheet being written to a file of ours, which openpyxl has no list of."""

    def cleanup(self) -> None:
        Path(str(self.out)).unlink(missing_ok=True)


class TextWorkbook:
    """The workbook; its sheets lie beside `path`, readable by their owner alone, until it is written or discarded.

    `comments` counts the comments so far, at most `COMMENTS`. Raises LocalDiskError.
    """

    def __init__(
        self, path: Path, front: str, rows: str, *, front_widths: Sequence[int], widths: Sequence[int]
    ) -> None:
        self._path = path
        self._parts: list[tuple[Any, Path]] = []
        self.comments = 0
        self._book = Workbook(write_only=True)
        with self._disk():
            self._front = self._sheet(front, front_widths)
            self._rows = self._sheet(rows, widths, is_table=True)
        # One cell for each column serves every row: a row is written when it is added.
        self._cells = [self._text_cell() for _ in widths]
        self._is_header = True

    def add(self, texts: Sequence[str], marks: Mapping[int, tuple[Tone, str]]) -> None:
        """Add a row of texts, the header first; `marks` are the tone and the comment of some of its cells."""
        row: list[Cell] = self._cells
        if self._is_header:
            row = [self._text_cell(is_bold=True) for _ in texts]
            self._is_header = False
        elif marks:
            row = list(row)
            for place, (tone, comment) in marks.items():
                row[place] = self._marked_cell(tone, comment)
        row_texts = list(zip(row, texts, strict=True))
        for cell, text in row_texts:
            cell._value = text  # type: ignore[attr-defined] # the property would make a formula of `=`
        with self._disk():  # blank cells have the format of their column
            self._rows.append(
                [cell if text or place in marks else None for place, (cell, text) in enumerate(row_texts)]
            )

    def write(self, path: Path, front: Iterable[Sequence[str | int]], *, last_row: int) -> None:
        """Write the workbook with these lines on its first sheet; the first one is its title."""
        last = get_column_letter(len(self._cells))
        self._rows.auto_filter.ref = f"A1:{last}{last_row}"
        with self._disk(), replacing(path) as file:
            for number, line in enumerate(front):
                self._front.append([self._front_cell(value, is_bold=not number) for value in line])
            properties = self._book.properties
            properties.created = properties.modified = _NO_TIME
            ExcelWriter(self._book, _Undated(file, "w")).save()

    def discard(self) -> None:
        """Remove what lies beside the path."""
        for sheet, part in self._parts:
            if not sheet.closed:
                with suppress(OSError):  # of a disk that is full: what cannot be written is not wanted anymore
                    sheet.close()
            part.unlink(missing_ok=True)

    def _sheet(self, title: str, widths: Sequence[int], *, is_table: bool = False) -> Any:
        sheet = self._book.create_sheet(title)
        for number, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(number)].width = width
            sheet.column_dimensions[get_column_letter(number)].number_format = TEXT_FORMAT
        if is_table:
            sheet.freeze_panes = "A2"
        # openpyxl itself would put the rows into the folder for temporary files, where `purge` does not look.
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.", suffix=".part")
        os.close(descriptor)
        sheet._writer = _Part(sheet, out=name)
        sheet._writer.write_top()
        self._parts.append((sheet, Path(name)))
        return sheet

    def _text_cell(self, *, is_bold: bool = False) -> Cell:
        cell = WriteOnlyCell(self._rows, "")
        cell.number_format = TEXT_FORMAT
        cell.data_type = "s"
        if is_bold:
            cell.font = Font(bold=True)
        return cell

    def _marked_cell(self, tone: Tone, comment: str) -> Cell:
        cell = self._text_cell()
        cell.fill = _FILLS[tone]
        if self.comments < COMMENTS:
            self.comments += 1
            lines = sum(1 + len(line) // _LINE_OF_COMMENT for line in comment.split("\n"))
            cell.comment = Comment(comment, _AUTHOR, height=20 * (lines + 1), width=_WIDEST)
        return cell

    def _front_cell(self, value: str | int, *, is_bold: bool) -> Cell:
        shown = visible(value, keep="\n", longest=None) if isinstance(value, str) else value
        cell = WriteOnlyCell(self._front, shown)
        if isinstance(value, str):
            cell.number_format = TEXT_FORMAT
            cell.data_type = "s"
        cell.alignment = Alignment(vertical="top", wrap_text=not is_bold)
        cell.font = Font(bold=is_bold)
        return cell

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise refused(self._path, error) from error
