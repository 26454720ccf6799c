"""The same leads in whatever container become the same requests, byte for byte.

`containers/` holds what LibreOffice made of the workbook that `write_openpyxl` writes:
`soffice --convert-to ods leads.xlsx`, and the same with `xls` and `xlsx`.
"""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from importer.mapping import Mapper, columns_of, parse_mapping
from importer.model.operation import Kind
from importer.model.problems import Problems
from importer.model.source import ReadOptions
from importer.planning import Planner
from importer.reading.opening import open_tables
from tests.planned import rows_of

MADE = Path(__file__).parent / "containers"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
MAPPING = """
version: 1
name: containers
defaults: {region: IN}
lead:
  crm_id: Lead ID
  first_name: Name
  phone_number: Phone
  opt_in_date: {column: Opt-in, format: "%d/%m/%Y"}
  attributes:
    note: Note
    zip: Zip
    score: {column: Score, type: number}
"""
ROWS = [
    ["Lead ID", "Name", "Phone", "Opt-in", "Note", "Zip", "Score"],
    ["L-1", "Zoë Ångström", "+919876543210", "03/11/2026", "two\nlines", "00501", "1.5"],
    ["L-2", "李 小明", "09876543211", "21/11/2026", '"quoted", with; all | of it', "", "0"],
    ["007", "O'Neil", "9876543212", "", "=1+1", "110001", "-12"],
    ["L-4", "مريم", "98765 43213", "01/02/2026", "TRUE", "1E5", "100000"],
]


Request = tuple[int, Kind, str, bytes]


def write_csv(path: Path, delimiter: str = ",", encoding: str = "utf-8", quoting: Any = csv.QUOTE_MINIMAL) -> None:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, quoting=quoting).writerows(ROWS)


def write_openpyxl(path: Path) -> None:
    book = openpyxl.Workbook()
    for number, row in enumerate(ROWS, start=1):
        for column, text in enumerate(row, start=1):
            book.active.cell(number, column, text or None).data_type = "s"
    book.save(path)


def write_openpyxl_streamed(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Leads")
    for row in ROWS:
        cells = [openpyxl.cell.WriteOnlyCell(sheet, text) for text in row]
        for cell in cells:
            cell.data_type = "s"
        sheet.append(cells)
    book.save(path)


def write_xlsxwriter(path: Path, **options: Any) -> None:
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(ROWS):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)


def write_pandas(path: Path) -> None:
    pd.DataFrame(ROWS[1:], columns=ROWS[0], dtype="str").to_excel(
        path, index=False, engine="xlsxwriter", engine_kwargs={"options": {"strings_to_formulas": False}}
    )


WRITERS = {
    "utf8.csv": write_csv,
    "semicolon.csv": lambda path: write_csv(path, ";", "utf-8-sig", csv.QUOTE_ALL),
    "unicode_text.txt": lambda path: write_csv(path, "\t", "utf-16"),
    "chinese.csv": lambda path: write_csv(path, "|", "utf-16-le"),
    "openpyxl.xlsx": write_openpyxl,
    "openpyxl_streamed.xlsx": write_openpyxl_streamed,
    "xlsxwriter.xlsx": write_xlsxwriter,
    "xlsxwriter_streamed.xlsx": lambda path: write_xlsxwriter(path, constant_memory=True),
    "pandas.xlsx": write_pandas,
}


def requests_of(path: Path, **options: Any) -> list[Request]:
    """Row number, kind, key and body of every operation, and the rows' problems."""
    loaded = parse_mapping(MAPPING, "containers.yaml")
    (table,) = open_tables(path, ReadOptions(**options), columns_of(loaded.mapping))
    mapper = Mapper(loaded, table.info, now=NOW)
    planner = Planner(loaded.mapping, mapper.targets, origin="https://api.x.example", org="org-1")
    planned = []
    for batch in table.batches():
        mapped = mapper.apply(batch.frame)
        problems = Problems.together([Problems.of(batch.problems), mapped.problems])
        rows = planner.plan(0, mapped, batch.frame, problems, frozenset())
        planned += rows_of(rows, planner.operations(mapped, rows))
    assert not [problem for row in planned for problem in row.problems]
    return [(row.row.number, each.kind, each.key, each.body) for row in planned for each in row.operations]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Request]:
    path = tmp_path_factory.mktemp("containers") / "leads.csv"
    write_csv(path)
    requests = requests_of(path)
    assert [key for _, _, key, _ in requests] == [row[0] for row in ROWS[1:]]
    assert b'"zip":"00501"' in requests[0][3]
    return requests


@pytest.mark.parametrize("name", WRITERS)
def test_every_writer_gives_the_same_requests(tmp_path: Path, expected: list[Request], name: str) -> None:
    WRITERS[name](tmp_path / name)
    options = {"encoding": "utf-16-le"} if name == "chinese.csv" else {}
    assert requests_of(tmp_path / name, **options) == expected


@pytest.mark.parametrize("name", ["leads.ods", "leads.xls", "leads.xlsx"])
def test_what_other_programs_saved_gives_the_same_requests(expected: list[Request], name: str) -> None:
    assert requests_of(MADE / name) == expected
