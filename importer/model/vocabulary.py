"""The names that a mapping may use: time zones, regions, transforms, date formats, patterns.

Each is checked while it is read.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Final
from zoneinfo import available_timezones

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, StringConstraints, ValidationInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What only the rooms above know: named transforms, regions that have phone numbers, date formats.

    `region_code` finds the code of a country as people write it, `format_mistake` what is wrong with a date format, as
    the end of a sentence; both return `""` for nothing.
    """

    transforms: frozenset[str]
    regions: frozenset[str]
    region_code: Callable[[str], str]
    format_mistake: Callable[[str], str]


def nearest(name: str, names: Iterable[str], *, count: int = 1, cutoff: float = 0.6) -> list[str]:
    """The names most like this one, ignoring case, best first."""
    by_key = {known.casefold(): known for known in names}
    return [by_key[key] for key in difflib.get_close_matches(name.casefold(), by_key, count, cutoff)]


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """A question to append to a message, or nothing."""
    close = nearest(name, names)
    return f"; did you mean {close[0]}?" if close else ""


def _known_transform(name: str, info: ValidationInfo) -> str:
    known = info.context
    if isinstance(known, Known) and name not in known.transforms:
        guess = did_you_mean(name, known.transforms) or f"; there are {', '.join(sorted(known.transforms))}"
        raise ValueError(f"there is no transform “{name}”{guess}")
    return name


def _known_region(name: str, info: ValidationInfo) -> str:
    region, known = name.strip().upper(), info.context
    if isinstance(known, Known) and region not in known.regions:
        meant = known.region_code(name)
        guess = f"; did you mean {meant}?" if meant else ""
        raise ValueError(f"“{name}” is not a country code of two letters such as IN, US, GB{guess}")
    return region


@cache
def _timezones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def _known_timezone(name: str) -> str:
    zones = _timezones()
    zone = zones.get(name.strip().casefold())
    if zone is None:
        by_city = {known.rpartition("/")[2]: known for known in zones.values()}
        city = nearest(name.rpartition("/")[2].replace(" ", "_"), by_city, cutoff=0.75)
        guess = f"did you mean {by_city[city[0]]}?" if city else "use a name such as Asia/Kolkata or UTC"
        raise ValueError(f"there is no time zone “{name}”; {guess}")
    return zone


_WORDS: Final = (
    (r"(?i)yyyy", "%Y"),
    (r"(?i)(?<![%\w])yy(?!\w)", "%y"),
    (r"(?i)hh?24|HH", "%H"),
    (r"(?i)mi|(?<=%H:)mm", "%M"),
    (r"(?i)ss", "%S"),
    (r"(?i)mmm+", "%b"),
    (r"(?i)mm", "%m"),
    (r"(?i)dd", "%d"),
)
"""Date formats as spreadsheets write them, and the directive that is meant."""


def _date_format(text: str, info: ValidationInfo) -> str:
    if "%" not in text:
        meant = text
        for word, directive in _WORDS:
            meant = re.sub(word, directive, meant)
        guess = f"; did you mean {meant}?" if "%" in meant else ""
        raise ValueError(f"“{text}” has no directives such as %d, %m, %Y{guess}")
    mistake = info.context.format_mistake(text) if isinstance(info.context, Known) else ""
    if mistake:
        raise ValueError(f"“{text}” {mistake}")
    return text


def _re2(pattern: str) -> str:
    # First alone, because in the brackets that the check puts around it a bracket too many would not be one.
    for tried in (pattern, rf"\A(?:{pattern})?\z"):
        try:
            pc.match_substring_regex(pa.array([""]), tried)
        except pa.ArrowInvalid as error:
            why = str(error).removeprefix("Invalid regular expression: ")
            hint = "; RE2 has no look-around and no back-references" if _BEYOND_RE2.search(pattern) else ""
            raise ValueError(f"“{pattern}” is not a pattern: {why}{hint}") from None
    return pattern


_BEYOND_RE2: Final = re.compile(r"\(\?<?[=!]|\\[1-9]")

RE2 = Annotated[str, StringConstraints(min_length=1, max_length=1_000), AfterValidator(_re2)]
"""A regular expression in the syntax of RE2, which takes linear time whatever a cell holds."""

TransformName = Annotated[str, AfterValidator(_known_transform)]
Region = Annotated[str, AfterValidator(_known_region)]
Timezone = Annotated[str, AfterValidator(_known_timezone)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
