"""migration.csv: the export of an old CRM, from a machine where the comma is the decimal sign."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from people import BRITAIN, COUNTRIES, GERMANY, Country, Dice

if TYPE_CHECKING:
    from pathlib import Path

Row = list[str]

HEADER: Final = (
    "Contact ID",
    "First name",
    "Last name",
    "Phone",
    "Phone",
    "E-mail",
    "Company",
    "Employees",
    "Annual revenue",
    "Street",
    "Postal code",
    "City",
    "Country",
    "Territory",
    "Lifecycle",
    "Opt-in",
    "Customer since",
    "Newsletter",
    "Do not contact",
    "Interests",
    "Preferences",
    "Notes",
)
"""Phone stands there twice, as in many exports: the reader calls the second one `Phone (2)`."""

REGULAR_ROWS: Final = 119
TERRITORIES: Final = {"DE": "DACH", "GB": "UK & Ireland", "US": "Americas", "IN": "APAC", "AE": "APAC", "SG": "APAC"}
STREETS: Final = ("Mühlenweg 4", "Rue de l’Église 12", "14 Orchard Lane", "Königsallee 100a", "7 Harbour View")
COMPANIES: Final = ("Möbelhaus Søndergård", "Café Zoë & Fils", "Tri–State Freight", "Lotus Œuvre Ltd", "Größer AG")
INTERESTS: Final = ("CRM", "telephony", "chatbots", "reporting", "training")
NOTES: Final = (
    "",
    "",
    "Wants the “gold” offer – at most 1.500 €",
    "First call: no answer.\nSecond call: ask for Mrs. Krämer; she decides.",
    "See invoice 17; paid",
)


def rows() -> list[Row]:
    """Every row below the header, in order."""
    dice = Dice(17)
    regular = [_regular(serial, dice) for serial in range(REGULAR_ROWS)]
    for position, amended in _amendments().items():
        regular[position] |= {"Do not contact": "", **amended}
    newer = regular[10] | {"Lifecycle": "customer", "Notes": "Entered once more after the fair"}
    return [list(row.values()) for row in [*regular, newer]]


def _regular(serial: int, dice: Dice) -> dict[str, str]:
    country = COUNTRIES[dice.one_of(("DE", "DE", "DE", "GB", "GB", "US", "IN", "SG"))]
    given, family = dice.one_of(country.given), dice.one_of(country.family)
    first, second = _phones(country, serial, dice)
    since = date(2012, 1, 1) + timedelta(days=dice.below(3600))
    return {
        "Contact ID": f"K{serial + 1:04d}",
        "First name": given,
        "Last name": family,
        "Phone": first,
        "Phone (2)": second,
        "E-mail": f"contact{serial + 1}@Old-CRM.example",
        "Company": dice.one_of(COMPANIES),
        "Employees": str(1 + dice.below(400)) if serial % 9 else "",
        "Annual revenue": _decimal_comma(dice.below(250_000_000)) if serial % 7 else "",
        "Street": dice.one_of(STREETS),
        "Postal code": f"{dice.below(99999):05d}",
        "City": dice.one_of(country.cities),
        "Country": country.code,
        "Territory": TERRITORIES[country.code] if serial % 16 != 6 else "",
        "Lifecycle": dice.one_of(("lead", "lead", "opportunity", "customer", "")),
        "Opt-in": _opt_in(serial, dice),
        "Customer since": f"{since:%d.%m.%Y}" if serial % 3 else "",
        "Newsletter": dice.one_of(("ja", "nein", "true", "false", "1", "0")),
        "Do not contact": "x" if serial % 20 == 19 else "",
        "Interests": "|".join(INTERESTS[: dice.below(4)]),
        "Preferences": _preferences(dice),
        "Notes": dice.one_of(NOTES),
    }


def _phones(country: Country, serial: int, dice: Dice) -> tuple[str, str]:
    number = str(dice.phone(country, styles=4))
    return ("", number) if serial % 13 == 4 else (number, "")


def _decimal_comma(cents: int) -> str:
    whole = f"{cents // 100:,}".replace(",", ".") if cents % 2 else str(cents // 100)
    return f"{whole},{cents % 100:02d}"


def _opt_in(serial: int, dice: Dice) -> str:
    moment = datetime(2019, 5, 6, 9, 0) + timedelta(days=dice.below(1900), minutes=dice.below(480))  # noqa: DTZ001
    forms = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S+01:00", "%Y-%m-%dT%H:%M:%SZ")
    return moment.strftime(forms[serial % 4]) if serial % 11 else ""


def _preferences(dice: Dice) -> str:
    preferences: dict[str, Any] = {
        "channel": dice.one_of(("whatsapp", "phone", "e-mail")),
        "hours": [9, 12 + dice.below(6)],
    }
    return json.dumps(preferences) if dice.below(3) else ""


def _amendments() -> dict[int, dict[str, str]]:
    """What is out of the ordinary, by the position of its row from 0. The README of the samples lists it."""
    return {
        # a person has to look at these
        12: {"First name": "", "Last name": ""},
        27: {"Annual revenue": "1,500"},
        41: {"Preferences": '{"channel": "e-mail",}'},
        55: {"Newsletter": "maybe"},
        68: {"Opt-in": "2022-02-30"},
        83: {"Territory": "LATAM"},
        97: {"Phone": "+44 20 7946 0301 / +44 20 7946 0302", "Phone (2)": ""},
        # strange, but right
        2: {"Contact ID": "A/17"},
        8: {"Contact ID": "K 9"},
        21: {"Contact ID": "100%"},
        34: {"Contact ID": "0042"},
        49: {"Contact ID": "Ü-7"},
        62: {"Phone": str(GERMANY.phone(900, 0)), "Phone (2)": str(GERMANY.phone(901, 0)), "Country": "DE"},
        75: {"Phone": str(BRITAIN.phone(902, 2)), "Country": "GB", "Last name": "Reception"},
        76: {"Phone": str(BRITAIN.phone(902, 1)), "Country": "GB", "Last name": "Bookkeeping"},
    }


def write(path: Path) -> None:
    """Write the file in the encoding of its machine (Windows, Western Europe); the same bytes every time."""
    written = io.StringIO(newline="")
    lines = csv.writer(written, delimiter=";", lineterminator="\r\n")
    lines.writerow(HEADER)
    lines.writerows(rows())
    path.write_bytes(written.getvalue().encode("cp1252"))
