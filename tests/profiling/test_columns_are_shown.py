"""What the column doctor found reaches the person: as text, on the page, of every file, until it is purged."""

import json
import sqlite3
from contextlib import closing

from importer.cli.messages import symptom_lines
from importer.model.examination import Symptom
from tests.cli.command_line import COLUMNS, FAST, CommandLine, lead, leads


def test_a_check_shows_count_rows_and_fix(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([*leads(3), lead(4, Name=""), lead(5, Phone="+919876500005.0"), lead(6, ID="l-0001")])
    importer.table([lead(7, Phone="9.19877E+11")], name="rounded.csv")
    rounded = importer("check", "rounded.csv", "-m", "m.yaml").out
    assert "  Phone: 1 × numbers that a spreadsheet rounded: their last digits are gone; row 2\n" in rounded
    out = importer("check", "list.csv", "-m", "m.yaml").out
    assert "  Name: 1 × blank cells where a value is required; row 5\n      # Fill in the cells, or add" in out
    assert "default:" not in out  # a line to paste would send its placeholder
    assert "  Phone: 1 × phone numbers that a spreadsheet turned into decimals, repaired" in out
    assert "  ID: 2 × ids that differ from another one only in case or Unicode form; rows 2, 7\n" in out
    assert "      # Ids are case-sensitive; " in out
    assert "transform" not in out
    page = (importer.latest() / "report.html").read_text(encoding="utf-8")
    assert "ids-nearly-same" in page


def test_a_run_repeats_before_it_sends_who_must_not_be_contacted(importer: CommandLine) -> None:
    importer.mapping()
    rows = [[*lead(1), ""], [*lead(2), "yes"]]
    importer.table(rows, columns=(*COLUMNS, "Do not call"))
    err = importer("run", "list.csv", "-m", "m.yaml", "--sandbox", *FAST).err
    said, _, sent = err.partition("To send: 2 of 2 rows to organization")
    assert "  Do not call: 1 × people who must not be contacted according to this column" in said
    assert "set where:\n      where: [{column: Do not call, not_blank: false}]   # leaves these rows out\n" in said
    assert sent


def test_a_row_is_named_with_its_file(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(2))
    importer.table([lead(3), lead(4, Name="")], name="more.csv")
    assert "row 3 of file 2" in importer("check", "list.csv", "more.csv", "-m", "m.yaml").out


def test_many_symptoms_are_counted_and_cells_are_escaped() -> None:
    symptom = Symptom(code="mojibake", column="A\x1b[31m", count=9, rows=(1, 2, 3, 4, 5), fix="#")
    lines = symptom_lines([symptom] * 20, several_sources=False)
    assert lines[1] == "  A\\x1b[31m: 9 × values with broken letters; rows 1, 2, 3, 4, 5 …"
    assert lines[-1] == "  and 8 more in the report"


def test_purging_forgets_quoted_cells_and_keeps_the_counts(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([*leads(2), lead(3, Name="JosÃ© Test")])
    importer("check", "list.csv", "-m", "m.yaml")
    assert importer("purge", "--older-than", "0d").code == 0
    with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as journal:
        symptoms, columns = journal.execute("SELECT symptoms, columns FROM examinations").fetchone()
    assert symptoms == "[]"
    assert json.loads(columns)[1] == {"name": "Name", "rows": 3, "blanks": 0, "problems": 0}
