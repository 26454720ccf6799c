"""Numbering plans as patterns over whole columns: the numbers that need no closer look.

`plain_e164` reads the numbers that are written plainly (digits, blanks, brackets, dots, hyphens) and for which it can
be derived from libphonenumber's own metadata that `phonenumbers.parse` and `is_valid_number` accept them. It never
refuses a number: what it does not know is left to `phonenumbers` itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import count
from typing import Any, Final

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from phonenumbers import PhoneMetadata

Bools = NDArray[np.bool_]
Texts = Any
"""An Arrow array of texts without nulls."""

WORTHWHILE: Final = 40
"""Fewer numbers of one country than this are read faster one by one than by compiling the country's patterns."""

_PLAIN: Final = r"^\(?\+?[0-9(][0-9 ().\-]{4,40}$"
_FLOAT: Final = r"^\+?[0-9]+\.0+$"
_KINDS: Final = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number"),
    *("pager", "uan", "voicemail", "fixed_line", "mobile"),
)


def plain_e164(texts: Texts, region: str) -> Texts:
    """E.164 for every text that is plainly a valid number of `region`, or one with its country code; else null."""
    plain = _places(matches(texts, _PLAIN) & ~matches(texts, _FLOAT))
    chosen = texts.take(pa.array(plain))
    found = np.full(len(texts), None, dtype=object)
    found[plain] = _read(_digits(chosen), _has_plus(chosen), region)
    return pa.array(found, type=pa.string())


def _read(digits: Texts, international: Bools, region: str) -> NDArray[np.object_]:
    """E.164 (or `None`) of texts that are digits only; `international` begin with their country code."""
    found = np.full(len(digits), None, dtype=object)
    if region in phonenumbers.SUPPORTED_REGIONS:
        plan = plan_of(region)
        abroad = ~international & plan.dials_00(digits)
        digits = pc.if_else(pa.array(abroad), pc.utf8_slice_codeunits(digits, 2), digits)
        international = international | abroad
        national = ~international
        with_country = _places(national & plan.has_country_code(digits))
        without = _places(national & plan.is_national(digits))
        found[without] = _read_country(plan, digits.take(pa.array(without)))
        international[with_country] = True
    places = _places(international)
    found[places] = _read_international(digits.take(pa.array(places)))
    return found


def _read_international(digits: Texts) -> NDArray[np.object_]:
    parts = pc.extract_regex(digits, _country_codes())
    countries = np.asarray(pc.fill_null(pc.struct_field(parts, "country"), ""), dtype=object)
    national = pc.fill_null(pc.struct_field(parts, "national"), "")
    found = np.full(len(digits), None, dtype=object)
    for country in set(countries) - {""}:
        places = _places(countries == country)
        main = phonenumbers.region_code_for_country_code(int(country))
        if main in phonenumbers.SUPPORTED_REGIONS:
            found[places] = _read_country(plan_of(main), national.take(pa.array(places)))
    return found


def _read_country(plan: Plan, digits: Texts) -> NDArray[np.object_]:
    """E.164 of digits after the country code, or of national digits, read by one plan."""
    found = np.full(len(digits), None, dtype=object)
    if len(digits) < WORTHWHILE:
        return found
    subscriber = plan.without_trunk_prefix(digits)
    known = np.asarray(pc.is_valid(subscriber))
    subscriber = pc.fill_null(subscriber, "")
    valid = _places(known & is_valid(subscriber, plan.country_code))
    found[valid] = f"+{plan.country_code}" + np.asarray(subscriber.take(pa.array(valid)), dtype=object)
    return found


