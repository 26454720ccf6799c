"""The lists that are imported: invented people, numbers of six regions in mixed formats, and 1.5 % bad rows.

Every file is the same on every machine and is made once; its name says what it is.
"""

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

HEADER: Final = (
    "Lead ID", "First name", "Last name", "Mobile", "Country", "E-mail", "Owner", "Opt-in", "Signed up", "City",
    "Score", "Notes",
)  # fmt: skip

MAPPING: Final = """\
version: 1
name: bench
defaults: {region: IN, timezone: Asia/Kolkata}
lead:
  crm_id: Lead ID
  first_name: First name
  last_name: Last name
  phone_number: {column: Mobile, region_column: Country}
  opt_in_date: {column: Opt-in, format: ["%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]}
  attributes:
    email: {column: E-mail, transform: lower, matches: email}
    signed_up: {column: Signed up, type: date, format: ["%d.%m.%Y", "%Y-%m-%d"]}
    city: City
    score: {column: Score, type: integer, minimum: 0, maximum: 100}
    notes: Notes
assign: {user_email: Owner}
duplicates: {phone: allow}
"""

NOT_IN_WORKBOOKS: Final = ("E-mail", "Signed up", "Notes")
"""With these columns the sheet of a million rows is 695 MB of XML, and a workbook may have 512 MiB."""

WORKBOOK_MAPPING: Final = "".join(
    line for line in MAPPING.splitlines(keepends=True) if not any(name in line for name in NOT_IN_WORKBOOKS)
)

PUSH_MAPPING: Final = """\
version: 1
name: bench-push
lead:
  crm_id: Lead ID
  first_name: First name
  last_name: Last name
  phone_number: Mobile
  attributes: {city: City, score: {column: Score, type: integer}}
"""

FOLLOW_UPS: Final = """\
assign: {user_email: Owner}
events:
  - {event: LEAD_IMPORTED, key: bench, attributes: {city: City}}
"""

REGIONS: Final = (
    # code, calling code, first digits, digits that count up, how the national number is written
    ("IN", "91", "98", 8, "0{0}{1} {2}"),
    ("US", "1", "312", 7, "({0}{1}) {2}"),
    ("GB", "44", "740", 7, "0{0}{1} {2}"),
    ("AE", "971", "50", 7, "0{0}{1} {2}"),
    ("SG", "65", "9", 7, "{0}{1}-{2}"),
    ("DE", "49", "151", 8, "0{0}{1}/{2}"),
)
NAMES: Final = (
    "Asha",
    "Jürgen",
    "Zoë",
    "Søren",
    "Wei Ling",
    "Ömer",
    "Priya",
    "Marcus",
    "Nadia",
    "Łukasz",
    "陳",
    "Aoife",
)
FAMILIES: Final = ("Menon", "Weißgerber", "O'Rourke", "Al Hashimi", "Tan", "Pemberton-Lane", "Müller", "Dvořák", "Iyer")
CITIES: Final = ("Pune", "Köln", "Chicago", "Leeds", "Dubai", "Singapore", "São Paulo", "東京")
NOTES: Final = (
    "",
    "",
    "called twice, no answer",
    'wants the "gold" offer',
    "first line\nsecond line, with a comma\nthird: “quoted”",
    "Ruft zurück – bitte nach 17 Uhr ☎",
    "एक बार फिर कॉल करें",
)
BAD: Final = (
    {"Mobile": "12345"},
    {"First name": ""},
    {"Opt-in": "31/02/2025 10:00"},
    {"Score": "n/a"},
    {"E-mail": "nobody at example"},
    {"Signed up": "soon"},
    {"Lead ID": ""},
)
EVERY: Final = 67
"""One row in so many is bad: 1.5 %."""


def rows(count: int, *, bad: bool = False) -> Iterator[dict[str, Any]]:
    """So many rows; with `bad`, something is wrong with every one of them."""
    random = Random(17)
    for serial in range(count):
        row = _row(serial, random)
        if bad or serial % EVERY == EVERY - 1:
            row |= BAD[serial % len(BAD)]
        yield row


