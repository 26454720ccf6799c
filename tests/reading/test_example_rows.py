"""The example row of a template is never read, wherever it is and however the file was saved."""

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.opening import has_layout_of_its_own, is_corrected_rejects, open_tables

MARK = "_importer_example"


def write_csv(path: Path, lines: list[list[Any]]) -> Path:
    path = path.with_suffix(".csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(lines)
    return path


def write_xlsx(path: Path, lines: list[list[Any]]) -> Path:
    path = path.with_suffix(".xlsx")
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)
    return path


@pytest.fixture(params=[write_csv, write_xlsx])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    return lambda lines: request.param(tmp_path / "t", lines)


@pytest.fixture(params=["fast", "exact"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMPORTER_EXACT", "1" if request.param == "exact" else "")


def read(path: Path, size: int = 2) -> tuple[Any, list[list[Any]]]:
    (table,) = open_tables(path, ReadOptions())
    batches = list(table.batches(size))
    assert {tuple(batch.frame.columns) for batch in batches} <= {table.info.columns}
    rows = [[int(number), *row] for batch in batches for number, *row in batch.frame.itertuples(name=None)]
    return table.info, rows


def test_a_marked_row_is_not_read_and_the_note_names_it(write: Any) -> None:
    path = write([[MARK, "Id", "Name"], ["Example", "E-1", "x"], ["", "C-1", "y"], [" ", "C-2", "z"]])
    info, rows = read(path)
    assert (info.columns, info.headers) == (("Id", "Name"), ("Id", "Name"))
    assert rows == [[3, "C-1", "y"], [4, "C-2", "z"]]
    assert info.notes == ("not read, because _importer_example is filled: row 2",)


def test_it_is_found_where_sorting_has_taken_it_and_in_any_column(write: Any) -> None:
    lines = [["Id", MARK, "Name"], *([f"C-{n}", "", "x"] for n in range(300)), ["E-1", "Beispiel", "x"]]
    lines += [["C-300", "", "x"]]
    _, rows = read(write(lines), size=100)
    assert [row[1] for row in rows] == [f"C-{n}" for n in range(301)]


def test_a_template_with_nothing_but_its_example_has_no_rows(write: Any) -> None:
    info, rows = read(write([[MARK, "Id", "Name"], ["Example", "E-1", "x"]]))
    assert (info.columns, rows) == (("Id", "Name"), [])


def test_a_damaged_cell_of_the_example_is_no_problem(write: Any) -> None:
    (table,) = open_tables(write([[MARK, "Id", "N"], ["x", "9.1E+11", "#N/A"], ["", "C-1", "1"]]), ReadOptions())
    (batch,) = table.batches()
    assert [problem.row for problem in batch.problems] == []


def test_a_file_without_the_mark_is_read_whole(write: Any) -> None:
    path = write([["Id", "Name"], ["Example", "x"]])
    assert read(path)[1] == [[2, "Example", "x"]]
    assert not has_layout_of_its_own(path)


def test_a_template_is_no_file_of_rejects_but_has_its_own_layout(write: Any) -> None:
    path = write([[MARK, "Id"], ["x", "E-1"]])
    assert has_layout_of_its_own(path)
    assert not is_corrected_rejects(path)


def test_the_mark_alone_is_no_column_of_anybody(write: Any) -> None:
    with pytest.raises(SourceError, match="column"):
        open_tables(write([[MARK, "_importer_x"], ["x", "y"]]), ReadOptions(header_row=1))
