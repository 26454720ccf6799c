"""leads.csv of a check is, value by value, what a server gets that shares no code with the importer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import KEY, CommandLine, read_csv
from tests.e2e.recording_server import Recorded, RecordingServer, behave, recording, reply
from tests.golden.scenarios import EXPORTS, ROOT

SENDING = ("--rate", "0", "--settle", "0", "--yes", "--no-canary", "--no-progress", "--org", "o1")

EVERYTHING = """\
version: 1
name: everything
defaults: {region: GB, timezone: Europe/London}
where: [{column: Consent, one_of: ["yes"]}]
lead:
  crm_id: ID
  first_name: {column: Name, part: first}
  last_name: {column: Name, part: last}
  phone_number: {columns: [Mobile, Phone]}
  opt_in_date: {column: Since, format: "%d/%m/%Y", unit: UNIT}
  attributes:
    score: {column: Score, type: integer}
    price: {column: Price, type: number}
    vip: {column: VIP, type: boolean}
    tags: {column: Tags, type: list, separator: "|"}
    extra: {column: Extra, type: json}
    born: {column: Born, type: date, format: "%d.%m.%Y"}
    seen: {column: Seen, type: datetime, format: "%Y-%m-%d %H:%M", unit: ms}
    address: {street: Street, place: {zip: ZIP}}
    campaign: {value: "webinar, \\"nov\\""}
    note: Note
assign:
  by: {column: Country, map: {GB: asha@x.example, IN: "u-7"}, otherwise: cara@x.example}
events:
  - {event: IMPORTED, key: w47, attributes: {stage: Note}}
  - {event: ASKED, when: {column: Note, not_blank: true}}
duplicates: {phone: allow}
"""
COLUMNS = (
    "ID", "Consent", "Name", "Mobile", "Phone", "Since", "Score", "Price", "VIP", "Tags", "Extra", "Born", "Seen",
    "Street", "ZIP", "Note", "Country",
)  # fmt: skip
ROWS = (
    ("L-1", "yes", "Dr Tom Wilson", "07806 480894", "", "03/04/2025", "007", "1.50", "yes", "a|b c|ü",
     '{"a": [1, "x"]}', "05.01.1957", "2025-04-03 10:30", "1 High St", "00411", "first\nsecond, “third”", "GB"),
    ("L-2", "yes", "Zoë", "", "+91 98765 00001", "", "", "", "", "", "", "", "", "", "", "", "IN"),
    ("L-3", "no", "Out", "07806 480895", "", "", "", "", "", "", "", "", "", "", "", "", "GB"),
    ("L-4", "yes", "Bad", "12", "", "", "", "", "", "", "", "", "", "", "", "", "GB"),
    ("=L-5", "yes", "O'Rourke\\ \"Ann\"", "07806480896", "", "31/12/2024", "-3", "1e30", "no", "one", "[]", "", "",
     "+1 Road", "", "=1+1", "FR"),
    ("L-6", "yes", "Ömer Ünal", "07806 480897", "", "", "", "", "", "", "", "", "", "", "", "  ", ""),
    ("L-6", "yes", "Ömer Ünal", "07806 480897", "", "", "", "", "", "", "", "", "", "", "", "  ", ""),
)  # fmt: skip


def lead_id_of(crm_id: str) -> str:
    """An id that can be in a path, whatever the crm_id holds."""
    return crm_id.encode().hex()


def answer(request: Recorded) -> bytes:
    if request.method != "POST":
        return behave(request)
    return reply("200 OK", {**request.document, "lead_id": lead_id_of(request.document["crm_id"])})


def without_apostrophe(text: str) -> str:
    """Formulas have one in front; no value of these tests begins with one."""
    return text.removeprefix("'")


class Digits(str):
    """A number with a fraction as it went over the wire."""

    __slots__ = ()


def cell(value: Any) -> str:
    """A value of a request as a cell, by the words of docs/reports.md alone."""
    if isinstance(value, dict) and isinstance(value.get("value"), Digits):
        return f'{{"value":{value["value"]}}}'
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def attributes(document: dict[str, Any], known: Sequence[str], prefix: str = "attributes.") -> dict[str, str]:
    """The attributes by the names of their columns; a group of attributes is no value."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if f"{prefix}{name}" in known:
            found[f"{prefix}{name}"] = cell(value)
        else:
            found |= attributes(value, known, f"{prefix}{name}.")
    return found


