"""Number formats: what a person sees of a number (or a text) is what is sent.

A format code has up to four sections (positive, negative, zero, text), or chooses by conditions of its own:
`[<40000]0;dd/mm/yyyy` shows small numbers as they are and large ones as days. What is sent for a number:

- of a date, a time or a duration: ISO form, with everything that is stored;
- of pure number style (decimals, thousands separators, percent, a scale, a currency, brackets or color for a minus):
  the stored number;
- of anything else: what is shown. `00000` shows 501 as 00501, `"ID-"0` as ID-501, `+#` as +501.

Where what is shown is not what is stored (a rounded `00000`, a number that is hidden), that is a problem.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from importer.reading.cell_text import text_of
from importer.reading.format_section import (
    Condition,
    Reading,
    Section,
    Token,
    condition_of,
    not_shown,
    sections_of,
    words,
)
from importer.reading.zip_package import elements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO, Literal

_BUILT_IN: Final[dict[int, str]] = {
    **dict.fromkeys([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)], "yyyy-mm-dd"),
    46: "[h]:mm:ss",
}
"""Formats that have a number and no code; those from 27 on are dates of East Asian versions. The others are plain."""

_MOST_SECTIONS: Final = 4
_TEXT: Final = Token("text", "@")
_BELOW_ZERO: Final = (Condition("<", 0), Condition("<=", 0))
_FROM_ZERO_ON: Final = (None, Condition(">=", 0), Condition(">", 0))
_EPOCH_1900: Final = datetime(1899, 12, 30)  # noqa: DTZ001  a spreadsheet's time has no zone
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_LEAP_DAY_THAT_NEVER_WAS: Final = 60
"""Serial 60 is 29 February 1900 for Excel; the days before it are counted from one day later."""


@dataclass(frozen=True)
class NumberFormat:
    """A format code, ready to be applied to any number of cells."""

    code: str

    def read(self, number: float, *, from_1904: bool = False) -> Reading:
        """What is sent for a number that has this format; numbers of 10**15 and more have lost digits before."""
        section = next((section for section in self._sections if section.holds(number)), None)
        if section is None:
            return not_shown(number)
        if section.is_moment:
            moment = moment_of(number, from_1904=from_1904, is_duration=section.is_duration)
            return not_shown(number) if moment is None else Reading(text_of(moment))
        if section.is_number_style:
            return Reading("" if number == 0 and section.hides_zero else text_of(number))
        return section.read(number, self.code)

    def read_text(self, text: str) -> Reading:
        """What is sent for a text that has this format: `@" Ltd"` shows Acme as Acme Ltd."""
        section = self._for_text
        if section is None or not text or _shows_unchanged(section):
            return Reading(text)
        if _TEXT in section:
            return Reading("".join(text if token == _TEXT else words([token]) for token in section).strip(" "))
        if shown := words(section).strip(" "):
            return Reading(shown, f"is shown, but the cell holds “{text}”")
        return Reading(text, "is in the cell, but its number format shows nothing for a text")

    @cached_property
    def changes_numbers(self) -> bool:
        """Whether what is sent for a number may be something else than the number."""
        return all(section.condition for section in self._sections) or any(
            section.is_moment or not section.is_number_style or section.hides_zero for section in self._sections
        )

    @cached_property
    def changes_texts(self) -> bool:
        """Whether what is sent for a text may be something else than the text."""
        return self._for_text is not None and not _shows_unchanged(self._for_text)

    @cached_property
    def _for_text(self) -> list[Token] | None:
        """The section for texts: the fourth, or the last if it has a place for a text."""
        found = sections_of(self.code)
        return found[_MOST_SECTIONS - 1] if len(found) >= _MOST_SECTIONS else found[-1] if _TEXT in found[-1] else None

    @cached_property
    def _sections(self) -> list[Section]:
        """Those for numbers."""
        found = sections_of(self.code)[: _MOST_SECTIONS - 1]
        if found[-1] == self._for_text and _TEXT in found[-1]:
            found.pop()
        if not found:
            found = sections_of("General")  # `"ID-"@` is for texts only
        own = [condition_of(tokens) for tokens in found]
        return [Section(tokens, *_numbers_of(place, own)) for place, tokens in enumerate(found)]


@lru_cache(maxsize=1024)
def number_format(code: str) -> NumberFormat:
    """The format of a code; `General` for none."""
    return NumberFormat(code or "General")


def format_of(number: int, code: str | None) -> NumberFormat:
    """The format that a style names: by its code, or by its number where it is one of those built in."""
    return number_format(_BUILT_IN.get(number, "General") if code is None else code)


def styles_of(styles: IO[bytes]) -> dict[int, NumberFormat]:
    """The cell styles of an Open XML workbook that change what is sent, by their number."""
    codes: dict[int, str] = {}
    found: dict[int, NumberFormat] = {}
    inside, style = "", 0
    for name, attributes in elements(styles):
        if name == "numFmt":
            codes[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name
        elif name == "xf" and inside == "cellXfs":
            number = int(attributes.get("numFmtId", 0))
            made = format_of(number, codes.get(number))
            if made.changes_numbers or made.changes_texts:
                found[style] = made
            style += 1
    return found


def moment_of(days: float, *, from_1904: bool, is_duration: bool = False) -> datetime | time | timedelta | None:
    """A count of days as what it shows; `None` before the first day and after the year 9999."""
    try:
        length = timedelta(milliseconds=round(days * 86_400_000))
        if is_duration:
            return length
        if days < 0:
            return None
        if days < 1:
            return (_EPOCH_1900 + length).time()
        if from_1904:
            return _EPOCH_1904 + length
        return _EPOCH_1900 + length + timedelta(days=days < _LEAP_DAY_THAT_NEVER_WAS)
    except OverflowError:
        return None


def _shows_unchanged(section: Sequence[Token]) -> bool:
    places = sum(token == _TEXT or token.kind == "general" for token in section)
    return places == 1 and not words(section).strip(" ")


def _numbers_of(
    place: int, own: Sequence[Condition | None]
) -> tuple[Condition | None, Literal["negative", "zero", ""]]:
    """The condition of a section by its place among the others, and which numbers it is for alone."""
    condition = own[place]
    if condition is not None:
        return condition, "negative" if condition in _BELOW_ZERO else ""
    if place == 0 and len(own) > 1:
        return Condition(">=" if len(own) == 2 and own[1] is None else ">", 0), ""
    if place == 1 and len(own) > 2:
        return Condition("<", 0), "negative"
    if place == 1 and own[0] in _FROM_ZERO_ON:
        return None, "negative"
    return None, "zero" if place == 2 and not any(own) else ""
