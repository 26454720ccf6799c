"""OpenDocument spreadsheets (.ods): the rows of `content.xml` as a stream.

A cell or row can say that it is repeated a million times, so cells are counted before they are materialized.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from importer.errors import SourceError
from importer.model.problem import shown as printable
from importer.reading.cell_text import is_error, lost_digits, text_of
from importer.reading.file_kind import FROM_DAMAGE, SAVE_AS, ZIP, password_protected, zip_names
from importer.reading.other import LegacyFormat
from importer.reading.record import DIGITS_LOST, UNCALCULATED, Fault, Record, pieces_of
from importer.reading.sheet_layout import MOST_MERGED, Area, Sheet, SheetLayout, area_of
from importer.reading.zip_package import CHUNK, open_package, parser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.reading.record import Piece

MOST_CELLS: Final = 6_000_000
"""Cells of a table once its repeated cells and rows are written out, blank ones between them too."""
MOST_TEXT: Final = 128 << 20
"""Characters of a table, likewise."""
CONTENT: Final = "content.xml"

_URN: Final = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TABLE, _TEXT, _STYLE = (f"{_URN}{name}:1.0 " for name in ("office", "table", "text", "style"))
_VALUE_TYPE: Final = f"{_OFFICE}value-type"
_ERROR_TYPE: Final = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
_FORMULA: Final = f"{_TABLE}formula"
_ROWS_REPEATED: Final = f"{_TABLE}number-rows-repeated"
_CELLS_REPEATED: Final = f"{_TABLE}number-columns-repeated"

_NO_CELLS: Final = (
    f"{_OFFICE}annotation",
    f"{_OFFICE}forms",
    f"{_TABLE}dde-links",
    f"{_TABLE}shapes",
    f"{_TABLE}tracked-changes",
    f"{_TEXT}note",
    f"{_TEXT}ruby-text",
)
_DRAWING: Final = f"{_URN}drawing:"
"""Drawings over the cells and notes about them have texts and even tables of their own."""


class _Row(NamedTuple):
    """A row with a value, as often as it is repeated."""

    table: str
    first: int
    times: int
    cells: list[str]
    faults: tuple[Fault, ...]

    def records(self) -> Iterator[Record]:
        for number in range(self.first, self.first + self.times):
            yield Record(number, number, [*self.cells], self.faults)


class OpenDocumentBook:
    """An open .ods workbook; nothing of its sheets is kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._package = open_package(path)

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets, in their order."""
        return [Sheet(name, is_visible=is_visible) for name, is_visible in self._content.tables.items()]

    def pieces(self, name: str) -> Iterator[Piece]:
        """The filled rows of the sheet."""
        rows = (row for row in self._rows(_Content(str(self._path))) if row.table == name)
        return (piece.filled() for piece in pieces_of(record for row in rows for record in row.records()))

    def layout(self, name: str) -> SheetLayout:
        """What is hidden and merged in a sheet."""
        return SheetLayout(
            hidden_rows=tuple(self._content.hidden.get(name, ())),
            has_filter=name in self._content.filtered,
            merged=tuple(self._content.merged.get(name, ())),
        )

    @cached_property
    def _content(self) -> _Content:
        """What is known of the sheets once all was read; raises `SourceError` if one would fill the memory."""
        content = _Content(str(self._path))
        for _ in self._rows(content):
            pass
        if not content.tables:
            raise SourceError(f"{self._path}: an OpenDocument file, but not a spreadsheet", tip=SAVE_AS)
        return content

    def _rows(self, content: _Content) -> Iterator[_Row]:
        with self._package.open(CONTENT) as file:
            while piece := file.read(CHUNK):
                yield from content.rows(piece)
            yield from content.rows(b"", last=True)


class _Content:
    """The parser's state: the table, row and cell it is in, and how far the filled cells of the table reach."""

    def __init__(self, path: str) -> None:
        self.tables: dict[str, bool] = {}
        self.hidden: dict[str, list[int]] = {}
        self.filtered: set[str] = set()
        self.merged: dict[str, list[Area]] = {}
        self._path = path
        self._done: list[_Row] = []
        self._invisible: set[str] = set()
        self._style = self._table = ""
        self._skipped = 0
        self._cell: dict[str, str] | None = None
        self._pieces: list[str] = []
        self._paragraphs = 0
        self._in_paragraph = False
        self._row = self._row_times = 1
        self._visibility = "visible"
        self._position = self._columns = self._characters = 0
        self._cells: list[str] = []
        self._faults: list[Fault] = []
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            f"{_STYLE}style": self._begin_style,
            f"{_STYLE}table-properties": self._note_visibility,
            f"{_TABLE}table": self._begin_table,
            f"{_TABLE}table-row": self._begin_row,
            f"{_TABLE}table-cell": self._begin_cell,
            f"{_TABLE}covered-table-cell": self._begin_cell,
            f"{_TEXT}p": self._begin_paragraph,
            f"{_TEXT}s": lambda attributes: self._text(" " * min(int(attributes.get(f"{_TEXT}c", 1)), CHUNK)),
            f"{_TEXT}tab": lambda _: self._text("\t"),
            f"{_TEXT}line-break": lambda _: self._text("\n"),
        }
        self._ends = {
            f"{_TABLE}table-row": self._end_row,
            f"{_TABLE}table-cell": self._end_cell,
            f"{_TABLE}covered-table-cell": self._end_cell,
            f"{_TEXT}p": self._end_paragraph,
        }
        self._parser = parser(namespaces=True)
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def rows(self, piece: bytes, *, last: bool = False) -> list[_Row]:
        """The rows with a value that end in this piece of the file."""
        self._done = []
        self._parser.Parse(piece, last)
        return self._done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if (
            self._skipped
            or name in _NO_CELLS
            or name.startswith(_DRAWING)
            or (self._cell is not None and name == f"{_TABLE}table")
        ):
            self._skipped += 1
        elif begin := self._starts.get(name):
            begin(attributes)

    def _end(self, name: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif end := self._ends.get(name):
            end()

    def _text(self, text: str) -> None:
        if self._in_paragraph and not self._skipped:
            self._pieces.append(text)

    def _begin_style(self, attributes: dict[str, str]) -> None:
        self._style = attributes.get(f"{_STYLE}name", "")

    def _note_visibility(self, attributes: dict[str, str]) -> None:
        if attributes.get(f"{_TABLE}display") == "false":
            self._invisible.add(self._style)

    def _begin_table(self, attributes: dict[str, str]) -> None:
        self._table = attributes.get(f"{_TABLE}name", "")
        self.tables[self._table] = attributes.get(f"{_TABLE}style-name") not in self._invisible
        self._row, self._columns, self._characters = 1, 0, 0

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._row_times = int(attributes.get(_ROWS_REPEATED, 1))
        self._visibility = attributes.get(f"{_TABLE}visibility", "visible")
        self._position, self._cells, self._faults = 0, [], []

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._cell = attributes
        self._paragraphs, self._pieces = 0, []

    def _begin_paragraph(self, _: dict[str, str]) -> None:
        if self._cell is None:
            return
        if self._paragraphs:
            self._pieces.append("\n")
        self._paragraphs += 1
        self._in_paragraph = True

    def _end_paragraph(self) -> None:
        self._in_paragraph = False

    def _end_cell(self) -> None:
        cell, self._cell = self._cell or {}, None
        text, code, detail = seen(cell, "".join(self._pieces))
        begin = self._position
        self._position += int(cell.get(_CELLS_REPEATED, 1))
        self._note_merged(cell, begin)
        if not text and not code:
            return
        self._refuse_sprawling()
        self._cells += [""] * (begin - len(self._cells)) + [text] * (self._position - begin)
        if code:
            self._faults += (Fault(code, detail, text, at) for at in range(begin, self._position))

    def _note_merged(self, cell: dict[str, str], begin: int) -> None:
        rows, columns = (int(cell.get(f"{_TABLE}number-{what}-spanned", 1)) for what in ("rows", "columns"))
        if rows * columns > 1 and len(areas := self.merged.setdefault(self._table, [])) < MOST_MERGED:
            areas.append(area_of((self._row, self._row + rows - 1), (begin, begin + columns - 1)))

    def _refuse_sprawling(self) -> None:
        rows, self._columns = self._row + self._row_times - 1, max(self._columns, self._position)
        if rows * self._columns > MOST_CELLS:
            raise SourceError(
                f"{self._place}: its cells reach to row {rows} and column {self._columns}, more than {MOST_CELLS:,}"
                " cells, which is more than can be read from an .ods file",
                tip="Delete stray cells far below or far right of the table; or save it as “Excel Workbook (.xlsx)”.",
            )

    def _end_row(self) -> None:
        if self._cells:
            self._characters += self._row_times * sum(map(len, self._cells))
            if self._characters > MOST_TEXT:
                most = f"{MOST_TEXT >> 20} MB of text"
                raise SourceError(f"{self._place}: its cells hold more than {most}", tip="Save it as “CSV UTF-8”.")
            row = _Row(self._table, self._row, self._row_times, self._cells, tuple(self._faults))
            self._done.append(row)
            if self._visibility != "visible":
                self.hidden.setdefault(self._table, []).extend(range(self._row, self._row + self._row_times))
            if self._visibility == "filter":
                self.filtered.add(self._table)
        self._row += self._row_times

    @property
    def _place(self) -> str:
        return f"{self._path}, sheet “{printable(self._table)}”"


def seen(cell: dict[str, str], shown: str) -> tuple[str, str, str]:
    """What a person sees in a cell with these attributes and this text; and code and detail of what is wrong with it.

    The value counts, since its text depends on the locale; but the text counts where it holds more than the value.
    """
    kind = cell.get(_VALUE_TYPE)
    if shown[:1] in ("#", "E", "F") and is_error(shown):
        return shown, "", ""  # `spreadsheet_damage` calls it an error
    if cell.get(_ERROR_TYPE) == "error":
        return shown, "cell-error", "is an error, not a value"
    if kind is None and not shown and _FORMULA in cell:
        return "", "formula-without-value", UNCALCULATED
    if kind in ("float", "percentage", "currency"):
        return _number(cell.get(f"{_OFFICE}value", ""), shown, kind)
    if kind == "string":
        return cell.get(f"{_OFFICE}string-value") or shown, "", ""
    if kind in ("date", "time", "boolean"):
        value = cell.get(f"{_OFFICE}{kind}-value", "")
        return {"date": _moment, "time": _time, "boolean": _truth}[kind](value) or shown, "", ""
    return shown, "", ""


def _number(value: str, shown: str, kind: str) -> tuple[str, str, str]:
    try:
        number = float(value)
    except ValueError:
        return shown, "", ""
    text = text_of(number)
    if kind == "float" and shown and not _NUMBER_STYLE(shown) and not (_FRACTION(shown) and number % 1):
        digits = re.sub(r"\D", "", shown)
        if digits and re.sub(r"\D", "", text) not in digits:
            return shown, "cell-shown-differently", f"is shown, but the cell holds {text}"
        return shown, "", ""
    return (text, "digits-lost", DIGITS_LOST) if lost_digits(number) else (text, "", "")


_NUMBER_STYLE: Final = re.compile(
    r"(?:[-−(]|\+(?=.*[.,%]))?\s?[$€£¥₹]?\s?"
    r"(?:0|[1-9][0-9]{0,2}(?:[.,'’\s][0-9]{2,3})*[.,'’\s][0-9]{3}|[1-9][0-9]*)?(?:[.,][0-9]*)?(?:E[-+]?[0-9]+)?"
    r"\s?[%$€£¥₹]?\s?[-)]?"
).fullmatch
"""Decimals, separators, a currency, brackets for a minus: the value is sent (`docs/decisions/number-formats.md`)."""
_FRACTION: Final = re.compile(r"-?(?:[0-9]+ +)?[0-9]+ */ *[0-9]+\s*").fullmatch


def _moment(value: str) -> str:
    try:
        return text_of(datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value))
    except ValueError:
        return ""


