"""Date formats as strict patterns over whole columns: a text either is a date in a format, or it is not.

A format is a text with directives as in `strptime`, English names only:
`%Y` `%y` `%m` `%d` `%b` `%B` `%a` `%A` `%H` `%I` `%p` `%M` `%S` `%f` `%z` `%j` `%%`; besides `%s` and `%Q` for seconds
and milliseconds since 1970. `%d %m %H %I %M %S %j` may leave out leading zeros; `%y` is 1969 to 2068, as in POSIX; a
blank in the format is one or more blanks in the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Texts = Any
"""An Arrow array of texts without nulls."""

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DIRECTIVES: Final = {
    "Y": r"(?P<Y>[0-9]{4})",
    "y": r"(?P<y>[0-9]{2})",
    "m": r"(?P<m>[0-9]{1,2})",
    "d": r"(?P<d>[0-9]{1,2})",
    "j": r"(?P<j>[0-9]{1,3})",
    "b": r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec))\.?",
    "B": r"(?P<b>(?i:january|february|march|april|may|june|july|august|september|october|november|december))",
    "a": r"(?P<a>(?i:mon|tue|wed|thu|fri|sat|sun))\.?",
    "A": r"(?P<a>(?i:monday|tuesday|wednesday|thursday|friday|saturday|sunday))",
    "H": r"(?P<H>[0-9]{1,2})",
    "I": r"(?P<I>[0-9]{1,2})",
    "p": r"(?P<p>(?i:am|pm|[ap]\.\s?m\.))",
    "M": r"(?P<M>[0-9]{1,2})",
    "S": r"(?P<S>[0-9]{1,2})",
    "f": r"(?P<f>[0-9]{1,9})",
    "z": r"(?P<z>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)",
    "s": r"(?P<s>-?[0-9]{1,11})",
    "Q": r"(?P<Q>-?[0-9]{1,14})",
    "%": "%",
}
_SHOWN: Final = {
    "Y": ("YYYY", "2026"),
    "y": ("YY", "26"),
    "m": ("MM", "11"),
    "d": ("DD", "26"),
    "j": ("day of the year", "330"),
    "b": ("Mon", "Nov"),
    "B": ("Month", "November"),
    "a": ("weekday", "Thu"),
    "A": ("weekday", "Thursday"),
    "H": ("HH", "15"),
    "I": ("HH", "03"),
    "p": ("AM/PM", "PM"),
    "M": ("MM", "04"),
    "S": ("SS", "05"),
    "f": ("fraction", "250"),
    "z": ("offset", "+05:30"),
    "s": ("seconds since 1970", "1795705445"),
    "Q": ("milliseconds since 1970", "1795705445000"),
    "%": ("%", "%"),
}
"""How a message writes each directive, and what it reads in an example."""

_DAYS: Final = ({"Y", "m", "d"}, {"y", "m", "d"}, {"Y", "b", "d"}, {"y", "b", "d"}, {"Y", "j"}, {"s"}, {"Q"})
_CLOCKS: Final = "|H|H M|H M S|I p|I M p|I M S p"
_TIMES: Final = tuple(set(parts.split()) for parts in _CLOCKS.split("|"))

ISO: Final = "ISO 8601"
_ISO_PATTERN: Final = (
    r"^(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
    r"(?:[Tt ](?P<H>[0-9]{2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?"
    r" ?(?P<z>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What a format reads in each text: the time on the clock, its offset, and which texts it fits.

    `clock` is in microseconds and means nothing where `fits` is false. `offset` is in minutes where `has_offset`.
    `has_time` is false where only a day is given. Digits beyond microseconds are dropped.
    """

    fits: NDArray[np.bool_]
    clock: NDArray[np.datetime64]
    offset: NDArray[np.int64]
    has_offset: NDArray[np.bool_]
    has_time: NDArray[np.bool_]


