"""What a person sees in a workbook is read from every container, and from a table that starts in C7.

`workbooks/` holds what other programs made of the workbook that `write_traps` writes: `traps.ods`, `traps.xls` and the
same with `_1904` are LibreOffice's (`soffice --convert-to ods traps.xlsx`), `traps_sheetjs.xls` is SheetJS's
(`XLSX.writeFile(XLSX.readFile("traps.xlsx", {cellNF: true}), "traps.xls", {bookType: "xls"})`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.reading.conftest import Seen

MADE = Path(__file__).parent / "workbooks"
HEADER = ["Lead ID", "Phone", "Zip", "On", "At", "Yes", "Code", "Long", "Share", "Length"]
ROWS: list[list[tuple[Any, str] | None]] = [
    [
        ("L-1", ""),
        (919876543210, ""),
        (501, "00000"),
        (dt.date(2026, 11, 22), "dd/mm/yyyy"),
        (dt.datetime(2026, 11, 22, 9, 30), "yyyy-mm-dd hh:mm"),  # noqa: DTZ001
        (True, ""),
        ("=NA()", "#N/A"),
        (12345678901234567, ""),
        (0.25, "0%"),
        (1 + 125 / 1440, "[h]:mm:ss"),
    ],
    [
        ("L-2", ""),
        (919876543211, '"+"0'),
        (12345678, "000-00-0000"),
        (dt.date(2026, 2, 1), "dd/mm/yyyy"),
        (dt.time(8, 15), "hh:mm"),
        (False, ""),
        ("=1/0", "#DIV/0!"),
        (7, ""),
        (0.5, "0.00"),
        (0.5, "[h]:mm:ss"),
    ],
    [("L-3", ""), ("+91 98765 43212", ""), ("00501", ""), None, None, None, ("fine", ""), (0.1, ""), (1000000, "")],
]
SEEN = {
    8: [
        *("L-1", "919876543210", "00501", "2026-11-22", "2026-11-22 09:30:00"),
        *("TRUE", "#N/A", "12345678901234600", "0.25", "26:05:00"),
    ],
    9: ["L-2", "+919876543211", "012-34-5678", "2026-02-01", "08:15:00", "FALSE", "#DIV/0!", "7", "0.5", "12:00:00"],
    10: ["L-3", "+91 98765 43212", "00501", "", "", "", "fine", "0.1", "1000000", ""],
}
PROBLEMS = [(8, "digits-lost", "Long"), (8, "cell-error", "Code"), (9, "cell-error", "Code")]


def write_cell(book: Workbook, sheet: Worksheet, row: int, column: int, value: object, form: str) -> None:
    style = book.add_format({"num_format": form}) if form else None
    if isinstance(value, str) and value.startswith("="):
        sheet.write_formula(row, column, value, None, form)
    elif isinstance(value, (dt.date, dt.time)):
        sheet.write_datetime(row, column, value, style)
    elif isinstance(value, str):
        sheet.write_string(row, column, value)
    else:
        sheet.write(row, column, value, style)


def write_traps(path: Path, *, is_1904: bool = False) -> None:
    with xlsxwriter.Workbook(path, {"date_1904": is_1904}) as book:
        sheet = book.add_worksheet("Leads")
        sheet.write_row("C7", HEADER)
        for row, cells in enumerate(ROWS, start=7):
            for column, cell in enumerate(cells, start=2):
                if cell:
                    write_cell(book, sheet, row, column, *cell)
        secret = book.add_worksheet("Secret")
        secret.write_row(0, 0, HEADER)
        secret.write_row(1, 0, ["S-1", "1"])
        secret.hide()


def agrees(seen: Seen) -> None:
    assert seen.info.sheet == "Leads"
    assert any("hidden" in note and "Secret" in note for note in seen.info.notes)
    assert seen.columns == HEADER
    assert seen.rows == SEEN
    assert seen.codes == PROBLEMS


@pytest.mark.parametrize("is_1904", [False, True])
def test_an_xlsx_of_our_own(tmp_path: Path, see_all: Callable[..., list[Seen]], is_1904: bool) -> None:
    write_traps(tmp_path / "traps.xlsx", is_1904=is_1904)
    agrees(see_all(tmp_path / "traps.xlsx")[0])


@pytest.mark.parametrize("path", sorted(MADE.glob("traps*")), ids=lambda path: path.name)
def test_what_other_programs_saved(see_all: Callable[..., list[Seen]], path: Path) -> None:
    agrees(see_all(path)[0])


@pytest.mark.parametrize("path", sorted(MADE.glob("traps*")), ids=lambda path: path.name)
def test_a_hidden_sheet_is_read_when_it_is_named(see_all: Callable[..., list[Seen]], path: Path) -> None:
    (seen,) = see_all(path, sheet="Secret")
    assert seen.rows[2][:2] == ["S-1", "1"]


def test_there_are_made_workbooks() -> None:
    assert {path.suffix for path in MADE.glob("traps*")} == {".xls", ".ods"}
