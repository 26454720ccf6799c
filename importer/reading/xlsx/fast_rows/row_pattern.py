"""Plain rows of an Open XML sheet, fast: one pattern cuts thousands of rows at once, column by column.

The pattern is learnt from the sheet: which types and styles the cells of each column have. A row is taken only if it
matches from its first tag to its last; any other row goes to the parser.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from importer.reading.cell_text import column_number
from importer.reading.file_kind import FROM_DAMAGE
from importer.reading.record import Piece, pieces_of, put
from importer.reading.xlsx.cell_values import NeedsParser, written_out
from importer.reading.xlsx.sheet_parser import parsed_row
from importer.reading.zip_package import WHITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from importer.reading.record import Record
    from importer.reading.xlsx.cell_values import Values


class NotPlain(Exception):
    """The sheet is written in a way that only the parser understands."""


MOST_SHAPES: Final = 400
"""Shapes of cells that the pattern knows, over all columns; more would slow it down."""
LEARNT_FROM: Final = 200
"""Rows of a piece that are looked at when the pattern did not fit them."""

_ROW_END: Final = "</row>"
_ROW = r'\s*(?:<row r="\d+"[^<>]*/>\s*)*<row r="(\d{1,7})"(?![^<>]*\sxml:)[^<>]*(?<!/)>\s*'
_FULL_ROW = re.compile(_ROW)
_FORMULA = r"<f(?: [^<>]*)?(?:/>|>[^<]*</f>)"
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d+"((?: s="(\d{1,6})")?(?: t="(n|s|str|b|d|inlineStr)")?)'
    rf'(?:(/>|></c>)|>({_FORMULA})?(<v>|<is><t>|<is><t xml:space="preserve">))'
)
_CLOSINGS: Final = {"<v>": "</v></c>", "<is><t>": "</t></is></c>", '<is><t xml:space="preserve">': "</t></is></c>"}
_AT_MOST_ONCE: Final = "?+" if sys.version_info >= (3, 11, 5) else "?"
"""Possessive: no backtracking, which saves a tenth of the time; before 3.11.5 `re` matches it wrongly (gh-106052)."""


def _may_have_white_edges(values: Sequence[str]) -> bool:
    """Whether a text may begin or end with white; for all at once, which takes half the time of stripping each."""
    joined = f"<{'<'.join(values)}<"
    return any(white in joined for white in ("< ", " <", "\t", "\n", "\r"))


@dataclass(frozen=True, slots=True)
class _CellShape:
    """One shape of cell: its column, its style and type, whether it has a formula, and what opens its value."""

    column: str
    attributes: str
    style: int
    kind: str
    has_formula: bool
    opening: str

    @property
    def is_sound(self) -> bool:
        """Whether the value is where its type requires it."""
        return self.opening not in _CLOSINGS or (self.kind == "inlineStr") == self.opening.startswith("<is>")

    @property
    def pattern(self) -> str:
        """Matches what follows the reference; a group holds the value, if there is one.

        A formula has one, unless it is text: else it was never calculated, which is for the parser.
        """
        closing = _CLOSINGS.get(self.opening)
        if not closing:
            return re.escape(self.attributes + self.opening)
        value = "([^<]+)" if self.has_formula and self.kind != "str" else "([^<]*)"
        formula = _FORMULA if self.has_formula else ""
        return f"{re.escape(self.attributes)}>{formula}{re.escape(self.opening)}{value}{closing}"


@dataclass(frozen=True, slots=True)
class _Field:
    """A group of the pattern: the position of its column, and how its values become text."""

    position: int
    convert: Callable[[Sequence[str]], Sequence[str]]
    is_text: bool
    is_reshaped: bool
    trims: bool

    def texts(self, values: Sequence[str]) -> tuple[Sequence[str], list[int]]:
        """The texts of the values (those that are blank stay so), and the places of those that have to be parsed."""
        try:
            return self._texts(values), []
        except NeedsParser:
            pass
        texts: list[str] = []
        places: list[int] = []
        for place, value in enumerate(values):
            try:
                texts += self._texts((value,))
            except NeedsParser:
                texts.append("")
                places.append(place)
        return texts, places

    def _texts(self, values: Sequence[str]) -> Sequence[str]:
        if not self.is_text:
            return self.convert(values)
        joined = "".join(values)
        if "&" in joined or "\r" in joined:
            values = [written_out(value) if "&" in value or "\r" in value else value for value in values]
        if self.trims and _may_have_white_edges(values):
            values = [value.strip(WHITE) for value in values]
        must_convert = self.is_reshaped or "_x" in joined or "&" in joined
        return self.convert(values) if must_convert else values


class PlainRows:
    """Cuts rows into cells by a pattern that grows as new shapes of cells are met."""

    def __init__(self, values: Values, *, keeps_spaces: bool = False) -> None:
        self._values = values
        self._keeps_spaces = keeps_spaces
        self._shapes: dict[_CellShape, None] = {}
        self._compile()

    def of(self, text: str) -> Iterator[Piece]:
        """The rows of a text in which each row but for the last closing tag is whole."""
        text += _ROW_END
        groups = self._cut(text)
        while any(groups[-1]):
            unknown = [*filter(None, groups[-1])]
            # What the pattern knows holds no comment, and a comment that holds rows is not known, either.
            if any("<!" in row or "<?" in row for row in unknown):
                raise NotPlain
            if not self._learns(unknown):
                break
            groups = self._cut(text)
        try:
            piece = self._piece(groups, text)
        except FROM_DAMAGE:  # row by row, so that those before the damage are read
            yield from pieces_of(self._parsed(row + _ROW_END) for row in text.split(_ROW_END)[:-1])
        else:
            yield piece

    def _cut(self, text: str) -> list[tuple[str, ...]]:
        """The numbers of the rows; the values of each field; and the rows that the pattern does not know."""
        return [*zip(*self._pattern.findall(text), strict=True)]

    def _piece(self, cut: Sequence[Sequence[str]], text: str) -> Piece:
        numbers, *groups, unknown = cut
        columns, unclear = self._columns(groups)
        left = {place: row for place, row in enumerate(unknown) if row} if any(unknown) else {}
        if unclear:
            whole = text.split(_ROW_END)
            left |= {place: whole[place] + _ROW_END for place in unclear}
        if not left:
            return Piece(numbers=[*map(int, numbers)], columns=columns)
        return self._with(left, [int(number or 0) for number in numbers], columns)

    def _with(self, left: dict[int, str], numbers: list[int], columns: Mapping[int, Sequence[str]]) -> Piece:
        """The rows, after those of which the pattern knew nothing, or not enough, were parsed."""
        mutable = {position: [*column] for position, column in columns.items()}
        faults = {}
        for place in sorted(left):
            record = self._parsed(left[place])
            numbers[place] = record.number
            for column in mutable.values():
                column[place] = ""
            put(mutable, place, record, len(numbers))
            if record.faults:
                faults[place] = record.faults
        return Piece(numbers=numbers, columns=mutable, faults=faults)

    def _columns(self, groups: Sequence[Sequence[str]]) -> tuple[dict[int, Sequence[str]], set[int]]:
        """The cells of the rows, and the places of those that have to be parsed."""
        columns: dict[int, Sequence[str]] = {}
        left: set[int] = set()
        for field, values in zip(self._fields, groups, strict=True):
            if not any(values):
                continue
            texts, unclear = field.texts(values)
            left.update(unclear)
            if known := columns.get(field.position):
                texts = [one or other for one, other in zip(known, texts, strict=True)]
            columns[field.position] = texts
        return columns, left

    def _parsed(self, row: str) -> Record:
        opening = _FULL_ROW.match(row)
        if not opening:
            raise NotPlain
        whole = row[row.rindex("<row", 0, opening.end()) :]
        return parsed_row(whole, self._values, keeps_spaces=self._keeps_spaces)

    def _learns(self, rows: Sequence[str]) -> bool:
        """Whether some of the rows have sound shapes of cells that are new to the pattern, which now knows them."""
        if len(self._shapes) >= MOST_SHAPES:
            return False
        before = len(self._shapes)
        for row in rows[:LEARNT_FROM]:
            found = [
                _CellShape(column, attributes, int(style or 0), kind or "n", bool(formula), blank or opening)
                for column, attributes, style, kind, blank, formula, opening in _CELL.findall(row)
            ]
            if len(self._shapes) + len(found) <= MOST_SHAPES:
                self._shapes.update(dict.fromkeys(shape for shape in found if shape.is_sound))
        if len(self._shapes) == before:
            return False
        self._compile()
        return True

    def _compile(self) -> None:
        columns: dict[str, list[_CellShape]] = {}
        for shape in sorted(self._shapes, key=lambda shape: column_number(shape.column)):
            columns.setdefault(shape.column, []).append(shape)
        cells = "".join(
            rf'(?:<c r="{column}\d+"(?:{"|".join(shape.pattern for shape in shapes)})\s*){_AT_MOST_ONCE}'
            for column, shapes in columns.items()
        )
        self._pattern = re.compile(rf"(?:{_ROW}{cells}</row>)|(.*?</row>)", re.S)
        self._fields = [
            self._field(shape) for shapes in columns.values() for shape in shapes if shape.opening in _CLOSINGS
        ]

    def _field(self, shape: _CellShape) -> _Field:
        return _Field(
            position=column_number(shape.column) - 1,
            convert=self._values.column_converter(shape.kind, shape.style),
            is_text=shape.kind in ("str", "inlineStr"),
            is_reshaped=self._values.reshapes_texts(shape.style),
            trims=shape.opening == "<is><t>" and not self._keeps_spaces,
        )
