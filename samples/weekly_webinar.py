"""weekly-webinar.xlsx: a list as people keep it by hand, with everything that goes wrong in such lists."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from openpyxl import Workbook
from openpyxl.styles import Font
from people import BRITAIN, COUNTRIES, EMIRATES, GERMANY, INDIA, SINGAPORE, UNITED_STATES, Dice

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

Row = dict[str, Any]

COLUMNS: Final = {
    "Registration ID": 16,
    "Full Name": 26,
    "E-mail": 34,
    "Mobile": 22,
    "Alt. Phone": 20,
    "Country": 18,
    "City": 14,
    "Registered on": 18,
    "Score": 8,
    "Tier": 6,
    "Consent": 9,
    "Owner": 22,
    "Stage": 14,
    "Note": 32,
}
"""The columns and how wide they are."""

TITLES: Final = ("Spring webinar: registrations of the week", "Kept by the events desk. Please do not sort.")
HEADER_ROW: Final = 4
REGULAR_ROWS: Final = 194
FIRST_DAY: Final = datetime(2025, 3, 10, 8, 0)  # noqa: DTZ001 - a spreadsheet knows no time zones
MADE: Final = datetime(2025, 3, 17, 9, 0)  # noqa: DTZ001 - likewise

OWNERS: Final = ("asha@leads.example", "ben@leads.example", "Asha@Leads.example", "ben@leads.example", "")
NOTES: Final = ("", "", "", "asked for a call back", "met at the booth", "wants the slides", "prefers WhatsApp")


def rows() -> list[Row | None]:
    """Every row below the header, in order; `None` is a blank row."""
    dice = Dice(20250310)
    regular = [_regular(serial, dice) for serial in range(REGULAR_ROWS)]
    for position, amended in _amendments().items():
        regular[position] |= {"Consent": "yes", **amended}
    listed: list[Row | None] = [*regular]
    for position, copied in ((60, 3), (99, 44), (128, 88), (161, 120), (190, 160)):
        listed.insert(position, regular[copied])
    listed.insert(175, regular[30] | {"Full Name": "Somebody Else"})
    listed.insert(142, None)
    return listed


def _regular(serial: int, dice: Dice) -> Row:
    country = COUNTRIES[dice.one_of(("IN",) * 8 + ("US", "US", "GB", "GB", "AE", "SG", "DE"))]
    given, family = dice.one_of(country.given), dice.one_of(country.family)
    phone = dice.phone(country)
    only_the_other = serial % 29 == 11
    registered = FIRST_DAY + timedelta(minutes=37 * serial + dice.below(30))
    return {
        "Registration ID": f"WEB-{serial + 1:04d}",
        "Full Name": dice.one_of((f"{given} {family}",) * 6 + (f"{family}, {given}", f" {given}  {family} ")),
        "E-mail": f"{_ascii(given)}.{_ascii(family)}{serial}@mail.example",
        "Mobile": None if only_the_other else phone,
        "Alt. Phone": phone if only_the_other else None,
        "Country": dice.one_of(country.names),
        "City": dice.one_of(country.cities),
        "Registered on": registered if serial % 4 == 1 else f"{registered:%d/%m/%Y %H:%M}",
        "Score": dice.below(101) if serial % 17 else None,
        "Tier": dice.one_of((1, 2, 2, 3, 3, 3)),
        "Consent": {5: "no", 9: None}.get(serial % 23, dice.one_of(("yes", "yes", "Yes", "Y"))),
        "Owner": dice.one_of(OWNERS) or None,
        "Stage": dice.one_of(("new", "new", "warm", "hot", None)),
        "Note": dice.one_of(NOTES) or None,
    }


def _ascii(name: str) -> str:
    plain = name.translate(str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", " ": "-", "'": ""}))
    return plain.lower()


def _amendments() -> dict[int, Row]:
    """What is out of the ordinary, by the position of its row from 0. The README of the samples lists it."""
    return {
        # a person has to look at these
        7: INDIAN | {"Mobile": "98765"},
        23: AMERICAN | {"Mobile": "555-0199"},
        38: INDIAN | {"Mobile": "9.18123E+11"},
        52: BRITISH | {"Mobile": "+44 20 7946 0952 ext. 12"},
        67: INDIAN | {"Mobile": None, "Alt. Phone": None},
        81: INDIAN | {"Full Name": "Priya* Menon", "Mobile": INDIA.phone(981, 0)},
        95: INDIAN | {"Score": "#N/A", "Mobile": INDIA.phone(995, 2)},
        110: INDIAN | {"Registered on": "31/02/2025 10:15", "Mobile": INDIA.phone(910, 1)},
        # strange, but right
        13: {"Full Name": "अनन्या जोशी", "Mobile": INDIA.phone(913, 4), "City": "पुणे"} | INDIAN,
        30: {"Full Name": "Harriet Quill", "Mobile": BRITAIN.phone(930, 3)} | BRITISH,
        46: {"Full Name": "ليلى حداد", "Mobile": EMIRATES.phone(946, 0)} | {"Country": "UAE"},
        58: {"Full Name": "陈 思远", "Mobile": SINGAPORE.phone(958, 5)} | {"Country": "Singapore"},
        72: {"Full Name": "Zoë Łukasiewicz-Nuñez", "Mobile": GERMANY.phone(972, 3)} | {"Country": "Deutschland"},
        90: {"Full Name": "Madhavan", "Mobile": INDIA.phone(990, 1)} | INDIAN,
        104: {"Note": "=1+1", "Mobile": UNITED_STATES.phone(99, 3)} | AMERICAN,
        124: {"Full Name": "Siti Rahim", "Mobile": "+65 8123 4777"} | {"Country": "SG"},
        131: {"Full Name": "Arjun Rahim", "Mobile": 81234777.0} | {"Country": "SG"},
        3: {"Mobile": INDIA.phone(903, 4)} | INDIAN,
        44: {"Mobile": INDIA.phone(944, 0)} | INDIAN,
        88: {"Mobile": UNITED_STATES.phone(98, 3)} | AMERICAN,
        120: {"Mobile": INDIA.phone(920, 7)} | INDIAN,
        160: {"Mobile": BRITAIN.phone(960, 2)} | BRITISH,
    }


INDIAN: Final = {"Country": "India", "Alt. Phone": None}
AMERICAN: Final = {"Country": "USA", "Alt. Phone": None}
BRITISH: Final = {"Country": "UK", "Alt. Phone": None}


def write(path: Path) -> None:
    """Write the workbook; the same bytes every time."""
    workbook = Workbook()
    workbook.properties.creator = "events desk"
    workbook.properties.created = MADE
    sheet = workbook.active
    sheet.title = "Registrations"
    for number, title in enumerate(TITLES, start=1):
        sheet.cell(number, 1, title).font = Font(bold=number == 1)
    _write_rows(sheet)
    legend = workbook.create_sheet("Tiers")
    for line in (("Tier", "Means"), (1, "gold"), (2, "silver"), (3, "bronze")):
        legend.append(line)
    written = io.BytesIO()
    workbook.save(written)
    path.write_bytes(_timeless(written.getvalue()))


def _write_rows(sheet: Worksheet) -> None:
    for column, (name, width) in enumerate(COLUMNS.items(), start=1):
        sheet.cell(HEADER_ROW, column, name).font = Font(bold=True)
        sheet.column_dimensions[sheet.cell(HEADER_ROW, column).column_letter].width = width
    for number, row in enumerate(rows(), start=HEADER_ROW + 1):
        for column, name in enumerate(COLUMNS, start=1):
            if row is not None and row[name] is not None:
                _fill(sheet.cell(number, column), row[name])
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 2)


def _fill(cell: Cell, value: Any) -> None:
    cell.value = value
    if isinstance(value, datetime):
        cell.number_format = "dd/mm/yyyy hh:mm"
    elif isinstance(value, float):
        cell.number_format = "0"
    elif isinstance(value, str) and value.startswith("="):
        cell.data_type = "s"  # somebody typed '=1+1 with an apostrophe: a text that looks like a formula
        cell.quotePrefix = True


def _timeless(package: bytes) -> bytes:
    """The same workbook without the time at which it was written."""
    timeless = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as before, zipfile.ZipFile(timeless, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            content = before.read(name)
            if name == "docProps/core.xml":
                stamp = f"{MADE:%Y-%m-%dT%H:%M:%SZ}".encode()
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + stamp, content)
            after.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return timeless.getvalue()
