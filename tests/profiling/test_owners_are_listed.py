"""`check` and the announcement of a run name every owner; turns are the same however often a file is read."""

import pytest

from importer.cli.messages import owner_lines
from importer.model.examination import OwnerCount
from importer.sandbox import Sandbox
from tests.cli.command_line import CommandLine, lead, leads
from tests.cli.interrupting import interrupt_after

FAST = ("--rate", "0", "--settle", "0", "--yes")
IN_TURN = """\
version: 1
name: turns
lead: {crm_id: ID, first_name: Name, phone_number: Phone, attributes: {}}
assign: {round_robin: [asha@leads.example, {user: "4711", weight: 2}, Ben]}
"""


def test_check_lists_every_owner_with_its_count(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([*leads(6), lead(7, Owner="Asha Rao"), lead(8, Phone="12")])
    ended = importer("check", "list.csv", "-m", "m.yaml")
    assert "Owners: owner0@leads.example 2, owner1@leads.example 2, owner2@leads.example 2, Asha Rao 1" in ended.out
    assert "probably neither an e-mail address nor an id: “Asha Rao” (1)" in ended.out


def test_rows_that_are_not_sent_do_not_count(importer: CommandLine) -> None:
    importer.mapping(IN_TURN + "duplicates: {phone: problem}\n")
    importer.table([*leads(3), lead(4, Phone="+919876599999"), lead(5, Phone="+919876599999"), lead(1)])
    out = importer("check", "list.csv", "-m", "m.yaml").out
    assert "Owners: 4711 1, Ben 1, asha@leads.example 1\n" in out


def test_a_row_that_says_what_an_earlier_one_says_takes_nobodys_turn(importer: CommandLine) -> None:
    importer.mapping(IN_TURN)
    importer.table([lead(1), lead(1), lead(1), lead(2), lead(3), lead(4)])
    out = importer("check", "list.csv", "-m", "m.yaml").out
    assert "Owners: 4711 2, Ben 1, asha@leads.example 1\n" in out


def test_a_run_names_the_owners_before_it_sends(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(IN_TURN)
    importer.table(leads(8))
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert "Owners: 4711 4, Ben 2, asha@leads.example 2" in ended.err
    assert "“Ben” (2)" in ended.err


def test_many_owners_are_counted() -> None:
    owners = [OwnerCount(name=f"u{number}@x.example", rows=1) for number in range(25)]
    (line,) = owner_lines(owners)
    assert line.endswith(", and 15 more")
    assert line.count("@") == 10


@pytest.mark.parametrize(
    ("name", "is_suspicious"),
    [
        ("asha@leads.example", False),
        ("4711", False),
        ("0055g00000Abcd", False),
        ("c0ffee00-0000-4000-8000-000000000000", False),
        ("Asha Rao", True),
        ("Asha", True),
        ("asha@leads", True),
        ("asha@leads..example", True),
        ("Asha 2", True),
    ],
)
def test_what_looks_like_an_owner(name: str, is_suspicious: bool) -> None:
    assert OwnerCount(name=name, rows=1).is_suspicious is is_suspicious


def owners(importer: CommandLine) -> list[tuple[str, ...]]:
    return [(row["number"], row["assigned_to"]) for row in importer.results()]


def test_the_same_file_gives_the_same_owners(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(IN_TURN)
    importer.table(leads(9))
    importer("check", "list.csv", "-m", "m.yaml")
    checked = owners(importer)
    importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert owners(importer) == checked
    importer("run", "list.csv", "-m", "m.yaml", *FAST, "--again")
    assert owners(importer) == checked


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_owners(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(IN_TURN)
    importer.table(leads(60))
    importer("check", "list.csv", "-m", "m.yaml")
    checked = owners(importer)
    interrupt_after(10, monkeypatch)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST, "--concurrency", "2").code == 130
    importer("resume", *FAST)
    assert importer.summary()["state"] == "finished"
    assert owners(importer) == checked
    assert {row["assign"] for row in importer.results()} == {"accepted"}
