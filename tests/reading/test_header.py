"""Which row is the header, and what its columns are called."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from importer.errors import SourceError
from tests.reading.conftest import Seen


def test_names_are_trimmed_and_texts_are_kept(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("\ufeff id ,\xa0Name\xa0,City\n1,Anna,Ulm\n")
    assert seen.columns == ["id", "Name", "City"]
    assert seen.info.headers == (" id ", "\xa0Name\xa0", "City")


def test_repeated_names_are_numbered_and_reported(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,Phone,Phone,Phone (2),Phone\n1,a,b,c,d\n")
    assert seen.columns == ["id", "Phone", "Phone (3)", "Phone (2)", "Phone (4)"]
    assert seen.rows[2] == ["1", "a", "b", "c", "d"]
    assert "“Phone (3)”, “Phone (4)”" in seen.info.notes[0]


def test_a_nameless_column_with_values_gets_a_name(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,,City,\n1,x,Ulm,\n")
    assert seen.columns == ["id", "Column 2", "City"]
    assert "“Column 2”" in seen.info.notes[0]


@pytest.mark.parametrize(
    "content", [",name,city\nL-1,Anna,Ulm\nL-2,Ben,Bonn\n", "id,,city\nL-1,Anna,Ulm\nL-2,Ben,Bonn\n"]
)
def test_a_missing_name_does_not_make_a_row_of_values_the_header(csv_of: Callable[..., Seen], content: str) -> None:
    assert csv_of(content).info.header_row == 1


def test_title_rows_above_the_header_are_skipped_and_reported(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("Leads of the week\nas of 2026-11-20,\n\nid,First name,Phone\n1,Anna,+49 30 1234567\n")
    assert seen.info.header_row == 4
    assert seen.rows == {5: ["1", "Anna", "+49 30 1234567"]}
    assert "“Leads of the week”" in seen.info.notes[0]


def test_wanted_columns_find_the_header_below_a_fuller_row(csv_of: Callable[..., Seen]) -> None:
    content = "please,do,not,edit\nLead ID,  first NAME ,,\n1,Anna,x,y\n"
    assert csv_of(content, wanted=["Lead ID", "First Name"]).info.header_row == 2


def test_a_given_header_row_is_obeyed(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name\n1,Anna\nx,y\n2,Ben\n", header_row=3)
    assert seen.columns == ["x", "y"]
    assert seen.rows == {4: ["2", "Ben"]}


def test_a_given_header_row_far_below_is_obeyed(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("a,b\n" * 1_000 + "id,name\n1,Anna\n", header_row=1_001)
    assert seen.rows == {1_002: ["1", "Anna"]}


@pytest.mark.parametrize("row", [2, 9])
def test_a_given_header_row_that_is_blank_or_missing_is_refused(csv_of: Callable[..., Seen], row: int) -> None:
    with pytest.raises(SourceError, match=f"row {row} was given as the header row"):
        csv_of("id,name\n\n1,Anna\n", header_row=row)


@pytest.mark.parametrize(
    "content",
    [
        "Anna,Muster,anna@x.example\nBen,Muster,ben@x.example\n",
        "L-1,Anna,+49 30 1234567\nL-2,Ben,+49 30 7654321\n",
        "L-1,Anna,2026-01-02\nL-2,Ben,2026-01-03\n",
        "1,2,3\n4,5,6\n",
    ],
)
def test_rows_without_a_header_are_refused(csv_of: Callable[..., Seen], content: str) -> None:
    with pytest.raises(SourceError, match="no row looks like column names"):
        csv_of(content)


def test_the_refusal_names_the_wanted_columns(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="none names First Name, Phone; row 1 is “Anna"):
        csv_of("Anna,anna@x.example\n", wanted=["Phone", "First Name"])


def test_numbers_may_be_column_names_after_a_word(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("Region,2024,2025\nNorth,1,2\n").columns == ["Region", "2024", "2025"]


def test_sparse_rows_do_not_hide_the_header(csv_of: Callable[..., Seen]) -> None:
    content = "id,name,city,zip,phone\n" + "1,Anna,,,\n" * 10
    assert csv_of(content).info.header_row == 1


def test_the_upper_row_of_a_header_of_two_rows_is_reported(workbook_of: Callable[..., Seen]) -> None:
    rows = [["Person", None, "Contact", None], ["First", "Last", "Phone", "Mail"], ["A", "B", "1", "a@x.example"]]
    seen = workbook_of(rows)
    assert (seen.info.header_row, seen.columns) == (2, ["First", "Last", "Phone", "Mail"])
    assert "row 1 is above the header" in seen.info.notes[0]
    assert "“Person | Contact”" in seen.info.notes[0]


def test_the_lower_row_of_a_header_of_two_rows_is_reported(workbook_of: Callable[..., Seen]) -> None:
    rows = [["Lead", "Name", "Phone", None], [None, None, "Mobile", "Home"], ["1", "B", "+49 30 12", "+49 30 13"]]
    seen = workbook_of([*rows, ["2", "C", "+49 30 14", None]])
    assert seen.info.header_row == 1
    assert "row 2 may be a second row of column names (“Mobile | Home”); it is read as a data row" in seen.info.notes


def test_a_first_row_with_a_nameless_cell_is_no_second_header(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name,city,\nL-1,Anna,Ulm,x\nL-2,Ben,Bonn,y\n")
    assert not any("second row" in note for note in seen.info.notes)


def test_a_remark_below_the_header_is_no_second_header(workbook_of: Callable[..., Seen]) -> None:
    rows = [["Lead", "Name", "Phone", None], ["as of today", None, None, None], ["1", "B", "+49 30 12", "+49 30 13"]]
    assert not any("second row" in note for note in workbook_of(rows, header_row=1).info.notes)