def is_valid(subscriber: Texts, country_code: int) -> Bools:
    """`phonenumbers.is_valid_number` for national significant numbers of a country code.

    Countries that share a code are asked in its order; one with leading digits of its own decides alone.
    """
    result = np.zeros(len(subscriber), dtype=bool)
    undecided = np.arange(len(subscriber))
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]:
        if not len(undecided):
            break
        plan = plan_of(region)
        asked = subscriber.take(pa.array(undecided))
        valid = plan.is_valid(asked)
        decided = matches(asked, f"^(?:{plan.leading_digits})") if plan.leading_digits else valid
        result[undecided] = valid & decided
        undecided = undecided[~decided]
    return result


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The numbering plan of one region, asked about arrays of digits."""

    metadata: Any

    @property
    def country_code(self) -> int:
        """The calling code."""
        return int(self.metadata.country_code)

    @property
    def leading_digits(self) -> str | None:
        """What the numbers of this region begin with, where it shares its code with others."""
        return self.metadata.leading_digits  # type: ignore[no-any-return]

    @property
    def _general(self) -> str:
        return f"^(?:{self.metadata.general_desc.national_number_pattern})$"

    @property
    def _international_prefix(self) -> str | None:
        return self.metadata.international_prefix  # type: ignore[no-any-return]

    @property
    def _trunk_prefix(self) -> str | None:
        return self.metadata.national_prefix_for_parsing  # type: ignore[no-any-return]

    @cached_property
    def _patterns_by_length(self) -> dict[int, str]:
        """For each possible length the patterns of all kinds of numbers that have it."""
        patterns: dict[int, set[str]] = {length: set() for length in self.metadata.general_desc.possible_length}
        for kind in _KINDS:
            description = getattr(self.metadata, kind)
            if description is None or not description.national_number_pattern:
                continue
            for length in description.possible_length or patterns:
                if length in patterns:
                    patterns[length].add(description.national_number_pattern)
        return {length: f"^(?:{'|'.join(sorted(kinds))})$" for length, kinds in patterns.items() if kinds}

    def is_valid(self, subscriber: Texts) -> Bools:
        """Whether the region has a kind of number that looks like this."""
        result = np.zeros(len(subscriber), dtype=bool)
        lengths = np.asarray(pc.utf8_length(subscriber))
        for length, pattern in self._patterns_by_length.items():
            places = _places(lengths == length)
            if len(places):
                asked = subscriber.take(pa.array(places))
                result[places] = matches(asked, self._general) & matches(asked, pattern)
        return result

    def is_national(self, digits: Texts) -> Bools:
        """Whether `parse` surely takes these for digits without international prefix and country code."""
        lengths = np.asarray(pc.utf8_length(digits))
        possible = np.isin(lengths, self.metadata.general_desc.possible_length) & matches(digits, self._general)
        surely = possible | ~_starts(digits, str(self.country_code))
        return surely & ~self._dials_abroad(digits)

    def has_country_code(self, digits: Texts) -> Bools:
        """Whether `parse` surely recognises the country code of this region though the plus is missing."""
        code = str(self.country_code)
        rest = pc.utf8_slice_codeunits(digits, len(code))
        recognised = _starts(digits, code) & ~matches(digits, self._general) & matches(rest, self._general)
        return recognised & ~self._begins_with_trunk_prefix(rest) & ~self._dials_abroad(digits)

    def dials_00(self, digits: Texts) -> Bools:
        """Whether these begin with `00` for the `+`, as they are dialled in this region."""
        if self._international_prefix != "00":
            return np.zeros(len(digits), bool)
        return matches(digits, "^00[1-9]")

    def without_trunk_prefix(self, digits: Texts) -> Texts:
        """The national significant numbers; null where it takes `parse` to tell."""
        if self._trunk_prefix is None:
            return digits
        begins = self._begins_with_trunk_prefix(digits)
        stripped = pc.replace_substring_regex(digits, f"^(?:{self._trunk_prefix})", "")
        viable = matches(stripped, self._general)
        viable &= np.isin(np.asarray(pc.utf8_length(stripped)), self.metadata.general_desc.possible_length)
        viable &= ~self._rewrites(digits)
        return pc.if_else(pa.array(begins), pc.if_else(pa.array(viable), stripped, None), digits)

    def _rewrites(self, digits: Texts) -> Bools:
        """Whether `parse` makes other digits of these than the trunk prefix taken away, or may do so.

        That is where the last group of the prefix's pattern takes part: it holds a number behind a carrier's code.
        """
        groups = re.compile(self._trunk_prefix or "").groups
        if not groups or not self.metadata.national_prefix_transform_rule:
            return np.zeros(len(digits), dtype=bool)
        numbered = count(1)
        named = re.sub(r"\((?!\?)", lambda _: f"(?P<g{next(numbered)}>", self._trunk_prefix or "")
        parts = pc.extract_regex(digits, f"^(?:{named})")
        return np.asarray(pc.not_equal(pc.fill_null(pc.struct_field(parts, f"g{groups}"), ""), ""))

    def _begins_with_trunk_prefix(self, digits: Texts) -> Bools:
        return matches(digits, f"^(?:{self._trunk_prefix})") if self._trunk_prefix else np.zeros(len(digits), bool)

    def _dials_abroad(self, digits: Texts) -> Bools:
        prefix = self._international_prefix
        return matches(digits, f"^(?:{prefix})") if prefix else np.zeros(len(digits), bool)


@cache
def plan_of(region: str) -> Plan:
    """The plan of a region that libphonenumber knows."""
    return Plan(metadata=PhoneMetadata.metadata_for_region(region))


def matches(texts: Texts, pattern: str) -> Bools:
    """Where the pattern occurs."""
    return np.asarray(pc.match_substring_regex(texts, pattern))


def _starts(texts: Texts, prefix: str) -> Bools:
    return np.asarray(pc.starts_with(texts, prefix))


def _digits(texts: Texts) -> Texts:
    return pc.replace_substring_regex(texts, "[^0-9]", "")


def _has_plus(texts: Texts) -> Bools:
    return np.asarray(pc.match_substring(texts, "+"))


def _places(mask: Bools) -> NDArray[np.intp]:
    return np.flatnonzero(mask)


@cache
def _country_codes() -> str:
    # No country code is the beginning of another, so at most one fits.
    codes = "|".join(str(code) for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
    return f"^(?P<country>{codes})(?P<national>[0-9]+)$"
