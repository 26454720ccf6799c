"""How long personal data stays: until a row is settled, until a run is purged."""

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from importer.journal import database
from importer.runs.send_lock import sending_lock
from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import FAST, KEY, MAPPING, CommandLine, lead, leads

pytestmark = pytest.mark.slow  # whole runs, several for each test

SETTLED = ('"city":"Chennai"', "simmering")
"""What only a request holds, and a cell that no lead is made of; LEAD is what leads.csv and the page show."""
LEAD = ("+919876500001", "Chennai", "+91 98765 00001")
NEEDED = ("Ravi Wrong", "Pune-West")
RAW = lead(1, City="Chennai", Phone="+91 98765 00001", Stage="simmering")


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def journal_of(importer: CommandLine) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(importer.reports.glob("journal.sqlite3*")))


@pytest.fixture
def sent(importer: CommandLine, sandbox: Sandbox) -> CommandLine:
    """A run of three rows that are settled and one that needs a person."""
    importer.mapping()
    importer.table([RAW, *leads(2, first=2), lead(4, Name="Ravi Wrong", Phone="12", City="Pune-West")])
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
    return importer


def test_cells_and_requests_of_settled_rows_are_overwritten_in_the_file(sent: CommandLine) -> None:
    """Looked for in the bytes of the file: SQLite keeps what is deleted in free pages by default."""
    journal = journal_of(sent)
    assert [word for word in SETTLED if word.encode() in journal] == []
    assert [word for word in NEEDED if word.encode() not in journal] == []
    assert b"L-0001" in journal, "what the labels need stays"
    assert b"City" in journal


def test_cells_of_a_check_are_kept_only_where_they_are_needed(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([RAW, lead(4, Name="Ravi Wrong", Phone="12", City="Pune-West")])
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    journal = journal_of(importer)
    assert [word for word in SETTLED if word.encode() in journal] == []
    (row,) = importer.rejects()
    assert (row["Name"], row["City"]) == NEEDED


def test_the_leads_of_a_run_are_reported_again_until_it_is_purged(sent: CommandLine) -> None:
    path = sent.latest() / "leads.csv"
    before = path.read_bytes()
    assert b"Chennai" in before
    path.unlink()
    assert sent("report", "latest").code == 0
    assert path.read_bytes() == before
    assert sent("purge", "--older-than", "0d").code == 0
    assert not path.exists()
    assert sent("report", "latest").code == 0
    assert not path.exists(), "no lead is left to be shown"
    assert "leads.csv" not in sent.summary(path.parent)["files"]
    assert b"Chennai" not in contents(sent.reports)


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
    personal = [*SETTLED, *LEAD, *NEEDED, "@leads.example", "list.csv", "m.yaml", "when_blank: skip", "phone-invalid"]
    before = contents(importer.reports)
    assert {word for word in (*LEAD, *NEEDED, *lead_ids, "list.csv") if word.encode() not in before} == set()
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
    assert sent("purge", "--older-than", "0d").out.strip() == "no runs are that old"
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


def stopped(importer: CommandLine, rows: list[list[str]]) -> CommandLine:
    """A run that was planned, and stopped by a credential that the server refuses."""
    importer.mapping(MAPPING)
    importer.table(rows)
    with Sandbox(rate=0, api_key="another") as sandbox:
        importer.at(sandbox)
        os.environ["SALESCHAT_API_KEY"] = KEY
        assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 3
    return importer


def test_half_a_report_that_is_being_written_stays(importer: CommandLine) -> None:
    """Also with `0d`; beside a run that is left alone because another process may be sending it."""
    stopped(importer, leads(3))
    part = importer.latest() / ".results.csv.abc.part"
    part.write_text("Asha")
    with sending_lock(importer.reports, "another", datetime.now(UTC)):
        assert importer("purge", "--older-than", "0d").out.strip() == "no runs are that old"
        os.utime(part, (time.time() - 7200,) * 2)
        ended = importer("purge", "--older-than", "0d")
    assert ended.out.strip().endswith(".part")
    assert "Another process is using the journal" in ended.err
    assert (importer.latest() / "rejects.csv").exists()


def people(count: int) -> tuple[list[list[str]], set[bytes]]:
    """Leads with names, phones and owners that occur nowhere else, and these words."""
    rows, words = [], set()
    for number in range(1, count + 1):
        name, phone, owner = f"Xq{number:05}ila Vor{number:05}", f"+9198765{number:05}", f"own{number:05}@leads.example"
        rows.append(lead(number, Name=name, Phone=phone if number % 3 else "12", Owner=owner))
        words |= {*(part.encode() for part in name.split()), phone.encode(), owner.encode()}
    return rows, words


@pytest.mark.slow
def test_after_a_purge_no_byte_of_the_journal_names_a_person(importer: CommandLine, sandbox: Sandbox) -> None:
    """SQLite leaves copies of cells where it moved them from one page to another, whatever `secure_delete` says."""
    rows, words = people(300)
    importer.mapping()
    importer.table(rows)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    assert importer("purge", "--older-than", "0d").code == 0
    journal = journal_of(importer)
    assert {word for word in words if word in journal} == set()
    with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,), "the file was written anew"
    assert b"L-0001" in journal, "the ledger knows which leads it has seen"


def test_a_run_that_was_stopped_is_purged_by_its_age(importer: CommandLine) -> None:
    rows, words = people(30)
    (run,) = stopped(importer, rows).reports.glob("*-*/")
    assert importer("purge", "--older-than", "1d").out.strip() == "no runs are that old"
    assert any(word in journal_of(importer) for word in words)
    assert importer("purge", "--older-than", "0d").out.strip() == run.name
    assert {word for word in words if word in contents(importer.reports)} == set()
    assert importer("resume").code == 2
    again = importer("resume", run.name)
    assert again.code == 2
    assert "was purged, so its data is gone" in again.err
    assert importer("report", run.name).code == 0
    assert importer("runs").code == 0


def test_a_reader_of_the_journal_delays_the_overwriting_only(
    sent: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "PATIENCE", 1)
    reader = sqlite3.connect(sent.reports / "journal.sqlite3")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM runs").fetchone()
    with closing(reader):
        ended = sent("purge", "--older-than", "0d")
    assert ended.code == 0
    assert "Run `importer purge` again" in ended.err
    assert "Run `importer purge` again" not in sent("purge", "--older-than", "0d").err
