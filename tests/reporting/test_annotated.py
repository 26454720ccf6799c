"""annotated.xlsx: a copy of the user's workbook, read back with openpyxl."""

import hashlib
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from importer.errors import LocalDiskError
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from importer.model.run import ReadSource, RunReport
from importer.reporting import write_annotated
from importer.reporting.annotated import annotated_workbook
from tests.reporting.conftest import ReportRow, Reports

RED = "FFFBD5D5"


def make(path: Path) -> None:
    """A workbook as people keep them: a title, two tables, formulas, widths, a filter, a comment."""
    book = Workbook()
    sheet = book.active
    sheet.title = "It's März"
    sheet["B1"] = "Webinar list"
    sheet.append([])
    sheet.append([None, "Id", "Name", "Phone", "Phone", date(2026, 11, 1), "Sum"])
    sheet.append([None, "C-4", "Ravi", 12, "x", 3, "=F4*2"])
    sheet.append([None, "C-5", "=1+1", "+919876543210", "y", 4, "=F5*2"])
    sheet["C5"].data_type = "s"
    sheet["D4"].comment = Comment("ask Meera", "Meera")
    sheet["B3"].font = Font(bold=True)
    sheet["B3"].fill = sheet["G3"].fill = PatternFill("solid", fgColor="FF112233")
    sheet["D5"].number_format = "@"
    sheet["Z9"].font = Font(bold=True)
    sheet.column_dimensions["C"].width = 33
    sheet.row_dimensions[4].height = 40
    sheet.freeze_panes = "C4"
    sheet.auto_filter.ref = "B3:G5"
    other = book.create_sheet("Other")
    other["A1"], other["A2"] = "untouched", "a row"
    book.defined_names["Total"] = DefinedName("Total", attr_text="'It''s März'!$G$4")
    book.save(path)


