"""Plain rows of an Open XML sheet, fast: one pattern cuts thousands of rows at once, column by column.

The pattern is learnt from the sheet: which types and styles the cells of each column have. A row is taken only if it
matches from its first tag to its last; any other row goes to the parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from operator import methodcaller
from typing import TYPE_CHECKING, Final

from importer.reading.cells import column_number
from importer.reading.records import Record
from importer.reading.sheet_parser import parsed_row
from importer.reading.values import Remarkable, written_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.reading.values import Converter, Values


class NotPlain(Exception):
    """The sheet is laid out in a way that only the parser understands."""


MOST_MAKES: Final = 400
"""Makes of cell that the pattern knows, over all columns; more would slow it down."""
LEARNT_FROM: Final = 200
"""Rows of a piece that are looked at when the pattern did not fit them."""

_ROW = r'\s*(?:<row r="\d+"[^<>]*/>\s*)*+<row r="(\d{1,7})"[^<>]*(?<!/)>\s*'
_FULL_ROW = re.compile(_ROW)
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d+"((?: s="\d{1,6}")?(?: t="(?:n|s|str|b|d|inlineStr)")?'
    r'(?:/>|></c>|><v>|><is><t>|><is><t xml:space="preserve">))'
)
_HEAD = re.compile(r'(?: s="(\d+)")?(?: t="(\w+)")?(.*)')
_CLOSINGS: Final = {"><v>": "</v></c>", "><is><t>": "</t></is></c>", '><is><t xml:space="preserve">': "</t></is></c>"}
_without_white = methodcaller("strip", " \t\r\n")


@dataclass(frozen=True, slots=True)
class _Make:
    """One make of cell: its column, and the tag it begins with after its reference."""

    column: str
    head: str

    @property
    def parts(self) -> tuple[str, str, str]:
        """Style, type, and what opens the value."""
        match = _HEAD.fullmatch(self.head)
        return (match[1] or "0", match[2] or "n", match[3]) if match else ("", "", "")

    @property
    def is_sound(self) -> bool:
        """Whether the value stands where the type says."""
        _, kind, opening = self.parts
        return opening not in _CLOSINGS or (kind == "inlineStr") == opening.startswith("><is>")

    @property
    def pattern(self) -> str:
        """Matches what follows the reference; a group holds the value, if there is one."""
        closing = _CLOSINGS.get(self.parts[2])
        return re.escape(self.head) + (f"([^<]*){closing}" if closing else "")


@dataclass(frozen=True, slots=True)
class _Field:
    """A group of the pattern: the position of its column, and how its values become text."""

    position: int
    convert: Converter
    is_text: bool
    trims: bool

    def texts(self, values: Sequence[str]) -> Sequence[str]:
        """The texts of the values; those that are blank stay so. Raises `Remarkable` if one has to be parsed."""
        if not self.is_text:
            convert = self.convert
            return [convert(value) if value else "" for value in values]
        joined = "".join(values)
        if "&" in joined or "\r" in joined:
            values = [written_out(value) for value in values]
        if self.trims:
            values = [*map(_without_white, values)]
        return [*map(self.convert, values)] if "_x" in joined or "&" in joined else values


class PlainRows:
    """Cuts rows into cells by a pattern that grows as new makes of cell are met."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._makes: dict[_Make, None] = {}
        self._compile()

    def of(self, text: str) -> Iterator[Record]:
        """The rows of a text in which each row but for the last closing tag is whole."""
        text += "</row>"
        rows = self._pattern.findall(text)
        while self._learns([row[-1] for row in rows if row[-1]]):
            rows = self._pattern.findall(text)
        numbers, *groups, unknown = zip(*rows, strict=True)
        try:
            columns = self._columns(groups)
        except Remarkable:
            for row in text.split("</row>")[:-1]:
                yield self._parsed(row + "</row>")
            return
        for number, cells, rest in zip(numbers, columns or [()] * len(rows), unknown, strict=True):
            yield self._parsed(rest) if rest else Record(int(number), int(number), list(cells))

    def _columns(self, groups: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
        """The cells of the rows."""
        if not self._fields:
            return []
        columns: list[Sequence[str]] = [[""] * len(groups[0])] * (max(field.position for field in self._fields) + 1)
        taken: set[int] = set()
        for field, values in zip(self._fields, groups, strict=True):
            texts = field.texts(values)
            if field.position in taken:
                texts = [one or other for one, other in zip(columns[field.position], texts, strict=True)]
            columns[field.position] = texts
            taken.add(field.position)
        return [*zip(*columns, strict=True)]

    def _parsed(self, row: str) -> Record:
        opening = _FULL_ROW.match(row)
        if not opening:
            raise NotPlain
        return parsed_row(row[row.rindex("<row", 0, opening.end()) :], self._values)

    def _learns(self, rows: Sequence[str]) -> bool:
        """Whether some of the rows have sound makes of cell that are new to the pattern, which now knows them."""
        if len(self._makes) >= MOST_MAKES:
            return False
        before = len(self._makes)
        for row in rows[:LEARNT_FROM]:
            found = [_Make(column, head) for column, head in _CELL.findall(row)]
            if len(self._makes) + len(found) <= MOST_MAKES:
                self._makes.update(dict.fromkeys(make for make in found if make.is_sound))
        if len(self._makes) == before:
            return False
        self._compile()
        return True

    def _compile(self) -> None:
        columns: dict[str, list[_Make]] = {}
        for make in sorted(self._makes, key=lambda make: column_number(make.column)):
            columns.setdefault(make.column, []).append(make)
        cells = "".join(
            rf'(?:<c r="{column}\d+"(?:{"|".join(make.pattern for make in makes)})\s*)?+'
            for column, makes in columns.items()
        )
        self._pattern = re.compile(rf"(?:{_ROW}{cells}</row>)|(.*?</row>)", re.S)
        self._fields = [self._field(make) for makes in columns.values() for make in makes if make.parts[2] in _CLOSINGS]

    def _field(self, make: _Make) -> _Field:
        style, kind, opening = make.parts
        return _Field(
            position=column_number(make.column) - 1,
            convert=self._values.converter(kind, int(style)),
            is_text=kind in ("str", "inlineStr"),
            trims=opening == "><is><t>",
        )
