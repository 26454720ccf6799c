"""An accelerator: numbering plans as patterns over whole columns, for the numbers that need no closer look.

`e164_by_column` reads the numbers that are written plainly (digits, spaces, brackets, dots, hyphens, one slash) and for
which it can be derived from libphonenumber's own metadata that `phonenumbers.parse` and `is_valid_number` accept them.
It never refuses a number: what it does not know is left to `phonenumbers` itself, as every number is without it. It can
be deleted together with the one call in `mapping/values/phone.py`.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from phonenumbers import PhoneMetadata

from importer.model.texts import TEXT, joined, text_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
Texts = Any
"""An Arrow array of texts without nulls."""

WORTHWHILE: Final = 40
"""Fewer numbers of one country than this are read faster one by one than by compiling the country's patterns."""

_LONGEST: Final = 42
"""Longer texts are not plain. Arrow compiles a pattern at every call, and a counted repetition is slow to compile."""

_PLAIN: Final = r"^\(?\+?[0-9(][0-9 ().\-]+$"
_FLOAT: Final = r"^\+?[0-9]+\.0+$"
_SLASHED: Final = r"^[0-9(][0-9 ().\-]*/[0-9 ().\-]*$"

_KINDS: Final = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number"),
    *("pager", "uan", "voicemail", "fixed_line", "mobile"),
)


def e164_by_column(texts: Texts, countries: Sequence[str], of_row: Places) -> Texts:
    """E.164 for the numbers that are plainly valid, each one of its row's country; else null.

    `of_row` holds for each row which of the `countries` it has. Numbers with a plus have their country themselves.
    """
    is_short = np.asarray(pc.less_equal(pc.binary_length(texts), _LONGEST))
    plain = is_short & _matches(texts, _PLAIN) & ~_matches(texts, _FLOAT)
    slashed = is_short & _matches(texts, _SLASHED)
    international = plain & _matches(texts, r"^\(?\+")
    found: list[tuple[Places, Texts]] = []
    places = np.flatnonzero(international)
    abroad = [(places, _digits_of(texts.take(pa.array(places))))]
    for country, region in enumerate(countries):
        if region not in phonenumbers.SUPPORTED_REGIONS:
            continue
        plan, ours = _plan_of(region), of_row == country
        places = np.flatnonzero(ours & (plain & ~international | _with_one_number(texts, slashed & ours, plan)))
        digits = _digits_of(texts.take(pa.array(places)))
        national, by_00, coded = plan.is_national(digits), plan.dials_00(digits), plan.has_country_code(digits)
        found += _read(plan, places[national], digits.filter(pa.array(national)))
        abroad.append((places[by_00], pc.utf8_slice_codeunits(digits.filter(pa.array(by_00)), 2)))
        abroad.append((places[coded], digits.filter(pa.array(coded))))
    found += _read_international(np.concatenate([each for each, _ in abroad]), pa.concat_arrays([t for _, t in abroad]))
    e164 = pa.concat_arrays([pa.array([], TEXT), *(read for _, read in found)])
    places = np.concatenate([np.zeros(0, dtype=np.intp), *(each for each, _ in found)])
    order = np.full(len(texts), -1)
    order[places] = np.arange(len(places))
    return e164.take(pa.array(order, mask=order < 0))


def _with_one_number(texts: Texts, slashed: Bools, plan: Plan) -> Bools:
    """Where the part before the slash or the part after it surely is no number by itself.

    `0151/23456789` is one number; `030 123456/7654321` are two.
    """
    if slashed.any():
        pieces = pc.split_pattern(texts.filter(pa.array(slashed)), "/")
        before, behind = (plan.surely_refuses(_digits_of(pc.list_element(pieces, at))) for at in (0, 1))
        slashed[slashed] = before | behind
    return slashed


