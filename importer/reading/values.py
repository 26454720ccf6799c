"""What stands in the cells of an Open XML sheet, to the text that a person sees.

A value stands there as text, with a type and a style beside it; nothing is turned into a float that need not be, so
that no digit is lost on the way.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Protocol

from importer.reading.cells import LARGEST_EXACT, text_of
from importer.reading.error_texts import is_error
from importer.reading.marks import UNCALCULATED
from importer.reading.number_formats import Moment, Style, masked
from importer.reading.records import Fault

Converter = Callable[[str], str]

REMEMBERED: Final = 1 << 16
"""Different values of a kind of cell that are kept with their text: dates and decimals come again and again."""

_AS_IT_STANDS = re.compile(r"-?(?:[1-9]\d{0,14}|(?:0|[1-9]\d{0,9})\.\d{0,4}[1-9])|0", re.ASCII).fullmatch
_BETWEEN = "<"
"""Stands in no value."""
_ALL_AS_THEY_STAND = re.compile(
    r"(?:(?:-?(?:[1-9]\d{0,14}|(?:0|[1-9]\d{0,9})\.\d{0,4}[1-9])|0)?<)*", re.ASCII
).fullmatch
_NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", re.ASCII).fullmatch
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")
_HALVES = range(0xD800, 0xE000)
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_DIGITS_LOST = "a spreadsheet keeps 15 digits of a number"
_DAY = 86_400
_LEAP_DAY_THAT_NEVER_WAS = 60
"""Serial 60 is 29 February 1900 for Excel; the days before it are counted from one day later."""


class SharedTexts(Protocol):
    """The texts that the cells of a workbook share."""

    def several(self, values: Sequence[str]) -> list[str]:
        """The texts of which these are the numbers; a blank stands for a blank. Raises `ValueError`, `IndexError`."""


class Remarkable(Exception):
    """The value needs a closer look than the fast way can give it."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """What the values of a workbook mean: its shared strings, its styles, and the year its days are counted from."""

    strings: SharedTexts
    styles: dict[int, Style] = field(default_factory=dict)
    from_1904: bool = False

    def converter(self, kind: str, style: int) -> Converter:
        """Turns the values of one type and style to text; raises `Remarkable` for those that have a fault."""
        if kind == "s":
            return self._shared
        if kind in ("n", ""):
            return self._number_converter(self.styles.get(style))
        return _BY_KIND.get(kind, _escapes_written_out)

    def quick_converter(self, kind: str, style: int) -> Callable[[Sequence[str]], list[str]] | None:
        """Turns many values of one type and style to text like `converter`, blank ones too, where that is quicker."""
        if kind == "s":
            return self.strings.several
        return numbers if kind == "n" and style not in self.styles else None

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
        except Remarkable:
            text = text_of(float(value))
            return text, Fault("digits-lost", _DIGITS_LOST, text, position)

    def _shared(self, value: str) -> str:
        return self.strings.several((value,))[0]

    def _number_converter(self, style: Style | None) -> Converter:
        if style is None:
            return number
        if isinstance(style, Moment):
            return moments(style, self.from_1904)
        mask = style
        return lru_cache(REMEMBERED)(lambda value: masked(mask, value) or number(value))


_Found = tuple[str, Fault | None]


def _error(error: str, position: int) -> _Found:
    if is_error(error):
        return error, None  # the text stays for rejects.csv; `suspects` calls it an error
    return "", Fault("cell-error", "is an error, not a value", error, position)


def number(value: str) -> str:
    """A number as a person sees it without a format: at most 15 digits, no exponent."""
    return value if _AS_IT_STANDS(value) else _other_number(value)


def numbers(values: Sequence[str]) -> list[str]:
    """Many numbers as a person sees them; blank ones stay so."""
    if _ALL_AS_THEY_STAND(_BETWEEN.join(values) + _BETWEEN):
        return [*values]
    return [number(value) if value else "" for value in values]


@lru_cache(REMEMBERED)
def _other_number(value: str) -> str:
    if not _NUMBER(value):
        return value
    as_float = float(value)
    if abs(as_float) >= LARGEST_EXACT:
        raise Remarkable
    return text_of(as_float)


@lru_cache(maxsize=8)
def moments(kind: Moment, from_1904: bool) -> Converter:  # noqa: FBT001
    """Turns the serial numbers of days to dates, times or durations."""

    @lru_cache(REMEMBERED)
    def converted(value: str) -> str:
        if not _NUMBER(value):
            return value
        moment = _duration(float(value)) if kind is Moment.DURATION else _moment(float(value), from_1904=from_1904)
        return number(value) if moment is None else text_of(moment)

    return converted


def _duration(days: float) -> timedelta | None:
    try:
        return timedelta(milliseconds=round(days * _DAY * 1000))
    except OverflowError:
        return None


def _moment(days: float, *, from_1904: bool) -> datetime | time | None:
    """A serial number as a moment; days before the first and after the year 9999 are none."""
    if days < 0:
        return None
    try:
        length = timedelta(milliseconds=round(days * _DAY * 1000))
        if days < 1:
            return (datetime(2000, 1, 1) + length).time()  # noqa: DTZ001  only the time of day counts
        return datetime.combine(_first_day(days, from_1904=from_1904), time()) + length
    except OverflowError:
        return None


def _first_day(days: float, *, from_1904: bool) -> date:
    if from_1904:
        return date(1904, 1, 1)
    return date(1899, 12, 31) if days < _LEAP_DAY_THAT_NEVER_WAS else date(1899, 12, 30)


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
    return "FALSE" if value == "0" else "TRUE"


def _remarkable(_: str) -> str:
    raise Remarkable


_BY_KIND: dict[str, Converter] = {"b": _truth, "d": _iso_moment, "e": _remarkable}


def _escapes_written_out(value: str) -> str:
    return without_escapes(value) if "_x" in value else value


def without_escapes(text: str) -> str:
    """`_x000D_` stands for a character that XML cannot hold; for half of one (a lone surrogate) there is `�`."""
    units = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def written_out(text: str) -> str:
    """Text between two tags as XML means it.

    Raises `Remarkable` for an entity that is not one of XML's own five, and for the number of no character.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        if name not in _NAMED:
            raise Remarkable
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16)
    if point > sys.maxunicode or point in _HALVES:
        raise Remarkable
    return chr(point)
