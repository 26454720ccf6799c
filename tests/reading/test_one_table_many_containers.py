"""The same table in different containers is the same table."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import openpyxl
import xlsxwriter

from tests.reading.conftest import Seen

ROWS = [
    ["Lead ID", "Name", "Phone", "Note"],
    ["L-1", "Zoë Ångström", "+919876543210", "two\nlines"],
    ["L-2", "李 小明", "007", '"quoted", with; all | of\tit'],
    ["L-3", "O'Neil ", "", "=1+1"],
]


def test_csv_and_workbooks_of_two_writers_agree(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.xlsx", "d.xlsx", "e.xlsx")]
    for path, delimiter, encoding in ((paths[0], ",", "utf-8"), (paths[1], "\t", "utf-16")):
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(ROWS)
    book = openpyxl.Workbook()
    for number, row in enumerate(ROWS, start=1):
        for column, text in enumerate(row, start=1):
            book.active.cell(number, column, text).data_type = "s"
    book.save(paths[2])
    for path, options in ((paths[3], {}), (paths[4], {"constant_memory": True})):
        with xlsxwriter.Workbook(path, options) as workbook:
            sheet = workbook.add_worksheet()
            for number, row in enumerate(ROWS):
                for column, text in enumerate(row):
                    sheet.write_string(number, column, text)
    tables = [see_all(path)[0] for path in paths]
    assert all(table.columns == ROWS[0] for table in tables)
    assert all(list(table.rows.values()) == ROWS[1:] for table in tables)
    assert all(list(table.rows) == [2, 3, 4] for table in tables)
    assert len({table.info.sha256 for table in tables}) == len(tables)
