"""Delimiters and quotes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from importer.errors import SourceError
from tests.problem_words import message_of
from tests.reading.conftest import Seen


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(csv_of: Callable[..., Seen], delimiter: str) -> None:
    lines = [["id", "name", "amount"], ["1", "Anna", "1.5"], ["2", '"Muster; Ben, Jr | x"', "2.5"]]
    seen = csv_of("\n".join(delimiter.join(line) for line in lines))
    assert seen.info.delimiter == delimiter
    assert seen.rows[3] == ["2", "Muster; Ben, Jr | x", "2.5"]


def test_decimal_commas_do_not_pass_for_the_delimiter(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("id;price;tax\n1;2,50;1,5\n2;3,75;1,9\n").info.delimiter == ";"


def test_wanted_columns_decide_between_delimiters(csv_of: Callable[..., Seen]) -> None:
    content = "a,b;Name;c,d\n1,2;Anna;3,4\n1,2;Ben;3,4\n"
    assert csv_of(content, wanted=["Name"]).info.delimiter == ";"


@pytest.mark.parametrize(("given", "character"), [("^", "^"), ("tab", "\t"), ("\\t", "\t"), ("~", "~"), (";", ";")])
def test_a_given_delimiter_is_used(csv_of: Callable[..., Seen], given: str, character: str) -> None:
    assert csv_of(f"id{character}name\n1{character}Anna\n", delimiter=given).rows == {2: ["1", "Anna"]}


@pytest.mark.parametrize("given", ["", "ab", '"', "\n"])
def test_an_impossible_delimiter_is_refused(csv_of: Callable[..., Seen], given: str) -> None:
    with pytest.raises(SourceError, match="cannot be a delimiter"):
        csv_of("id,name\n1,Anna\n", delimiter=given)


def test_an_unusual_delimiter_is_named_but_not_taken(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match="'\\^' seems to") as refusal:
        csv_of("id^name\n1^Anna\n2^Ben\n")
    assert "--delimiter '^'" in refusal.value.tip


def test_one_column_is_reported(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("email\nanna@x.example\nben@x.example\n")
    assert seen.columns == ["email"]
    assert "read as one column" in seen.info.notes[0]


def test_one_column_by_a_wrong_delimiter_is_reported(csv_of: Callable[..., Seen]) -> None:
    assert (
        "the header row does not contain the delimiter ';'" in csv_of("id,name\n1,Anna\n", delimiter=";").info.notes[0]
    )


def test_the_sep_line_of_excel_is_obeyed_and_not_counted(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("sep=^\nid^name\n1^Anna\n")
    assert (seen.info.delimiter, seen.info.header_row) == ("^", 1)
    assert seen.rows == {2: ["1", "Anna"]}
    assert seen.lines == {2: 3}


def test_quotes_hold_line_breaks_of_every_kind_and_doubled_quotes(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of('id,note\r\n1,"a\nb\rc\r\nd ""e"", f"\r\n2,x\r\n')
    assert seen.rows == {2: ["1", 'a\nb\rc\r\nd "e", f'], 3: ["2", "x"]}
    assert seen.lines == {3: 6}


def test_lines_that_end_in_cr_only(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("id,name\r1,Anna\r2,Ben\r").rows == {2: ["1", "Anna"], 3: ["2", "Ben"]}


def test_spaces_before_quotes_belong_to_no_cell(csv_of: Callable[..., Seen]) -> None:
    assert csv_of('"id", "name"\n"1", "Muster, Anna"\n').rows == {2: ["1", "Muster, Anna"]}


def test_cells_are_kept_as_they_stand(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("id,name,n\n 1 ,\xa0Anna\xa0,007\n").rows[2] == [" 1 ", "\xa0Anna\xa0", "007"]


def test_a_quote_in_the_middle_of_a_quoted_cell_is_a_problem_of_its_row(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of('id,note\n1,"He said "yes" twice"\n2,fine\n3,"also fine"\n')
    assert seen.codes == [(2, "quote-misplaced", "")]
    assert not seen.problems[0].warning
    assert '“1,"He said' in message_of(seen.problems[0])
    assert list(seen.rows) == [2, 3, 4]
    assert seen.rows[4] == ["3", "also fine"]


def test_a_quote_that_swallows_the_next_row_is_named_with_its_lines(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of('id,note\n1,"open\n2,"next"\n3,fine\n')
    assert seen.codes == [(2, "quote-misplaced", "")]
    assert "lines 2 to 3" in seen.problems[0].detail
    assert seen.rows[3] == ["3", "fine"]


def test_a_quote_that_is_never_closed_is_refused_with_its_row_and_line(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match=r"row 3 \(line 4\): a quotation mark is opened and never closed"):
        csv_of('id,note\n1,"two\nlines"\n2,"open\n3,x\n4,y\n')


def test_a_quote_that_is_never_closed_in_a_long_file_is_refused(csv_of: Callable[..., Seen]) -> None:
    with pytest.raises(SourceError, match=r"row 501 \(line 501\)"):
        csv_of("id,note\n" + "1,x\n" * 499 + '2,"open\n' + "3,y\n" * 400_000)


def test_quotes_in_unquoted_cells_stay(csv_of: Callable[..., Seen]) -> None:
    assert csv_of('id,size\n1,5" pipe\n').rows[2] == ["1", '5" pipe']


def test_a_nul_character_is_a_problem_of_its_cell(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of(b"id,name\n1,An\0na\n2,Ben\n")
    assert seen.codes == [(2, "control-characters", "name")]
    assert seen.rows[3] == ["2", "Ben"]
