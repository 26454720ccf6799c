"""The quick way to read delimited text gives what the slow way gives, byte for byte."""

from __future__ import annotations

import csv
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from importer import accelerators
from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading import header
from importer.reading.csv import arrow_reader
from importer.reading.opening import open_tables
from importer.reading.table import BATCH_SIZE
from tests.sizes import MANY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.model.batch import Batch
    from importer.reading.table import Table

HEADER = b"Id,Name,Note\n"


@pytest.fixture(autouse=True)
def accelerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests compare the accelerator with the exact way, so it is on, whatever the suite runs with."""
    monkeypatch.delenv(accelerators.EXACT, raising=False)


def both_ways(path: Path, size: int, **options: Any) -> tuple[Any, Any]:
    try:
        table = open_tables(path, ReadOptions(**options))[0]
    except SourceError:
        return None, None  # refused before any way is taken
    return seen_in(lambda: table.batches(size)), seen_in(lambda: exactly(table, size))


def exactly(table: Table, size: int) -> Iterator[Batch]:
    """The batches without the accelerator."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(accelerators.EXACT, "1")
        blocks = table.blocks()
    return replace(table, blocks=lambda: blocks).batches(size)


def seen_in(batches: Callable[[], Iterator[Batch]]) -> object:
    """Everything in the batches, or the error that stops them."""
    try:
        return [(batch.frame.to_dict("split"), batch.problems, batch.lines) for batch in batches()]
    except SourceError as error:
        return str(error)


PARTS = (
    *'ab,"\r\n\t #',
    '"",""',
    "\r\n",
    ",\r\n",
    "é",
    "\u2028",
    "\x85",
    "\0",
    "#N/A",
    "Err:502",
    "9.1E+11",
    " ",
    '"x\ny"',
    ",,",
    "1,2,3\n",
    '="x"',
    '"=""x"""',
    ' "a"',
    '"a" ,',
    "\ufeff",
    "\x1a",
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(st.sampled_from(PARTS), max_size=60).map("".join), size=st.integers(1, 7))
@example(body='1,"a"b,c\n2,b,c\n', size=5)
@example(body='1,a"b,c\n2,"b,c\n"x",c\n', size=5)
@example(body='1,"""",""""""\n2,"""b""",c\n3,"a ""b""\nc",d', size=5)
@example(body="1,2\r\n\r\n\r\n1,2,3\r\n,,\r\n1,2,3,4\r\n", size=2)
@example(body="1,2,3\r4,5,6\n7,8,9\n", size=2)
@example(body='1,"2', size=2)
@example(body='1,"a" ,"b\nc"\n2, "d\n3,e\n4,f,g\n5,h"\n', size=2)
@example(body='\ufeff"1","2","3"\n1,"=""2""",3\n\x1a', size=2)
@pytest.mark.slow
def test_any_text_is_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, size: int) -> None:
    monkeypatch.setattr(header, "SAMPLE_ROWS", 1)  # what the sample trips over is refused before any batch
    monkeypatch.setattr(arrow_reader, "_PIECE", 40)
    monkeypatch.setattr(arrow_reader, "_SMALL", 20)
    monkeypatch.setattr(arrow_reader, "_FEW", 2)
    path = tmp_path / "any.csv"
    path.write_bytes(HEADER + body.encode())
    quick, slow = both_ways(path, size, header_row=1, delimiter=",")
    assert quick == slow


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "gb18030"])
@pytest.mark.parametrize("head", ["", "sep=;\r\n", "\r\n;;\r\nTitle;;\r\n"])
def test_other_encodings_and_heads(tmp_path: Path, encoding: str, head: str) -> None:
    rows = "".join(f'{n};"é{n}\r\n""x""";{"" if n % 3 else "#N/A"}\r\n' for n in range(50))
    path = tmp_path / "list.csv"
    path.write_bytes(f"{head}Id;Name;Note\r\n{rows}".encode(encoding))
    quick, slow = both_ways(path, 7, encoding=encoding)
    assert quick == slow
    assert len(quick) == 8


@pytest.mark.slow
def test_pieces_end_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(HEADER + b'1,"a\nb",c\r\n2,d,"e"\r\n\r\n3,"f""",g\r\n4,5\n' * 3)
    for size in range(1, 60):
        monkeypatch.setattr(arrow_reader, "_PIECE", size)
        monkeypatch.setattr(arrow_reader, "_SMALL", size)
        quick, slow = both_ways(path, 4)
        assert quick == slow


def test_a_cell_beyond_a_million_characters_is_refused_behind_quick_rows(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(HEADER + b"1,2,3\n" * 1_000 + b"1," + b"x" * ((1 << 20) + 1) + b",3\n")
    quick, slow = both_ways(path, 100)
    assert quick == slow
    assert "more than a million characters" in quick


def write_messy(path: Path, count: int) -> None:
    """Rows of every kind: line breaks in cells, ragged and blank rows, misplaced quotes, spreadsheet damage."""
    rng = random.Random(1)
    notes = ("", "plain", "two\nlines", 'she said "no"', "नमस्ते", "a,b", "#N/A", "9.19E+11", "\xa0", "x" * 300)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Id", "Name", "Note", "", "More"])
        for number in range(count):
            row = [f"L{number}", rng.choice(("Asha", "José", " Li ")), rng.choice(notes), "", str(rng.random())]
            kind = rng.random()
            if kind < 0.01:
                row = row[: rng.randrange(5)]
            elif kind < 0.02:
                row += ["late"]
            elif kind < 0.021:
                row[3] = "late"
            elif kind < 0.022:
                row = [" ", "", "", "", ""]
            writer.writerow(row)
            if kind > 0.9999:
                file.write(f'L{number}b,"Li" na,x,,\r\n')
            elif kind > 0.9997:
                file.write(f"L{number}b,a\0b,x,,\r\n")


@pytest.mark.slow
def test_messy_rows_are_read_alike(tmp_path: Path) -> None:
    write_messy(tmp_path / "messy.csv", 30_000)
    quick, slow = both_ways(tmp_path / "messy.csv", 10_000)
    assert quick == slow


@pytest.mark.slow
def test_whole_batches_of_messy_rows_are_read_alike(tmp_path: Path) -> None:
    write_messy(tmp_path / "messy.csv", MANY)
    table = open_tables(tmp_path / "messy.csv", ReadOptions())[0]
    for quick, slow in zip(table.batches(), exactly(table, BATCH_SIZE), strict=True):
        pd.testing.assert_frame_equal(quick.frame, slow.frame, check_exact=True)
        assert quick.problems == slow.problems
        assert quick.lines == slow.lines
