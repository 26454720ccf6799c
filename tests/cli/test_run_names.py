"""Names of files come from the program: a run's name is plain, and no list, sheet or server names a file."""

import re

import openpyxl
import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, PLAIN_MAPPING, CommandLine, lead

HOSTILE = [
    "../x",
    "a/b",
    "a\\b",
    "..",
    ".",
    "-x",
    "a b",
    "x\n",
    "\u202ex",
    "é",
    "",
    "x" * 65,
    "con:",
    "a\x00b",
    "~x",
    "$(id)",
]


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_a_name_that_is_no_plain_name_is_refused(importer: CommandLine, name: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    ended = importer("check", "list.csv", "-m", "m.yaml", "--run-name", name)
    assert ended.code == 2
    assert not importer.reports.exists()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_mapping_with_such_a_name_is_refused(importer: CommandLine, name: str) -> None:
    quoted = "".join(f"\\u{ord(character):04x}" for character in name)
    importer.mapping(PLAIN_MAPPING.replace("name: plain", f'name: "{quoted}"'))
    importer.table([lead(1)])
    assert importer("check", "list.csv", "-m", "m.yaml").code == 2
    assert not importer.reports.exists()


@pytest.mark.parametrize("run", ["../../etc", "/etc/passwd", "..", "x/../../y", "\u202e"])
def test_a_run_is_looked_up_and_never_a_path(importer: CommandLine, run: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1)])
    importer("check", "list.csv", "-m", "m.yaml")
    before = sorted(importer.folder.rglob("*"))
    for command in (("report", run), ("resume", run), ("resolve", run, "--as", "ours")):
        ended = importer(*command)
        assert (ended.code, "there is no run" in ended.error) == (2, True)
    assert sorted(importer.folder.rglob("*")) == before


def test_no_file_is_named_after_what_a_list_or_a_server_says(importer: CommandLine, sandbox: Sandbox) -> None:
    book = openpyxl.Workbook()
    book.active.title = "..evil"
    for row in (
        ["ID", "Name", "Phone", "City", "Owner", "Stage"],
        lead(1, ID="../../evil"),
        lead(2, Name="evil", Phone="1"),
    ):
        book.active.append(row)
    book.save(importer.folder / "evil..list.xlsx")
    importer.mapping()
    importer("run", "evil..list.xlsx", "-m", "m.yaml", *FAST)
    made = [str(path.relative_to(importer.reports)) for path in importer.reports.rglob("*")]
    assert [name for name in made if "evil" in name or ".." in name] == []
    known = r"(journal\.sqlite3(-wal|-shm)?|\.sending\.lock|\d{8}-\d{6}-tiny(/[a-z-]+\.(csv|html|json|log|xlsx))?)"
    assert [name for name in made if not re.fullmatch(known, name)] == []
