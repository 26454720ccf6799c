"""rejects.xlsx: the rows of rejects.csv as texts, marked, filtered and counted; read back with openpyxl."""

import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from importer.errors import LocalDiskError
from importer.model.outcome import FollowUp
from importer.model.problem import Problem
from importer.model.source import ReadOptions
from importer.reading.opening import is_corrected_rejects, open_tables
from importer.reporting import Overview, text_workbook
from importer.reporting import rejects_workbook as room
from tests.reporting.conftest import ReportRow, Reports
from tests.reporting.test_rejects import read

RED, YELLOW = "FFFBD5D5", "FFFFF3CD"


def written(tmp_path: Path, reports: Reports, rows: list[ReportRow], *notes: str, **changes: Any) -> tuple[Any, Any]:
    """Its two sheets."""
    path = tmp_path / "rejects.xlsx"
    reports.write_rejects_workbook(path, reports.run(rows=rows, **changes), rows, *notes)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Summary", "Rows to fix"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [other.name for other in tmp_path.iterdir()] == ["rejects.xlsx"], "nothing is left beside it"
    return book["Summary"], book["Rows to fix"]


def values(sheet: Worksheet) -> list[list[Any]]:
    return [[cell.value for cell in line] for line in sheet.iter_rows()]


def test_it_has_the_rows_and_columns_of_rejects_csv_as_texts(tmp_path: Path, reports: Reports) -> None:
    rows = [
        reports.created(2),
        reports.invalid(3, cells=("0012", "5/8/2026", "+6591234567", "1.50")),
        reports.created(4, assign=FollowUp.REJECTED, cells=("=1+1", "Zoë", "9.19877E+11", ""), message="no such user"),
    ]
    _, sheet = written(tmp_path, reports, rows)
    reports.write_rejects(tmp_path / "rejects.csv", reports.run(rows=rows), rows)
    assert [[cell or "" for cell in line] for line in values(sheet)] == read(tmp_path / "rejects.csv")
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert {(cell.data_type, cell.number_format) for cell in cells if cell.value} == {("s", "@")}
    columns = {sheet.column_dimensions[cell.column_letter].number_format for cell in sheet[1]}
    assert columns == {"@"}, "blank cells take texts, too"


def test_wrong_cells_are_red_and_say_the_rule_and_the_fix(tmp_path: Path, reports: Reports) -> None:
    phone = Problem(row=3, code="phone-invalid", detail="is not a phone number", column="Phone", value="12")
    owner = Problem(row=3, code="known-contact", detail="is known", column="Owner", warning=True)
    both = Problem(row=3, code="phone-repeated", detail="is on two rows", column="Phone", warning=True)
    elsewhere = Problem(row=3, code="crm-id-missing", detail="is blank", column="No such column")
    row = reports.invalid(3, problems=(phone, owner, both, elsewhere))
    _, sheet = written(tmp_path, reports, [row, reports.invalid(4, problems=())])
    marked = {cell.coordinate: cell.fill.fgColor.rgb for line in sheet.iter_rows() for cell in line if cell.comment}
    assert marked == {"C2": RED, "D2": YELLOW}
    comment = sheet["C2"].comment.text
    assert "Phone: “12” is not a phone number" in comment
    assert "[phone-invalid]" in comment
    assert "[phone-repeated]" in comment
    assert sheet["C3"].fill.fgColor.rgb == "00000000"


def test_a_blank_cell_that_is_wrong_is_red(tmp_path: Path, reports: Reports) -> None:
    name = Problem(row=3, code="first-name-missing", detail="is blank", column="Name")
    _, sheet = written(tmp_path, reports, [reports.invalid(3, cells=("C-3", "", "12", ""), problems=(name,))])
    assert (sheet["B2"].value, sheet["B2"].fill.fgColor.rgb) == (None, RED)
    assert sheet["B2"].comment