def _read_international(places: Places, digits: Texts) -> list[tuple[Places, Texts]]:
    """E.164 of digits that begin with their country code."""
    found: list[tuple[Places, Texts]] = []
    first = pc.utf8_rpad(pc.utf8_slice_codeunits(digits, 0, 3), 3, "0").cast(pa.int64())
    codes = _codes_by_first_digits()[np.asarray(first)]
    for code in np.unique(codes[codes > 0]).tolist():
        main = phonenumbers.region_code_for_country_code(code)
        ours = (codes == code) & np.asarray(pc.greater(pc.utf8_length(digits), len(str(code))))
        if main in phonenumbers.SUPPORTED_REGIONS:
            subscriber = pc.utf8_slice_codeunits(digits.filter(pa.array(ours)), len(str(code)))
            found += _read(_plan_of(main), places[ours], subscriber)
    return found


def _read(plan: Plan, places: Places, digits: Texts) -> list[tuple[Places, Texts]]:
    """E.164 of digits after the country code, or of national digits, read by one plan."""
    if len(digits) < WORTHWHILE:
        return []
    subscriber = plan.without_trunk_prefix(digits)
    valid = np.asarray(pc.is_valid(subscriber)) & _is_valid(pc.fill_null(subscriber, ""), plan.country_code)
    return [(places[valid], joined(f"+{plan.country_code}", subscriber.filter(pa.array(valid))))]


def _is_valid(subscriber: Texts, country_code: int) -> Bools:
    """`phonenumbers.is_valid_number` for national significant numbers of a country code.

    Countries that share a code are asked in its order; one with leading digits of its own decides alone.
    """
    result = np.zeros(len(subscriber), dtype=bool)
    undecided = np.arange(len(subscriber))
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]:
        if not len(undecided):
            break
        plan = _plan_of(region)
        asked = subscriber.take(pa.array(undecided))
        valid = plan.has_kind(asked)
        decided = _begins(asked, plan.leading_digits) if plan.leading_digits else valid
        result[undecided] = valid & decided
        undecided = undecided[~decided]
    return result


