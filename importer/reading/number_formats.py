"""Number formats that change what a person sees: `00000` shows 501 as 00501, `dd/mm/yyyy` shows it as a day."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from importer.reading.markup import elements

if TYPE_CHECKING:
    from typing import IO

_TOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|.', re.S)
_PLAIN = re.compile(r"[0#?+()\-/. ]*")
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.I)
_WHOLE = re.compile(r"\d{1,15}", re.ASCII).fullmatch
_GENERAL = ("general", "standard")
_OF_A_MOMENT = re.compile(r"[dmyhs]|a/p|am/pm", re.I)


class Moment(Enum):
    """What a number is that counts days."""

    DATE = "date"
    DURATION = "duration"


Style = str | Moment
"""A mask, or what the number is if it counts days."""

_BUILT_IN: dict[int, Style] = {
    **dict.fromkeys([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)], Moment.DATE),
    46: Moment.DURATION,
}
"""Formats that have a number and no code; those from 27 on are dates of East Asian versions."""


def styles_of(styles: IO[bytes]) -> dict[int, Style]:
    """The cell styles that change what is seen: style number to mask or kind of moment."""
    formats: dict[int, str] = {}
    found: dict[int, Style] = {}
    inside, style = "", 0
    for name, attributes in elements(styles):
        if name == "numFmt":
            formats[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name
        elif name == "xf" and inside == "cellXfs":
            if meaning := _meaning(int(attributes.get("numFmtId", 0)), formats):
                found[style] = meaning
            style += 1
    return found


def _meaning(number: int, formats: dict[int, str]) -> Style | None:
    code = formats.get(number)
    if code is None:
        return _BUILT_IN.get(number)
    if code.strip().casefold() in _GENERAL:
        return None
    return moment_of(code) or mask_of(code) or None


def moment_of(code: str) -> Moment | None:
    """Whether the format code shows days and times of day, or how long something took."""
    for token in _TOKEN.findall(code.split(";")[0]):
        if _ELAPSED.fullmatch(token):
            return Moment.DURATION
    shown = "".join(token for token in _TOKEN.findall(code.split(";")[0]) if len(token) == 1)
    return Moment.DATE if _OF_A_MOMENT.search(shown) else None


def mask_of(code: str) -> str:
    """The mask of a format code that pads with zeros or puts a plus before the number; `""` for all others.

    A mask holds `0` (a digit, or a zero), `#` (a digit, if there is one), and signs that stand as they are.
    """
    mask = "".join(_shown(token) for token in _TOKEN.findall(code.split(";")[0])).strip()
    if not _PLAIN.fullmatch(mask) or mask.count(".") or "#" in mask.lstrip("+0() -/"):
        return mask if _pads_front(mask) else ""
    return mask if mask.count("0") > 1 or mask.startswith("+") else ""


def _pads_front(mask: str) -> bool:
    return bool(re.fullmatch(r"\+?0+[#?]+", mask))


def _shown(token: str) -> str:
    if token.startswith('"'):
        return token[1:-1]
    if token[0] in "\\":
        return token[1:]
    return "" if token[0] in "_*[" and len(token) > 1 else token


def masked(mask: str, number: str) -> str | None:
    """The whole number as the mask shows it; `None` if it is not a whole number without a sign."""
    if not _WHOLE(number):
        return None
    if mask.strip("0") == "":
        return number.zfill(len(mask))
    digits = list(number)
    places = len(re.findall(r"[0#?]", mask))
    shown = []
    for sign in reversed(mask):
        if sign not in "0#?":
            shown.append(sign)
            continue
        places -= 1
        shown.append(digits.pop() if digits else "0" if sign == "0" else "")
        if places == 0:  # digits beyond the mask stand at its front
            shown.extend(reversed(digits))
            digits = []
    return "".join(reversed(shown)).strip()
