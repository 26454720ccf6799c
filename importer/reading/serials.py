"""Numbers that a workbook shows as dates: a count of days, told apart from other numbers by the cell's format only.

For the formats whose reader hands such numbers over as they are (.xls, .xlsb).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

from importer.reading.number_formats import mask_of

MIDNIGHT: Final = time()
EPOCH_1900: Final = datetime(1899, 12, 30)  # noqa: DTZ001  a spreadsheet's time has no zone
EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
LEAP_DAY_THAT_NEVER_WAS: Final = 60
"""Excel counts a 29 February 1900; days before it are one less."""
LAST_SERIAL: Final = 2_958_466
"""31 December 9999."""

_NOT_SHOWN: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]|AM/PM|A/P|General', re.I)
_DURATION: Final = re.compile(r"\[[hms]+\]", re.I)
_PART_OF_A_DATE: Final = re.compile(r"[dmyhs]", re.I)
_BUILT_IN_DATES: Final = frozenset((*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)))
_BUILT_IN_DURATION: Final = 46


class Kind(Enum):
    """What a number format makes of a number."""

    NUMBER = "number"
    DATE = "date"
    DURATION = "duration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a cell shows its number: its kind, and the mask that adds digits or signs (`number_formats.mask_of`)."""

    kind: Kind = Kind.NUMBER
    mask: str = ""

    @property
    def is_remarkable(self) -> bool:
        """Whether a person sees something else than the number."""
        return self.kind is not Kind.NUMBER or bool(self.mask)


def style_of(number: int, code: str | None) -> Style:
    """The style of a format: its number, and its code where it is not built in."""
    if code is None:
        built_in = Kind.DURATION if number == _BUILT_IN_DURATION else Kind.NUMBER
        return Style(kind=Kind.DATE if number in _BUILT_IN_DATES else built_in)
    first = _NOT_SHOWN.sub("", code.split(";")[0])
    if _DURATION.search(first):
        return Style(kind=Kind.DURATION)
    if _PART_OF_A_DATE.search(first):
        return Style(kind=Kind.DATE)
    return Style(mask=mask_of(code))


def moment(serial: float, kind: Kind, *, is_1904: bool) -> datetime | date | time | timedelta | float:
    """What the number shows as a date, a time or a duration; the number itself where that is no such thing."""
    if kind is Kind.NUMBER or not 0 <= serial < LAST_SERIAL:
        return serial
    length = timedelta(milliseconds=round(serial * 86_400_000))
    if kind is Kind.DURATION:
        return length
    if serial < 1:
        return (EPOCH_1900 + length).time()
    if is_1904:
        return EPOCH_1904 + length
    return EPOCH_1900 + length + timedelta(days=serial < LEAP_DAY_THAT_NEVER_WAS)