def format_mistake(text: str) -> str:
    """What is wrong with a format of a mapping, as the end of a sentence; `""` if nothing."""
    names = re.findall(r"%(.?)", text)
    unknown = [f"%{name}" for name in names if name not in _DIRECTIVES]
    if unknown:
        return f"has {', '.join(unknown)}, which is not among {' '.join('%' + name for name in _DIRECTIVES)}"
    groups = ["b" if name == "B" else "a" if name == "A" else name for name in names if name != "%"]
    if len(groups) != len(set(groups)):
        return "names one part twice"
    day = set(groups) & {"Y", "y", "m", "b", "d", "j", "s", "Q"}
    if day not in _DAYS:
        return "needs exactly one year, one month and one day (or %Y with %j, or %s, or %Q)"
    if set(groups) & {"H", "I", "p", "M", "S"} not in _TIMES:
        return "needs an hour for its minutes and seconds, and %p together with %I"
    return ""


@cache
def pattern_of(text: str) -> str:
    """The pattern of a format (or of `ISO`), anchored at both ends. Raises `ValueError` for a format with a mistake."""
    if text == ISO:
        return _ISO_PATTERN
    mistake = format_mistake(text)
    if mistake:
        raise ValueError(f"the date format {text!r} {mistake}")
    parts = re.split(r"%(.)", text.strip())
    literals = [r"\s+".join(re.escape(word) for word in re.split(r"\s+", part)) for part in parts[::2]]
    directives = [_DIRECTIVES[name] for name in parts[1::2]]
    return "^" + "".join(a + b for a, b in zip(literals, [*directives, ""], strict=True)) + "$"


def shape(date_format: str) -> str:
    """A format as people write it: `DD/MM/YYYY` for `%d/%m/%Y`."""
    return re.sub(r"%(.)", lambda found: _SHOWN[found[1]][0], date_format)


def example(date_format: str) -> str:
    """A date in the format: `26/11/2026` for `%d/%m/%Y`."""
    return re.sub(r"%(.)", lambda found: _SHOWN[found[1]][1], date_format)


def read_moments(texts: Texts, date_format: str) -> Moments:
    """What the format reads in each text. A text that is no date of the format, or no real date, does not fit."""
    pattern = pattern_of(date_format)
    # Matching is cheap, taking apart is not: a column of several formats is taken apart only once.
    likely = np.flatnonzero(np.asarray(pc.match_substring_regex(texts, pattern)))
    if len(likely) == len(texts):
        return _taken_apart(texts, pattern)
    return _at(likely, _taken_apart(texts.take(pa.array(likely)), pattern), len(texts))


def _at(places: NDArray[np.intp], moments: Moments, size: int) -> Moments:
    """The moments at these places of a column; no other place fits."""
    fits, has_offset, has_time = (np.zeros(size, dtype=bool) for _ in range(3))
    clock, offset = np.zeros(size, dtype="datetime64[us]"), np.zeros(size, dtype=np.int64)
    fits[places], clock[places], offset[places] = moments.fits, moments.clock, moments.offset
    has_offset[places], has_time[places] = moments.has_offset, moments.has_time
    return Moments(fits=fits, clock=clock, offset=offset, has_offset=has_offset, has_time=has_time)


def _taken_apart(texts: Texts, pattern: str) -> Moments:
    found = pc.extract_regex(texts, pattern)
    fits = np.asarray(pc.is_valid(found))
    parts = {name: pc.fill_null(pc.struct_field(found, name), "") for name in re.findall(r"\(\?P<(\w+)>", pattern)}
    if "s" in parts or "Q" in parts:
        return _epoch(fits, parts)
    days, real_days = _days(parts, len(texts))
    micros, real_times = _micros(parts, len(texts))
    offset, has_offset, real_offsets = _offsets(parts, len(texts))
    return Moments(
        fits=fits & real_days & real_times & real_offsets,
        clock=days.astype("datetime64[us]") + micros.astype("timedelta64[us]"),
        offset=offset,
        has_offset=has_offset,
        has_time=_filled(parts, "H", len(texts)) | _filled(parts, "I", len(texts)),
    )


