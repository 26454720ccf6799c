"""One section of a number format: whether it is pure number style, and else the digits and words it shows."""

from __future__ import annotations

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from importer.reading.cell_text import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN: Final = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | (?P<space>_.) | (?P<fill>\*.)
    | (?P<elapsed>\[(?:h+|m+|s+)\]) | \[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\] | (?P<bracket>\[[^\]]*\])
    | (?P<general>general|standard) | (?P<exponent>e[+-]) | (?P<date>am/pm|a/p|[dmyhsegb])
    | (?P<digit>[0\#?]) | (?P<point>\.) | (?P<comma>,) | (?P<percent>%) | (?P<text>@) | (?P<end>;)
    | (?P<letter>[a-z]) | (?P<sign>.)
    """,
    re.I | re.S | re.X,
)
_WORDS: Final = ("quoted", "escaped", "space", "currency", "letter", "sign", "percent")
_CONDITION: Final = re.compile(r"\[(<>|<=|>=|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")
_LETTERS_OF_DATES: Final = frozenset("tjaTJA")
"""Letters that stand unquoted beside days: `yyyy-mm-ddThh:mm`, and German and French codes."""
_DASHES: Final = "-–—"
_MINUS: Final = f"{_DASHES}() "
_UNIT_OF_A_SCALE: Final = re.compile(r"\w{0,4}\.?").fullmatch
_CURRENCIES: Final = (
    " AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF"
    " CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD"
    " HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR"
    " LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR"
    " PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP"
    " SZL THB TJS TMT TND TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL"
    " kr kr. Kč zł Ft lei Rs Rs. Rp RM S/ S/. лв лв. руб руб. р. Fr Fr. SFr SFr. "
)
_COMPARE: Final = {"<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne}


class Token(NamedTuple):
    """A piece of a format code, and the text it shows or stands for."""

    kind: str
    text: str


class Condition(NamedTuple):
    """Which numbers a section is for."""

    sign: str
    limit: float

    def holds(self, number: float) -> bool:
        """Whether the section is for this number."""
        return bool(_COMPARE[self.sign](number, self.limit))


class Reading(NamedTuple):
    """What is sent for a cell, and how that differs from what is stored (`""`: it does not)."""

    text: str
    problem: str = ""


def sections_of(code: str) -> list[list[Token]]:
    """The tokens of each section."""
    sections: list[list[Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup or ""
        if kind == "end":
            sections.append([])
        else:
            # `_x` is a space as wide as x, `*x` fills the cell with x
            sections[-1].append(Token(kind, " " if kind == "space" else match[kind]))
    return sections


def condition_of(tokens: Iterable[Token]) -> Condition | None:
    """The section's own condition, if it has one."""
    for kind, text in tokens:
        if kind == "bracket" and (match := _CONDITION.fullmatch(text)):
            return Condition(match[1], float(match[2]))
    return None


def words(tokens: Iterable[Token]) -> str:
    """The text that tokens show around a number."""
    return "".join(token.text for token in tokens if token.kind in _WORDS)


class Section:
    """A section for numbers: its tokens, its condition (`None`: all numbers that are left), and whose it is alone.

    One for negative numbers alone shows them without their minus.
    """

    def __init__(
        self, tokens: list[Token], condition: Condition | None = None, only: Literal["negative", "zero", ""] = ""
    ) -> None:
        self.tokens = tokens
        self.condition = condition
        self.only = only
        self._kinds = [token.kind for token in tokens]
        point = self._kinds.index("point") if "point" in self._kinds else len(tokens)
        self._before_point, self._from_point = tokens[:point], tokens[point:]
        self._places = [token for token in self._before_point if token.kind == "digit"]
        self._decimals = self._kinds[point:].count("digit")
        self._digits = [at for at, kind in enumerate(self._kinds) if kind in ("digit", "general")]
        self._inner = tokens[self._digits[0] : self._digits[-1]] if self._digits else []
        self.is_duration = "elapsed" in self._kinds
        # No format that a spreadsheet writes: other letters among those of a date, two decimal points.
        if "date" in self._kinds and not self.is_duration:
            foreign = any(kind == "letter" and text not in _LETTERS_OF_DATES for kind, text in tokens)
            self._is_mixed = foreign or bool(self._places) or "general" in self._kinds
        else:
            self._is_mixed = self._kinds.count("point") > 1
        self.is_moment = self.is_duration or ("date" in self._kinds and not self._is_mixed)
        # The digits are those of a fraction, or of a number and its power of ten.
        self._is_split = "exponent" in self._kinds or Token("sign", "/") in self._inner
        # A comma after the digits shows thousands: `0,` shows 12345 as 12, `0.0,,` as 0.0.
        self._is_scaled = any(
            [kind for kind in kinds if kind in ("digit", "comma")][-1:] == ["comma"]
            for kinds in (self._kinds[:point], self._kinds)
        )
        self._is_grouped = not self._is_scaled and "comma" in self._kinds[:point]

    def holds(self, number: float) -> bool:
        """Whether it is for this number."""
        return self.condition is None or self.condition.holds(number)

    @cached_property
    def is_number_style(self) -> bool:
        """Whether it shows nothing but the number: adds no digit, and no sign or word but those of amounts."""
        if not self._digits:
            shown = words(self.tokens).strip(" ")  # a dash for zero, as accountants write it, perhaps with a currency
            return self.only == "zero" and bool(shown) and _is_currency(shown.strip(f"{_DASHES}% "))
        # From the first `0` on each place shows a digit, so there may be more than the number has.
        is_padded = any(token.text == "0" for token in self._places[:-1])
        if self._is_mixed or (not self._is_split and (is_padded or words(self._inner))):
            return False
        if self._is_split and "exponent" not in self._kinds and all(text == "0" for _, text in self._places):
            return False  # `00/00/0000` is no fraction, and no date either
        before, after = words(self.tokens[: self._digits[0]]), words(self.tokens[self._digits[-1] + 1 :])
        return self._is_of_amounts(before.strip(" "), after.strip(" "))

    @cached_property
    def hides_zero(self) -> bool:
        """Whether it shows nothing for a zero: `#` has no digit for it."""
        has_digit = {"point", "general"} & {*self._kinds} or any(text == "0" for _, text in self._places)
        return self.holds(0) and not has_digit and not words(self.tokens).strip(" ")

    def read(self, number: float, code: str) -> Reading:
        """A number as a person sees it; a problem unless that is all of it: no digit rounded away, no minus missing."""
        stored = text_of(number)
        unknown = Reading(stored, f"is in the cell, but what its number format {code} shows is not known")
        if self._is_mixed or self._is_split or self._is_scaled or "percent" in self._kinds:
            return unknown
        minus = "-" if number < 0 and self.only != "negative" else ""
        if not self._digits:  # words instead of a number: `[=1]"Yes";[=0]"No"`
            text = words(self.tokens).strip(" ")
            return Reading(minus + text) if text or not number else not_shown(number)
        amount = text_of(abs(number))
        rounded = amount if "general" in self._kinds else _rounded(amount, self._decimals)
        filled = self._filled(rounded)
        if filled is None:
            return unknown
        text = (minus + filled).strip(" ")
        if not text and number:
            return not_shown(number)
        has_minus = number >= 0 or bool(minus) or any(sign in words(self.tokens) for sign in (*_DASHES, "("))
        is_all = has_minus and rounded == amount and any(map(str.isdigit, filled))
        return Reading(text, "" if is_all else f"is shown, but the cell holds {stored}")

    def _is_of_amounts(self, before: str, after: str) -> bool:
        """Whether the words around the digits are those of an amount: its currency, its minus, its scale."""
        if self.only == "negative":
            is_red = any(token.kind == "bracket" and token.text.lower() == "[red]" for token in self.tokens)
            if not is_red and not any(sign in before + after for sign in (*_DASHES, "(")):
                return False
            before, after = before.strip(_MINUS), after.strip(_MINUS)
        elif self.only == "zero":
            before = before.strip(f"{_DASHES} ")
        if self._is_scaled or self._is_grouped or "percent" in self._kinds or "point" in self._kinds:
            before = before.removeprefix("+").strip(" ")  # the sign of a difference, not of a phone number
        if "percent" in self._kinds:
            before, after = before.strip("% "), after.strip("% ")
        is_unit = self._is_scaled and bool(_UNIT_OF_A_SCALE(after))
        return _is_currency(before) and (is_unit or _is_currency(after))

    def _filled(self, number: str) -> str | None:
        """The digits in their places, and the words around them."""
        whole, _, fraction = number.partition(".")
        digits = [*whole] if whole != "0" else []
        places = len(self._places)
        if digits and not places and "general" not in self._kinds:
            return None  # `"a".00`: spreadsheets do not agree on where the digits go
        text, count = "", 0
        for token in reversed(self._before_point):
            if token.kind == "general":
                text = number + text
            elif token.kind == "digit":
                places -= 1
                taken = [digits.pop() if digits else {"0": "0", "?": " "}.get(token.text, "")]
                while digits and not places:  # those beyond the first place stand before it
                    taken.append(digits.pop())
                for digit in taken:
                    text = (
                        digit
                        + ("," if self._is_grouped and digit.isdigit() and count and count % 3 == 0 else "")
                        + text
                    )
                    count += 1
            elif token.kind in _WORDS:
                text = token.text + text
        return text + self._filled_decimals(fraction)

    def _filled_decimals(self, fraction: str) -> str:
        text, digits, left = "", [*fraction.ljust(self._decimals, "0")], False
        for token in reversed(self._from_point):
            if token.kind == "digit":
                digit = digits.pop()
                left = left or digit != "0" or token.text == "0"
                text = (digit if left else "" if token.text == "#" else " ") + text
            elif token.kind == "point":
                text = ("." if left else "") + text
            elif token.kind in _WORDS:
                text = token.text + text
        return text


def not_shown(number: float) -> Reading:
    """What is sent for a number that its format does not show."""
    return Reading(text_of(number), "is in the cell, but its number format shows ##### or nothing for it")


def _rounded(number: str, places: int) -> str:
    if len(number.partition(".")[2]) <= places:
        return number
    return format(Decimal(number).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")


def _is_currency(text: str) -> bool:
    """Whether the words are nothing, or a currency: `€`, `US$`, `CHF`."""
    if not text or f" {text} " in _CURRENCIES:
        return True
    symbols = [sign for sign in text if unicodedata.category(sign) == "Sc"]
    return bool(symbols) and len(text) <= 4 and all(sign in symbols or sign.isalpha() for sign in text)
