"""The values in the cells of an Open XML sheet, to the text that a person sees.

A value is stored as text, with a type and a style; it becomes a float only where it must, so that no digit is lost on
the way.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, Protocol

from importer.reading.cell_text import LARGEST_EXACT, is_error, text_of
from importer.reading.number_formats import NumberFormat, number_format
from importer.reading.record import DIGITS_LOST, UNCALCULATED, Fault

Converter = Callable[[str], str]

REMEMBERED: Final = 1 << 16
"""Distinct values of a kind of cell that are cached with their text: dates and decimals are often repeated."""

_IS_PLAIN = re.compile(r"-?(?:[1-9]\d{0,14}|(?:0|[1-9]\d{0,9})\.\d{0,4}[1-9])|0", re.ASCII).fullmatch
_BETWEEN = "<"
"""No value contains it."""
_ALL_PLAIN = re.compile(r"(?:(?:-?(?:[1-9]\d{0,14}|(?:0|[1-9]\d{0,9})\.\d{0,4}[1-9])|0)?<)*", re.ASCII).fullmatch
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII).fullmatch
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")
_HALVES = range(0xD800, 0xE000)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_TEXTS = ("s", "str", "inlineStr")
_TRUTHS = {"0": "FALSE", "false": "FALSE", "1": "TRUE", "true": "TRUE"}


class SharedTexts(Protocol):
    """The texts that the cells of a workbook share."""

    def several(self, values: Sequence[str]) -> list[str]:
        """The texts of which these are the numbers; a blank stands for a blank. Raises `ValueError`, `IndexError`."""


class NeedsParser(Exception):
    """The value needs a closer look than the fast way can give it."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """What the values of a workbook mean: its shared strings, its styles, and the year its days are counted from."""

    strings: SharedTexts
    styles: dict[int, NumberFormat] = field(default_factory=dict)
    from_1904: bool = False

    def converter(self, kind: str, style: int) -> Converter:
        """Turns the values of one type and style to text; raises `NeedsParser` for those that have a fault."""
        shown = self.styles.get(style)
        if kind in ("n", ""):
            return number if shown is None or not shown.changes_numbers else self._numbers_shown(shown)
        plain = self._shared if kind == "s" else _BY_KIND.get(kind, _escapes_written_out)
        return _texts_shown(plain, shown) if shown and shown.changes_texts and kind in _TEXTS else plain

    def reshapes_texts(self, style: int) -> bool:
        """Whether texts of this style are shown as something else."""
        return style in self.styles and self.styles[style].changes_texts

    def column_converter(self, kind: str, style: int) -> Callable[[Sequence[str]], Sequence[str]]:
        """Turns many values of one type and style to text like `converter`; blank ones stay so."""
        shown = self.styles.get(style)
        if kind == "s" and not self.reshapes_texts(style):
            return self.strings.several
        if kind == "n" and (shown is None or not shown.changes_numbers):
            return numbers
        convert = self.converter(kind, style)
        return lambda values: [convert(value) if value else "" for value in values]

    def text_and_fault(self, kind: str, style: int, value: str | None, position: int, *, formula: bool) -> _Found:
        """The text of any cell, and what is wrong with it; the text stays as it is where there is a fault."""
        if kind == "e":
            return _error(value or "#N/A", position)
        if formula and (value is None or (not value and kind != "str")):
            return "", Fault("formula-without-value", UNCALCULATED, "", position)
        if not value:
            return "", None
        try:
            return self.converter(kind, style)(value), None
        except NeedsParser:
            return self._faulty(kind, style, value, position)

    def _faulty(self, kind: str, style: int, value: str, position: int) -> _Found:
        shown = self.styles.get(style, number_format("General"))
        if kind in _TEXTS:
            reading = shown.read_text(self._shared(value) if kind == "s" else _escapes_written_out(value))
        elif kind == "b":
            return value, Fault(
                "cell-error", "is stored as a logical value, but is neither TRUE nor FALSE", value, position
            )
        else:
            reading = shown.read(float(value), from_1904=self.from_1904)
        if reading.problem:
            return reading.text, Fault("cell-shown-differently", reading.problem, reading.text, position)
        return reading.text, Fault("digits-lost", DIGITS_LOST, reading.text, position)

    def _shared(self, value: str) -> str:
        return self.strings.several((value,))[0]

    def _numbers_shown(self, shown: NumberFormat) -> Converter:
        @lru_cache(REMEMBERED)
        def converted(value: str) -> str:
            if not _NUMBER(value):
                return value
            reading = shown.read(float(value), from_1904=self.from_1904)
            if reading.problem or abs(float(value)) >= LARGEST_EXACT:
                raise NeedsParser
            return reading.text

        return converted


def _texts_shown(plain: Converter, shown: NumberFormat) -> Converter:
    @lru_cache(REMEMBERED)
    def converted(value: str) -> str:
        reading = shown.read_text(plain(value))
        if reading.problem:
            raise NeedsParser
        return reading.text

    return converted


_Found = tuple[str, Fault | None]


def _error(error: str, position: int) -> _Found:
    if is_error(error):
        return error, None  # the text stays for rejects.csv; `spreadsheet_damage` calls it an error
    return "", Fault("cell-error", "is an error, not a value", error, position)


def number(value: str) -> str:
    """A number as a person sees it without a format: at most 15 digits, no exponent."""
    return value if _IS_PLAIN(value) else _other_number(value)


def numbers(values: Sequence[str]) -> list[str]:
    """Many numbers as a person sees them; blank ones stay so."""
    if _ALL_PLAIN(_BETWEEN.join(values) + _BETWEEN):
        return [*values]
    return [number(value) if value else "" for value in values]


@lru_cache(REMEMBERED)
def _other_number(value: str) -> str:
    if not _NUMBER(value):
        return value
    as_float = float(value)
    if abs(as_float) >= LARGEST_EXACT:
        raise NeedsParser
    return text_of(as_float)


@lru_cache(REMEMBERED)
def _iso_moment(value: str) -> str:
    for read in (date.fromisoformat, time.fromisoformat, datetime.fromisoformat):
        try:
            moment = read(value)
        except ValueError:
            continue
        return value if getattr(moment, "tzinfo", None) else text_of(moment)
    return value


def _truth(value: str) -> str:
    text = _TRUTHS.get(value.strip().lower())
    if text is None:
        raise NeedsParser
    return text


def _always_faulty(_: str) -> str:
    raise NeedsParser


_BY_KIND: dict[str, Converter] = {"b": _truth, "d": _iso_moment, "e": _always_faulty}


def _escapes_written_out(value: str) -> str:
    return without_escapes(value) if "_x" in value else value


def without_escapes(text: str) -> str:
    """`_x000D_` stands for a character that XML cannot hold; for half of one (a lone surrogate) there is `�`."""
    units = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def written_out(text: str) -> str:
    """Text between two tags as XML means it.

    Raises `NeedsParser` for an entity that is not one of XML's own five, and for the number of no character.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        if name not in _NAMED:
            raise NeedsParser
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16)
    if point > sys.maxunicode or point in _HALVES:
        raise NeedsParser
    return chr(point)
