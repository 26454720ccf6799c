"""Number formats that change which digits a person sees: `00000` shows 501 as 00501."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from importer.reading.markup import elements

if TYPE_CHECKING:
    from typing import IO

_TOKEN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|.', re.S)
_PLAIN = re.compile(r"[0#?+()\-/. ]*")


def masks_of(styles: IO[bytes]) -> dict[int, str]:
    """The masks of the cell styles that have one: style number to mask."""
    formats: dict[int, str] = {}
    masks: dict[int, str] = {}
    inside, style = "", 0
    for name, attributes in elements(styles):
        if name == "numFmt":
            formats[int(attributes.get("numFmtId", 0))] = attributes.get("formatCode", "")
        elif name in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            inside = name
        elif name == "xf" and inside == "cellXfs":
            if mask := mask_of(formats.get(int(attributes.get("numFmtId", 0)), "")):
                masks[style] = mask
            style += 1
    return masks


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
    if not re.fullmatch(r"\d{1,15}", number):
        return None
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
