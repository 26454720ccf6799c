"""Rows: numbers, blank rows, ragged rows, very long cells and very many columns."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importer.errors import SourceError
from importer.reading.csv import records
from tests.reading.conftest import Seen


def test_blank_rows_count_but_are_no_rows(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name\n1,Anna\n\n , \n,,\n2,Ben\n")
    assert seen.rows == {2: ["1", "Anna"], 6: ["2", "Ben"]}
    assert seen.problems == []


def test_a_short_row_is_padded_and_noted(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name,city\n1,Anna\n2,Ben,Ulm\n")
    assert seen.rows[2] == ["1", "Anna", ""]
    assert seen.codes == [(2, "row-too-short", "")]
    assert seen.problems[0].warning


def test_a_long_row_is_a_problem_and_shows_its_extra_cells(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name\n1,Muster, Anna,Ulm\n2,Ben\n")
    assert seen.codes == [(2, "row-too-long", "")]
    assert seen.problems[0].value == "Anna | Ulm"
    assert not seen.problems[0].warning
    assert seen.rows[3] == ["2", "Ben"]


def test_blank_cells_beyond_the_header_are_nothing(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("id,name\n1,Anna,,\n").problems == []


def test_a_delimiter_at_the_end_of_every_row_makes_no_column(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name,\n1,Anna,\n2,Ben\n")
    assert seen.columns == ["id", "name"]
    assert seen.problems == []


def test_a_late_value_in_a_nameless_column_is_a_problem(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name,\n" + "1,Anna,\n" * 300 + "2,Ben,lost\n")
    assert seen.codes == [(302, "row-too-long", "")]
    assert seen.problems[0].value == "lost"


def test_a_very_long_cell_is_whole(csv_of: Callable[..., Seen]) -> None:
    cell = "x\n" * 60_000
    assert csv_of(f'id,note\n1,"{cell}"\n').rows[2][1] == cell


def test_a_cell_beyond_a_million_characters_is_refused(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="more than a million characters"):
        csv_of(f"id,note\n1,{'x' * 1_100_000}\n")


@pytest.mark.slow
def test_nine_thousand_columns(csv_of: Callable[..., Seen]) -> None:
    header = ",".join(f"c{number}" for number in range(9_000))
    seen = csv_of(f"{header}\n{','.join('1' for _ in range(9_000))}\n")
    assert len(seen.columns) == 9_000


def test_batches_are_of_the_asked_size_and_can_be_read_again(
    tmp_path: Path, see_all: Callable[..., list[Seen]]
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("id,name\n" + "".join(f"{number},x\n" for number in range(2, 26)))
    (seen,) = see_all(path, size=7)
    assert list(seen.rows) == list(range(2, 26))
    assert all(row[0] == str(number) for number, row in seen.rows.items())


def test_the_importers_own_columns_are_left_out(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("id,name,_importer_row,_importer_message\n1,Anna,7,phone is wrong\n")
    assert seen.columns == ["id", "name"]
    assert seen.rows == {2: ["1", "Anna"]}
    assert seen.problems == []


def test_an_empty_file_is_refused(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="the file is empty"):
        csv_of(b"")


@pytest.mark.parametrize("content", ["\n\n\n", "\ufeff", ",,,\n,,,\n", "   \n"])
def test_a_file_of_spaces_has_no_header(csv_of: Callable[..., Seen], content: str) -> None:
    with pytest.raises(SourceError, match="no header row"):
        csv_of(content)


def test_a_header_alone_is_a_table_without_rows(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("id,name\n").rows == {}


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    with pytest.raises(SourceError, match="file not found"):
        see_all(tmp_path / "nowhere.csv")
    with pytest.raises(SourceError, match="a folder"):
        see_all(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("id\n1\n")
    path.chmod(0)
    with pytest.raises(SourceError, match="no permission"):
        see_all(path)


def refused(csv_of: Callable[..., Any], content: str, message: str) -> None:
    with pytest.raises(SourceError, match=message) as refusal:
        csv_of(content)
    assert refusal.value.tip


def test_a_line_that_never_ends_is_refused_before_it_fills_the_memory(
    csv_of: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LONGEST_LINE", 1_000)
    refused(csv_of, "id,name\n1," + "x" * 2_000 + "\n", r"line 2 holds more than 1,000 characters")
    refused(csv_of, "x" * 2_000, r"line 1 holds more than 1,000 characters")
    assert csv_of("id,name\n1," + "x" * 990 + "\n").rows


def test_more_columns_than_a_spreadsheet_has_are_refused(
    csv_of: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_COLUMNS", 3)
    assert csv_of("a,b,c\n1,2,3\n").rows
    refused(csv_of, "a,b,c\n1,2,3\n1,2,3,4\n", "row 3 has 4 cells")


def test_more_rows_than_a_run_takes_are_refused(csv_of: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_ROWS", 3)
    assert csv_of("a,b\n1,2\n3,4\n").rows
    refused(csv_of, "a,b\n1,2\n3,4\n5,6\n", "more than 3 rows")


def test_a_cell_of_more_than_a_million_characters_is_refused(csv_of: Callable[..., Seen]) -> None:
    refused(csv_of, "a,b\n1," + "x" * (records.LARGEST_CELL + 1) + "\n", "more than a million characters")
