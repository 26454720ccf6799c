"""How long personal data stays: until a row is settled, until a run is purged."""

import os
import time
from pathlib import Path

import pytest

from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import FAST, KEY, MAPPING, CommandLine, lead, leads

SETTLED = ("Asha Test1", "+919876500001", "Chennai")
NEEDED = ("Ravi Wrong", "Pune-West")


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def journal_of(importer: CommandLine) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(importer.reports.glob("journal.sqlite3*")))


@pytest.fixture
def sent(importer: CommandLine, sandbox: Sandbox) -> CommandLine:
    """A run of three rows that are settled and one that needs a person."""
    importer.mapping()
    importer.table(
        [lead(1, City="Chennai"), *leads(2, first=2), lead(4, Name="Ravi Wrong", Phone="12", City="Pune-West")]
    )
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
    return importer


def test_cells_and_requests_of_settled_rows_are_overwritten_in_the_file(sent: CommandLine) -> None:
    """Looked for in the bytes of the file: SQLite keeps what is deleted in free pages unless it is told otherwise."""
    journal = journal_of(sent)
    assert [word for word in SETTLED if word.encode() in journal] == []
    assert [word for word in NEEDED if word.encode() not in journal] == []
    assert b"L-0001" in journal, "what the labels need stays"
    assert b"City" in journal


def test_cells_of_a_check_are_kept_only_where_they_are_needed(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([lead(1, City="Chennai"), lead(4, Name="Ravi Wrong", Phone="12", City="Pune-West")])
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    journal = journal_of(importer)
    assert [word for word in SETTLED if word.encode() in journal] == []
    (row,) = importer.rejects()
    assert (row["Name"], row["City"]) == NEEDED


def test_a_row_whose_event_failed_keeps_its_cells_for_the_person(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(3))
    faults = Faults(error_before=1, error_status=422, endpoints=["event"])
    with Sandbox(rate=0, api_key=KEY, faults=faults) as sandbox:
        importer.at(sandbox)
        importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert [row["Name"] for row in importer.rejects()] == ["Asha Test1", "Asha Test2", "Asha Test3"]
    importer("report", "latest")
    assert [row["Name"] for row in importer.rejects()] == ["Asha Test1", "Asha Test2", "Asha Test3"]


def test_what_is_still_to_be_sent_keeps_its_cells(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(3))
    with Sandbox(rate=0, api_key="another") as sandbox:
        importer.at(sandbox)
        os.environ["SALESCHAT_API_KEY"] = KEY
        assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 3
    assert b"Asha Test1" in journal_of(importer)


def test_a_purged_run_leaves_nobody(sent: CommandLine, sandbox: Sandbox) -> None:
    lead_ids = [each["lead_id"] for each in sandbox.state.snapshot()["leads"]]
    importer = sent
    personal = [*SETTLED, *NEEDED, "@leads.example", "list.csv", "m.yaml", "when_blank: skip", "phone-invalid"]
    before = contents(importer.reports)
    assert {word for word in (*NEEDED, *lead_ids, "list.csv") if word.encode() not in before} == set()
    assert importer("purge", "--older-than", "0d").code == 0
    after = contents(importer.reports)
    assert [word for word in (*personal, *lead_ids) if word.encode() in after] == []
    assert b"L-0001" in after, "the ledger knows which leads it has seen"
    assert b"L-0004" not in after
    assert importer("runs").code == 0
    assert importer("report", "latest").code == 0


def test_a_run_is_purged_once(sent: CommandLine) -> None:
    first = sent("purge", "--older-than", "0d")
    assert first.out.strip().startswith("2")
    assert sent("purge", "--older-than", "0d").out.strip() == "no run is that old"
    sent("report", "latest")
    assert sent("purge", "--older-than", "0d").out == first.out, "its folder was made again"


def test_what_a_killed_process_left_half_written_is_removed(sent: CommandLine) -> None:
    run = sent.latest()
    old, new = run / ".results.csv.abc.part", run / ".report.html.def.part"
    beside = sent.reports / ".x.part"
    other = run / "notes.part"
    for path in (old, new, beside, other):
        path.write_text("Asha")
    for path in (old, beside, other):
        os.utime(path, (time.time() - 7200,) * 2)
    ended = sent("purge", "--older-than", "1d")
    assert old.exists(), "an age is an age"
    os.utime(old, (time.time() - 2 * 86400,) * 2)
    os.utime(beside, (time.time() - 2 * 86400,) * 2)
    ended = sent("purge", "--older-than", "1d")
    assert ended.out.splitlines() == [".x.part", f"{run.name}/{old.name}"]
    assert (old.exists(), beside.exists(), new.exists(), other.exists()) == (False, False, True, True)


def test_half_a_report_that_is_being_written_stays(importer: CommandLine) -> None:
    """Also with `0d`; in the folder of a run that can be resumed, which purge leaves alone."""
    importer.mapping(MAPPING)
    importer.table(leads(3))
    with Sandbox(rate=0, api_key="another") as sandbox:
        importer.at(sandbox)
        os.environ["SALESCHAT_API_KEY"] = KEY
        importer("run", "list.csv", "-m", "m.yaml", *FAST)
    part = importer.latest() / ".results.csv.abc.part"
    part.write_text("Asha")
    assert importer("purge", "--older-than", "0d").out.strip() == "no run is that old"
    os.utime(part, (time.time() - 7200,) * 2)
    assert importer("purge", "--older-than", "0d").out.strip().endswith(".part")
    assert (importer.latest() / "rejects.csv").exists()
