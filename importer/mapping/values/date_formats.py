"""Date formats as strict patterns over whole columns: a text either is a date in a format, or it is not.

A format is a text with directives as in `strptime`, English names only, besides `%s` and `%Q` for seconds and
milliseconds since 1970. To add a directive, add it to `_DIRECTIVES`. `%d %m %H %I %M %S %j` may leave out leading
zeros; `%y` is 1969 to 2068, as in POSIX; a space in the format is one or more spaces in the text.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Texts = Any
"""An Arrow array of texts without nulls."""

Moments = NDArray[np.void]
"""What a format reads in each text, as an array of `MOMENT`.

`fits` marks the texts that are dates of the format; elsewhere the rest means nothing. `clock` is the local time,
without digits beyond microseconds. `offset` is in minutes where `has_offset`. `has_time` is false where only a day is
given.
"""

MOMENT: Final = np.dtype(
    [("fits", "?"), ("clock", "datetime64[us]"), ("offset", "i8"), ("has_offset", "?"), ("has_time", "?")]
)

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_NAMES: Final = "january|february|march|april|may|june|july|august|september|october|november|december"


class _Directive(NamedTuple):
    """What a directive matches, how messages write it, and what it reads in an example."""

    pattern: str
    shape: str
    example: str


_DIRECTIVES: Final = {
    "Y": _Directive(r"(?P<Y>[0-9]{4})", "YYYY", "2026"),
    "y": _Directive(r"(?P<y>[0-9]{2})", "YY", "26"),
    "m": _Directive(r"(?P<m>[0-9]{1,2})", "MM", "11"),
    "d": _Directive(r"(?P<d>[0-9]{1,2})", "DD", "26"),
    "j": _Directive(r"(?P<j>[0-9]{1,3})", "day of the year", "330"),
    "b": _Directive(r"(?P<b>(?i:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec))\.?", "Mon", "Nov"),
    "B": _Directive(rf"(?P<b>(?i:{_MONTH_NAMES}))", "Month", "November"),
    "a": _Directive(r"(?P<a>(?i:mon|tue|wed|thu|fri|sat|sun))\.?", "weekday", "Thu"),
    "A": _Directive(r"(?P<a>(?i:(?:mon|tues|wednes|thurs|fri|satur|sun)day))", "weekday", "Thursday"),
    "H": _Directive(r"(?P<H>[0-9]{1,2})", "HH", "15"),
    "I": _Directive(r"(?P<I>[0-9]{1,2})", "HH", "03"),
    "p": _Directive(r"(?P<p>(?i:am|pm|[ap]\.\s?m\.))", "AM/PM", "PM"),
    "M": _Directive(r"(?P<M>[0-9]{1,2})", "MM", "04"),
    "S": _Directive(r"(?P<S>[0-9]{1,2})", "SS", "05"),
    "f": _Directive(r"(?P<f>[0-9]{1,9})", "fraction", "250"),
    "z": _Directive(r"(?P<z>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)", "offset", "+05:30"),
    "s": _Directive(r"(?P<s>-?[0-9]{1,11})", "seconds since 1970", "1795705445"),
    "Q": _Directive(r"(?P<Q>-?[0-9]{1,14})", "milliseconds since 1970", "1795705445000"),
    "%": _Directive("%", "%", "%"),
}
_DAYS: Final = ({"Y", "m", "d"}, {"y", "m", "d"}, {"Y", "b", "d"}, {"y", "b", "d"}, {"Y", "j"}, {"s"}, {"Q"})
_CLOCKS: Final = "|H|H M|H M S|I p|I M p|I M S p"
_TIMES: Final = tuple(set(parts.split()) for parts in _CLOCKS.split("|"))

ISO: Final = "ISO 8601"
_ISO_PATTERN: Final = (
    r"^(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
    r"(?:[Tt ](?P<H>[0-9]{2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,](?P<f>[0-9]+))?)?"
    r" ?(?P<z>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?$"
)


def format_mistake(text: str) -> str:
    """What is wrong with a format of a mapping, as the end of a sentence; `""` if nothing."""
    names = re.findall(r"%(.?)", text)
    unknown = [f"%{name}" for name in names if name not in _DIRECTIVES]
    if unknown:
        return f"has {', '.join(unknown)}, which is not among {' '.join('%' + name for name in _DIRECTIVES)}"
    parts = re.findall(r"\(\?P<(\w)>", "".join(_DIRECTIVES[name].pattern for name in names))
    if len(parts) != len(set(parts)):
        return "names one part twice"
    day = set(parts) & {"Y", "y", "m", "b", "d", "j", "s", "Q"}
    if day not in _DAYS:
        return "needs exactly one year, one month and one day (or %Y with %j, or %s, or %Q)"
    if set(parts) & {"H", "I", "p", "M", "S"} not in _TIMES:
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
    directives = [_DIRECTIVES[name].pattern for name in parts[1::2]]
    return "^" + "".join(a + b for a, b in zip(literals, [*directives, ""], strict=True)) + "$"


def shape(date_format: str) -> str:
    """A format as people write it: `DD/MM/YYYY` for `%d/%m/%Y`."""
    return re.sub(r"%(.)", lambda found: _DIRECTIVES[found[1]].shape, date_format)


def example(date_format: str) -> str:
    """A date in the format: `26/11/2026` for `%d/%m/%Y`."""
    return re.sub(r"%(.)", lambda found: _DIRECTIVES[found[1]].example, date_format)


def read_moments(texts: Texts, date_format: str) -> Moments:
    """What the format reads in each text. A text that is no date of the format, or no real date, does not fit."""
    pattern = pattern_of(date_format)
    moments = np.zeros(len(texts), MOMENT)
    # Matching is cheap, taking apart is not: a column of several formats is taken apart only once.
    likely = np.flatnonzero(pc.match_substring_regex(texts, pattern))
    if len(likely):
        moments[likely] = _taken_apart(texts.take(pa.array(likely)), pattern)
    return moments


def _taken_apart(texts: Texts, pattern: str) -> Moments:
    """What the pattern reads in texts that match it."""
    moments = np.zeros(len(texts), MOMENT)
    found = pc.extract_regex(texts, pattern)
    parts = {name: pc.fill_null(pc.struct_field(found, name), "") for name in re.findall(r"\(\?P<(\w+)>", pattern)}
    numbers = {name: _numbers(part) for name, part in parts.items() if name in "YymdjHIMSsQ"}
    if "s" in numbers or "Q" in numbers:
        unit, count = ("s", numbers["s"]) if "s" in numbers else ("ms", numbers["Q"])
        moments["clock"] = count.astype(f"datetime64[{unit}]")
        for name in ("fits", "has_offset", "has_time"):
            moments[name] = True
        return moments
    days, real_days = _days(parts, numbers)
    micros, real_times = _micros(parts, numbers)
    moments["clock"] = days.astype("datetime64[us]") + micros
    moments["fits"] = real_days & real_times
    for name in {"H", "I"} & parts.keys():
        moments["has_time"] = pc.not_equal(parts[name], "")
    if "z" in parts:
        digits = pc.utf8_rpad(pc.replace_substring_regex(parts["z"], "[^0-9]", ""), 4, "0")
        hours, minutes = (
            _numbers(pc.utf8_slice_codeunits(digits, 0, 2)),
            _numbers(pc.utf8_slice_codeunits(digits, 2, 4)),
        )
        moments["offset"] = np.where(pc.starts_with(parts["z"], "-"), -1, 1) * (hours * 60 + minutes)
        moments["has_offset"] = pc.not_equal(parts["z"], "")
        moments["fits"] &= (hours < 24) & (minutes < 60)
    return moments


def _days(
    parts: dict[str, Texts], numbers: dict[str, NDArray[np.int64]]
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """The day of each text, and whether there is such a day."""
    year = numbers["Y"] if "Y" in numbers else numbers["y"] + np.where(numbers["y"] >= 69, 1900, 2000)
    if "j" in numbers:
        month, day, unit = np.ones(len(year), dtype=np.int64), numbers["j"], "datetime64[Y]"
    else:
        month = _places(parts["b"], _MONTHS) + 1 if "b" in parts else numbers["m"]
        day, unit = numbers["d"], "datetime64[M]"
    real = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    months = (np.where(real, year, 1970) - 1970) * 12 + np.where(real, month, 1) - 1
    first = months.astype("datetime64[M]")
    days = first.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    real &= days.astype(unit) == first.astype(unit)
    if "a" in parts:
        # 1970-01-01 was a Thursday.
        real &= (days.astype(np.int64) + 3) % 7 == _places(parts["a"], _WEEKDAYS)
    return days, real


def _micros(
    parts: dict[str, Texts], numbers: dict[str, NDArray[np.int64]]
) -> tuple[NDArray[np.timedelta64], NDArray[np.bool_]]:
    """The time of the day of each text, and whether there is such a time."""
    midnight = np.int64(0)
    hour, minute, second = (numbers.get(name, midnight) for name in "HMS")
    real = np.less(hour, 24) & np.less(minute, 60) & np.less(second, 60)
    if "I" in numbers:
        twelve = numbers["I"]
        real = real & (twelve >= 1) & (twelve <= 12)
        hour = twelve % 12 + 12 * np.asarray(pc.match_substring(parts["p"], "p", ignore_case=True))
    micros = np.asarray(((hour * 60 + minute) * 60 + second) * 1_000_000)
    if "f" in parts:
        micros = micros + _numbers(pc.utf8_slice_codeunits(pc.utf8_rpad(parts["f"], 6, "0"), 0, 6))
    return micros.astype("timedelta64[us]"), real


def _numbers(texts: Texts) -> NDArray[np.int64]:
    """Digits as numbers; blank texts as 0."""
    return np.asarray(pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()))


def _places(texts: Texts, names: tuple[str, ...]) -> NDArray[np.int64]:
    """The place of each text among `names`, by its first three letters."""
    short = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, 3))
    return np.asarray(pc.fill_null(pc.index_in(short, pa.array(names, type=short.type)), 0)).astype(np.int64)
