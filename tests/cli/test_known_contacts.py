"""A lead that comes again under another id: its number or address is known, which is reported before it is sent."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, CommandLine

MAPPING = """\
version: 1
name: contacts
defaults: {region: GB}
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
  attributes: {email: {column: Email, transform: lower, matches: email}}
"""
COLUMNS = ("ID", "Name", "Phone", "Email")
FIRST = [["A1", "Priya", "07806 480894", "priya.w@x.example"], ["A2", "Ben", "07806 480895", ""]]
AGAIN = [
    ["B1", "Priya", "+44 7806 480894", ""],
    ["B2", "Priya", "07806 480897", "Priya.W@X.example"],
    ["B3", "Cara", "07806 480898", "cara@x.example"],
    ["A2", "Ben", "07806 480895", ""],
]
KNOWN = ["known-contact", "known-contact", "", ""]


@pytest.fixture
def first_run(importer: CommandLine, sandbox: Sandbox) -> str:
    importer.mapping(MAPPING)
    importer.table(FIRST, columns=COLUMNS)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    return importer.latest().name


def warnings_of(importer: CommandLine, run: Path | None = None) -> list[str]:
    return [row["warnings"] for row in importer.results(run)]


@pytest.mark.parametrize("command", [("check",), ("run", *FAST, "--skip-known")])
def test_a_known_number_or_address_with_a_new_id_is_a_warning(
    importer: CommandLine, first_run: str, command: tuple[str, ...]
) -> None:
    importer.table(AGAIN, name="again.csv", columns=COLUMNS)
    assert importer(command[0], "again.csv", "-m", "m.yaml", *command[1:]).code == 0
    rows = importer.results()
    assert [[code for code in row["warnings"].split() if code == "known-contact"] for row in rows] == [
        [code] if code else [] for code in KNOWN
    ]
    assert f"run {first_run} has sent this phone number with another crm_id" in rows[0]["message"]
    assert "e-mail address" in rows[1]["message"]


def test_hashes_are_kept_and_purged_with_the_run(importer: CommandLine, first_run: str) -> None:
    with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as journal:
        ((pairs,),) = journal.execute("SELECT pairs FROM contacts")
        assert len(pairs) == 3 * 16
        assert b"7806" not in pairs
    assert importer("purge", "--older-than", "0d").code == 0
    with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as journal:
        assert journal.execute("SELECT count(*) FROM contacts").fetchone() == (0,)
    importer.table(AGAIN, name="again.csv", columns=COLUMNS)
    importer("check", "again.csv", "-m", "m.yaml")
    assert "known-contact" not in " ".join(warnings_of(importer))


@pytest.mark.slow
def test_a_lead_that_was_never_created_is_no_known_one(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(MAPPING)
    importer.table(FIRST, columns=COLUMNS)
    sandbox.stop()
    importer("run", "list.csv", "-m", "m.yaml", *FAST, "--timeout", "1")
    importer.table(AGAIN, name="again.csv", columns=COLUMNS)
    importer("check", "again.csv", "-m", "m.yaml")
    assert "known-contact" not in " ".join(warnings_of(importer))


@pytest.mark.parametrize(
    "weeks",
    [
        [("Priya W", "07806 480894", "priya.w@x.example"), ("PRIYA  W", "+44 7806 480894", "Priya.W@X.example")],
        [("Priya W", "07806 480894", ""), ("Priya W", "+44 7806480894", "")],
    ],
)
def test_another_spelling_next_week_is_the_same_lead_with_the_mapping_of_init(
    importer: CommandLine, sandbox: Sandbox, weeks: list[tuple[str, ...]]
) -> None:
    others = [(f"Ann{n} B", f"+44 7806 4808{n}", f"ann{n}@x.example" if weeks[0][2] else "") for n in range(10, 15)]
    for week, person in enumerate(weeks):
        importer.table([person, *others], name=f"week{week}.csv", columns=("Name", "Phone", "Email"))
    assert importer("init", "week0.csv", "-o", "m.yaml").code == 0
    for week in range(len(weeks)):
        assert importer("run", f"week{week}.csv", "-m", "m.yaml", *FAST, "--skip-known").code == 0
    assert len(sandbox.state.leads) == 6


@pytest.mark.parametrize(
    "lead",
    [
        MAPPING.replace("{email: {column: Email, transform: lower, matches: email}}", "{contact: Email}"),
        MAPPING.replace("{email: {column: Email, transform: lower, matches: email}}", "{x: X}").replace(
            "crm_id: ID", "crm_id: {digest_of: [Email, ID]}"
        ),
    ],
    ids=["by its values", "by digest_of"],
)
def test_an_address_is_known_whatever_its_attribute_is_called(
    importer: CommandLine, sandbox: Sandbox, lead: str
) -> None:
    importer.mapping(lead)
    columns = (*COLUMNS, "X")
    importer.table([["A1", "Priya", "07806 480894", "priya.w@x.example", "1"]], columns=columns)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    importer.table([["B2", "Priya", "07806 480897", "Priya.W@X.example ", "1"]], name="again.csv", columns=columns)
    assert importer("check", "again.csv", "-m", "m.yaml").code == 0
    assert "known-contact" in warnings_of(importer)[0]
    assert "e-mail address" in importer.results()[0]["message"]


def test_an_address_that_many_rows_share_is_that_of_no_lead(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(MAPPING.replace("{email: {column: Email, transform: lower, matches: email}}", "{seller: Email}"))
    rows = [
        [f"{letter}{row}", "Priya", f"07806 4808{at}{row}", "shop@x.example"]
        for at, letter in enumerate("AB", start=2)
        for row in range(4)
    ]
    importer.table(rows[:4], columns=COLUMNS)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    importer.table(rows[4:], name="again.csv", columns=COLUMNS)
    assert importer("check", "again.csv", "-m", "m.yaml").code == 0
    assert not any("known-contact" in warnings for warnings in warnings_of(importer))