_LENGTH: Final = re.compile(r"(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?", re.ASCII).fullmatch


def _time(value: str) -> str:
    """A time of day, or how long something took where that is more than a day or less than nothing."""
    match = _LENGTH(value)
    if not match:
        return ""
    days, hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups()[1:])
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return ""
    if match[1] or length >= timedelta(days=1):
        return text_of(-length if match[1] else length)
    return text_of((datetime.combine(date.min, time()) + length).time())


def _truth(value: str) -> str:
    return value.upper() if value in ("true", "false") else ""


def _recognizes(path: Path, head: bytes) -> bool:
    """Whether a zip declares it in its `mimetype`, or (some programs leave it out) at the beginning of its content.

    Raises `SourceError` for an OpenDocument file of another kind.
    """
    names = zip_names(path) if head.startswith(ZIP) else frozenset()
    if b"encryption-data" in _beginning(path, "META-INF/manifest.xml", names):
        raise password_protected(path)
    if CONTENT not in names:
        return False
    part = "mimetype" if "mimetype" in names else CONTENT
    begin = _beginning(path, part, names)
    if part == "mimetype" and b"spreadsheet" not in begin:
        raise SourceError(f"{path}: an OpenDocument file, but not a spreadsheet", tip=SAVE_AS)
    return b"opendocument" in begin


def _beginning(path: Path, part: str, names: frozenset[str]) -> bytes:
    """The first bytes of a part; none if there is no such part, or if it cannot be read."""
    if part.casefold() not in names:
        return b""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(part) as file:
            return file.read(CHUNK)
    except (*FROM_DAMAGE, RuntimeError):
        return b""


FORMAT: Final = LegacyFormat("ods", _recognizes, OpenDocumentBook)
