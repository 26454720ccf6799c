"""One phone number, read with care: E.164, or why not.

What `phonenumbers.parse` and `is_valid_number` say is what counts, with these exceptions, in which they would guess:

- A number that a spreadsheet turned into a decimal (`919876543210.0`, `9.19876543210E+11`) is read as the whole number
  if every digit is there, and refused if not.
- Two complete numbers in one cell, and a number with an extension, are refused.
- Letters count as digits (1-800-FLOWERS) only where all numbers have one length (country code 1); elsewhere a remark
  behind the number would become a part of it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from importer.mapping.converted import Broken

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_WHOLE: Final = re.compile(r"(\+?\d{6,})[.,]0+")
_SCIENTIFIC: Final = re.compile(r"(\+?)(\d+)(?:[.,](\d*))?[eE]\+?(\d{1,3})")
_BETWEEN_NUMBERS: Final = re.compile(
    r"[/\\;,|&\n\r]|\b(?:or|and|oder|und|ou|et|y|o|e)\b|(?<=\S)\s+(?=\+)", re.IGNORECASE
)
_LETTER: Final = re.compile(r"[A-Za-z]")
_LETTERS_OF_A_WORD: Final = 3
_FIXED_LENGTH_COUNTRY: Final = 1

_WHY_IMPOSSIBLE: Final = {
    ValidationResult.TOO_SHORT: "is too short for a phone number of {where}",
    ValidationResult.TOO_LONG: "is too long for a phone number of {where}",
    ValidationResult.INVALID_LENGTH: "has a length that no phone number of {where} has",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "has no area code, so it works only within one place of {where}",
}
_WHY_UNREADABLE: Final = {
    NumberParseException.NOT_A_NUMBER: "is not a phone number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "ends after the country code",
    NumberParseException.TOO_SHORT_NSN: "is too short for a phone number",
    NumberParseException.TOO_LONG: "is too long for a phone number",
}


@lru_cache(maxsize=1 << 14)
def read_phone(text: str, region: str) -> str | Broken:
    """E.164 of a number of `region`: a two-letter code, `""` for none, or a text that is no country."""
    repaired = _repaired(text)
    if isinstance(repaired, Broken):
        return repaired
    known = region if region in phonenumbers.SUPPORTED_REGIONS else None
    several = _several(repaired, known)
    if several:
        return Broken(
            code="phone-several",
            detail=f"holds {len(several)} phone numbers: {', '.join(several)}",
            cure=f"Keep one of them in the cell: {' or '.join(several)}.",
        )
    try:
        number = phonenumbers.parse(repaired, known)
    except NumberParseException as error:
        return _unreadable(repaired, region, known, error)
    if not phonenumbers.is_valid_number(number):
        return _not_valid(repaired, number)
    return _accepted(repaired, number)


def _repaired(text: str) -> str | Broken:
    """The number that a spreadsheet shows as a decimal, if all of its digits are there; other texts as they are."""
    whole = _WHOLE.fullmatch(text)
    if whole:
        return whole[1]
    scientific = _SCIENTIFIC.fullmatch(text)
    if not scientific:
        return text
    plus, before, after, exponent = scientific[1], scientific[2], scientific[3] or "", int(scientific[4])
    if len(after) >= exponent and not after[exponent:].strip("0"):
        return plus + before + after[:exponent]
    return Broken(
        code="phone-digits-lost",
        detail=f"was rounded by a spreadsheet: it shows {len(before + after)} of {len(before) + exponent} digits",
    )


def _several(text: str, region: str | None) -> list[str]:
    """Every number of a cell that holds at least two complete, different ones."""
    pieces = [piece for piece in _BETWEEN_NUMBERS.split(text) if piece and piece.strip()]
    shorter = sorted(pieces, key=len)[:-1]
    if not any(_valid_e164(piece, region) for piece in shorter):  # most often: one number, written with a separator
        return []
    numbers = [valid for piece in pieces if (valid := _valid_e164(piece, region))]
    distinct = list(dict.fromkeys(numbers))
    return distinct if len(distinct) > 1 else []


def _accepted(text: str, number: PhoneNumber) -> str | Broken:
    plain = _e164(number)
    if number.extension:
        return Broken(
            code="phone-extension",
            detail=f"has the extension {number.extension}, which a phone number in the CRM cannot have",
            cure=f"Write {plain}, and keep the extension in an attribute.",
        )
    if number.country_code != _FIXED_LENGTH_COUNTRY and _letters_became_digits(text):
        return Broken(
            code="phone-invalid",
            detail="has letters in it, which may be a remark",
            cure=f"Write it in digits: {plain}, if the letters are a part of the number.",
        )
    return plain


def _country(number: PhoneNumber) -> str:
    """The code of the country whose plan the number is read by."""
    return phonenumbers.region_code_for_country_code(number.country_code or 0)


def _letters_became_digits(text: str) -> bool:
    """Whether `parse` takes letters for digits: three or more, not counting the parameters of a `tel:` address."""
    number = re.search(r"[+\d].*", text.partition(";")[0])
    return number is not None and len(_LETTER.findall(number.group())) >= _LETTERS_OF_A_WORD


def _not_valid(text: str, number: PhoneNumber) -> Broken:
    where = f"{_country(number)} (+{number.country_code})"
    reason = phonenumbers.is_possible_number_with_reason(number)
    detail = _WHY_IMPOSSIBLE.get(reason, "has the right length, but {where} has no such numbers").format(where=where)
    return Broken(code="phone-invalid", detail=detail, cure=_cure_of_lost_plus(text))


def _unreadable(text: str, region: str, known: str | None, error: NumberParseException) -> Broken:
    if error.error_type != NumberParseException.INVALID_COUNTRY_CODE:
        return Broken(code="phone-invalid", detail=_WHY_UNREADABLE.get(error.error_type, "is not a phone number"))
    if known is not None or "+" in text:
        return Broken(code="phone-invalid", detail="begins with a country code that does not exist")
    cure = _cure_of_lost_plus(text)
    if not region:
        return Broken(
            code="phone-region-missing", detail="has no country code, and its country is not known", cure=cure
        )
    return Broken(
        code="phone-region-unknown", detail=f"has no country code, and “{region}” is not a country", cure=cure
    )


def _cure_of_lost_plus(text: str) -> str:
    """What to write if the number is an international one without its plus.

    Never done without asking: a mistyped national number often is a valid one of another country.
    """
    if "+" in text or _LETTER.search(text):
        return ""
    digits = phonenumbers.normalize_digits_only(text).removeprefix("00")
    international = _valid_e164(f"+{digits}", None)
    return f"If it is the international number {international}, write it so." if international else ""


def _valid_e164(text: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return ""
    return _e164(number) if phonenumbers.is_valid_number(number) else ""


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
