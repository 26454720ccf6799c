"""`importer check LIST` without a mapping: by the one that `init` would propose, and nothing is ever sent by it."""

import shlex
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from importer.errors import RunError
from importer.runs.service import Service
from importer.runs.settings import load_settings
from importer.sandbox import Sandbox
from tests.cli.command_line import CommandLine, lead, leads


def _next_step(out: str) -> list[str]:
    """The words of the command in the last line, without `importer`."""
    program, *words = shlex.split(out.splitlines()[-1])
    assert program == "importer"
    return words


def test_guesses_come_first_and_the_command_that_writes_the_mapping_last(importer: CommandLine) -> None:
    importer.table([*leads(3), lead(4, Phone="12")])
    ended = importer("check", "list.csv")
    assert ended.code == 1
    first, *lines = ended.out.splitlines()
    assert first == "No mapping was given, so this one is proposed from list.csv and only kept in memory:"
    assert "  ID → crm_id" in lines
    assert lines.index("  Phone → phone_number") < next(n for n, line in enumerate(lines) if line.startswith("Run "))
    assert importer.statuses() == ["valid"] * 3 + ["invalid"]
    assert not list(importer.folder.glob("*.yaml"))
    assert _next_step(ended.out) == ["init", "list.csv", "-o", "list.mapping.yaml"]


def test_what_is_missing_is_said_before_what_to_look_at(importer: CommandLine) -> None:
    importer.table([["Pune", "5/6/2025"], ["Köln", "7/6/2025"]], columns=("City", "Registered on"))
    ended = importer("check", "list.csv")
    assert ended.code == 1
    marks = [line.split()[0] for line in ended.out.splitlines() if line.startswith(("  TODO", "  LOOK"))]
    assert "TODO" in marks
    assert marks == sorted(marks, reverse=True)


@pytest.mark.parametrize("name", ["list.csv", "Webinar 26 Nov FINAL.csv", "-f.csv"])
def test_the_command_writes_exactly_the_mapping_that_was_used(importer: CommandLine, name: str) -> None:
    importer.table(leads(3), name=name)
    document = importer("check", "--json", "--", name).document
    assert document["mapping"]["path"] == "(proposed)"
    proposed = document["mapping"]["proposed"]
    assert {"name": "ID", "becomes": "crm_id"} in proposed["columns"]
    assert all(set(look) == {"line", "text", "must"} for look in proposed["looks"])
    assert importer(*shlex.split(proposed["command"])[1:]).code == 0
    assert sha256(Path(proposed["target"]).read_bytes()).hexdigest() == document["mapping"]["sha256"]
    assert importer("check", "-m", proposed["target"], "--", name).code == 0


def test_options_that_were_needed_to_read_the_file_are_part_of_the_command(importer: CommandLine) -> None:
    rows = "\n".join(f"{n}^Zoë {n}^+9198765{n:05}" for n in range(3, 9))
    (importer.folder / "l.csv").write_bytes(f"skip\nID^Name^Phone\n{rows}\n".encode("cp1252"))
    ended = importer("check", "l.csv", "--encoding", "cp1252", "--delimiter", "^", "--header-row", "2")
    assert ended.code == 0, ended.err
    assert importer(*_next_step(ended.out)).code == 0
    assert importer("check", "l.csv", "-m", "l.mapping.yaml").code == 0


def test_a_mapping_that_somebody_has_edited_is_neither_used_nor_written_over(importer: CommandLine) -> None:
    importer.table(leads(2))
    importer.mapping("mine", "list.mapping.yaml")
    ended = importer("check", "list.csv")
    assert ended.code == 0
    assert "list.mapping.yaml exists. To check with it: importer check list.csv -m list.mapping.yaml" in ended.out
    assert importer(*_next_step(ended.out)).code == 0
    assert Path("list.mapping.yaml").read_text(encoding="utf-8") == "mine"
    assert Path("list.mapping-2.yaml").exists()


def test_several_files_are_checked_by_the_mapping_of_the_first_that_is_no_lock_file(importer: CommandLine) -> None:
    importer.table(leads(2), name="a.csv")
    importer.table(leads(2, first=3), name="b.csv")
    (importer.folder / "~$a.xlsx").write_bytes(b"")
    ended = importer("check", "~$a.xlsx", "a.csv", "b.csv")
    assert ended.code == 0
    assert ended.err.count("is skipped") == 1
    assert "proposed from a.csv" in ended.out
    assert importer.statuses() == ["valid"] * 4
    importer.table([["x"]], name="c.csv", columns=("Other",))
    ended = importer("check", "a.csv", "c.csv")
    assert ended.code == 2
    assert "c.csv" in ended.err
    assert "The mapping was proposed from a.csv. Check files with other columns one by one" in ended.err


def test_the_report_can_be_written_again_and_forgotten(importer: CommandLine) -> None:
    importer.table(leads(2))
    before = importer("check", "list.csv", "--json").document
    assert importer("report", "latest", "--json").document["mapping"] == before["mapping"]
    page = (importer.latest() / "report.html").read_text(encoding="utf-8")
    assert "importer init list.csv -o list.mapping.yaml" in page
    assert importer("purge", "--older-than", "0d").code == 0
    assert b"list.mapping.yaml" not in (importer.reports / "journal.sqlite3").read_bytes()


def test_a_proposed_mapping_is_compared_with_no_other_file(importer: CommandLine) -> None:
    importer.table(leads(3))
    importer("check", "list.csv")
    importer.table([[*row, "x"] for row in leads(3)], columns=("ID", "Name", "Phone", "City", "Owner", "Stage", "New"))
    assert "Changed since" not in importer("check", "list.csv").out


def test_a_run_is_refused_with_the_command_that_writes_a_mapping(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.table(leads(2))
    ended = importer("run", "list.csv", "--yes", "--sheet", "1")
    assert (ended.code, ended.error) == (2, "a run needs a mapping, and none was given (-m)")
    assert "Write one and review it: importer init list.csv --sheet=1 -o list.mapping.yaml" in ended.err
    importer.mapping("mine", "list.mapping.yaml")
    assert "list.mapping.yaml exists; to use it, give -m list.mapping.yaml" in importer("run", "list.csv").err
    assert not sandbox.state.leads
    assert importer("run", "list.csv", "--json").document["exit_code"] == 2


def test_no_program_can_send_by_a_proposed_mapping(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.table(leads(2))
    with Service(load_settings({})) as service:
        request = replace(service.request([Path("list.csv")]), rate=0.0)
        with pytest.raises(RunError, match="a proposed mapping is never sent"):
            service.run(request)
    assert not sandbox.state.leads


@pytest.mark.parametrize("name", ["list.csv", "Nowhere.XLSX"])
def test_a_file_alone_leads_to_its_check(importer: CommandLine, name: str) -> None:
    importer.table(leads(1))
    ended = importer(name)
    assert ended.code == 2
    assert f"is a file, not a command; try: importer check {name}" in ended.err