def test_the_rows_of_a_batch_stay_together(tmp_path: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_AT_ONCE", 2)
    rows = [reports.invalid(number) for number in range(2, 7)]
    batches = list(reports.batches(rows))
    whole = replace(
        batches[0],
        table=pa.concat_tables([batch.table for batch in batches]),
        problems=pa.concat_tables([batch.problems for batch in batches]),
        cells=pa.concat_tables([batch.cells for batch in batches]),
    )
    with room.rejects_xlsx(tmp_path / "rejects.xlsx", reports.run(rows=rows), Overview()) as write:
        write(whole)
    sheet = openpyxl.load_workbook(tmp_path / "rejects.xlsx")["Rows to fix"]
    assert [(line[0], line[4]) for line in values(sheet)[1:]] == [(f"C-{n}", str(n)) for n in range(2, 7)]
    assert all(sheet.cell(row, 3).comment for row in range(2, 7))


def test_the_header_is_frozen_and_every_column_has_a_filter(tmp_path: Path, reports: Reports) -> None:
    _, sheet = written(tmp_path, reports, [reports.invalid(3), reports.invalid(4)])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:I3"


def test_the_sheet_in_front_counts_by_rule_and_says_what_to_do(tmp_path: Path, reports: Reports) -> None:
    warning = Problem(row=5, code="known-contact", detail="is known", column="Owner", warning=True)
    rows = [reports.created(2), reports.invalid(3), reports.invalid(4), reports.created(5, problems=(warning,))]
    front, _ = written(tmp_path, reports, rows, "There is no copy.", "")
    lines = values(front)
    texts = [line[0] for line in lines]
    assert texts[0] == "Rows to fix of run 20261122-150405-webinar"
    assert "2 rows need attention." in texts[1]
    assert "importer run rejects.xlsx -m mappings/webinar.yaml" in texts[2]
    assert texts[3] == "There is no copy."
    assert lines[5:7] == [["Rule", "Rows", "What is wrong", "What to do"], ["Not a phone number", 2, *lines[6][2:]]]
    assert len(lines) == 7, "rules that stop no row are not among them"


def test_without_rejects_there_is_no_file_and_one_of_before_goes(tmp_path: Path, reports: Reports) -> None:
    written(tmp_path, reports, [reports.invalid(3)])
    reports.write_rejects_workbook(tmp_path / "rejects.xlsx", reports.run(), [reports.created(2)])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("counted", [True, False], ids=["known at once", "found on the way"])
def test_with_more_rejects_than_anybody_fixes_there_is_no_file(
    tmp_path: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch, counted: bool
) -> None:
    monkeypatch.setattr(room, "ROWS_WRITTEN", 3)
    rows = [reports.invalid(number) for number in range(2, 6)]
    _, sheet = written(tmp_path, reports, rows[:3])
    assert sheet.max_row == 4
    run = reports.run(rows=rows) if counted else reports.run(rows=rows, counts={})
    reports.write_rejects_workbook(tmp_path / "rejects.xlsx", run, rows)
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_no_cell_can_hold_leaves_its_row_to_rejects_csv(tmp_path: Path, reports: Reports) -> None:
    fits, long = "x" * 32_767, "x" * 32_768
    rows = [reports.invalid(number, cells=(f"C-{number}", text, "", "")) for number, text in ((3, fits), (4, long))]
    front, sheet = written(tmp_path, reports, rows)
    assert [line[0] for line in values(sheet)] == ["Id", "C-3"]
    assert sheet["B2"].value == fits
    assert any("1 row is only in rejects.csv" in str(line[0]) for line in values(front))


def test_what_was_read_is_read_again(tmp_path: Path, reports: Reports) -> None:
    cells = ("a\x0b\x00\uffffb", "_x0041_ _x_", " Ravi <&>\t", "a\r\nb\rc")
    written(tmp_path, reports, [reports.invalid(3, cells=cells)])
    (table,) = open_tables(tmp_path / "rejects.xlsx", ReadOptions())
    assert table.info.columns == ("Id", "Name", "Phone", "Owner")
    (batch,) = table.batches()
    assert tuple(batch.frame.iloc[0]) == (*cells[:3], "a\nb\nc")
    assert is_corrected_rejects(tmp_path / "rejects.xlsx")


def test_its_rows_are_found_even_where_the_sheet_in_front_has_the_columns_of_the_mapping(
    tmp_path: Path, reports: Reports
) -> None:
    written(tmp_path, reports, [reports.invalid(3)])
    (table,) = open_tables(tmp_path / "rejects.xlsx", ReadOptions(), frozenset({"What is wrong", "Rows", "Missing"}))
    assert (table.info.sheet, table.info.header_row) == ("Rows to fix", 1)


def test_comments_end_where_programs_become_slow_and_the_colors_go_on(
    tmp_path: Path, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_workbook, "COMMENTS", 2)
    monkeypatch.setattr(room, "COMMENTS", 2)
    front, sheet = written(tmp_path, reports, [reports.invalid(number) for number in (3, 4, 5)])
    assert [bool(sheet[f"C{row}"].comment) for row in (2, 3, 4)] == [True, True, False]
    assert sheet["C4"].fill.fgColor.rgb == RED
    assert any("Only the first 2 wrong cells carry a comment" in str(line[0]) for line in values(front))


def test_rows_of_a_purged_run_have_their_outcome_alone(tmp_path: Path, reports: Reports) -> None:
    _, sheet = written(tmp_path, reports, [reports.invalid(3, cells=())])
    assert values(sheet)[1][:6] == [None, None, None, None, "3", "invalid"]


def test_several_sources_share_columns(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(
        reports.source("a.csv", headers=("Id", "Phone")), reports.source("b.csv", headers=("City", "phone", "Id"))
    )
    rows = [reports.invalid(2, cells=("1", "2")), reports.invalid(2, source=1, cells=("c", "p", "i"))]
    found = Problem(row=2, code="phone-invalid", detail="is not a phone number", column="phone", value="p")
    rows[1] = reports.invalid(2, source=1, cells=("c", "p", "i"), problems=(found,))
    reports.write_rejects_workbook(tmp_path / "rejects.xlsx", run, rows)
    sheet = openpyxl.load_workbook(tmp_path / "rejects.xlsx")["Rows to fix"]
    assert [line[:3] for line in values(sheet)] == [["Id", "Phone", "City"], ["1", "2", None], ["i", "p", "c"]]
    assert sheet["B3"].comment


def test_a_full_disk_is_said_so_and_nothing_is_left(tmp_path: Path, reports: Reports, small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(b"x" * 60 * 1024)
    rows = [reports.invalid(number, cells=("C", "x" * 500, "", "")) for number in range(2, 200)]
    with pytest.raises(LocalDiskError, match="No space left"):
        reports.write_rejects_workbook(small_disk / "rejects.xlsx", reports.run(rows=rows), rows)
    assert [found.name for found in small_disk.iterdir()] == ["filler"]


def test_a_report_that_fails_on_the_way_leaves_nothing(tmp_path: Path, reports: Reports) -> None:
    def broken() -> Any:
        yield reports.invalid(3)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        reports.write_rejects_workbook(tmp_path / "rejects.xlsx", reports.run(), broken())
    assert list(tmp_path.iterdir()) == []


def test_it_is_a_package_that_names_nothing_outside(tmp_path: Path, reports: Reports) -> None:
    written(tmp_path, reports, [reports.invalid(3)])
    with zipfile.ZipFile(tmp_path / "rejects.xlsx") as archive:
        relations = "".join(archive.read(name).decode() for name in archive.namelist() if name.endswith(".rels"))
    assert "TargetMode" not in relations
