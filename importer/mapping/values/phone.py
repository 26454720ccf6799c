"""Phone numbers, read with care: E.164, or why not.

`phonenumbers.parse` and `is_valid_number` decide, with these exceptions, in which they would guess:

- A number that a spreadsheet turned into a decimal (`919876543210.0`, `9.19876543210E+11`) is read as the whole number
  if every digit is there, and refused if not.
- Two complete numbers in one cell, and a number with an extension, are refused.
- A number without a plus that begins with its own country's code is refused where it is valid both with that code as
  the country's and with it as a part of the number (`491711234567` in Germany).
- Letters count as digits (1-800-FLOWERS) only where all numbers have one length (country code 1); elsewhere a note
  after the number would become a part of it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import CountryCodeSource, NumberParseException, PhoneNumberFormat, ValidationResult

from importer import accelerators
from importer.mapping.values.converted import Broken, Converted, findings_of, plainly_spaced, text_series, trimmed
from importer.mapping.values.phone_regions import region_code
from importer.model.texts import TEXT, large_texts

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_WHOLE: Final = re.compile(r"(\+?\d{6,})[.,]0+")
_SCIENTIFIC: Final = re.compile(r"(\+?)(\d+)(?:[.,](\d*))?[eE]\+?(\d{1,3})")
_BETWEEN_NUMBERS: Final = re.compile(
    r"[/\\;,|&\n\r]|\b(?:or|and|oder|und|ou|et|y|o|e)\b|(?<=\S)\s+(?=\+)", re.IGNORECASE
)
_LETTER: Final = re.compile(r"[A-Za-z]")
_LETTERS_OF_A_WORD: Final = 3
_ONE_LENGTH_COUNTRY_CODE: Final = 1
_TRIED_DIGITS: Final = 3
"""By up to so many digits a message calls a number too short or too long."""

_OLD_PREFIXES: Final = {52: re.compile(r"(?:1|01|044|045)([0-9]{10})")}
"""Mobile prefixes that a country gave up (Mexico in 2019); lists and WhatsApp still have them."""

_WHY_IMPOSSIBLE: Final = {
    ValidationResult.TOO_SHORT: ": too short",
    ValidationResult.TOO_LONG: ": too long",
    ValidationResult.INVALID_LENGTH: ": wrong length",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: ": area code missing",
}
_WHY_UNREADABLE: Final = {
    NumberParseException.NOT_A_NUMBER: "is not a phone number",
    NumberParseException.TOO_SHORT_AFTER_IDD: "ends after the country code",
    NumberParseException.TOO_SHORT_NSN: "is too short for a phone number",
    NumberParseException.TOO_LONG: "is too long for a phone number",
}


def phones(series: pd.Series[str], region: str | None, regions: pd.Series[str] | None) -> Converted:
    """E.164 for each number; numbers without country code are read as numbers of their row's country.

    The country of a row is its cell in `regions` (a code, a name, or a calling code with plus), and `region` where that
    cell is blank or there is no such column. A cell that is no country matters only where the number needs one.
    """
    texts = plainly_spaced(large_texts(trimmed(series)))
    default = region or ""
    if regions is None:
        countries, of_row = [region_code(default) or default], np.zeros(len(series), dtype=np.intp)
    else:
        of_row, cells = pd.factorize(trimmed(regions))
        countries = [region_code(cell or default) or cell or default for cell in cells]
    found = pa.nulls(len(texts), TEXT)
    if accelerators.are_on():
        from importer.mapping.values.numbering import e164_by_column

        found = e164_by_column(texts, countries, of_row)
    is_unread = pc.and_(pc.is_null(found), pc.not_equal(texts, ""))
    unread = np.flatnonzero(is_unread)
    regions_of_unread = [countries[country] for country in of_row[unread].tolist()]
    results = list(map(read_phone, texts.filter(is_unread).to_pylist(), regions_of_unread))
    read = pa.array(["" if isinstance(result, Broken) else result for result in results], TEXT)
    broken = {at: result for at, result in enumerate(results) if isinstance(result, Broken)}
    return Converted(
        values=text_series(pc.replace_with_mask(found, is_unread, read).fill_null(""), series.index),
        findings=findings_of(series.iloc[unread], np.arange(len(unread)), broken),
    )


@lru_cache(maxsize=1 << 14)
def read_phone(text: str, region: str) -> str | Broken:
    """E.164 of a number of `region`: a two-letter code, `""` for none, or a text that is no country."""
    repaired = _without_decimals(text)
    if isinstance(repaired, Broken):
        return repaired
    known = region if region in phonenumbers.SUPPORTED_REGIONS else None
    several = _several(repaired, known)
    if several:
        return Broken(
            code="phone-several",
            detail=f"holds {len(several)} phone numbers: {', '.join(several)}",
            fix=f"Keep one of them in the cell: {' or '.join(several)}.",
        )
    try:
        number = phonenumbers.parse(repaired, known, keep_raw_input=True)
    except NumberParseException as error:
        return _with_letters(repaired, known) or _unreadable(repaired, region, known, error)
    if not phonenumbers.is_valid_number(number):
        return _with_letters(repaired, known) or _not_valid(repaired, number)
    return _accepted(repaired, number, known)


def _without_decimals(text: str) -> str | Broken:
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
    if not any(_valid(piece, region) for piece in shorter):  # most often: one number, written with a separator
        return []
    numbers = [(piece.strip(), number) for piece in pieces if (number := _valid(piece, region))]
    shown = [text if _with_own_code(number) else _e164(number) for text, number in numbers]
    distinct = list(dict.fromkeys(shown))
    return distinct if len(distinct) > 1 else []


def _accepted(text: str, number: PhoneNumber, known: str | None) -> str | Broken:
    plain = _e164(number)
    takes_letters = number.country_code == _ONE_LENGTH_COUNTRY_CODE or number.extension
    if not takes_letters and (broken := _with_letters(text, known, in_digits=plain)):
        return broken
    if other := _with_own_code(number):
        number.extension = None
        one, two = (phonenumbers.format_number(each, PhoneNumberFormat.INTERNATIONAL) for each in (other, number))
        return Broken(
            code="phone-region-missing",
            detail=f"could be {one} or {two}: it begins with its country code but has no plus",
            fix=f"Write it as {one} or {two}. If all numbers in this column begin with their country code, add the "
            'plus in the mapping, with the name of the column: phone_number: {template: "+{Phone}"}',
        )
    if number.extension:
        return Broken(
            code="phone-extension",
            detail=f"has the extension {number.extension}; the CRM takes no extensions",
            fix=f"Write {plain}, and keep the extension in an attribute.",
        )
    return plain


def _with_own_code(number: PhoneNumber) -> PhoneNumber | None:
    """The other valid reading of a number that was read as a national one: its first digits are its country's code."""
    if number.country_code_source != CountryCodeSource.FROM_DEFAULT_COUNTRY:
        return None
    digits = phonenumbers.national_significant_number(number)
    # With a trunk prefix in front the number is a national one; `parse` has removed it.
    is_bare = phonenumbers.normalize_digits_only(number.raw_input or "").startswith(digits)
    return _valid(f"+{digits}", None) if is_bare and digits.startswith(str(number.country_code)) else None


