"""What programs write into CSV beside its rules: text formulas, padded quotes, marks where files were joined."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from importer import accelerators
from importer.model.source import ReadOptions
from importer.reading.opening import open_tables
from tests.reading.conftest import Seen

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.batch import Batch

ROWS = [["A1", "Anna", "+4930901820"], ["A2", "Muster, Bea", "+4930901821"], ["A3", 'Öz "Cem"\nUnal', "+4930901822"]]


def written(rows: list[list[str]], write: str = "{}", between: str = ",", start: str = "", end: str = "\r\n") -> str:
    """All cells in quotation marks, each written in this way, with this text between them and around each row."""
    quoted = [['"' + write.format(cell).replace('"', '""') + '"' for cell in row] for row in rows]
    return "".join(start + between.join(row) + end for row in quoted)


def read(csv_of: Callable[..., Any], text: str, **options: Any) -> list[list[str]]:
    """The rows; both ways of reading agree on them and on everything else."""
    seen = csv_of(text, **options)
    assert seen.codes == []
    return list(seen.rows.values())


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(("before", "after"), list(product(["", " ", "   "], repeat=2)))
def test_spaces_beside_quotes_belong_to_no_cell(
    csv_of: Callable[..., Seen], delimiter: str, before: str, after: str
) -> None:
    header = written([["ID", "Name", "Phone"]], between=f"{after}{delimiter}{before}", end=f"{after}\r\n")
    body = written(ROWS, between=f"{after}{delimiter}{before}", end=f"{after}\r\n")
    assert read(csv_of, header + body) == ROWS


@pytest.mark.parametrize("space", ["\t", "\u00a0", "\u202f", "\u3000", "\u200b", " \u00a0"])
@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("padded", ['{}"{}"', '"{1}"{0}', '{0}"{1}"{0}'])
def test_spaces_of_every_kind_beside_quotes(csv_of: Callable[..., Seen], padded: str, place: int, space: str) -> None:
    row = [f'"{cell}"' for cell in ROWS[1]]
    row[place] = padded.format(space, ROWS[1][place])
    text = written([["ID", "Name", "Phone"], ROWS[0]]) + ",".join(row) + "\r\n" + written(ROWS[2:])
    assert read(csv_of, text) == ROWS


def test_a_tab_beside_a_quote_is_a_delimiter_where_tabs_are(csv_of: Callable[..., Seen]) -> None:
    assert read(csv_of, 'id\tnote\tmore\n1\t\t"a"\n2\t"b"\t\n') == [["1", "", "a"], ["2", "b", ""]]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("padded", [' "{}"', '"{}" ', '  "{}" '])
def test_spaces_beside_quotes_in_one_row_only(csv_of: Callable[..., Seen], padded: str, place: int) -> None:
    row = [f'"{cell}"' for cell in ROWS[1]]
    row[place] = padded.format(ROWS[1][place])
    text = written([["ID", "Name", "Phone"], ROWS[0]]) + ",".join(row) + "\r\n" + written(ROWS[2:])
    assert read(csv_of, text) == ROWS


def test_rows_behind_a_padded_one_keep_their_numbers_and_lines(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of('id,note\n1,"a" \n2, "b\nc"\n3,x\n4," d"\n5,"e"f\n6,g\n')
    assert seen.rows == {2: ["1", "a"], 3: ["2", "b\nc"], 4: ["3", "x"], 5: ["4", " d"], 6: ["5", "ef"], 7: ["6", "g"]}
    assert seen.lines == {4: 5, 5: 6, 6: 7, 7: 8}
    assert seen.codes == [(6, "quote-misplaced", "")]


@pytest.mark.parametrize(
    "row",
    [
        '1, "a" or "b",x',
        '1, "a"b,x',
        '1,5" pipe ,x',
        '1, "open,x',
        '1, "open\n2,b,"c"',
        '1, ""x"",y',
        '1, "open\n2,b",c,d',
    ],
)
def test_quotes_with_more_than_spaces_beside_them_stay_as_they_are(csv_of: Callable[..., Seen], row: str) -> None:
    seen = csv_of(f"id,note,more\n{row}\n3,c,d\n", delimiter=",")
    plain = list(csv.reader(io.StringIO(row)))
    assert [cells[: len(line)] for cells, line in zip(seen.rows.values(), plain, strict=False)] == [
        line[:3] for line in plain
    ]
    assert list(seen.rows.values())[-1] == ["3", "c", "d"]


def test_an_open_quote_behind_a_space_swallows_no_rows(csv_of: Callable[..., Seen]) -> None:
    rows = "".join(f'{number},x,"y"\n' for number in range(2, 500))
    seen = csv_of(f'id,note,more\n1, "open,z\n{rows}')
    assert list(seen.rows.values())[:2] == [["1", ' "open', "z"], ["2", "x", "y"]]
    assert len(seen.rows) == 499


TEXTS = ["00123", "Anna", "+4930901820", "", 'the "best"', "=1+1", "a;b"]


@pytest.mark.parametrize(("text", "quoted"), [*product(TEXTS, [False, True]), ("two\nlines, one, cell", True)])
def test_a_formula_of_a_text_is_its_text(csv_of: Callable[..., Seen], text: str, quoted: bool) -> None:
    formula = '="' + text.replace('"', '""') + '"'
    cell = '"' + formula.replace('"', '""') + '"' if quoted else formula
    assert read(csv_of, f"id,name\nA1,{cell}\n", delimiter=",") == [["A1", text]]


@pytest.mark.parametrize("cell", ["=A1", '="a"&"b"', '=T("a")', '="a', '"a"=', '="a"b"', "='a'", "=1+1", 'x="a"'])
def test_other_formulas_stay_text(csv_of: Callable[..., Seen], cell: str) -> None:
    content = "id,name\nA1," + '"' + cell.replace('"', '""') + '"\n'
    assert read(csv_of, content) == [["A1", cell]]


def test_a_header_of_text_formulas(csv_of: Callable[..., Seen]) -> None:
    assert csv_of('="ID",="Name"\n="007",="Anna"\n').columns == ["ID", "Name"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff", "\x1a", "\x1a\ufeff"])
def test_a_mark_at_the_beginning_of_a_row_is_no_text(csv_of: Callable[..., Seen], mark: str, encoding: str) -> None:
    text = written([["ID", "Name", "Phone"]]) + written(ROWS, start=mark)
    assert list(csv_of(text.encode(encoding), encoding=encoding).rows.values()) == ROWS


def test_a_byte_order_mark_twice_at_the_start(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of(b"\xef\xbb\xbf\xef\xbb\xbf" + written([["ID", "Name", "Phone"], *ROWS]).encode())
    assert seen.columns == ["ID", "Name", "Phone"]
    assert list(seen.rows.values()) == ROWS


def test_a_byte_order_mark_before_a_quoted_cell_is_no_text(csv_of: Callable[..., Seen]) -> None:
    text = written([["ID", "Name", "Phone"]]) + written(ROWS, between=",\ufeff")
    assert read(csv_of, text) == ROWS


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\r\n\x1a\x1a\x1a", "\r\n\x1a\r\n"])
def test_the_end_mark_of_dos_is_no_row(csv_of: Callable[..., Seen], end: str) -> None:
    assert read(csv_of, f"ID,Name\r\nA1,Anna\r\nA2,Bea{end}") == [["A1", "Anna"], ["A2", "Bea"]]


def test_a_control_character_within_a_cell_stays(csv_of: Callable[..., Seen]) -> None:
    assert csv_of("ID,Name\nA1,An\x1ana\n").rows[2] == ["A1", "An\x1ana"]


def both_ways(path: Path) -> tuple[Batch, Batch]:
    table = open_tables(path, ReadOptions(delimiter=","))[0]
    batches: list[Batch] = []
    for setting in ("0", "1"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(accelerators.EXACT, setting)
            batches += table.batches()
    quick, exact = batches
    assert quick.frame.equals(exact.frame)
    assert (quick.lines, quick.problems) == (exact.lines, exact.problems)
    return quick, exact


@pytest.mark.parametrize(
    "idiom",
    [
        '{},"=""{}"""\n',
        '{},="{}"\n',
        '"{}" ,"{}" \n',
        '"{}", "{}"\n',
        '\ufeff"{}","{}"\n',
        "\ufeff{},{}\n",
        "\x1a{},{}\n",
    ],
)
def test_both_ways_of_reading_agree_on_many_rows(tmp_path: Path, idiom: str) -> None:
    path = tmp_path / "list.csv"
    plain = '{},"{}"\n'
    rows = [(plain if number % 7 else idiom).format(number, f"00{number}") for number in range(2_000)]
    path.write_text("id,code\n" + "".join(rows), encoding="utf-8")
    quick, _ = both_ways(path)
    assert quick.frame["code"].tolist() == [f"00{number}" for number in range(2_000)]
    assert quick.frame["id"].tolist() == [str(number) for number in range(2_000)]


def test_both_ways_of_reading_agree_where_lines_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = (f'{number}, "open\n' if number % 5 == 0 else f"{number},x\n" for number in range(2_000))
    path.write_text("id,code\n" + "".join(rows), encoding="utf-8")
    quick, _ = both_ways(path)
    assert quick.frame["id"].tolist() == [str(number) for number in range(2_000)]
