"""The script that holds real files against a manifest finds what agrees and what does not."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "corpus.py"
COLUMNS = [
    "path",
    "expect",
    "encoding",
    "delimiter",
    "sheet",
    "header_row",
    "header",
    "data_rows",
    "map_hint",
    "blank_rows",
]
HINT = "crm_id=ID; first_name=Name; attributes=City"


@pytest.fixture
def corpus(tmp_path: Path) -> list[list[str]]:
    """A folder with four files that behave as the manifest says, and one line for each."""
    (tmp_path / "leads.csv").write_text("ID;Name;City\n1;Zoë;Ulm\n2;Jörg;Köln\n", encoding="cp1252")
    (tmp_path / "fake.xlsx").write_text("not a workbook\n", encoding="utf-8")
    book = openpyxl.Workbook()
    book.active.append(["Read me"])
    sheet = book.create_sheet("Leads")
    for row in (["The leads of the week"], [], ["ID", "Name", "City"], [1, "Asha", "Pune"]):
        sheet.append(row)
    book.save(tmp_path / "leads.xlsx")
    (tmp_path / "names.csv").write_text("the names of the week\n\nName,City\nAsha,Pune\n", encoding="utf-8")
    return [
        ["leads.csv", "READ", "cp1252", ";", "", "1", "ID | Name | Ci …(3 columns)", "2", HINT],
        ["leads.xlsx", "READ", "", "", "Sheet; Leads", "3", "ID | Name | City", "1", HINT],
        ["names.csv", "READ", "", "", "", "", "", "3", "", "1"],
        ["fake.xlsx", "REFUSE", "", "", "", "", "", "", ""],
    ]


def run(folder: Path, lines: list[list[str]]) -> tuple[int, str]:
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *lines])
    command = [sys.executable, str(SCRIPT), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SCRIPT.parents[1])
    assert not done.stderr
    return done.returncode, done.stdout


@pytest.mark.slow
def test_files_that_are_as_the_manifest_says(tmp_path: Path, corpus: list[list[str]]) -> None:
    code, table = run(tmp_path, corpus)
    assert table.splitlines()[-1] == "4 files, 4 as expected, 0 not"
    assert code == 0


@pytest.mark.slow
def test_every_disagreement_is_reported(tmp_path: Path, corpus: list[list[str]]) -> None:
    corpus[0][7] = "3"
    corpus[1][6] = "ID | Name | Town"
    corpus[2][7] = "4"
    corpus[3][1] = "READ"
    code, table = run(tmp_path, corpus)
    assert "2 rows instead of 3" in table
    assert "1 rows instead of 2" in table
    assert "no column 'Town' among ID, Name, City" in table
    assert "REFUSE instead of READ: error: " in table
    assert table.splitlines()[-1] == "4 files, 0 as expected, 4 not"
    assert code == 1