def _with_letters(text: str, region: str | None, *, in_digits: str = "") -> Broken | None:
    """The problem of a number whose letters `parse` took for digits; `in_digits` is a valid number read like that.

    It does so with three letters or more, not counting the parameters of a `tel:` address.
    """
    number = re.search(r"[+\d].*", text, re.DOTALL)
    counted = re.search(r"[+\d].*", text.partition(";")[0])
    if number is None or counted is None or len(_LETTER.findall(counted.group())) < _LETTERS_OF_A_WORD:
        return None
    before_letters = _LETTER.split(number.group())[0].rstrip(" \t\xa0([{,.:;/-")
    without = _valid(before_letters, region)
    proposals = []
    if without and not _with_own_code(without):
        proposals.append(f"Write the number without them: {_e164(without)}.")
    if in_digits:
        proposals.append(f"If they are part of the number, write it in digits: {in_digits}.")
    return Broken(code="phone-invalid", detail="contains letters, which may be a note", fix=" ".join(proposals))


def _not_valid(text: str, number: PhoneNumber) -> Broken:
    country = phonenumbers.region_code_for_country_code(number.country_code or 0)
    national = phonenumbers.national_significant_number(number)
    reason = _WHY_IMPOSSIBLE.get(phonenumbers.is_possible_number_with_reason(number))
    if reason is None:
        reason = _wrong_length(number, phonenumbers.ndd_prefix_for_region(country, strip_non_digits=True) or "")
    detail = f"is not a valid phone number in {country} (+{number.country_code}){reason}"
    old_prefix = _OLD_PREFIXES.get(number.country_code or 0)
    old = old_prefix.fullmatch(national) if old_prefix else None
    if old and (valid := _valid(f"+{number.country_code}{old[1]}", None)):
        return Broken(code="phone-invalid", detail=detail, fix=f"If it is a mobile number, write {_e164(valid)}.")
    return Broken(code="phone-invalid", detail=detail, fix=_fix_for_lost_plus(text))


def _wrong_length(number: PhoneNumber, trunk_prefix: str) -> str:
    """Whether a number is too short or too long though it has the length of some other numbers of its country."""
    digits = phonenumbers.national_significant_number(number).removeprefix(trunk_prefix)
    counts = range(1, _TRIED_DIGITS + 1)
    longer = any(_valid(f"+{number.country_code}{digits}{'5' * count}", None) for count in counts)
    shorter = any(_valid(f"+{number.country_code}{digits[:-count]}", None) for count in counts)
    if longer == shorter:
        return ""
    return ": too short" if longer else ": too long"


def _unreadable(text: str, region: str, known: str | None, error: NumberParseException) -> Broken:
    if error.error_type != NumberParseException.INVALID_COUNTRY_CODE:
        return Broken(code="phone-invalid", detail=_WHY_UNREADABLE.get(error.error_type, "is not a phone number"))
    if known is not None or "+" in text:
        return Broken(code="phone-invalid", detail="begins with a country code that does not exist")
    fix = _fix_for_lost_plus(text)
    if not region:
        return Broken(code="phone-region-missing", detail="has no country code, and its country is not known", fix=fix)
    return Broken(code="phone-region-unknown", detail=f"has no country code, and “{region}” is not a country", fix=fix)


def _fix_for_lost_plus(text: str) -> str:
    """What to write if the number is an international one without its plus.

    Never done without asking: a mistyped national number often is a valid one of another country.
    """
    if "+" in text or _LETTER.search(text):
        return ""
    digits = phonenumbers.normalize_digits_only(text).removeprefix("00")
    international = _valid(f"+{digits}", None)
    return f"If this is {_e164(international)}, add the plus." if international else ""


def _valid(text: str, region: str | None) -> PhoneNumber | None:
    try:
        number = phonenumbers.parse(text, region, keep_raw_input=True)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
