"""The rows of an Open XML sheet, fast: as nearly every program writes them, a row is cut into cells by one pattern.

A row is taken only if every tag in it is accounted for. Any other row goes to the parser, and a sheet that is not laid
out plainly (prefixes, comments, rows without a number, another encoding) goes to it as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from operator import methodcaller
from typing import IO, TYPE_CHECKING, Final

from importer.errors import SourceError
from importer.reading.cells import column_letters, column_number
from importer.reading.markup import CHUNK, PROLOG
from importer.reading.records import Record
from importer.reading.sheet_parser import MOST_COLUMNS, parsed_row, parsed_rows
from importer.reading.values import Remarkable, written_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.packages import Package
    from importer.reading.values import Converter, Values

MOST_ROWS: Final = 1 << 20
LARGEST_ROW: Final = 64 << 20
"""Bytes of XML from one row to the next."""

_KEPT_PLANS = 20_000
_ROW_END = b"</row>"
_PROLOG = re.compile(
    PROLOG + rb"\s*<worksheet\b[^<>]*>(?:(?!<sheetData)[^!?])*?<sheetData\s*(/?)>",
    re.I,
)
_EPILOG = re.compile(rb'\s*(?:<row r="\d+"[^<>]*/>\s*)*</sheetData')
_ROW = re.compile(r'\s*(?:<row r="\d+"[^<>]*/>\s*)*(<row r="(\d{1,7})"[^<>]*(?<!/)>)')
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d+"([^<>]*(?:/>|></c>|><v>|><is><t>|><is><t xml:space="preserve">))([^<]*)'
    r"(?:</v></c>|</t></is></c>)?"
)
_HEAD = re.compile(
    r'(?: s="(?P<style>\d+)")?(?: t="(?P<kind>n|s|str|b|d|inlineStr)")?(?P<opening>/>|></c>|><v>|><is><t.*)'
)
_WITHOUT_VALUE = ("/>", "></c>")
_TAGS = {"/>": 1, "></c>": 2, "><v>": 4}
_TAGS_OF_INLINE_TEXT = 6
_without_white = methodcaller("strip", " \t\r\n")


def rows_of(package: Package, part: str, values: Values, place: str) -> Iterator[Record]:
    """Every row of the sheet that stands in the file, in the order of their numbers.

    Raises `SourceError` naming `place` if the rows do not stand in order, or lie where no spreadsheet has cells.
    """
    last = 0
    for record in _plain_or_parsed(package, part, values):
        if not last < record.number <= MOST_ROWS or len(record.cells) > MOST_COLUMNS:
            raise _misplaced(place, record, last)
        last = record.number
        while record.cells and not record.cells[-1]:
            record.cells.pop()
        yield record


def _misplaced(place: str, record: Record, last: int) -> SourceError:
    tip = "Open it in a spreadsheet program and save it again."
    if record.number <= last:
        return SourceError(f"{place}: row {record.number} stands after row {last} in the file", tip=tip)
    reach = f"its cells reach to row {record.number} and column {column_letters(len(record.cells))}"
    return SourceError(f"{place}: {reach}, where no spreadsheet has cells", tip=tip)


def _plain_or_parsed(package: Package, part: str, values: Values) -> Iterator[Record]:
    read = 0
    try:
        with package.open(part) as file:
            for record in plain_rows(file, values):
                read = record.number
                yield record
    except NotPlain:
        with package.open(part) as file:
            yield from (record for record in parsed_rows(file, values) if record.number > read)


class NotPlain(Exception):
    """The sheet is laid out in a way that only the parser understands."""


def plain_rows(file: IO[bytes], values: Values) -> Iterator[Record]:
    """Every row of a sheet that is laid out plainly; raises `NotPlain` where it is not."""
    rows = _Rows(values)
    text, is_empty = _after_prolog(file)
    while not is_empty:
        head, found, end = text.rpartition(_ROW_END)
        finished = b"</sheetData" in end
        if found:
            if b"<!" in head or b"<?" in head:
                raise NotPlain
            yield from rows.of(head.decode())
        if finished:
            if not _EPILOG.match(end):
                raise NotPlain
            break
        piece = file.read(CHUNK)
        if not piece or len(end) > LARGEST_ROW:
            raise NotPlain
        text = end + piece
    while file.read(CHUNK):  # to the end, where the checksum is compared
        pass


def _after_prolog(file: IO[bytes]) -> tuple[bytes, bool]:
    """The bytes after `<sheetData>`, and whether there is nothing in it."""
    text = file.read(CHUNK)
    match = _PROLOG.match(text)
    if not match:
        raise NotPlain
    return text[match.end() :], bool(match[1])


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a row of this make becomes text: where its cells go, how each is converted, and how many tags it has.

    The `quick` converters are for rows without anything that has to be written out; `None` leaves a text as it is.
    """

    width: int
    positions: tuple[int, ...]
    quick: tuple[Converter | None, ...]
    careful: tuple[Converter, ...]
    tags: int


