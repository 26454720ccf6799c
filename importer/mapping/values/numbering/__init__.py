"""An accelerator: numbering plans as patterns over whole columns, for the numbers that need no closer look.

`plain_e164` reads the numbers that are written plainly (digits, blanks, brackets, dots, hyphens, one slash) and for
which it can be derived from libphonenumber's own metadata that `phonenumbers.parse` and `is_valid_number` accept them.
It never refuses a number: what it does not know is left to `phonenumbers` itself, as every number is without it. It can
be deleted together with the one call in `mapping/values/phone_column.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.values.numbering.numbering_plan import (
    Bools,
    Places,
    Plan,
    Texts,
    is_valid,
    matches,
    places_of,
    plan_of,
)
from importer.model.byte_columns import octets_of
from importer.model.texts import TEXT, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

WORTHWHILE: Final = 40
"""Fewer numbers of one country than this are read faster one by one than by compiling the country's patterns."""

_LONGEST: Final = 42
"""Longer texts are not plain. Arrow compiles a pattern at every call, and a counted repetition is slow to compile."""

_PLAIN: Final = r"^\(?\+?[0-9(][0-9 ().\-]+$"
_SLASHED: Final = r"^[0-9(][0-9 ().\-]*/[0-9 ().\-]*$"
_FLOAT: Final = r"^\+?[0-9]+\.0+$"


@dataclass(frozen=True, slots=True)
class Found:
    """E.164 for some places of a column."""

    places: Places
    texts: Texts

    def of(self, places: Places) -> Found:
        """The same, where the column was only these places of a larger one."""
        return Found(places[self.places], self.texts)


def e164_by_column(texts: Texts, countries: Sequence[str], of_row: Places) -> Texts:
    """E.164 for the numbers that are plainly valid, each one of its row's country; else null.

    `of_row` says for each row which of the `countries` it has. Numbers with a plus say their country themselves.
    """
    international = np.array(pc.match_substring_regex(texts, r"\A\(?\+"))
    parts = []
    for country, name in [(-1, ""), *enumerate(countries)]:
        places = np.flatnonzero(international if country < 0 else (of_row == country) & ~international)
        if len(places):
            parts += [part.of(places) for part in found_plainly(texts.take(pa.array(places)), name)]
    return scattered(len(texts), parts)


def plain_e164(texts: Texts, region: str) -> Texts:
    """E.164 for every text that is plainly a valid number of `region`, or one with its country code; else null."""
    return scattered(len(texts), found_plainly(texts, region))


def scattered(size: int, parts: Sequence[Found]) -> Texts:
    """A column of `size` texts with what was found; null elsewhere."""
    taken = np.zeros(size, dtype=np.int64)
    missing = np.ones(size, dtype=bool)
    places = np.concatenate([np.zeros(0, dtype=np.intp), *(part.places for part in parts)])
    taken[places] = np.arange(len(places))
    missing[places] = False
    found = pa.chunked_array([part.texts for part in parts], TEXT).combine_chunks()
    return found.take(pa.array(taken, mask=missing))


def found_plainly(texts: Texts, region: str) -> list[Found]:
    """What is plainly a valid number of `region`, or one with its country code."""
    texts = texts.cast(TEXT)
    plainly = (matches(texts, _PLAIN) & ~matches(texts, _FLOAT)) | _is_slashed_once(texts, region)
    plain = places_of(plainly & np.asarray(pc.less_equal(pc.binary_length(texts), _LONGEST)))
    chosen = texts.take(pa.array(plain))
    return [part.of(plain) for part in _read(digits_of(chosen), _has_plus(chosen), region)]


def _is_slashed_once(texts: Texts, region: str) -> Bools:
    """Where a national number has one slash in it, and what stands before or behind it surely is no number by itself.

    `0151/23456789` is one number; `030 123456/7654321` are two.
    """
    slashed = np.array(pc.match_substring(texts, "/"))
    if region not in phonenumbers.SUPPORTED_REGIONS or not slashed.any():
        return np.zeros(len(texts), dtype=bool)
    slashed &= matches(texts, _SLASHED)
    pieces = pc.split_pattern(texts.filter(pa.array(slashed)), "/")
    before, behind = (plan_of(region).surely_refuses(digits_of(pc.list_element(pieces, at))) for at in (0, 1))
    slashed[slashed] = before | behind
    return slashed


def _read(digits: Texts, international: Bools, region: str) -> Iterator[Found]:
    """E.164 of texts that are digits only; `international` begin with their country code."""
    if region in phonenumbers.SUPPORTED_REGIONS:
        plan = plan_of(region)
        abroad = ~international & plan.dials_00(digits)
        if abroad.any():
            digits = pc.if_else(pa.array(abroad), pc.utf8_slice_codeunits(digits, 2), digits)
            international = international | abroad
        places = places_of(~international)
        national = digits.take(pa.array(places))
        without = places_of(plan.is_national(national))
        yield from (part.of(places[without]) for part in _read_country(plan, national.take(pa.array(without))))
        international[places[plan.has_country_code(national)]] = True
    places = places_of(international)
    yield from (part.of(places) for part in _read_international(digits.take(pa.array(places))))


def _read_international(digits: Texts) -> Iterator[Found]:
    countries = _country_codes_of(digits)
    for country in np.unique(countries[countries > 0]).tolist():
        places = places_of(countries == country)
        main = phonenumbers.region_code_for_country_code(country)
        if main in phonenumbers.SUPPORTED_REGIONS:
            national = pc.utf8_slice_codeunits(digits.take(pa.array(places)), len(str(country)))
            yield from (part.of(places) for part in _read_country(plan_of(main), national))


def _read_country(plan: Plan, digits: Texts) -> Iterator[Found]:
    """E.164 of digits after the country code, or of national digits, read by one plan."""
    if len(digits) < WORTHWHILE:
        return
    subscriber = plan.without_trunk_prefix(digits)
    known = np.asarray(pc.is_valid(subscriber))
    subscriber = pc.fill_null(subscriber, "")
    valid = places_of(known & is_valid(subscriber, plan.country_code))
    yield Found(valid, joined(f"+{plan.country_code}", subscriber.take(pa.array(valid))))


def digits_of(texts: Texts) -> Texts:
    """The digits of ASCII texts."""
    offsets, octets = octets_of(texts)
    octets = octets[offsets[0] : offsets[-1]]
    is_digit = (octets >= ord("0")) & (octets <= ord("9"))
    before = np.concatenate([[0], np.cumsum(is_digit)])
    kept = pa.py_buffer(octets[is_digit].tobytes())
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(before[offsets - offsets[0]].tobytes()), kept)


def _has_plus(texts: Texts) -> Bools:
    return np.array(pc.match_substring(texts, "+"))


def _country_codes_of(digits: Texts) -> NDArray[np.int64]:
    """The country code that each text begins with, followed by at least one more digit; 0 for none."""
    first = pc.utf8_rpad(pc.utf8_slice_codeunits(digits, 0, 3), 3, "0").cast(pa.int64())
    codes = _codes_by_first_digits()[np.asarray(first)]
    longer = np.asarray(pc.utf8_length(digits)) > np.where(codes > 99, 3, np.where(codes > 9, 2, 1))
    found: NDArray[np.int64] = np.where(longer, codes, 0)
    return found


@cache
def _codes_by_first_digits() -> NDArray[np.int64]:
    # No country code is the beginning of another, so at most one fits.
    codes = np.zeros(1000, dtype=np.int64)
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        span = 10 ** (3 - len(str(code)))
        codes[code * span : (code + 1) * span] = code
    return codes
