"""The numbering plan of one region, asked about whole columns of digits.

Everything here is derived from the metadata of libphonenumber that `phonenumbers.parse` and `is_valid_number` use.
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
Places = NDArray[np.intp]
Texts = Any
"""An Arrow array of texts without nulls."""

_KINDS: Final = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number"),
    *("pager", "uan", "voicemail", "fixed_line", "mobile"),
)


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
            places = places_of(lengths == length)
            if len(places):
                asked = subscriber.take(pa.array(places))
                result[places] = matches(asked, self._general) & matches(asked, pattern)
        return result

    def is_national(self, digits: Texts) -> Bools:
        """Whether these surely are digits without international prefix and country code, to `parse` and to a person."""
        surely = ~self._dials_abroad(digits)
        coded = places_of(surely & _starts(digits, str(self.country_code)))
        doubtful = digits.take(pa.array(coded))
        lengths = np.asarray(pc.utf8_length(doubtful))
        possible = np.isin(lengths, self.metadata.general_desc.possible_length) & matches(doubtful, self._general)
        rest = pc.utf8_slice_codeunits(doubtful, len(str(self.country_code)))
        two_readings = matches(rest, self._general) | self._begins_with_trunk_prefix(rest)
        surely[coded[~possible | two_readings]] = False
        return surely

    def has_country_code(self, digits: Texts) -> Bools:
        """Whether `parse` surely recognises the country code of this region though the plus is missing."""
        code = str(self.country_code)
        recognised = _starts(digits, code)
        places = places_of(recognised)
        coded = digits.take(pa.array(places))
        rest = pc.utf8_slice_codeunits(coded, len(code))
        surely = ~matches(coded, self._general) & matches(rest, self._general)
        recognised[places] = surely & ~self._begins_with_trunk_prefix(rest) & ~self._dials_abroad(coded)
        return recognised

    def surely_refuses(self, digits: Texts) -> Bools:
        """Whether these surely are no valid number, if they are read as one of this region."""
        subscriber = self.without_trunk_prefix(digits)
        known: Bools = self.is_national(digits) & np.asarray(pc.is_valid(subscriber))
        return known & ~is_valid(pc.fill_null(subscriber, ""), self.country_code)

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
        places = places_of(begins)
        if not len(places):
            return digits
        prefixed = digits.take(pa.array(places))
        stripped = pc.replace_substring_regex(prefixed, f"^(?:{self._trunk_prefix})", "")
        viable = matches(stripped, self._general)
        viable &= np.isin(np.asarray(pc.utf8_length(stripped)), self.metadata.general_desc.possible_length)
        viable &= ~self._rewrites(prefixed)
        return pc.replace_with_mask(digits, pa.array(begins), pc.if_else(pa.array(viable), stripped, None))

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


def matches(texts: Texts, pattern: str) -> Bools:
    """Where the pattern occurs."""
    return np.array(pc.match_substring_regex(texts, pattern))


def _starts(texts: Texts, prefix: str) -> Bools:
    return np.array(pc.starts_with(texts, prefix))


def places_of(mask: Bools) -> Places:
    """Where it is true."""
    return np.flatnonzero(mask)
