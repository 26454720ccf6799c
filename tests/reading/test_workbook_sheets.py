"""Sheets, positions and the odd ways in which writers lay them down."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from importer.errors import SourceError
from tests.reading.conftest import Seen

HEADER = ["Lead ID", "Name", "Phone"]
STRICT = {
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}


@pytest.fixture
def many_sheets(tmp_path: Path) -> Path:
    path = tmp_path / "leads.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["Do not edit"])
    for title, rows in {"North": 2, "South": 3, "Other": 1, "Old": 1}.items():
        sheet = book.create_sheet(title)
        sheet.append(["x", "y"] if title == "Other" else HEADER)
        for number in range(rows):
            sheet.append([f"{title}-{number}", "Anna", "+1"])
    book["Old"].sheet_state = "hidden"
    book.save(path)
    return path


def test_wanted_columns_choose_the_sheet(many_sheets: Path, see_all: Callable[..., list[Seen]]) -> None:
    (seen,) = see_all(many_sheets, wanted=["Lead ID", "Phone"])
    assert seen.info.sheet == "North"
    assert "sheet “North” is read; not read: “Read me”, “South”, “Other”" in seen.info.notes
    assert "hidden, not read unless named: “Old”" in seen.info.notes


def test_without_wanted_columns_a_cover_sheet_is_passed_over(
    many_sheets: Path, see_all: Callable[..., list[Seen]]
) -> None:
    assert see_all(many_sheets)[0].info.sheet == "North"


@pytest.mark.parametrize(("asked", "name"), [("South", "South"), (" south ", "South"), ("3", "South"), ("Old", "Old")])
def test_a_sheet_by_name_or_position(
    many_sheets: Path, see_all: Callable[..., list[Seen]], asked: str, name: str
) -> None:
    assert see_all(many_sheets, sheet=asked)[0].info.sheet == name


@pytest.mark.parametrize("asked", ["West", "0", "5", "9"])
def test_an_unknown_sheet_is_refused_with_the_sheets_there_are(
    many_sheets: Path, see_all: Callable[..., list[Seen]], asked: str
) -> None:
    with pytest.raises(SourceError, match="“Read me”, “North”, “South”"):
        see_all(many_sheets, sheet=asked)


def test_all_sheets_with_the_same_columns(many_sheets: Path, see_all: Callable[..., list[Seen]]) -> None:
    seen = see_all(many_sheets, sheet="*", wanted=["Lead ID", "Phone"])
    assert [one.info.sheet for one in seen] == ["North", "South"]
    assert [len(one.rows) for one in seen] == [2, 3]


def test_no_sheet_with_the_wanted_columns_is_refused(many_sheets: Path, see_all: Callable[..., list[Seen]]) -> None:
    with pytest.raises(SourceError, match=r"no sheet names any of the mapped columns \(“E-mail”\).*“North”"):
        see_all(many_sheets, wanted=["E-mail"])


def test_an_empty_workbook_has_no_header(workbook_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="sheet “Sheet”: no header row"):
        workbook_of([])


def test_a_table_that_starts_at_c7_keeps_its_row_numbers(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    path = tmp_path / "leads.xlsx"
    book = openpyxl.Workbook()
    for column, name in zip("CDE", HEADER, strict=True):
        book.active[f"{column}7"] = name
        book.active[f"{column}9"] = f"{name} 9"
    book.save(path)
    (seen,) = see_all(path)
    assert seen.info.header_row == 7
    assert seen.columns == HEADER
    assert seen.rows == {9: ["Lead ID 9", "Name 9", "Phone 9"]}


def test_merged_cells_have_their_value_in_the_first(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    path = tmp_path / "leads.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.merge_range("A2:A3", "L-1")
        sheet.write("B2", "Anna")
        sheet.write("B3", "Ben")
    assert see_all(path)[0].rows == {2: ["L-1", "Anna", ""], 3: ["", "Ben", ""]}


def test_cells_right_of_the_header_get_a_named_column(workbook_of: Callable[..., Seen]) -> None:
    seen = workbook_of([["a", "b"], ["1", "2", "3"], ["4", "5"]])
    assert seen.columns == ["a", "b", "Column 3"]
    assert seen.rows[2] == ["1", "2", "3"]


def test_short_rows_of_a_workbook_are_not_ragged(workbook_of: Callable[..., Seen]) -> None:
    assert workbook_of([HEADER, ["1", "2", "3"], ["4"]]).problems == []


ROWS = "".join(
    f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>id{row}</t></is></c>'
    f'<c r="B{row}" t="inlineStr"><is><t>x</t></is></c></row>'
    for row in range(1, 30)
)


@pytest.mark.parametrize("dimension", ["A1:B3", "A1", "A1:XFD1048576", "C5:D6"])
def test_a_lying_dimension_loses_no_rows(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], dimension: str
) -> None:
    (seen,) = see_all(raw_workbook(ROWS, before=f'<dimension ref="{dimension}"/>'))
    assert len(seen.rows) == 28


def test_inline_strings_and_cells_without_references(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    rows = (
        '<row><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>zip</t></is></c></row>'
        '<row><c t="str"><v>a</v></c><c t="e"><v>#N/A</v></c></row>'
    )
    (seen,) = see_all(raw_workbook(rows))
    assert seen.rows == {2: ["a", "#N/A"]}
    assert seen.codes == [(2, "cell-error", "zip")]


def test_strict_open_xml(tmp_path: Path, raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]) -> None:
    (source,) = [raw_workbook(ROWS + '<row r="40"><c r="A40" t="d"><v>2026-11-22</v></c></row>')]
    strict = tmp_path / "strict.xlsx"
    with zipfile.ZipFile(source) as loose, zipfile.ZipFile(strict, "w") as archive:
        for name in loose.namelist():
            text = loose.read(name).decode()
            for old, new in STRICT.items():
                text = text.replace(old, new)
            archive.writestr(name, text)
    (seen,) = see_all(strict)
    assert len(seen.rows) == 29
    assert seen.rows[40] == ["2026-11-22", ""]


def test_prefixed_elements(raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]) -> None:
    sheet = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        '<x:row r="1"><x:c r="A1" t="str"><x:v>id</x:v></x:c><x:c r="B1" t="str"><x:v>n</x:v></x:c></x:row>'
        '<x:row r="2"><x:c r="A2" t="str"><x:v>a</x:v></x:c><x:c r="B2"><x:f>1+1</x:f></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    (seen,) = see_all(raw_workbook("", sheet=sheet))
    assert seen.codes == [(2, "formula-without-value", "n")]


def test_a_macro_workbook_is_one(
    tmp_path: Path, raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    path = raw_workbook(ROWS, **{"xl/vbaProject.bin": "macro"})
    assert see_all(path)[0].info.format == "xlsm"


def test_a_workbook_by_another_name_is_read(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], tmp_path: Path
) -> None:
    path = raw_workbook(ROWS).rename(tmp_path / "leads.csv")
    assert see_all(path)[0].info.format == "xlsx"
