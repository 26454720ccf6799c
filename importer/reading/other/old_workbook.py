"""Old workbooks (.xls, Excel 5 to 2003), read by xlrd: the cells of a sheet as a person sees them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from importer.errors import SourceError
from importer.model.problem import shown
from importer.reading.cell_text import lost_digits, text_of
from importer.reading.compound_file import stream_of
from importer.reading.file_kind import COMPOUND_FILE, SAVE_AS, password_protected
from importer.reading.number_formats import NumberFormat, format_of
from importer.reading.other import LegacyFormat
from importer.reading.record import DIGITS_LOST, Fault, Record, pieces_of
from importer.reading.sheet_layout import MOST_MERGED, Sheet, SheetLayout, area_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.record import Piece

_EXCEL_97: Final = 80
"""xlrd's number of the first version whose texts are Unicode, whatever code page the file names."""
_HEAD: Final = Struct("<HH")
_END: Final = 0x0A
_NAME: Final = 0x18
_UNKNOWN: Final = b"\xff\x7f"
_OF_FONTS: Final = {
    128: "cp932",
    129: "cp949",
    134: "cp936",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
}
"""The code page for the character set of a font; that of the others is Western."""
_NUMBERS: Final = (2, 3)
_BOOLEAN, _ERROR = 4, 5
"""xlrd's types of cells. Only a file of this format makes it worth importing xlrd, which takes its time."""
_TEXT: Final = 1
_ERRORS: Final = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


class OldBook:
    """An open .xls workbook; the sheet that is being read is in memory as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _refusing_damage(path):
            self._book = _opened(path)
            self._styles = _styles(self._book)
        self._from_1904 = bool(self._book.datemode)
        self._reshapes_texts = any(style.changes_texts for style in self._styles)

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets of cells, in their order."""
        states = zip(self._book.sheet_names(), self._book._sheet_visibility, strict=True)
        return [Sheet(name, is_visible=state == 0) for name, state in states]

    def pieces(self, name: str) -> Iterator[Piece]:
        """The filled rows of the sheet."""
        return (piece.filled() for piece in pieces_of(self._records(name)))

    def _records(self, name: str) -> Iterator[Record]:
        with _refusing_damage(self._path):
            sheet = self._loaded(name)
            for row in range(sheet.nrows):
                yield self._record(sheet, row)

    def layout(self, name: str) -> SheetLayout:
        """What is hidden and merged in a sheet that was read before."""
        with _refusing_damage(self._path):
            sheet = self._loaded(name)
            hidden = (row for row, info in sorted(sheet.rowinfo_map.items()) if info.hidden and row < sheet.nrows)
            return SheetLayout(
                hidden_rows=tuple(row + 1 for row in hidden if any(value != "" for value in sheet.row_values(row))),
                merged=tuple(
                    area_of((top + 1, below), (left, right - 1))
                    for top, below, left, right in sheet.merged_cells[:MOST_MERGED]
                ),
            )

    def _loaded(self, name: str) -> Any:
        index = self._book.sheet_names().index(name)
        for other in range(self._book.nsheets):
            if other != index:
                self._book.unload_sheet(other)
        return self._book.sheet_by_index(index)

    def _record(self, sheet: Any, row: int) -> Record:
        cells: list[str] = []
        faults: list[Fault] = []
        for position, (kind, value) in enumerate(zip(sheet.row_types(row), sheet.row_values(row), strict=True)):
            problem = ""
            if kind in _NUMBERS:
                style = self._styles[sheet.cell_xf_index(row, position)]
                text, problem = style.read(value, from_1904=self._from_1904)
            elif kind == _TEXT and self._reshapes_texts:
                text, problem = self._styles[sheet.cell_xf_index(row, position)].read_text(value)
            elif kind == _ERROR:
                text = _ERRORS.get(value, "#N/A")  # `spreadsheet_damage` calls it an error
            else:
                text = text_of(bool(value)) if kind == _BOOLEAN else value
            if problem:
                faults.append(Fault("cell-shown-differently", problem, text, position))
            elif kind in _NUMBERS and lost_digits(value):
                faults.append(Fault("digits-lost", DIGITS_LOST, text, position))
            cells.append(text)
        return Record(row + 1, row + 1, cells, tuple(faults))


def _recognizes(path: Path, head: bytes) -> bool:
    """Whether a compound file has the stream of a workbook; the directory names the streams in UTF-16."""
    if not head.startswith(COMPOUND_FILE):
        return False
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise password_protected(path)
    return any(f"{name}\0".encode("utf-16-le") in content for name in ("Workbook", "Book", "WORKBOOK", "BOOK"))


def _opened(path: Path) -> Any:
    content = _without_names(stream_of(path.read_bytes(), ("Workbook", "Book")))
    book = _xlrd_book(content)
    if book.biff_version < _EXCEL_97 and book.codepage is None:
        # xlrd takes Latin 1 then; these files come from Windows, and their fonts name the code page.
        found = {_OF_FONTS[font.character_set] for font in book.font_list if font.character_set in _OF_FONTS}
        return _xlrd_book(content, encoding_override=found.pop() if len(found) == 1 else "cp1252")
    return book


def _without_names(stream: bytes) -> bytes:
    """The workbook with its defined names made unknown records: xlrd evaluates their formulas, and fails at some."""
    content = bytearray(stream)
    kind = at = 0
    while kind != _END:
        kind, length = _HEAD.unpack_from(content, at)
        if kind == _NAME:
            content[at : at + 2] = _UNKNOWN
        at += 4 + length
    return bytes(content)


def _xlrd_book(content: bytes, **options: str) -> Any:
    import xlrd  # only here: it takes its time to import

    with Path(os.devnull).open("w") as log:  # xlrd would print what it notices
        return xlrd.open_workbook(
            file_contents=content, logfile=log, formatting_info=True, on_demand=True, ragged_rows=True, **options
        )


def _styles(book: Any) -> list[NumberFormat]:
    """How each cell format shows a number. The file's own formats go before built-in ones of the same number."""
    formats = {number: form.format_str for number, form in book.format_map.items()}
    return [format_of(form.format_key, formats.get(form.format_key)) for form in book.xf_list]


@contextmanager
def _refusing_damage(path: Path) -> Iterator[None]:
    """Turns what xlrd raises about a damaged file into a refusal. It trusts the file, so that may be anything."""
    try:
        yield
    except (SourceError, MemoryError):
        raise
    except Exception as error:
        if "encrypted" in str(error):
            raise password_protected(path) from None
        reason = shown(str(error)) or type(error).__name__
        raise SourceError(f"{path}: the workbook is damaged ({reason})", tip=SAVE_AS) from error


FORMAT: Final = LegacyFormat("xls", _recognizes, OldBook)
