"""`lookup`: new values for old ones from a file beside the mapping, or a mistake that says what is wrong with it."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest

from tests.cli.command_line import KEY, CommandLine
from tests.e2e.recording_server import recording, reply

MAPPING = """\
version: 1
name: looked-up
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
  attributes:
    plan:
      column: Plan
      lookup: {file: tables/plans.xlsx, key: Code, value: Plan}
      default: none
assign:
  user_email:
    column: Owner
    lookup:
      file: owners.csv
      key: old owner
      value: E-mail
    otherwise: blank
"""
OWNERS = "Old owner,E-mail\nAsha Rao , asha@x.example\nBen,ben@x.example\n,\nBen,ben@x.example\n"
COLUMNS = ("ID", "Name", "Phone", "Plan", "Owner")
ROWS = (
    ("1", "A", "+919876500001", "1", "asha  RAO"),
    ("2", "B", "+919876500002", "", "Cara"),
    ("3", "C", "+919876500003", "9", "Ben"),
)
CHECK = ("check", "list.csv", "-m", "m/m.yaml")
FAST = ("--rate", "0", "--settle", "0", "--no-canary", "--org", "o1")


@pytest.fixture
def keyed(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    (importer.folder / "m" / "tables").mkdir(parents=True)
    importer.mapping(MAPPING, "m/m.yaml")
    importer.write("m/owners.csv", OWNERS)
    book = openpyxl.Workbook()
    for row in (("Code", "Plan"), (1, "gold"), (2, "silver")):
        book.active.append(row)
    book.save(importer.folder / "m" / "tables" / "plans.xlsx")
    importer.table(ROWS, columns=COLUMNS)
    return importer


def test_cells_become_the_values_of_the_tables(keyed: CommandLine) -> None:
    with recording() as server:
        assert keyed("run", "list.csv", "-m", "m/m.yaml", *FAST, "--base-url", server.base_url).code == 1
    bodies = [json.loads(request.body) for request in server.requests]
    assert [body["attributes"] for body in bodies if "crm_id" in body] == [{"plan": "gold"}, {"plan": "none"}]
    assert [body["user_email"] for body in bodies if "user_email" in body] == ["asha@x.example"]
    (row,) = keyed.rejects()
    assert row["_importer_problems"] == "value-not-in-lookup"
    assert row["_importer_message"] == "Plan: “9” is not in the column Code of tables/plans.xlsx"
    assert row["_importer_hint"] == "Add the value to tables/plans.xlsx, or set otherwise in the mapping."


def test_people_are_told_when_a_table_has_changed(keyed: CommandLine) -> None:
    assert "owners.csv has changed" not in keyed(*CHECK).err
    run_id = keyed.latest().name
    keyed.write("m/owners.csv", OWNERS + "Cara,cara@x.example\n")
    assert f"m/owners.csv has changed since run {run_id}" in keyed(*CHECK).err
    assert "has changed" not in keyed(*CHECK).err


def test_a_resumed_run_sends_what_was_looked_up_when_it_was_planned(keyed: CommandLine) -> None:
    with recording(lambda _: reply("401 Unauthorized")) as server:
        assert keyed("run", "list.csv", "-m", "m/m.yaml", *FAST, "--base-url", server.base_url).code == 3
        keyed.write("m/owners.csv", OWNERS.replace("asha@", "changed@"))
        ended = keyed("resume", *FAST[:5])
        assert ended.code == 3
        assert "m/owners.csv has changed since this run was planned; the original plan is sent" in ended.err


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_linked_folder(path: Path) -> None:
    folder = path.parent / "tables"
    folder.rename(path.parent / "elsewhere")
    folder.symlink_to("elsewhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def holding(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "mistake"),
    [
        (Path.unlink, "line 16: assign.user_email.lookup.file: m/owners.csv cannot be read: no such file"),
        (a_link, "line 16: assign.user_email.lookup.file: m/owners.csv is a symbolic link"),
        (a_linked_folder, "line 10: lead.attributes.plan.lookup.file: m/tables is a symbolic link"),
        (a_pipe, "line 16: assign.user_email.lookup.file: m/owners.csv is not a file"),
        (a_folder, "line 16: assign.user_email.lookup.file: m/owners.csv is not a file"),
        (holding(""), "line 16: assign.user_email.lookup.file: m/owners.csv: the file is empty (0 bytes)"),
        (
            holding("Old,E-mail\na,b\n"),
            "line 17: assign.user_email.lookup.key: there is no column “old owner” in row 1",
        ),
        (holding("Old owner,Mail\na,b\n"), "line 18: assign.user_email.lookup.value: there is no column “E-mail”"),
        (
            holding(f"{OWNERS}Asha Rao,zoe@x.example\n"),
            "line 17: assign.user_email.lookup.key: “Asha Rao” has two values in owners.csv: “asha@x.example” in row 2 "
            "and “zoe@x.example” in row 6; keep one of the rows",
        ),
        (
            holding("Old owner,E-mail\nBen,#N/A\n"),
            "line 16: assign.user_email.lookup.file: row 2 of owners.csv, column E-mail: “#N/A” ",
        ),
        (
            holding("Old owner,E-mail\n" + "".join(f"{n},{n}\n" for n in range(100_001))),
            "line 16: assign.user_email.lookup.file: owners.csv has more than 100,000 values",
        ),
    ],
)
def test_a_table_that_cannot_be_used_is_a_mistake_of_the_mapping(
    keyed: CommandLine, spoil: Callable[[Path], object], mistake: str
) -> None:
    spoil(keyed.folder / "m" / "owners.csv")
    ended = keyed(*CHECK)
    assert ended.code == 2
    assert f"  {mistake}" in ended.err
    assert not [path for path in keyed.reports.iterdir() if path.is_dir()]


def test_a_purge_forgets_where_the_tables_were(keyed: CommandLine) -> None:
    assert keyed(*CHECK).code == 1
    with closing(sqlite3.connect(keyed.reports / "journal.sqlite3")) as journal:
        lookups = "SELECT json_extract(request, '$.lookups') FROM runs"
        assert "m/owners.csv" in journal.execute(lookups).fetchone()[0]
        assert keyed("purge", "--older-than", "0d").code == 0
        assert journal.execute(lookups).fetchone()[0] == "{}"
