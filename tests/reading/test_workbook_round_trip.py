"""Any table written as a workbook of text cells and read back is the same table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from tests.reading.conftest import Seen

# XML has no other control characters, and makes a line feed of every carriage return.
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\r\ufffe\uffff", exclude_categories=["Cs"]).filter(
    lambda character: not ILLEGAL_CHARACTERS_RE.match(character)
)
CELLS = st.text(CHARACTERS, max_size=12) | st.sampled_from(
    ["=1+1", "007", "1E5", "TRUE", "  spaces  ", "#N/A", "<a>&amp;", "2026-11-22", "''", "1,5"]
)

# XML keeps a cell of nothing but white space only where the writer asks for it, and not every writer does.
CELLS = CELLS.map(lambda text: text if text.strip(" \t\n") else "")


@st.composite
def tables(draw: DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 6))
    filled = st.lists(CELLS, min_size=width, max_size=width).filter(lambda row: any(cell.strip() for cell in row))
    header = [f"column {number}" for number in range(width)]
    return [header, *draw(st.lists(filled, max_size=8))]


def write_openpyxl(path: Path, rows: list[list[str]]) -> None:
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row, start=1):
            if text:
                book.active.cell(number, column, text).data_type = "s"
    book.save(path)


def write_xlsxwriter(path: Path, rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=tables(), write=st.sampled_from([write_openpyxl, write_xlsxwriter]))
def test_a_table_survives(
    tmp_path: Path, see_all: Callable[..., list[Seen]], rows: list[list[str]], write: Callable[..., None]
) -> None:
    path = tmp_path / "leads.xlsx"
    write(path, rows)
    (seen,) = see_all(path, header_row=1)
    assert seen.columns == rows[0]
    assert list(seen.rows.values()) == rows[1:]
    assert list(seen.rows) == list(range(2, len(rows) + 1))
    assert {code for _, code, _ in seen.codes} <= {"cell-error", "digits-lost"}
