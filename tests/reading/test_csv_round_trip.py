"""Any table written as CSV in a supported dialect and encoding and read back is the same table."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, DrawFn

from tests.reading.conftest import Seen

CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0\ufeff\x1a", exclude_categories=["Cs"])
"""NUL is a fault, and marks of bytes and the end mark of DOS are taken away where a line begins or ends."""
CELLS = st.text(CHARACTERS, max_size=12)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"]


@st.composite
def tables(draw: DrawFn) -> tuple[list[list[str]], int]:
    width = draw(st.integers(1, 6))
    filled = st.lists(CELLS, min_size=width, max_size=width).filter(lambda row: any(cell.strip() for cell in row))
    return draw(st.lists(filled, max_size=8)), width


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=tables(),
    delimiter=st.sampled_from([",", ";", "\t", "|", "^"]),
    encoding=st.sampled_from(ENCODINGS),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_a_table_survives(
    csv_of: Callable[..., Seen],
    table: tuple[list[list[str]], int],
    delimiter: str,
    encoding: str,
    line_end: str,
    quoting: Any,
) -> None:
    rows, width = table
    text = io.StringIO(newline="")
    if any("\n" in cell or "\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerow([f"column {number}" for number in range(width)])
    writer.writerows(rows)
    content = text.getvalue().encode(encoding)
    seen = csv_of(content, delimiter=delimiter, encoding=encoding, header_row=1)
    assert seen.columns == [f"column {number}" for number in range(width)]
    assert list(seen.rows.values()) == rows
    assert list(seen.rows) == list(range(2, len(rows) + 2))
    assert {code for _, code, _ in seen.codes} <= {"cell-error", "digits-lost"}


ONE_WAY = "¢£¬‖−〜"
"""What cp932 writes and does not give back."""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), encoding=st.sampled_from(["cp1252", "cp1251", "cp1250", "iso8859-15", "cp932", "gbk", "big5"]))
@pytest.mark.slow
def test_a_table_survives_in_an_encoding_of_few_letters(
    csv_of: Callable[..., Seen], data: DataObject, encoding: str
) -> None:
    """Of letters that the encoding has, and that it gives back as they were."""
    letters = st.characters(codec=encoding, exclude_characters="\0" + ONE_WAY, exclude_categories=["Cc", "Cs"])
    letters = letters.filter(lambda letter: letter.encode(encoding).decode(encoding) == letter)
    row = st.lists(st.text(letters, max_size=12), min_size=2, max_size=2).filter(lambda row: "".join(row).strip())
    rows = data.draw(st.lists(row, max_size=6))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["column 0", "column 1"], *rows])
    seen = csv_of(text.getvalue().encode(encoding), delimiter=",", encoding=encoding, header_row=1)
    assert list(seen.rows.values()) == rows
