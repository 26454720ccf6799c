"""Invented people and their telephone numbers, for the samples.

The numbers of GB, US and DE come from the ranges that their authorities keep free for films and books (Ofcom:
020 7946 0xxx; NANPA: 555-01xx; Bundesnetzagentur: 030 23125 xxx). IN, AE and SG have none; theirs lie around the
example numbers of libphonenumber.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country as lists write it. In `national` and `bracketed`, `{}` is a serial number of `digits` digits."""

    code: str
    names: tuple[str, ...]
    cities: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    calling: str
    significant: str
    national: str
    bracketed: str
    digits: int = 3

    def number(self, serial: int) -> str:
        """The digits behind the calling code."""
        return self.significant.format(f"{serial:0{self.digits}d}")

    def phone(self, serial: int, style: int) -> str | float:
        """The number as a person, or a spreadsheet, wrote it in one of `STYLES` ways."""
        digits, last = self.number(serial), f"{serial:0{self.digits}d}"
        written = (
            f"+{self.calling} {digits[:-5]} {digits[-5:]}",
            f"+{self.calling}{digits}",
            self.national.format(last),
            self.bracketed.format(last),
            float(self.calling + digits),
            float(digits),
            f"+{self.calling}-{digits[:-6]}-{digits[-6:]}",
            f" {self.national.format(last).replace(' ', '')} ",
        )
        return written[style]


STYLES: Final = 8
"""Ways to write a number: international with spaces or without, national, with brackets, as a number, …"""

INDIA: Final = Country(
    code="IN",
    names=("India", "IN", "india", "IND"),
    cities=("Mumbai", "Pune", "Bengaluru", "Chennai", "Jaipur", "Kochi"),
    given=("Aarav", "Priya", "Rohan", "Meera", "Kabir", "Ishita", "Dev", "Nandini", "Vikram", "Tara"),
    family=("Patwardhan", "Menon", "Kulkarni", "Bhatia", "Chaudhary", "Iyengar", "Sethi", "Deshmukh", "Banerjee"),
    calling="91",
    significant="8123456{}",
    national="081234 56{}",
    bracketed="(0) 81234-56{}",
)
UNITED_STATES: Final = Country(
    code="US",
    names=("USA", "US", "United States"),
    cities=("Chicago", "Washington", "Boston", "Denver"),
    given=("Grace", "Marcus", "Olivia", "Theodore", "Naomi", "Wesley"),
    family=("Whitfield", "O'Rourke", "Castellano", "Beaumont", "McAllister"),
    calling="1",
    significant="20255501{}",
    national="202-555-01{}",
    bracketed="(202) 555-01{}",
    digits=2,
)
BRITAIN: Final = Country(
    code="GB",
    names=("UK", "GB", "United Kingdom"),
    cities=("London", "Bristol", "Leeds"),
    given=("Imogen", "Alistair", "Beatrix", "Rupert", "Cordelia"),
    family=("Pemberton", "Ashworth-Lane", "Thistlewood", "Fairbairn"),
    calling="44",
    significant="2079460{}",
    national="020 7946 0{}",
    bracketed="(020) 7946 0{}",
)
EMIRATES: Final = Country(
    code="AE",
    names=("UAE", "AE", "United Arab Emirates"),
    cities=("Dubai", "Abu Dhabi", "Sharjah"),
    given=("Layla", "Omar", "Noura", "Faisal"),
    family=("Al Hashimi", "Haddad", "Al Suwaidi", "Rahmani"),
    calling="971",
    significant="501234{}",
    national="050 123 4{}",
    bracketed="(050) 1234{}",
)
SINGAPORE: Final = Country(
    code="SG",
    names=("Singapore", "SG"),
    cities=("Singapore",),
    given=("Wei Ling", "Jun Hao", "Siti", "Arjun"),
    family=("Tan", "Lim", "Koh", "Rahim"),
    calling="65",
    significant="81234{}",
    national="8123 4{}",
    bracketed="(8123) 4{}",
)
GERMANY: Final = Country(
    code="DE",
    names=("Germany", "DE", "Deutschland"),
    cities=("Berlin", "Köln", "München", "Düsseldorf"),
    given=("Jürgen", "Anneliese", "Björn", "Käthe", "Matthäus"),
    family=("Weißgerber", "Oberländer", "von der Heide", "Krämer"),
    calling="49",
    significant="3023125{}",
    national="030 23125 {}",
    bracketed="(030) 23125-{}",
)
COUNTRIES: Final = {country.code: country for country in (INDIA, UNITED_STATES, BRITAIN, EMIRATES, SINGAPORE, GERMANY)}


class Dice:
    """Choices that are the same on every machine and Python version: only `Random.random` promises that."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._given_out: Counter[str] = Counter()

    def phone(self, country: Country, styles: int = STYLES) -> str | float:
        """A number that nobody else has, in one of the first so many styles."""
        self._given_out[country.code] += 1
        return country.phone(self._given_out[country.code], self.below(styles))

    def below(self, limit: int) -> int:
        """A whole number from 0, below `limit`."""
        return int(self._random.random() * limit)

    def one_of(self, choices: Sequence[T]) -> T:
        """One of the choices; one that stands there twice comes twice as often."""
        return choices[self.below(len(choices))]