def as_sent(server: RecordingServer, columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """What the server got of each lead, in the columns of leads.csv; of an event its name alone."""
    leads: dict[str, dict[str, str]] = {}
    for request in server.requests:
        document = json.loads(request.body, parse_float=Digits)
        if request.method == "POST":
            lead = {name: cell(value) for name, value in document.items() if name != "attributes"}
            leads[lead_id_of(lead["crm_id"])] = lead | attributes(document["attributes"], columns)
    for request in server.requests:
        lead_id, what = request.target.rpartition("/leads/")[2].split("/")[:2] if request.method == "PUT" else ("", "")
        if what == "assign":
            (leads[lead_id]["assign_to"],) = request.document.values()
        elif what == "events":
            lead = leads[lead_id]
            lead["events"] = ";".join(
                sorted([*filter(None, lead.get("events", "").split(";")), request.document["event"]])
            )
    return leads


def shown(path: Path) -> dict[str, dict[str, str]]:
    """The filled cells of leads.csv by lead, events without their keys."""
    leads = {}
    for row in read_csv(path):
        lead = {name: without_apostrophe(text) for name, text in row.items() if text}
        for name in ("source", "sheet", "number"):
            lead.pop(name, None)
        if "events" in lead:
            lead["events"] = ";".join(sorted(event.partition(":")[0] for event in lead["events"].split(";")))
        leads[lead_id_of(lead["crm_id"])] = lead
    return leads


def compared(importer: CommandLine, monkeypatch: pytest.MonkeyPatch, file: str, mapping: str) -> Path:
    """Check, run, and compare; returns the leads.csv of the check."""
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    importer("check", file, "-m", mapping, "--reports-dir", "checked", "--no-progress")
    (path,) = (importer.folder / "checked").glob("*/leads.csv")
    with recording(answer) as server:
        importer("run", file, "-m", mapping, *SENDING, "--base-url", server.base_url)
        columns = list(read_csv(path)[0])
        sent = as_sent(server, columns)
    assert len(sent) > 0
    assert shown(path) == sent
    assert shown(importer.latest() / "leads.csv") == sent
    assert (importer.latest() / "leads.csv").read_bytes() == path.read_bytes(), "a run shows what its check has shown"
    return path


@pytest.mark.parametrize(
    ("file", "mapping"),
    [
        ("samples/weekly-webinar.xlsx", "weekly-webinar"),
        ("samples/migration.csv", "migration"),
        *((f"samples/exports/{name}.csv", name) for name in EXPORTS),
    ],
)
def test_a_sample(importer: CommandLine, monkeypatch: pytest.MonkeyPatch, file: str, mapping: str) -> None:
    compared(importer, monkeypatch, str(ROOT / file), str(ROOT / "mappings" / f"{mapping}.yaml"))


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("unit", ["s", "ms"])
def test_every_kind_of_value(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch, unit: str, *, wrapped: bool
) -> None:
    text = EVERYTHING.replace("UNIT", unit) + ("attributes_as: object\n" if wrapped else "")
    importer.mapping(text)
    importer.table(ROWS, columns=COLUMNS)
    path = compared(importer, monkeypatch, "list.csv", "m.yaml")
    first, *_ = rows = read_csv(path)
    assert [row["crm_id"] for row in rows] == ["L-1", "L-2", "'=L-5", "L-6"]
    assert list(first) == [
        "source", "sheet", "number", "crm_id", "first_name", "last_name", "phone_number", "opt_in_date",
        *(f"attributes.{name}" for name in ("score", "price", "vip", "tags", "extra", "born", "seen")),
        "attributes.address.street", "attributes.address.place.zip", "attributes.campaign", "attributes.note",
        "assign_to", "events",
    ]  # fmt: skip
    seconds = 1743634800  # 3 April 2025, 00:00 in London
    assert first["opt_in_date"] == str(seconds if unit == "s" else seconds * 1000)
    assert first["phone_number"] == "+447806480894"
    assert [row["assign_to"] for row in rows] == ["asha@x.example", "u-7", "cara@x.example", ""]
    assert [row["events"] for row in rows] == [
        "IMPORTED:w47;ASKED",
        "IMPORTED:w47",
        "IMPORTED:w47;ASKED",
        "IMPORTED:w47",
    ]
    if not wrapped:
        assert (first["attributes.tags"], first["attributes.extra"]) == ('["a","b c","ü"]', '{"a":[1,"x"]}')
        assert rows[2]["attributes.note"] == "'=1+1"


def test_columns_that_are_not_in_the_mapping_become_attributes_of_each_file(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = "version: 1\nname: m\nlead: {crm_id: ID, first_name: Name, phone_number: Phone}\nunmapped: attributes\n"
    importer.mapping(mapping)
    importer.table([("L-1", "Asha", "+919876500001", "Pune")], "a.csv", ("ID", "Name", "Phone", "City"))
    importer.table([("L-2", "Ravi", "+919876500002", "7")], "b.csv", ("ID", "Name", "Phone", "Score"))
    assert importer("check", "a.csv", "b.csv", "-m", "m.yaml").code == 0
    rows = read_csv(importer.latest() / "leads.csv")
    assert [(row["source"], row["attributes.City"], row["attributes.Score"]) for row in rows] == [
        ("a.csv", "Pune", ""),
        ("b.csv", "", "7"),
    ]
