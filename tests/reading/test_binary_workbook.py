"""Binary workbooks (.xlsb): every kind of cell, damage, and no limit that a stray cell could break."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from importer.errors import SourceError
from importer.reading import binary_sheet
from importer.reading.packages import open_package
from tests.reading.biff12 import record, sheet_of, wide, write_xlsb

LEADS = {1: ["id", "name"], 2: ["1", "Asha"]}
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@pytest.fixture
def xlsb_of(tmp_path):
    def write(rows, *arguments, **options):
        write_xlsb(tmp_path / "leads.xlsb", rows, *arguments, **options)
        return tmp_path / "leads.xlsb"

    return write


def part(content):
    return {"xl/worksheets/sheet1.bin": record(129) + record(145) + content + record(146) + record(130)}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3).filter(lambda row: "".join(row).strip()), max_size=6))
def test_a_table_survives(xlsb_of, see_all, rows):
    path = xlsb_of(dict(enumerate([["a", "b", "c"], *rows], start=1)))
    (seen,) = see_all(path, header_row=1)
    assert seen.columns == ["a", "b", "c"]
    assert seen.rows == dict(enumerate(rows, start=2))


@pytest.mark.parametrize(
    ("value", "text", "code"),
    [
        (919876543210, "919876543210", ""),
        (0.1 + 0.2, "0.3", ""),
        (True, "TRUE", ""),
        (("formula", "x"), "x", ""),
        (("formula", 2.0), "2", ""),
        (("formula", False), "FALSE", ""),
        (("formula", "#REF!"), "#REF!", "cell-error"),
        ("#N/A", "#N/A", "cell-error"),
        (1234567890123456789, "1234567890123460000", "digits-lost"),
        ([501, 1], "00501", ""),
        ([46348, 2], "2026-11-22", ""),
        ([46348.395833333336, 2], "2026-11-22 09:30:00", ""),
        ([0.34375, 3], "08:15:00", ""),
        ([1.0868055555555556, 4], "26:05:00", ""),
        ([59, 2], "1900-02-28", ""),
        ([61, 2], "1900-03-01", ""),
        ([-1, 2], "-1", "cell-shown-differently"),
        ([0.25, 5], "0.25 d", ""),
        ([12, 99], "12", ""),
    ],
)
def test_cells_become_what_a_person_sees(xlsb_of, see_all, value, text, code):
    codes = ("00000", "dd/mm/yyyy", "hh:mm", "[h]:mm:ss", '0.00" d"')
    (seen,) = see_all(xlsb_of({1: ["id", "x"], 2: ["a", value]}, codes))
    assert seen.rows[2] == ["a", text]
    assert [problem.code for problem in seen.problems] == ([code] if code else [])


def test_dates_of_1904(xlsb_of, see_all):
    (seen,) = see_all(xlsb_of({1: ["id", "on"], 2: ["a", [44886, 1]]}, ["d.m.yy"], is_1904=True))
    assert seen.rows[2] == ["a", "2026-11-22"]


def packed(number, flags):
    return struct.pack("<i", number << 2 | flags)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (packed(501, 2), "501"),
        (packed(-501, 2), "-501"),
        (packed(50150, 3), "501.5"),
        (struct.pack("<d", 1.5)[4:], "1.5"),
    ],
)
def test_numbers_in_four_bytes(xlsb_of, see_all, content, text):
    rows = record(0, struct.pack("<I", 0)) + b"".join(
        record(6, bytes([at, *bytes(7)]) + wide("ab"[at])) for at in (0, 1)
    )
    rows += record(0, struct.pack("<I", 1)) + record(6, bytes(8) + wide("x")) + record(2, b"\1" + bytes(7) + content)
    assert see_all(xlsb_of({}, **part(rows)))[0].rows[2] == ["x", text]


def test_cells_in_short_form_stand_right_of_their_neighbours(xlsb_of, see_all):
    head = record(0, struct.pack("<I", 0)) + record(6, bytes(8) + wide("a")) + record(17, bytes(4) + wide("b"))
    row = record(0, struct.pack("<I", 1)) + record(17, bytes(4) + wide("x")) + record(14, bytes(4) + b"\x2a")
    (seen,) = see_all(xlsb_of({}, **part(head + row)))
    assert seen.rows[2] == ["x", "#N/A"]
    assert seen.codes == [(2, "cell-error", "b")]


def test_rich_text_is_read_without_its_look(xlsb_of, see_all):
    head = record(0, struct.pack("<I", 0)) + record(62, bytes(8) + b"\1" + wide("a") + b"runs")
    row = record(0, struct.pack("<I", 1)) + record(62, bytes(8) + b"\1" + wide("x") + b"runs")
    (seen,) = see_all(xlsb_of({}, **part(head + row)))
    assert (seen.columns, seen.rows) == (["a"], {2: ["x"]})


def test_a_stray_cell_in_the_last_corner_costs_nothing(xlsb_of, see_all):
    (seen,) = see_all(xlsb_of({**LEADS, 1_048_576: [None] * 16_383 + ["x"]}))
    assert seen.rows[2][:2] == ["1", "Asha"]
    assert list(seen.rows) == [2, 1_048_576]


def refused(see_all, path, message):
    with pytest.raises(SourceError, match=message) as refusal:
        see_all(path)
    assert str(path) in refusal.value.message
    assert refusal.value.tip


@pytest.mark.parametrize(
    "content",
    [
        sheet_of(LEADS, {})[:-9],
        record(0, b"\0"),
        record(0, struct.pack("<I", 0)) + record(7, bytes(8) + struct.pack("<I", 7)),
        record(0, struct.pack("<I", 0)) + record(6, bytes(8) + struct.pack("<I", 900) + b"x"),
        record(0, struct.pack("<I", 0)) + record(2, bytes(9)),
        b"\x81\x01\xff\xff\xff\x7f",
        record(0, struct.pack("<I", 1 << 20)) + record(4, bytes(9)),
        record(0, bytes(4)) + record(4, struct.pack("<I", 1 << 14) + bytes(5)),
    ],
)
def test_a_damaged_sheet_is_refused(xlsb_of, see_all, content):
    refused(see_all, xlsb_of({}, **{"xl/worksheets/sheet1.bin": content}), "damaged")


def test_rows_out_of_order_are_refused(xlsb_of, see_all):
    refused(see_all, xlsb_of({1: ["id"], 9: ["x"], 5: ["y"]}), "row 5 stands after row 9")


def test_a_long_shared_string_in_every_cell_is_refused(xlsb_of, monkeypatch):
    def read_here(path):  # the limit is not patched in a child
        book = binary_sheet.BinaryBook(open_package(path))
        return list(book.records(book.visible[0]))

    monkeypatch.setattr(binary_sheet, "MOST_TEXT", 1_000)
    refused(read_here, xlsb_of({1: ["id"], **{row: ["x" * 100] for row in range(2, 20)}}), "MB of text")