class _Rows:
    """Cuts rows into cells. Rows of one make (the same columns, types and styles) share a plan."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._plans: dict[tuple[tuple[str, ...], tuple[str, ...]], _Plan | None] = {}

    def of(self, text: str) -> Iterator[Record]:
        """The rows of a text in which each row but for its closing tag is whole."""
        for row in text.split("</row>"):
            opening = _ROW.match(row)
            if not opening:
                raise NotPlain
            number = int(opening[2])
            cells = self._cells(row, opening.end())
            if cells is None:
                yield parsed_row(f"{row[opening.start(1) :]}</row>", self._values)
            else:
                yield Record(number, number, cells)

    def _cells(self, row: str, start: int) -> list[str] | None:
        """The texts of the cells, or `None` where the row must be parsed."""
        found = _CELL.findall(row, start)
        if not found:
            return None if row.count("<", start) else []
        columns, heads, contents = zip(*found, strict=True)
        plan = self._plan(columns, heads)
        if plan is None or row.count("<", start) != plan.tags:
            return None
        try:
            if "&" in row or "_x" in row or "\r" in row:
                texts = [convert(text) if text else "" for convert, text in zip(plan.careful, contents, strict=True)]
            else:
                texts = [
                    convert(text) if convert and text else text
                    for convert, text in zip(plan.quick, contents, strict=True)
                ]
        except Remarkable:
            return None
        return texts if plan.width == len(texts) else _spread(texts, plan)

    def _plan(self, columns: tuple[str, ...], heads: tuple[str, ...]) -> _Plan | None:
        make = (columns, heads)
        if make in self._plans:
            return self._plans[make]
        if len(self._plans) > _KEPT_PLANS:
            self._plans.clear()
        plan = self._plans[make] = self._new_plan(columns, heads)
        return plan

    def _new_plan(self, columns: tuple[str, ...], heads: tuple[str, ...]) -> _Plan | None:
        positions = tuple(column_number(column) - 1 for column in columns)
        matches = [_HEAD.fullmatch(head) for head in heads]
        if any(match is None for match in matches) or any(b <= a for a, b in pairwise(positions)):
            return None
        known = [match for match in matches if match]
        if any(not _fits(match["kind"] or "n", match["opening"]) for match in known):
            return None
        return _Plan(
            width=positions[-1] + 1,
            positions=positions,
            quick=tuple(_quick(self._values, match) for match in known),
            careful=tuple(_careful(self._values, match) for match in known),
            tags=sum(_TAGS.get(match["opening"], _TAGS_OF_INLINE_TEXT) for match in known),
        )


def _fits(kind: str, opening: str) -> bool:
    return opening in _WITHOUT_VALUE or (kind == "inlineStr") == opening.startswith("><is>")


def _quick(values: Values, head: re.Match[str]) -> Converter | None:
    """How a text without entities and escapes is converted."""
    if head["opening"] in _WITHOUT_VALUE:
        return _blank
    if head["kind"] not in ("inlineStr", "str"):
        return values.converter(head["kind"] or "n", int(head["style"] or 0))
    return _without_white if head["opening"] == "><is><t>" else None


def _careful(values: Values, head: re.Match[str]) -> Converter:
    """How any text is converted."""
    if head["opening"] in _WITHOUT_VALUE:
        return _blank
    convert = values.converter(head["kind"] or "n", int(head["style"] or 0))
    if head["opening"] == "><is><t>":
        return lambda text: convert(_without_white(written_out(text)))
    return lambda text: convert(written_out(text))


def _blank(_: str) -> str:
    """Whatever stands between two cells, a line break for instance, means nothing."""
    return ""


def _spread(texts: list[str], plan: _Plan) -> list[str]:
    cells = [""] * plan.width
    for position, text in zip(plan.positions, texts, strict=True):
        cells[position] = text
    return cells
