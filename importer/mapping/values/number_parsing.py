"""One number as people write it, to the number as JSON writes it, wherever it can mean only one number.

The point is the decimal point, as in JSON and in every workbook cell. A comma is one where it cannot group thousands
(`3,5`, `1234,567`, `0,125`, `,5`). Groups are understood where they cannot be a decimal (`1,234,567`, `12,34,567`,
`1.234,5`, `1 234`, `1'234`). `1,234` could be either and is refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from importer.mapping.values.converted import Broken
from importer.model.whitespace import with_plain_spaces

_CANONICAL: Final = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_SCIENTIFIC: Final = re.compile(r"-?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)[eE][+-]?[0-9]{1,3}")
_AMBIGUOUS: Final = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")
_DECIMAL_COMMA: Final = re.compile(r"-?[0-9]*,[0-9]+")
_GROUPED: Final = (
    # thousands by commas (also by twos, as in India), by points, by spaces, by apostrophes
    (re.compile(r"-?[1-9][0-9]{0,2}(?:,[0-9]{3})+\.[0-9]+|-?[1-9][0-9]{0,2}(?:,[0-9]{3}){2,}"), ",", "."),
    (re.compile(r"-?[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?"), ",", "."),
    (re.compile(r"-?[1-9][0-9]{0,2}(?:\.[0-9]{3})+,[0-9]+|-?[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}"), ".", ","),
    (re.compile(r"-?[1-9][0-9]{0,2}(?: [0-9]{3})+(?:[.,][0-9]+)?"), " ", None),
    (re.compile(r"-?[1-9][0-9]{0,2}(?:'[0-9]{3})+(?:[.,][0-9]+)?"), "'", None),
)
_UNIT_SIGNS: Final = re.compile(r"[%‰$€£¥₹]")
_LOOKALIKES: Final = str.maketrans({"−": "-", "’": "'"})
_LARGEST_EXPONENT: Final = 308
_GROUPED_BY_POINT: Final = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")


def read_number(text: str) -> str | Broken:
    """The shortest JSON literal of the number, or why it is not one."""
    return _read(text, "number-invalid")


def read_integer(text: str) -> str | Broken:
    """The JSON literal of a whole number (`12.0` is one), or why it is not one."""
    code = "integer-invalid"
    plain = _plain(text)
    if _SCIENTIFIC.fullmatch(plain):
        return Broken(code=code, detail="is in scientific notation, which may have lost digits")
    if _GROUPED_BY_POINT.fullmatch(plain):
        return _either(code, plain.replace(".", ""), plain)
    literal = _read(text, code)
    if isinstance(literal, Broken) or "." not in literal:
        return literal
    return Broken(code=code, detail="is not a whole number")


def _read(text: str, code: str) -> str | Broken:
    plain = _plain(text)
    if _AMBIGUOUS.fullmatch(plain):
        return _either(code, plain.replace(",", ""), plain.replace(",", "."))
    decimal = _as_decimal(plain)
    if decimal is None:
        sign = _UNIT_SIGNS.search(text)
        fix = f"Write the number without the {sign.group()}." if sign else ""
        return Broken(code=code, detail="is not a number", fix=fix)
    number = Decimal(decimal)
    if number.adjusted() > _LARGEST_EXPONENT:
        return Broken(code=code, detail="is larger than a number can be")
    if number == number.to_integral_value():
        return format(number.to_integral_value(), "f") if number else "0"
    if Decimal(repr(float(number))) != number:
        return Broken(code=code, detail="has more digits than a number keeps", fix="Use type: text for this attribute.")
    return format(number.normalize(), "f")


def _plain(text: str) -> str:
    return with_plain_spaces(text).translate(_LOOKALIKES).removeprefix("+")


def _either(code: str, whole: str, fraction: str) -> Broken:
    return Broken(
        code=code,
        detail=f"could be {whole} or {fraction}",
        fix=f"Write it as {whole} or {fraction}0, whichever is meant.",
    )


def _as_decimal(text: str) -> str | None:
    """The number with a point and without groups; `None` if it is none, or more than one."""
    if _CANONICAL.fullmatch(text):
        return text
    if _DECIMAL_COMMA.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return text.replace(",", ".")
    for pattern, group, point in _GROUPED:
        if pattern.fullmatch(text):
            ungrouped = text.replace(group, "")
            return ungrouped.replace(point or ",", ".")
    return None
