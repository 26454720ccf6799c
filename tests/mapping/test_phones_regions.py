"""Countries as people write them."""

import phonenumbers
import pytest

from importer.mapping.values.phone_regions import region_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("IN", "IN"),
        ("in", "IN"),
        (" India ", "IN"),
        ("IND", "IN"),
        ("भारत", "IN"),
        ("+91", "IN"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("united states of america", "US"),
        ("Estados Unidos", "US"),
        ("+1", "US"),
        ("UK", "GB"),
        ("Great Britain", "GB"),
        ("Deutschland", "DE"),
        ("Allemagne", "DE"),
        ("Germania", "DE"),
        ("México", "MX"),
        ("Mexico", "MX"),
        ("Côte d’Ivoire", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("Türkiye", "TR"),
        ("Trinidad & Tobago", "TT"),
        ("Korea, Republic of", "KR"),
        ("Suíça", "CH"),
    ],
)
def test_a_country(text: str, code: str) -> None:
    assert region_code(text) == code


@pytest.mark.parametrize("text", ["", "Atlantis", "91", "Korea", "ZZ", "+", "+999", "+800", "??", "Europe"])
def test_no_country(text: str) -> None:
    # `91` could be a calling code, and `356` is Malta's as well as India's number in ISO 3166.
    assert region_code(text) is None


@pytest.mark.parametrize("text", ["D", "A", "E", "F", "I", "S", "GER", "SLO"])
def test_plates_of_cars_are_no_country(text: str) -> None:
    """They are not ISO's codes, and some of those mean another country (ES: El Salvador's plate, Spain's code)."""
    assert region_code(text) is None


def test_every_code_means_itself() -> None:
    for code in phonenumbers.SUPPORTED_REGIONS:
        assert region_code(code) == code