def _row(serial: int, random: Random) -> dict[str, Any]:
    region = REGIONS[serial % len(REGIONS)]
    day = datetime(2023, 1, 1, 8, 30) + timedelta(minutes=random.randrange(1_400_000))  # noqa: DTZ001
    return {
        "Lead ID": f"L-{serial:07d}",
        "First name": random.choice(NAMES),
        "Last name": random.choice(FAMILIES),
        "Mobile": _phone(region, serial, random.randrange(6)),
        "Country": region[0],
        "E-mail": f"Lead{serial}@Customer.example",
        "Owner": f"owner{serial % 25}@sales.example",
        "Opt-in": day.strftime(("%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")[random.randrange(4)]),
        "Signed up": day.strftime(("%d.%m.%Y", "%Y-%m-%d")[random.randrange(2)]),
        "City": random.choice(CITIES),
        "Score": str(random.randrange(101)),
        "Notes": random.choice(NOTES),
    }


def _phone(region: tuple[str, str, str, int, str], serial: int, style: int) -> str:
    _, calling, first, digits, national = region
    # A prime spreads the numbers over the range, so that no two rows share one.
    rest = f"{2_000_000 + serial * 7 % (8 * 10 ** (digits - 1)):0{digits}d}"[-digits:]
    whole = first + rest
    return (
        f"+{calling}{whole}",
        f"+{calling} {whole[:4]} {whole[4:]}",
        f"+{calling}-{whole[:3]}-{whole[3:]}",
        national.format(first, rest[:2], rest[2:]),
        national.format(first, rest[:3], rest[3:]),
        f"{whole}" if calling != "44" else f"0{whole}",
    )[style]


def written_once(path: Path, write: Any) -> Path:
    """The file; written under another name first, so that an interrupted one is never taken for whole."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_name(f"half-{path.name}")
        write(half)
        half.rename(path)
    return path


def csv_of(folder: Path, count: int, *, bad: bool = False) -> Path:
    """A CSV file of so many rows."""

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.DictWriter(file, HEADER)
            lines.writeheader()
            lines.writerows(rows(count, bad=bad))

    return written_once(folder / f"leads-{count}{'-bad' if bad else ''}.csv", write)


def xlsx_of(folder: Path, count: int) -> Path:
    """The same rows as a workbook with the texts in their cells, as exports write them; the score is a number."""

    def write(path: Path) -> None:
        from openpyxl import Workbook

        book = Workbook(write_only=True)
        sheet = book.create_sheet("Leads")
        columns = [name for name in HEADER if name not in NOT_IN_WORKBOOKS]
        sheet.append(columns)
        for row in rows(count):
            score = row["Score"]
            row["Score"] = int(score) if score.isdigit() else score
            sheet.append([row[name] for name in columns])
        book.save(path)

    return written_once(folder / f"leads-{count}-of-{len(HEADER) - len(NOT_IN_WORKBOOKS)}.xlsx", write)


def push_csv(folder: Path, count: int) -> Path:
    """A plain list for the push: what is measured is the sending."""

    def write(path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(("Lead ID", "First name", "Last name", "Mobile", "City", "Score", "Owner"))
            for n in range(count):
                owner = f"owner{n % 25}@sales.example"
                lines.writerow((f"L-{n:07d}", "Asha", "Menon", f"+9198{n:08d}", "Pune", n % 100, owner))

    return written_once(folder / f"push-{count}.csv", write)


def singer_messages(folder: Path, count: int) -> Path:
    """The push's list as a tap of Singer would hand it over."""

    def write(path: Path) -> None:
        source = push_csv(folder, count)
        with path.open("w", encoding="utf-8") as file, source.open(encoding="utf-8", newline="") as given:
            found = csv.DictReader(given)
            properties = {name: {"type": "string"} for name in found.fieldnames or ()}
            schema = {"type": "object", "properties": properties}
            first = {"type": "SCHEMA", "stream": "leads", "schema": schema, "key_properties": ["Lead ID"]}
            file.write(json.dumps(first) + "\n")
            for row in found:
                file.write(json.dumps({"type": "RECORD", "stream": "leads", "record": row}) + "\n")

    return written_once(folder / f"push-{count}.jsonl", write)


def mapping_of(folder: Path, name: str, text: str) -> Path:
    """A mapping file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path