@pytest.fixture
def workbook(tmp_path: Path, reports: Reports) -> tuple[Path, ReadSource]:
    """The path of a source and its run."""
    path = tmp_path / "leads.xlsx"
    make(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    source = reports.source(
        path,
        sheet="It's März",
        sha256=sha256,
        header_row=3,
        headers=("Id", "Name", "Phone", "Phone", "2026-11-01", "Sum"),
        columns=("Id", "Name", "Phone", "Phone (2)", "2026-11-01", "Sum"),
    )
    return path, source


def problem(row: int, column: str, **changes: Any) -> Problem:
    fields = {"code": "phone-invalid", "detail": "is not a phone number", "value": "=12"}
    return Problem(row=row, column=column, **(fields | changes))


def written(tmp_path: Path, path: Path, run: RunReport, rows: list[ReportRow]) -> Workbook:
    assert not write_annotated(tmp_path / "annotated.xlsx", path, run, lambda: Reports().batches(rows))
    return load_workbook(tmp_path / "annotated.xlsx", rich_text=True)


def why_not_written(tmp_path: Path, path: Path, run: RunReport, rows: list[ReportRow]) -> str:
    """The reason; there is no workbook then, not even one of an earlier attempt."""
    (tmp_path / "annotated.xlsx").write_bytes(b"of an earlier attempt")
    reason = write_annotated(tmp_path / "annotated.xlsx", path, run, lambda: Reports().batches(rows))
    assert reason
    assert not (tmp_path / "annotated.xlsx").exists()
    return reason


def fill(cell: Cell) -> str | None:
    return cell.fill.fgColor.rgb if cell.fill.fill_type else None


def texts(sheet: Worksheet) -> list[Any]:
    return [cell for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]


def test_the_users_workbook_stays_what_it_was(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    row = reports.invalid(4, cells=(), problems=(problem(4, "Phone"),))
    copy = written(tmp_path, path, reports.run(source, rows=[row]), [row])
    before, after = load_workbook(path)["It's März"], copy["It's März"]
    assert copy.sheetnames == ["Import", "It's März", "Other"]
    for cells in before.iter_rows(max_col=7):
        for cell in cells:
            same = after[cell.coordinate]
            assert (same.value, same.data_type, same.number_format) == (cell.value, cell.data_type, cell.number_format)
    assert after["G4"].value == "=F4*2"
    assert (after["C5"].value, after["C5"].data_type) == ("=1+1", "s")
    assert after.column_dimensions["C"].width == 33
    assert after.row_dimensions[4].height == 40
    assert after.freeze_panes == "C4"
    assert after.auto_filter.ref == "B3:G5"
    assert after["B3"].font.bold
    assert copy["Other"]["A1"].value == "untouched"
    assert copy.defined_names["Total"].attr_text == "'It''s März'!$G$4"


def test_problem_cells_are_filled_and_name_rule_value_and_fix(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    problems = (
        problem(4, "Phone"),
        problem(4, "Phone (2)", value="x"),
        problem(4, "2026-11-01", code="date-invalid", detail="is no date", value="3"),
        problem(4, "", code="row-too-long", detail="the row is too long", value=""),
    )
    rows = [reports.invalid(4, problems=problems), reports.created(5, assign=FollowUp.NONE)]
    sheet = written(tmp_path, path, reports.run(source, rows=rows), rows)["It's März"]
    comment = sheet["D4"].comment.text
    assert "ask Meera" in comment
    assert "Phone: “=12” is not a phone number" in comment
    assert "[phone-invalid]" in comment
    assert "“x”" in sheet["E4"].comment.text
    assert "“3” is no date" in sheet["F4"].comment.text
    assert [fill(sheet[name]) for name in ("C4", "D4", "E4", "F4", "G4")] == [None, RED, RED, RED, None]
    assert sheet["H3"].value == "Import"
    assert fill(sheet["H3"]) == "FF112233"
    assert sheet["H4"].value.startswith("invalid: Phone: “=12” is not a phone number; ")
    assert sheet["H5"].value == "created, lead 6f1d0000-0000-4000-8000-000000000005"
    assert fill(sheet["H5"]) != fill(sheet["H4"]) == RED
    assert sheet["D5"].comment is None


def test_a_warning_is_marked_more_softly_and_the_row_needs_nobody(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    row = reports.created(4, problems=(problem(4, "Name", warning=True, code="phone-repeated"),))
    sheet = written(tmp_path, path, reports.run(source, rows=[row]), [row])["It's März"]
    assert fill(sheet["C4"]) not in {None, RED}
    assert sheet["H4"].value.startswith("created, lead")


def test_the_first_sheet_says_what_happened_and_leads_to_the_rows(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    rows = [reports.invalid(4), reports.row(5, RowStatus.REJECTED, message="=refused", http_status=422)]
    run = reports.run(source, rows=rows)
    book = written(tmp_path, path, run, rows)
    front = book["Import"]
    assert book.active is front
    assert [sheet.sheet_view.tabSelected for sheet in book.worksheets] == [True, None, None]
    expected = texts(front)
    assert "2 rows read: 1 invalid, 1 rejected by the CRM. 2 rows need attention." in expected
    assert "Rejected by the crm (422)" not in expected
    assert "Rejected by the CRM (422)" in expected
    links = {cell.value: cell.hyperlink.location for cells in front.iter_rows() for cell in cells if cell.hyperlink}
    assert links["row 4"] == "'It''s März'!A4"
    assert links["row 5"] == "'It''s März'!A5"
    refs = [cell.hyperlink.ref == cell.coordinate for cells in front.iter_rows() for cell in cells if cell.hyperlink]
    assert all(refs)


def test_nothing_that_a_cell_or_the_server_says_becomes_a_formula(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    evil = '=HYPERLINK("http://x.example")\x07'
    rows = [reports.row(4, RowStatus.REJECTED, message=evil, hint="=1", lead_id="=2", assigned_to="=3")]
    write_annotated(tmp_path / "annotated.xlsx", path, reports.run(source, rows=rows), lambda: reports.batches(rows))
    with zipfile.ZipFile(tmp_path / "annotated.xlsx") as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        formulas = [archive.read(name).count(b"<f>") for name in sheets]
    assert sorted(formulas) == [0, 0, 2]


def test_rows_of_two_sheets_are_marked_and_those_of_other_files_are_not(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    other = reports.source(path, sheet="Other", sha256=source.info.sha256, headers=("untouched",))
    foreign = reports.source("foreign.csv")
    run = reports.run(foreign, source, other)
    rows = [reports.invalid(4, source=0), reports.created(5, source=1), reports.created(2, source=2)]
    book = written(tmp_path, path, run, rows)
    assert book["It's März"]["H4"].value is None
    assert book["It's März"]["H5"].value.startswith("created")
    assert [book["Other"]["B1"].value, book["Other"]["B2"].value[:7]] == ["Import", "created"]


def test_merged_cells_are_no_obstacle(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "merged.xlsx"
    book = Workbook()
    book.active.append(["Id", "Phone", None])
    book.active.append(["C", "12", None])
    book.active.merge_cells("B2:C2")
    book.active.merge_cells("B1:C1")
    book.save(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    source = reports.source(path, sheet="Sheet", sha256=sha256, headers=("Id", "Phone"))
    row = reports.invalid(2, problems=(problem(2, "Phone"),))
    sheet = written(tmp_path, path, reports.run(source, rows=[row]), [row])["Sheet"]
    assert sheet["D1"].value == "Import"
    assert fill(sheet["B2"]) == RED


@pytest.mark.parametrize("in_memory", [True, False], ids=["inline texts", "shared texts"])
def test_a_column_is_found_by_its_name_behind_columns_that_were_not_read(
    tmp_path: Path, reports: Reports, in_memory: bool
) -> None:
    path = tmp_path / "gap.xlsx"
    book = xlsxwriter.Workbook(path, {"constant_memory": in_memory})
    sheet = book.add_worksheet("S")
    sheet.write_row(0, 0, ("Id", "", "Phone", "Phone"))
    sheet.write_row(1, 0, ("C", "", "12", "x"))
    book.add_worksheet("Opened").activate()
    book.close()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    columns = ("Id", "Phone", "Phone (2)")
    source = reports.source(path, sheet="S", sha256=sha256, headers=("Id", "Phone", "Phone"), columns=columns)
    row = reports.invalid(2, problems=(problem(2, "Phone (2)"),))
    copy = written(tmp_path, path, reports.run(source, rows=[row]), [row])
    assert [fill(copy["S"][name]) for name in ("A2", "B2", "C2", "D2")] == [None, None, None, RED]
    assert [sheet.sheet_view.tabSelected for sheet in copy.worksheets] == [True, None, None]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda path: path.unlink(), "cannot be read any more"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "was changed after it was read"),
    ],
)
def test_a_source_that_is_gone_or_changed_is_not_copied(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports, change: Callable[..., Any], expected: str
) -> None:
    path, source = workbook
    change(path)
    rows = [reports.created(5), reports.invalid(4)]
    assert expected in why_not_written(tmp_path, path, reports.run(source, rows=rows), rows)


def test_a_workbook_of_more_rows_than_anybody_looks_through_is_not_copied(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    rows = [reports.invalid(4)]
    most = replace(source, rows=20_000)
    assert written(tmp_path, path, reports.run(most), rows).sheetnames == ["Import", "It's März", "Other"]
    reason = why_not_written(tmp_path, path, reports.run(replace(source, rows=20_001)), rows)
    assert reason == "leads.xlsx has 20,001 rows; only workbooks of up to 20,000 rows are copied."


def test_a_workbook_that_lacks_a_row_that_was_read_is_not_copied(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    assert why_not_written(tmp_path, path, reports.run(source), [reports.invalid(6)])


def test_a_workbook_above_the_measured_size_is_not_copied(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, source = workbook
    monkeypatch.setattr(annotated_workbook, "COPIED_BYTES", 100)
    assert "too large" in why_not_written(tmp_path, path, reports.run(source), [])


def test_a_workbook_that_cannot_be_understood_is_not_copied(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "odd.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/nothing.xml", "<a/>")
    source = reports.source(path, sheet="S", sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    rows = [reports.invalid(2), reports.invalid(3)]
    assert "cannot be copied" in why_not_written(tmp_path, path, reports.run(source, rows=rows), rows)


def test_a_workbook_whose_sheet_is_no_more_is_not_copied(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    path, source = workbook
    gone = reports.source(path, sheet="Gone", sha256=source.info.sha256)
    rows = [reports.invalid(2)]
    assert why_not_written(tmp_path, path, reports.run(gone, rows=rows), rows)


def test_rich_text_and_the_look_of_another_writer_stay(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "rich.xlsx"
    book = xlsxwriter.Workbook(path)
    bold = book.add_format({"bold": True})
    sheet = book.add_worksheet("S")
    sheet.write_row(0, 0, ["Id", "Phone"])
    sheet.write_rich_string(1, 0, "C-", bold, "1")
    sheet.write_string(1, 1, "=12")
    sheet.data_validation("B2:B9", {"validate": "list", "source": ["a", "b"]})
    book.close()
    source = reports.source(
        path, sheet="S", sha256=hashlib.sha256(path.read_bytes()).hexdigest(), headers=("Id", "Phone")
    )
    row = reports.invalid(2, problems=(problem(2, "Phone"),))
    copy = written(tmp_path, path, reports.run(source, rows=[row]), [row])["S"]
    assert [str(part) for part in copy["A2"].value] == ["C-", "1"]
    assert copy["A2"].value[1].font.b
    assert (copy["B2"].value, copy["B2"].data_type) == ("=12", "s")
    assert len(copy.data_validations.dataValidation) == 1


def test_a_full_disk_is_said_so_and_nothing_is_left(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports, small_disk: Path
) -> None:
    path, source = workbook
    (small_disk / "filler").write_bytes(b"x" * 60 * 1024)
    with pytest.raises(LocalDiskError, match="No space left"):
        write_annotated(small_disk / "annotated.xlsx", path, reports.run(source), list)
    assert [found.name for found in small_disk.iterdir()] == ["filler"]


def test_a_workbook_of_a_writer_that_leaves_the_optional_parts_out_is_copied(
    tmp_path: Path, workbook: tuple[Path, ReadSource], reports: Reports
) -> None:
    """SheetJS, for one, writes no calculation settings."""
    path, _ = workbook
    spare = tmp_path / "spare.xlsx"
    with zipfile.ZipFile(path) as full, zipfile.ZipFile(spare, "w") as sparse:
        for name in full.namelist():
            sparse.writestr(name, re.sub(rb"<calcPr[^>]*/>", b"", full.read(name)))
    sha256 = hashlib.sha256(spare.read_bytes()).hexdigest()
    source = reports.source(spare, sheet="Other", sha256=sha256, headers=("untouched",))
    book = written(tmp_path, spare, reports.run(source), [reports.created(2)])
    assert book.sheetnames == ["Import", "It's März", "Other"]
