"""Which country phone numbers without a country code are of, as far as the numbers tell."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import phonenumbers

from importer.mapping.phone import read_phone
from importer.mapping.regions import region_code

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_FIRST_LOOK: Final = 30
_SECOND_LOOK: Final = 300
_SHORT_LIST: Final = 8
_AS_GOOD: Final = 0.1
"""Countries whose share of valid numbers is no more than this below the best are as likely as it is."""
_ENOUGH: Final = 0.5
_INTERNATIONAL: Final = re.compile(r"\s*(?:\+|00)\d?")

USUAL: Final = tuple("IN US BR MX GB DE ES FR IT CO AR CL PE PT AE SA SG AU ZA NG KE PK BD ID PH MY TR PL NL".split())
"""In this order where numbers alone cannot tell, and nothing else does."""

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

    `region` is `""` where there is none to tell it by. `rivals` are countries where nearly as many are valid.
    `evidence` says in words what else spoke for the country.
    """

    region: str = ""
    fits: int = 0
    looked_at: int = 0
    rivals: tuple[str, ...] = ()
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What else tells a country: the cells of a country column, and e-mail addresses."""

    countries: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


def guess_region(numbers: Sequence[pd.Series[str]], hints: Hints) -> RegionGuess:
    """The country whose numbers these are."""
    texts = [text for series in numbers for text in series.tolist()]
    national = [text for text in texts if not _INTERNATIONAL.match(text)]
    spoken_for = _spoken_for([text for text in texts if _INTERNATIONAL.match(text)], hints)
    if not national:
        most = next(iter(spoken_for), "")
        return RegionGuess(region=most, evidence=spoken_for.get(most, ""))
    shares = _shares(_spread(national, _SECOND_LOOK), _short_list(national, spoken_for))
    best = max(shares.values())
    if best < _ENOUGH * min(len(national), _SECOND_LOOK):
        return RegionGuess(looked_at=min(len(national), _SECOND_LOOK), fits=best)
    near = [region for region, fits in shares.items() if fits >= best - _AS_GOOD * min(len(national), _SECOND_LOOK)]
    chosen = min(near, key=lambda region: (region not in spoken_for, -shares[region], _usual_place(region)))
    return RegionGuess(
        region=chosen,
        fits=shares[chosen],
        looked_at=min(len(national), _SECOND_LOOK),
        rivals=tuple(region for region in sorted(near, key=lambda each: -shares[each]) if region != chosen),
        evidence=spoken_for.get(chosen, ""),
    )


def _spoken_for(international: Iterable[str], hints: Hints) -> dict[str, str]:
    """Countries that something but the national numbers speaks for, the strongest first, and what that is."""
    by_country = Counter(code for cell in hints.countries if (code := region_code(cell)))
    by_prefix = Counter(code for text in _spread(list(international), _SECOND_LOOK) if (code := _country_of(text)))
    by_email = Counter(code for email in hints.emails if (code := _country_of_address(email)))
    found: dict[str, str] = {}
    for counts, words in (
        (by_country, "the country column mostly says so"),
        (by_prefix, "most numbers with a country code are from there"),
        (by_email, "e-mail addresses end so"),
    ):
        for code, _ in counts.most_common(1):
            found.setdefault(code, words)
    return found


def _country_of(text: str) -> str:
    valid = read_phone(text, "ZZ") if text.lstrip().startswith("+") else ""
    if not isinstance(valid, str) or not valid:
        return ""
    return phonenumbers.region_code_for_number(phonenumbers.parse(valid)) or ""


def _country_of_address(email: str) -> str:
    ending = email.rpartition(".")[2].upper()
    ending = "GB" if ending == "UK" else ending
    return ending if ending in _main_regions() and ending not in {"CO", "IO", "ME", "TV", "AI", "AC"} else ""


def _short_list(national: list[str], spoken_for: dict[str, str]) -> list[str]:
    first = _shares(_spread(national, _FIRST_LOOK), _main_regions())
    order = sorted(first, key=lambda region: (-first[region], _usual_place(region)))
    return list(dict.fromkeys([*order[:_SHORT_LIST], *(region for region in spoken_for if region in first)]))


def _shares(texts: list[str], regions: Iterable[str]) -> dict[str, int]:
    """How many of the texts are valid numbers of each region."""
    return {region: sum(isinstance(read_phone(text, region), str) for text in texts) for region in regions}


def _spread(texts: list[str], count: int) -> list[str]:
    """So many of the texts from all over the list."""
    return texts[:: max(1, -(-len(texts) // count))]


def _usual_place(region: str) -> int:
    return USUAL.index(region) if region in USUAL else len(USUAL)


@cache
def _main_regions() -> tuple[str, ...]:
    """One country for each country code: the others of the code would read the same numbers."""
    mains = {phonenumbers.region_code_for_country_code(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    return tuple(sorted(mains & phonenumbers.SUPPORTED_REGIONS))