class Plan:
    """The numbering plan of one region, asked about arrays of digits.

    Everything here is derived from the metadata that `phonenumbers.parse` and `is_valid_number` use. `leading_digits`
    is what the numbers of the region begin with, where it shares its country code with others.
    """

    def __init__(self, region: str) -> None:
        metadata: Any = PhoneMetadata.metadata_for_region(region)
        self.country_code = int(metadata.country_code)
        self.leading_digits: str | None = metadata.leading_digits
        self._international_prefix: str | None = metadata.international_prefix
        self._trunk_prefix: str | None = metadata.national_prefix_for_parsing
        self._transforms = bool(metadata.national_prefix_transform_rule)
        self._general = f"^(?:{metadata.general_desc.national_number_pattern})$"
        self._lengths: tuple[int, ...] = metadata.general_desc.possible_length
        self._patterns: dict[int, set[str]] = {length: set() for length in self._lengths}
        for description in (getattr(metadata, kind) for kind in _KINDS):
            if description is not None and description.national_number_pattern:
                for length in self._patterns.keys() & (description.possible_length or self._lengths):
                    self._patterns[length].add(description.national_number_pattern)

    def has_kind(self, subscriber: Texts) -> Bools:
        """Whether the region has a kind of number that looks like this."""
        result = np.zeros(len(subscriber), dtype=bool)
        lengths = np.asarray(pc.utf8_length(subscriber))
        for length, kinds in self._patterns.items():
            places = np.flatnonzero(lengths == length)
            if kinds and len(places):
                asked = subscriber.take(pa.array(places))
                result[places] = _matches(asked, self._general) & _matches(asked, f"^(?:{'|'.join(sorted(kinds))})$")
        return result

    def is_national(self, digits: Texts) -> Bools:
        """Whether these surely are digits without international prefix and country code, to `parse` and to people."""
        surely = ~_begins(digits, self._international_prefix)
        places = np.flatnonzero(surely & _begins(digits, str(self.country_code)))
        coded = digits.take(pa.array(places))
        rest = pc.utf8_slice_codeunits(coded, len(str(self.country_code)))
        two_readings = _matches(rest, self._general) | _begins(rest, self._trunk_prefix)
        surely[places[~self._is_possible(coded) | two_readings]] = False
        return surely

    def has_country_code(self, digits: Texts) -> Bools:
        """Whether `parse` surely recognizes the country code of this region though the plus is missing."""
        recognized = _begins(digits, str(self.country_code))
        places = np.flatnonzero(recognized)
        coded = digits.take(pa.array(places))
        rest = pc.utf8_slice_codeunits(coded, len(str(self.country_code)))
        surely = ~_matches(coded, self._general) & _matches(rest, self._general)
        surely &= ~_begins(rest, self._trunk_prefix) & ~_begins(coded, self._international_prefix)
        recognized[places] = surely
        return recognized

    def surely_refuses(self, digits: Texts) -> Bools:
        """Whether these surely are no valid number, if they are read as one of this region."""
        subscriber = self.without_trunk_prefix(digits)
        known: Bools = self.is_national(digits) & np.asarray(pc.is_valid(subscriber))
        return known & ~_is_valid(pc.fill_null(subscriber, ""), self.country_code)

    def dials_00(self, digits: Texts) -> Bools:
        """Whether these begin with `00` for the `+`, as they are dialed in this region."""
        return _begins(digits, "00[1-9]" if self._international_prefix == "00" else None)

    def without_trunk_prefix(self, digits: Texts) -> Texts:
        """The national significant numbers; null where only `parse` can decide."""
        begins = _begins(digits, self._trunk_prefix)
        if not begins.any():
            return digits
        prefixed = digits.filter(pa.array(begins))
        stripped = pc.replace_substring_regex(prefixed, f"^(?:{self._trunk_prefix})", "")
        viable = self._is_possible(stripped) & ~self._rewrites(prefixed)
        return pc.replace_with_mask(digits, pa.array(begins), pc.if_else(pa.array(viable), stripped, None))

    def _is_possible(self, digits: Texts) -> Bools:
        return _matches(digits, self._general) & np.isin(np.asarray(pc.utf8_length(digits)), self._lengths)

    def _rewrites(self, digits: Texts) -> Bools:
        """Whether `parse` makes other digits of these than the trunk prefix taken away, or may do so.

        That is where the last group of the prefix's pattern takes part: it holds a number behind a carrier's code.
        """
        groups = re.compile(self._trunk_prefix or "").groups
        if not groups or not self._transforms:
            return np.zeros(len(digits), dtype=bool)
        numbered = count(1)
        named = re.sub(r"\((?!\?)", lambda _: f"(?P<g{next(numbered)}>", self._trunk_prefix or "")
        parts = pc.extract_regex(digits, f"^(?:{named})")
        return np.asarray(pc.not_equal(pc.fill_null(pc.struct_field(parts, f"g{groups}"), ""), ""))


_plan_of = cache(Plan)


def _matches(texts: Texts, pattern: str) -> Bools:
    return np.array(pc.match_substring_regex(texts, pattern))


def _begins(texts: Texts, pattern: str | None) -> Bools:
    return _matches(texts, f"^(?:{pattern})") if pattern else np.zeros(len(texts), dtype=bool)


def _digits_of(texts: Texts) -> Texts:
    """The digits of ASCII texts."""
    offsets, octets = text_bytes(texts)
    octets = octets[offsets[0] : offsets[-1]]
    is_digit = (octets >= ord("0")) & (octets <= ord("9"))
    before = np.concatenate([[0], np.cumsum(is_digit)])
    kept = pa.py_buffer(octets[is_digit].tobytes())
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(before[offsets - offsets[0]].tobytes()), kept)


@cache
def _codes_by_first_digits() -> NDArray[np.int64]:
    """The country code that three digits begin with, 0 for none. No code is the beginning of another."""
    codes = np.zeros(1000, dtype=np.int64)
    for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        span = 10 ** (3 - len(str(code)))
        codes[code * span : (code + 1) * span] = code
    return codes
