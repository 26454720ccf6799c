"""Which country phone numbers without a country code are from, as far as the numbers show it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import phonenumbers

from importer.mapping.values.phone import read_phone
from importer.mapping.values.phone_regions import region_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_FIRST_LOOK: Final = 30
_SECOND_LOOK: Final = 300
_SHORT_LIST: Final = 8
_AS_GOOD: Final = 0.05
"""Countries whose share of valid numbers is no more than this below the best are as likely as it is."""
_ENOUGH: Final = 0.5
_ENOUGH_ALONE: Final = 0.85
_FEW: Final = 3
"""Fewer numbers than this, and less of them valid than `_ENOUGH_ALONE`, decide nothing where nothing else does."""
_INTERNATIONAL: Final = re.compile(r"\s*(?:\+|00)\s?\d")
_AMERICAN: Final = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?:\D.*)?")

_USUAL_ORDER: Final = "IN US BR MX GB DE ES FR IT CO AR CL PE PT AE SA SG AU ZA NG KE PK BD ID PH MY TR PL NL"
_USUAL: Final = tuple(_USUAL_ORDER.split())
"""In this order where nothing else decides."""

TIMEZONES: Final = {
    "IN": "Asia/Kolkata", "GB": "Europe/London", "DE": "Europe/Berlin", "FR": "Europe/Paris", "IT": "Europe/Rome",
    "AT": "Europe/Vienna", "CH": "Europe/Zurich", "NL": "Europe/Amsterdam", "BE": "Europe/Brussels",
    "PL": "Europe/Warsaw", "IE": "Europe/Dublin", "SE": "Europe/Stockholm", "DK": "Europe/Copenhagen",
    "NO": "Europe/Oslo", "FI": "Europe/Helsinki", "CZ": "Europe/Prague", "RO": "Europe/Bucharest",
    "GR": "Europe/Athens", "HU": "Europe/Budapest", "TR": "Europe/Istanbul", "IL": "Asia/Jerusalem",
    "AE": "Asia/Dubai", "SA": "Asia/Riyadh", "QA": "Asia/Qatar", "KW": "Asia/Kuwait", "PK": "Asia/Karachi",
    "BD": "Asia/Dhaka", "LK": "Asia/Colombo", "NP": "Asia/Kathmandu", "SG": "Asia/Singapore", "HK": "Asia/Hong_Kong",
    "TH": "Asia/Bangkok", "VN": "Asia/Ho_Chi_Minh", "PH": "Asia/Manila", "JP": "Asia/Tokyo", "KR": "Asia/Seoul",
    "ZA": "Africa/Johannesburg", "NG": "Africa/Lagos", "KE": "Africa/Nairobi", "EG": "Africa/Cairo",
    "CO": "America/Bogota", "PE": "America/Lima", "AR": "America/Argentina/Buenos_Aires",
}  # fmt: skip
"""Countries where one time zone holds for everybody, or nearly so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionGuess:
    """The country of numbers without a country code: `fits` of the `looked_at` distinct ones are valid there.

    `region` is `""` where nothing is known, and not to be used unless it is `sure`. In the `rivals` nearly as many are
    valid. `evidence` is what else points to the country, in words.
    """

    region: str = ""
    sure: bool = True
    fits: int = 0
    looked_at: int = 0
    rivals: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What else points to a country: the cells of a country column, and e-mail addresses."""

    countries: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


def guess_region(numbers: Sequence[pd.Series[str]], hints: Hints) -> RegionGuess:
    """The country whose numbers these are."""
    texts = [text for series in numbers for text in series.tolist()]
    national = [text for text in texts if not _INTERNATIONAL.match(text)]
    evidence = _evidence([text for text in texts if _INTERNATIONAL.match(text)], national, hints)
    if not national:
        likeliest = next(iter(evidence), "")
        return RegionGuess(region=likeliest, evidence=evidence.get(likeliest, ""))
    looked_at = _spread(national, _SECOND_LOOK)
    if hints.countries and evidence:
        # The row's own country decides; this one is for rows without, and there are no better grounds for it.
        region = next(iter(evidence))
        fits = _shares(looked_at, [region])[region]
        return RegionGuess(region=region, fits=fits, looked_at=len(looked_at), evidence=evidence[region])
    first_look = _shares(_spread(national, _FIRST_LOOK), _main_regions())
    order = sorted(first_look, key=lambda region: (-first_look[region], _usual_place(region)))
    shares = _shares(looked_at, dict.fromkeys([*order[:_SHORT_LIST], *evidence]))
    best = max(shares.values())
    near = [region for region, fits in shares.items() if fits >= best - _AS_GOOD * len(looked_at)]
    written = {region: _written_as_in(looked_at, region) for region in near}
    chosen = min(
        near, key=lambda region: (region not in evidence, -written[region], -shares[region], _usual_place(region))
    )
    code = phonenumbers.country_code_for_region(chosen)
    rivals = [region for region in near if phonenumbers.country_code_for_region(region) != code]
    count = len(looked_at)
    if chosen in evidence:
        sure = shares[chosen] >= _ENOUGH * count
    else:
        likely = chosen in _USUAL or written[chosen] >= _ENOUGH * count
        sure = likely and count >= _FEW and shares[chosen] >= _ENOUGH_ALONE * count
    chosen = chosen if sure else next(iter(evidence), chosen)
    return RegionGuess(
        region=chosen,
        sure=sure,
        fits=shares[chosen],
        looked_at=len(looked_at),
        rivals=tuple(sorted(rivals, key=lambda region: (-shares[region], _usual_place(region)))),
        evidence=evidence.get(chosen, ""),
    )


def _evidence(international: Sequence[str], national: Sequence[str], hints: Hints) -> dict[str, str]:
    """Countries that something besides the national numbers points to, the strongest first, and what that is."""
    by_country = Counter(code for cell in hints.countries if (code := region_code(cell)))
    by_prefix = Counter(code for text in _spread(international, _SECOND_LOOK) if (code := _country_of(text)))
    by_email = Counter(code for email in hints.emails if (code := _country_of_address(email)))
    found: dict[str, str] = {}
    for counts, words in (
        (by_country, "the country that most rows name"),
        (by_prefix, "most numbers with a country code are from there"),
        (by_email, "e-mail addresses end so"),
    ):
        for code, _ in counts.most_common(1):
            found.setdefault(code, words)
    if 2 * sum(_AMERICAN.fullmatch(text) is not None for text in national) > len(national):
        found.setdefault("US", "they are written as in North America")
    return found


def _country_of(text: str) -> str:
    valid = read_phone(re.sub(r"^\s*00", "+", text), "ZZ")
    if not isinstance(valid, str):
        return ""
    return phonenumbers.region_code_for_number(phonenumbers.parse(valid)) or ""


def _country_of_address(email: str) -> str:
    ending = email.rpartition(".")[2].upper()
    ending = "GB" if ending == "UK" else ending
    return ending if ending in _main_regions() and ending not in {"CO", "IO", "ME", "TV", "AI", "AC"} else ""


def _shares(texts: Sequence[str], regions: Iterable[str]) -> dict[str, int]:
    """How many of the texts are valid numbers of each region."""
    return {region: sum(isinstance(read_phone(text, region), str) for text in texts) for region in regions}


def _written_as_in(texts: Sequence[str], region: str) -> int:
    """How many of the texts are grouped as the country groups its digits."""
    same = 0
    for text in texts:
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        usual = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        same += re.findall(r"\d+", usual) == re.findall(r"\d+", text)
    return same


def _spread(texts: Sequence[str], count: int) -> Sequence[str]:
    """So many of the texts from all over the list."""
    return texts[:: max(1, -(-len(texts) // count))]


def _usual_place(region: str) -> int:
    return _USUAL.index(region) if region in _USUAL else len(_USUAL)


@cache
def _main_regions() -> tuple[str, ...]:
    """One country for each country code: the others of the code would read the same numbers."""
    mains = {phonenumbers.region_code_for_country_code(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    return tuple(sorted(mains & phonenumbers.SUPPORTED_REGIONS))
