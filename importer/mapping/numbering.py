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
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from phonenumbers import PhoneMetadata

from importer.model.octets import octets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
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


@dataclass(frozen=True, slots=True)
class Found:
    """E.164 for some places of a column."""

    places: Places
    texts: Texts

    def of(self, places: Places) -> Found:
        """The same, where the column was only these places of a larger one."""
        return Found(places[self.places], self.texts)


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
    found = pa.chunked_array([part.texts for part in parts], pa.large_string()).combine_chunks()
    return found.take(pa.array(taken, mask=missing))


def found_plainly(texts: Texts, region: str) -> list[Found]:
    """What is plainly a valid number of `region`, or one with its country code."""
    texts = texts.cast(pa.large_string())
    plain = _places(matches(texts, _PLAIN) & ~matches(texts, _FLOAT))
    chosen = texts.take(pa.array(plain))
    return [part.of(plain) for part in _read(digits_of(chosen), _has_plus(chosen), region)]


def _read(digits: Texts, international: Bools, region: str) -> Iterator[Found]:
    """E.164 of texts that are digits only; `international` begin with their country code."""
    if region in phonenumbers.SUPPORTED_REGIONS:
        plan = plan_of(region)
        abroad = ~international & plan.dials_00(digits)
        if abroad.any():
            digits = pc.if_else(pa.array(abroad), pc.utf8_slice_codeunits(digits, 2), digits)
            international = international | abroad
        places = _places(~international)
        national = digits.take(pa.array(places))
        without = _places(plan.is_national(national))
        yield from (part.of(places[without]) for part in _read_country(plan, national.take(pa.array(without))))
        international[places[plan.has_country_code(national)]] = True
    places = _places(international)
    yield from (part.of(places) for part in _read_international(digits.take(pa.array(places))))


def _read_international(digits: Texts) -> Iterator[Found]:
    countries = _country_codes_of(digits)
    for country in np.unique(countries[countries > 0]).tolist():
        places = _places(countries == country)
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
    valid = _places(known & is_valid(subscriber, plan.country_code))
    code = pa.scalar(f"+{plan.country_code}", pa.large_string())
    empty = pa.scalar("", pa.large_string())
    yield Found(valid, pc.binary_join_element_wise(code, subscriber.take(pa.array(valid)), empty))


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
        surely = ~self._dials_abroad(digits)
        coded = _places(surely & _starts(digits, str(self.country_code)))
        doubtful = digits.take(pa.array(coded))
        lengths = np.asarray(pc.utf8_length(doubtful))
        possible = np.isin(lengths, self.metadata.general_desc.possible_length) & matches(doubtful, self._general)
        surely[coded[~possible]] = False
        return surely

    def has_country_code(self, digits: Texts) -> Bools:
        """Whether `parse` surely recognises the country code of this region though the plus is missing."""
        code = str(self.country_code)
        recognised = _starts(digits, code)
        places = _places(recognised)
        coded = digits.take(pa.array(places))
        rest = pc.utf8_slice_codeunits(coded, len(code))
        surely = ~matches(coded, self._general) & matches(rest, self._general)
        recognised[places] = surely & ~self._begins_with_trunk_prefix(rest) & ~self._dials_abroad(coded)
        return recognised

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
        places = _places(begins)
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


def matches(texts: Texts, pattern: str) -> Bools:
    """Where the pattern occurs."""
    return np.array(pc.match_substring_regex(texts, pattern))


def digits_of(texts: Texts) -> Texts:
    """The digits of ASCII texts."""
    offsets, octets = octets_of(texts)
    octets = octets[offsets[0] : offsets[-1]]
    is_digit = (octets >= ord("0")) & (octets <= ord("9"))
    before = np.concatenate([[0], np.cumsum(is_digit)])
    kept = pa.py_buffer(octets[is_digit].tobytes())
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(before[offsets - offsets[0]].tobytes()), kept)


def _starts(texts: Texts, prefix: str) -> Bools:
    return np.array(pc.starts_with(texts, prefix))


def _has_plus(texts: Texts) -> Bools:
    return np.array(pc.match_substring(texts, "+"))


def _places(mask: Bools) -> Places:
    return np.flatnonzero(mask)


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
