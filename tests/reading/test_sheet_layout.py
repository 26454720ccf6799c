"""What a sheet hides or merges is said before its rows are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tests.reading.conftest import Seen

HEADER = ["id", "name", "owner"]


def with_openpyxl(
    path: Path, hidden: tuple[int, ...] = (), merged: tuple[str, ...] = (), filtered: bool = False
) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["A list of ours"])
    sheet.append(HEADER)
    for row in range(3, 9):
        sheet.append([f"L-{row}", "Anna", "x"])
    for area in ("A1:C1", *merged):
        sheet.merge_cells(area)
    for row in hidden:
        sheet.row_dimensions[row].hidden = True
    sheet.row_dimensions[40].hidden = True  # and holds nothing
    if filtered:
        sheet.auto_filter.ref = "A2:C8"
    book.save(path)


def with_xlsxwriter(
    path: Path, hidden: tuple[int, ...] = (), merged: tuple[str, ...] = (), filtered: bool = False
) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["A list of ours"])
        sheet.write_row(1, 0, HEADER)
        for row in range(2, 8):
            sheet.write_row(row, 0, [f"L-{row + 1}", "Anna", "x"])
        for area in merged:
            sheet.merge_range(area, "x")
        for row in (*hidden, 40):
            sheet.set_row(row - 1, None, None, {"hidden": True})
        if filtered:
            sheet.autofilter("A2:C8")


WRITERS = pytest.mark.parametrize("write", [with_openpyxl, with_xlsxwriter])


@pytest.mark.slow
@WRITERS
@pytest.mark.parametrize(
    ("hidden", "filtered", "note"),
    [
        ((), False, None),
        ((), True, None),
        ((1,), False, None),  # above the header
        ((4,), False, "1 row is hidden and is read; to leave it out, delete it"),
        ((4, 5, 8), True, "3 rows are hidden (by a filter) and are read; to leave them out, delete them"),
    ],
)
def test_hidden_rows_are_read_and_reported(
    tmp_path: Path,
    see_all: Callable[..., list[Seen]],
    write: Callable[..., Any],
    hidden: tuple[Any, ...],
    filtered: bool,
    note: str | None,
) -> None:
    write(tmp_path / "x.xlsx", hidden=hidden, filtered=filtered)
    (seen,) = see_all(tmp_path / "x.xlsx", HEADER)
    assert [*seen.rows] == [3, 4, 5, 6, 7, 8]
    assert [said for said in seen.info.notes if "hidden" in said] == ([note] if note else [])


def test_of_all_sheets_each_is_named(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    with_openpyxl(tmp_path / "x.xlsx", hidden=(4,))
    (seen,) = see_all(tmp_path / "x.xlsx", HEADER, sheet="*")
    (said,) = [said for said in seen.info.notes if "hidden" in said]
    assert said == f"sheet “{seen.info.sheet}”: 1 row is hidden and is read; to leave it out, delete it"


@pytest.mark.slow
@WRITERS
@pytest.mark.parametrize(
    ("merged", "wanted", "columns"),
    [
        (("C4:C6",), HEADER, ["owner"]),
        (("C4:C6",), ["id", "name"], []),
        (("C4:C6",), [], ["owner"]),
        (("A4:B4",), HEADER, ["name"]),
        (("A4:B5",), HEADER, ["id", "name"]),
    ],
)
def test_merged_cells_in_wanted_columns_are_reported(
    tmp_path: Path,
    see_all: Callable[..., list[Seen]],
    write: Callable[..., Any],
    merged: tuple[str],
    wanted: list[str],
    columns: list[str],
) -> None:
    write(tmp_path / "x.xlsx", merged=merged)
    (seen,) = see_all(tmp_path / "x.xlsx", wanted, header_row=2)
    said = [note for note in seen.info.notes if "merged" in note]
    assert [note.split("”")[0].removeprefix("column “") for note in said] == columns
    assert all(merged[0] in note for note in said)


@pytest.mark.slow
@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_the_layout_is_found_however_the_xml_is_written(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], prefix: str, quote: str
) -> None:
    """Over more than one piece of the part, too."""
    rows = "".join(
        f'<row r="{row}" hidden="{"true" if row % 2 else "0"}"><c r="A{row}" t="str"><v>{"x" * 90}</v></c></row>'
        for row in range(2, 20_002)
    )
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c></row>' + rows
    sheet = f'<worksheet><cols><col min="1" max="2" hidden="1"/></cols><sheetData>{rows}</sheetData>'
    sheet += '<mergeCells><mergeCell ref="A7:A9"/></mergeCells></worksheet>'
    sheet = sheet.replace("</", "\0").replace("<", f"<{prefix}").replace("\0", f"</{prefix}").replace('"', quote)
    (seen,) = see_all(raw_workbook("", sheet=sheet), ["id"])
    assert any(note.startswith("10,000 rows are hidden and are read") for note in seen.info.notes)
    assert any("A7:A9" in note for note in seen.info.notes)
