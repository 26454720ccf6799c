"""Cells of a workbook become the text a person sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from importer.reading.cell_text import text_of
from tests.reading.conftest import Seen


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (5.0, "5"),
        (-5.0, "-5"),
        (919876543210.0, "919876543210"),
        (999999999999999.0, "999999999999999"),
        (1e15, "1000000000000000"),
        (1e20, "100000000000000000000"),
        (1e-7, "0.0000001"),
        (0.1 + 0.2, "0.3"),
        (1234.5, "1234.5"),
        (0.0, "0"),
        (True, "TRUE"),
        (False, "FALSE"),
        (7, "7"),
        ("007", "007"),
        ("", ""),
        (dt.date(2026, 11, 22), "2026-11-22"),
        (dt.datetime(2026, 11, 22), "2026-11-22"),  # noqa: DTZ001
        (dt.datetime(2026, 11, 22, 15, 4, 5), "2026-11-22 15:04:05"),  # noqa: DTZ001
        (dt.datetime(2026, 11, 22, 15, 4, 4, 999_900), "2026-11-22 15:04:05"),  # noqa: DTZ001
        (dt.datetime(2026, 11, 22, 23, 59, 59, 999_900), "2026-11-23"),  # noqa: DTZ001
        (dt.datetime(2026, 11, 22, 15, 4, 5, 250_000), "2026-11-22 15:04:05.250"),  # noqa: DTZ001
        (dt.time(15, 4), "15:04:00"),
        (dt.timedelta(hours=26, minutes=5), "26:05:00"),
        (dt.timedelta(hours=-1), "-1:00:00"),
    ],
)
def test_text_of_a_value(cell: object, text: str) -> None:
    assert text_of(cell) == text


def test_types_through_a_workbook(workbook_of: Callable[..., Seen]) -> None:
    row = [919876543210, 0.25, True, dt.datetime(2026, 11, 22, 9, 30), dt.date(2026, 11, 22), "007", dt.time(8, 15)]  # noqa: DTZ001
    seen = workbook_of([["phone", "share", "yes", "at", "on", "id", "time"], row], {"B2": "0%"})
    assert seen.rows[2] == ["919876543210", "0.25", "TRUE", "2026-11-22 09:30:00", "2026-11-22", "007", "08:15:00"]
    assert seen.problems == []


def test_a_duration_beyond_a_day(workbook_of: Callable[..., Seen]) -> None:
    seen = workbook_of([["id", "length"], ["a", dt.timedelta(hours=26, minutes=5)]], {"B2": "[h]:mm:ss"})
    assert seen.rows[2] == ["a", "26:05:00"]


def test_more_than_fifteen_digits_are_a_problem(workbook_of: Callable[..., Seen]) -> None:
    seen = workbook_of([["id", "n"], [1234567890123456789, 1], [123456789012345, 2]])
    assert seen.codes == [(2, "digits-lost", "id")]
    assert seen.rows[3][0] == "123456789012345"


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#NUM!"])
def test_an_error_cell_is_a_problem_and_not_a_blank(workbook_of: Callable[..., Seen], error: str) -> None:
    seen = workbook_of([["id", "phone", "city"], ["a", error, "Ulm"], ["b", "+1", "Bonn"]])
    assert seen.codes == [(2, "cell-error", "phone")]
    assert seen.problems[0].value == error
    assert seen.rows == {2: ["a", error, "Ulm"], 3: ["b", "+1", "Bonn"]}  # rejects.csv shows what the person saw


def test_a_row_of_nothing_but_an_error_is_a_row(workbook_of: Callable[..., Seen]) -> None:
    seen = workbook_of([["id", "phone"], ["a", "+1"], [None, "#N/A"]])
    assert seen.codes == [(3, "cell-error", "phone")]
    assert seen.rows[3] == ["", "#N/A"]


def test_a_formula_that_was_never_calculated_is_a_problem(workbook_of: Callable[..., Seen]) -> None:
    seen = workbook_of([["id", "sum"], ["a", "=1+1"]])
    assert seen.codes == [(2, "formula-without-value", "sum")]


@pytest.mark.parametrize("value", ["", "<v></v>", "<v/>"])
def test_a_formula_without_a_value_among_calculated_ones_is_a_problem(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], value: str
) -> None:
    """However the missing value is written, and though rows that look alike are read all at once."""
    cells = '<row r="{0}"><c r="A{0}" t="str"><v>{1}</v></c><c r="B{0}"{2}</c></row>'
    rows = [cells.format(1, "id", ' t="str"><v>sum</v>')]
    rows += [cells.format(row, "a", f"><f>1+1</f>{value if row == 5 else '<v>2</v>'}") for row in range(2, 9)]
    (seen,) = see_all(raw_workbook("".join(rows)))
    assert seen.codes == [(5, "formula-without-value", "sum")]
    assert [text for _, text in seen.rows.values()] == ["2", "2", "2", "", "2", "2", "2"]


def test_a_formula_gives_its_calculated_value(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    path = tmp_path / "leads.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "sum", "text"])
        sheet.write_string(1, 0, "a")
        sheet.write_formula("B2", "=1+1", value=2)
        sheet.write_formula("C2", '="x"', value="x")
    (seen,) = see_all(path)
    assert seen.rows[2] == ["a", "2", "x"]
    assert seen.problems == []


def test_a_formula_may_give_an_empty_text(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    rows = (
        '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>x</v></c></row>'
        '<row r="2"><c r="A2" t="str"><v>a</v></c><c r="B2" t="str"><f>""</f><v></v></c></row>'
    )
    (seen,) = see_all(raw_workbook(rows))
    assert seen.problems == []


def test_dates_of_1904(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    path = tmp_path / "leads.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "on"])
        sheet.write_string(1, 0, "a")
        sheet.write_datetime(1, 1, dt.datetime(2026, 11, 22), book.add_format({"num_format": "dd/mm/yyyy"}))  # noqa: DTZ001
    assert see_all(path)[0].rows[2] == ["a", "2026-11-22"]


def test_spaces_around_a_value_stay(workbook_of: Callable[..., Seen]) -> None:
    assert workbook_of([["id", "name"], ["a", "\xa0Anna "]]).rows[2] == ["a", "\xa0Anna "]
