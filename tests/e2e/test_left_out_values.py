"""`on_problem: blank`: a wrong value of an optional field costs the value, not the lead, and is reported."""

import json
from pathlib import Path

import openpyxl
import pytest

from tests.cli.command_line import KEY, CommandLine
from tests.e2e.recording_server import recording

MAPPING = """\
version: 1
name: optional
lead:
  crm_id: ID
  first_name: Name
  last_name: {column: Name 2, on_problem: blank}
  phone_number: Phone
  opt_in_date: {column: Since, format: "%d/%m/%Y", on_problem: blank}
  attributes:
    email: {column: Mail, matches: email, on_problem: blank}
    score: {column: Score, type: integer, maximum: 100, on_problem: blank}
    twice: {column: Score, on_problem: blank}
    stage: {column: Stage, one_of: [new, won]}
events:
  - event: E
    attributes: {tier: {column: Tier, map: {"1": gold}, on_problem: blank}}
"""
COLUMNS = ("ID", "Name", "Name 2", "Phone", "Since", "Mail", "Score", "Stage", "Tier")
WRONG = ("1", "Asha", "R*o", "+919876500001", "31/02/2025", "asha@", "#N/A", "new", "9")
RIGHT = ("2", "Ben", "Rao", "+919876500002", "01/02/2025", "ben@x.example", "7", "won", "1")
STOPPED = ("3", "Cara", "Rao", "+919876500003", "", "cara@", "101", "lost", "")


@pytest.fixture
def keyed(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    importer.mapping(MAPPING)
    return importer


def a_list(importer: CommandLine, name: str) -> Path:
    if name.endswith(".csv"):
        return importer.table([WRONG, RIGHT, STOPPED], name, columns=COLUMNS)
    book = openpyxl.Workbook()
    for row in (COLUMNS, WRONG, RIGHT, STOPPED):
        book.active.append(row)
    book.active["G2"].data_type = "e"
    book.save(importer.folder / name)
    return importer.folder / name


@pytest.mark.parametrize("name", ["list.csv", "list.xlsx"])
def test_wrong_values_are_left_out_of_the_bodies_and_reported_as_warnings(keyed: CommandLine, name: str) -> None:
    fast = ("--rate", "0", "--settle", "0", "--no-canary", "--org", "o1")
    with recording() as server:
        ended = keyed("run", a_list(keyed, name), "-m", "m.yaml", *fast, "--base-url", server.base_url)
    assert ended.code == 1
    bodies = [json.loads(request.body) for request in server.requests]
    wrong, right = (next(body for body in bodies if body.get("crm_id") == crm_id) for crm_id in ("1", "2"))
    assert wrong == {
        "crm_id": "1",
        "first_name": "Asha",
        "phone_number": "+919876500001",
        "attributes": {"stage": "new"},
    }
    attributes = {"email": "ben@x.example", "score": 7, "twice": "7", "stage": "won"}
    assert (right["last_name"], right["attributes"]) == ("Rao", attributes)
    events = [body for body in bodies if "event" in body]
    assert [body.get("attributes") for body in events] == [None, {"tier": "gold"}]

    first, second, third = keyed.results()
    codes = {"last-name-asterisk", "date-invalid", "email-invalid", "cell-error", "value-not-in-map"}
    assert (first["status"], first["problems"], set(first["warnings"].split(";"))) == ("created", "", codes)
    assert "Mail: “asha@” is not an e-mail address; left out" in first["message"]
    assert "Tier: “9” is not listed in map: 1; left out" in first["message"]
    assert first["message"].count("left out") == len(codes)
    assert (second["status"], second["warnings"], second["message"]) == ("created", "", "")
    assert (third["status"], third["problems"]) == ("invalid", "value-not-allowed")
    assert set(third["warnings"].split(";")) == {"email-invalid", "value-too-large"}


def test_the_summary_and_the_report_tell_warnings_from_problems(keyed: CommandLine) -> None:
    keyed.mapping(MAPPING.replace("stage: {column: Stage, one_of: [new, won]}", "work: {column: Mail, matches: email}"))
    keyed.table([WRONG, RIGHT], columns=COLUMNS)
    ended = keyed("check", "list.csv", "-m", "m.yaml")
    assert keyed.summary()["problems"] == {"email-invalid": 1}
    assert "1 × email-invalid: Not an e-mail address" in ended.out
    assert "warnings: 1 × cell-error" in ended.out
    assert "1 × email-invalid (Not an e-mail address)" in ended.out
    page = (keyed.latest() / "report.html").read_text(encoding="utf-8")
    assert page.count("<code>email-invalid</code>") == 2


def test_a_cell_that_a_field_needs_stops_the_row_whatever_other_fields_say(keyed: CommandLine) -> None:
    keyed.mapping(MAPPING.replace("twice: {column: Score, on_problem: blank}", "twice: {column: Score}"))
    keyed.table([WRONG], columns=COLUMNS)
    assert keyed("check", "list.csv", "-m", "m.yaml").code == 1
    (row,) = keyed.results()
    assert (row["status"], row["problems"]) == ("invalid", "cell-error")


def test_rows_that_differ_only_in_values_that_are_left_out_are_one(keyed: CommandLine) -> None:
    keyed.table([WRONG, ("1", "Asha", "R*", "+919876500001", "30/02/2025", "x", "", "new", "8")], columns=COLUMNS)
    assert keyed("check", "list.csv", "-m", "m.yaml").code == 0
    assert keyed.statuses() == ["valid", "duplicate_in_file"]