def _epoch(fits: NDArray[np.bool_], parts: dict[str, Texts]) -> Moments:
    unit, texts = ("s", parts["s"]) if "s" in parts else ("ms", parts["Q"])
    size = len(fits)
    return Moments(
        fits=fits,
        clock=_numbers(texts).astype(f"datetime64[{unit}]").astype("datetime64[us]"),
        offset=np.zeros(size, dtype=np.int64),
        has_offset=np.ones(size, dtype=bool),
        has_time=np.ones(size, dtype=bool),
    )


def _days(parts: dict[str, Texts], size: int) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    year = _numbers(parts["Y"]) if "Y" in parts else _century(_numbers(parts["y"]))
    if "j" in parts:
        month, day = np.ones(size, dtype=np.int64), _numbers(parts["j"])
    else:
        month = _names(parts["b"], MONTHS) + 1 if "b" in parts else _numbers(parts["m"])
        day = _numbers(parts["d"])
    real = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    months = (np.where(real, year, 1970) - 1970) * 12 + np.where(real, month, 1) - 1
    first = months.astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    unit = "datetime64[Y]" if "j" in parts else "datetime64[M]"
    real &= days.astype(unit) == first.astype(unit)
    if "a" in parts:
        # 1970-01-01 was a Thursday.
        real &= (days.astype(np.int64) + 3) % 7 == _names(parts["a"], WEEKDAYS)
    return days, real


def _century(year: NDArray[np.int64]) -> NDArray[np.int64]:
    return year + np.where(year >= 69, 1900, 2000)


def _micros(parts: dict[str, Texts], size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    zero = np.zeros(size, dtype=np.int64)
    real = np.ones(size, dtype=bool)
    hour = _numbers(parts["H"]) if "H" in parts else zero
    if "I" in parts:
        twelve = _numbers(parts["I"])
        real &= (twelve >= 1) & (twelve <= 12)
        hour = twelve % 12 + 12 * np.asarray(pc.match_substring(parts["p"], "p", ignore_case=True))
    minute = _numbers(parts["M"]) if "M" in parts else zero
    second = _numbers(parts["S"]) if "S" in parts else zero
    real &= (hour < 24) & (minute < 60) & (second < 60)
    fraction = zero
    if "f" in parts:
        six = pc.utf8_slice_codeunits(pc.utf8_rpad(parts["f"], 6, "0"), 0, 6)
        fraction = _numbers(six)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction, real


def _offsets(parts: dict[str, Texts], size: int) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    if "z" not in parts:
        return np.zeros(size, dtype=np.int64), np.zeros(size, dtype=bool), np.ones(size, dtype=bool)
    written = parts["z"]
    digits = pc.utf8_rpad(pc.replace_substring_regex(written, "[^0-9]", ""), 4, "0")
    hours = _numbers(pc.utf8_slice_codeunits(digits, 0, 2))
    minutes = _numbers(pc.utf8_slice_codeunits(digits, 2, 4))
    sign = np.where(np.asarray(pc.starts_with(written, "-")), -1, 1)
    return sign * (hours * 60 + minutes), _filled(parts, "z", size), (hours < 24) & (minutes < 60)


def _filled(parts: dict[str, Texts], name: str, size: int) -> NDArray[np.bool_]:
    return np.asarray(pc.not_equal(parts[name], "")) if name in parts else np.zeros(size, dtype=bool)


def _numbers(texts: Texts) -> NDArray[np.int64]:
    """Digits as numbers; blanks as 0."""
    return np.asarray(pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()))


def _names(texts: Texts, names: tuple[str, ...]) -> NDArray[np.int64]:
    """The place of each name among `names`, told by its first three letters."""
    short = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, 3))
    return np.asarray(pc.fill_null(pc.index_in(short, pa.array(names, type=short.type)), 0)).astype(np.int64)
