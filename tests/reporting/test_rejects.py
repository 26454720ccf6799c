"""rejects.csv: the source's own cells, ready to be corrected."""

import csv
from pathlib import Path

from importer.model.outcome import FollowUp
from tests.reporting.conftest import Reports

ADDED = ["_importer_row", "_importer_status", "_importer_problems", "_importer_message", "_importer_hint"]


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_only_rows_that_need_a_person_with_their_cells_unchanged(tmp_path: Path, reports: Reports) -> None:
    cells = ("=1+1", ' Ravi "R", jr\r\nx ', "0012", "'a\rb")
    rows = [reports.created(2), reports.invalid(3, cells=cells), reports.created(4, events=FollowUp.REJECTED)]
    rows[2] = reports.created(4, events=FollowUp.REJECTED, cells=("C-4", "Zoë", "+919876543210", ""), message="=no")
    reports.write_rejects(tmp_path / "rejects.csv", reports.run(rows=rows), iter(rows))
    header, first, second = read(tmp_path / "rejects.csv")
    assert header == ["Id", "Name", "Phone", "Owner", *ADDED]
    assert tuple(first[:4]) == cells
    assert first[4:7] == ["3", "invalid", "phone-invalid"]
    assert first[7] == "Phone: “12” is not a phone number"
    assert second == ["C-4", "Zoë", "+919876543210", "", "4", "created", "", "'=no", ""]


def test_headers_that_look_like_formulas_stay_as_they_are_so_that_the_mapping_finds_them(
    tmp_path: Path, reports: Reports
) -> None:
    headers = ("=Id", "+Phone", "@Owner", "-")
    run = reports.run(reports.source(headers=headers))
    reports.write_rejects(tmp_path / "rejects.csv", run, [reports.invalid(2, cells=("1", "2", "3", "4"))])
    assert tuple(read(tmp_path / "rejects.csv")[0][:4]) == headers


def test_there_is_a_header_even_when_nobody_is_needed_and_excel_finds_its_bom(tmp_path: Path, reports: Reports) -> None:
    reports.write_rejects(tmp_path / "rejects.csv", reports.run(), [])
    assert (tmp_path / "rejects.csv").read_bytes().startswith(b"\xef\xbb\xbfId,Name,")
    assert len(read(tmp_path / "rejects.csv")) == 1


def test_equal_headers_stay_as_they_are_and_blank_ones_get_the_name_that_reading_gave_them(
    tmp_path: Path, reports: Reports
) -> None:
    columns = ("Phone", "Column 4", "Phone (2)", "Column 7")
    run = reports.run(reports.source(headers=("Phone", "", "Phone", " "), columns=columns))
    reports.write_rejects(tmp_path / "rejects.csv", run, [reports.invalid(2, cells=("1", "2", "3", "4"))])
    header, row = read(tmp_path / "rejects.csv")
    assert header[:4] == ["Phone", "Column 4", "Phone", "Column 7"]
    assert row[:4] == ["1", "2", "3", "4"]


def test_several_sources_share_columns_that_a_mapping_takes_for_one(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(
        reports.source("a.csv", headers=("Id", "Phone")),
        reports.source("b.csv", headers=(" phone", "City", "ID", "phone")),
    )
    rows = [reports.invalid(2, cells=("1", "2")), reports.invalid(2, source=1, cells=("p", "c", "i", "q"))]
    reports.write_rejects(tmp_path / "rejects.csv", run, rows)
    header, first, second = read(tmp_path / "rejects.csv")
    assert header[:4] == ["Id", "Phone", "City", "phone"]
    assert first[:4] == ["1", "2", "", ""]
    assert second[:4] == ["i", "p", "c", "q"]


def test_what_an_earlier_run_added_is_replaced(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(reports.source(headers=("_importer_row", "Id", "_importer_hint")))
    reports.write_rejects(tmp_path / "rejects.csv", run, [reports.invalid(7, cells=("3", "C", "old"))])
    header, row = read(tmp_path / "rejects.csv")
    assert header == ["Id", *ADDED]
    assert row[:2] == ["C", "7"]
