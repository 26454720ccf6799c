"""What a cell shows is what is sent, or the cell is a problem. The answers are LibreOffice's (`--convert-to fods`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from importer.reading.number_formats import number_format
from tests.reading.conftest import Seen

# fmt: off
SHOWN = {  # format code: what is shown for 501, 7070707, 6591234567, -501, 0 and the text abc
    "+#": ("+501", "+7070707", "+6591234567", "-+501", None, "abc"),
    '"+"#': ("+501", "+7070707", "+6591234567", "-+501", None, "abc"),
    "\\+#": ("+501", "+7070707", "+6591234567", "-+501", None, "abc"),
    "+###########": ("+501", "+7070707", "+6591234567", "-+501", None, "abc"),
    "\\+0;": ("+501", "+7070707", "+6591234567", None, "+0", "abc"),
    "[$+44]0": ("+44501", "+447070707", "+446591234567", "-+44501", "+440", "abc"),
    '"+44 "0': ("+44 501", "+44 7070707", "+44 6591234567", "-+44 501", "+44 0", "abc"),
    "+00 00000 00000": ("+00 00000 00501", "+00 00070 70707", "+00 65912 34567", "-+00 00000 00501",
                        "+00 00000 00000", "abc"),
    '"ID-"00000': ("ID-00501", "ID-7070707", "ID-6591234567", "-ID-00501", "ID-00000", "abc"),
    "INV-0": ("INV-501", "INV-7070707", "INV-6591234567", "-INV-501", "INV-0", "abc"),
    '"ID-"General': ("ID-501", "ID-7070707", "ID-6591234567", "-ID-501", "ID-0", "abc"),
    '"INV"0': ("INV501", "INV7070707", "INV6591234567", "-INV501", "INV0", "abc"),
    "\\#0": ("#501", "#7070707", "#6591234567", "-#501", "#0", "abc"),
    '0#" "##" "##': ("0 5 01", "707 07 07", "659123 45 67", "-0 5 01", "0", "abc"),
    "0# ## ## ## ##": ("0   5 01", "0 7 07 07 07", "65 91 23 45 67", "-0   5 01", "0", "abc"),
    '"0"#': ("0501", "07070707", "06591234567", "-0501", "0", "abc"),
    "\\0#": ("0501", "07070707", "06591234567", "-0501", "0", "abc"),
    "0#########": ("0501", "07070707", "6591234567", "-0501", "0", "abc"),
    "00000": ("00501", "7070707", "6591234567", "-00501", "00000", "abc"),
    "00000;-00000": ("00501", "7070707", "6591234567", "-00501", "00000", "abc"),
    "000-00-0000": ("000-00-0501", "007-07-0707", "6591-23-4567", "-000-00-0501", "000-00-0000", "abc"),
    "(###) ###-####": ("() -501", "() 707-0707", "(659) 123-4567", "-() -501", None, "abc"),
    "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####": ("-501", "707-0707", "(659) 123-4567", "--501", None, "abc"),
    "00\\:00": ("05:01", "70707:07", "65912345:67", "-05:01", "00:00", "abc"),
    "0-0": ("50-1", "707070-7", "659123456-7", "-50-1", "0-0", "abc"),
    "0_)0": ("50 1", "707070 7", "659123456 7", "-50 1", "0 0", "abc"),
    "0+": ("501+", "7070707+", "6591234567+", "-501+", "0+", "abc"),
    "00.00": ("501.00", "7070707.00", "6591234567.00", "-501.00", "00.00", "abc"),
    '"x"0.0': ("x501.0", "x7070707.0", "x6591234567.0", "-x501.0", "x0.0", "abc"),
    '"a"0.#': ("a501", "a7070707", "a6591234567", "-a501", "a0", "abc"),
    '0.0"x"0': ("501.0x0", "7070707.0x0", "6591234567.0x0", "-501.0x0", "0.0x0", "abc"),
    "000,000": ("000,501", "7,070,707", "6,591,234,567", "-000,501", "000,000", "abc"),
    '#,##0" kg"': ("501 kg", "7,070,707 kg", "6,591,234,567 kg", "-501 kg", "0 kg", "abc"),
    '0" kg"': ("501 kg", "7070707 kg", "6591234567 kg", "-501 kg", "0 kg", "abc"),
    "(0)": ("(501)", "(7070707)", "(6591234567)", "-(501)", "(0)", "abc"),
    "-0": ("-501", "-7070707", "-6591234567", "--501", "-0", "abc"),
    '0;"neg"': ("501", "7070707", "6591234567", "neg", "0", "abc"),
    '0;-0;"zero"': ("501", "7070707", "6591234567", "-501", "zero", "abc"),
    '[=0]"No";[=501]"Yes";General': ("Yes", "7070707", "6591234567", "-501", "No", "abc"),
    '[>501]"a"0;[<0]-0;"c"0': ("c501", "a7070707", "a6591234567", "-501", "c0", "abc"),
    "0;-0;;@": ("501", "7070707", "6591234567", "-501", "", "abc"),
    "#": ("501", "7070707", "6591234567", "-501", "", "abc"),
    "???": ("501", "7070707", "6591234567", "-501", "", "abc"),
    "*x0": ("501", "7070707", "6591234567", "-501", "0", "abc"),
    '"ID-"@': ("501", "7070707", "6591234567", "-501", "0", "ID-abc"),
    '@" Ltd"': ("501", "7070707", "6591234567", "-501", "0", "abc Ltd"),
    '"a"0;-"b"0;"c"0;"d"@': ("a501", "a7070707", "a6591234567", "-b501", "c0", "dabc"),
    ";;;": (None, None, None, None, "", None),
    "0;": ("501", "7070707", "6591234567", None, "0", "abc"),
    "0;0": ("501", "7070707", "6591234567", None, "0", "abc"),
    "_0": (None, None, None, None, "", "abc"),
    "00.00.00": (None, None, None, None, None, "abc"),
    "00/00/0000": (None, None, None, None, None, "abc"),
    '"v"# ?/?': (None, None, None, None, None, "abc"),
    "Phone 0": (None, None, None, None, None, "abc"),
    "[<100]0": (None, None, None, "-501", "0", "abc"),
}
# fmt: on
"""`None` where the cell must be a problem: it shows nothing, no minus, or what nobody but a spreadsheet knows."""


@pytest.mark.parametrize(("code", "shown"), SHOWN.items())
def test_what_is_shown_is_sent_or_a_problem(code: str, shown: tuple[Any, ...]) -> None:
    readings = [number_format(code).read(number) for number in (501, 7070707, 6591234567, -501, 0)]
    readings.append(number_format(code).read_text("abc"))
    assert [None if reading.problem else reading.text for reading in readings] == [*shown]


@pytest.mark.parametrize(
    "code",
    [
        *("", "General", "0", "0.00", "#,##0", "#,##0.00", "0%", "0.00%", "0.00E+00", "##0.0E+0", "# ?/?", "# ??/??"),
        *("#,##0;(#,##0)", "#,##0;[Red](#,##0)", "#,##0.00;[Red]#,##0.00", "0;[Red]-0", "+0.0%;-0.0%", "+#,##0.00"),
        *('_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', '_(* #,##0_);_(* (#,##0);_(* "-"??_);_(@_)', "0;-0;-"),
        *('"$"#,##0.00', "[$€-407] 0.00", '0.00" €"', '"CHF "0', '0" Kč"', "[$R$-416] #,##0.00", "[$€-x-euro2]0"),
        *(
            "0,",
            '0.0,,"M"',
            '0.0," k€"',
            "[Blue]0",
            "[DBNum1]0",
            "0_ ",
            "@",
            "@_-",
            "0.###",
            '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)',
            "0.00%;\\-0.00%;\\%",
            "0;-0;0;@",
            "General;-General",
        ),
    ],
)
@pytest.mark.parametrize("number", [501, 12345.678, -501, -0.25, 0])
def test_pure_number_style_sends_the_number(code: str, number: float) -> None:
    reading = number_format(code).read(number)
    assert (float(reading.text), reading.problem) == (number, "")
    assert not number_format(code).changes_numbers
    assert not number_format(code).changes_texts


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [
        ("dd/mm/yyyy", 45296, "2024-01-05"),
        ("[<40000]0;dd/mm/yyyy", 45296, "2024-01-05"),
        ("[<40000]0;dd/mm/yyyy", 501, "501"),
        ("dd/mm/yyyy;@", 45296.5, "2024-01-05 12:00:00"),
        ('yyyy"-W"m', 45296, "2024-01-05"),
        ("yyyy-mm-ddThh:mm:ss.000", 45296.25, "2024-01-05 06:00:00"),
        ("TT.MM.JJJJ", 45296, "2024-01-05"),
        ('[$-411]ggge"年"m"月"d"日"', 45296, "2024-01-05"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", 45296, "2024-01-05"),
        ("h:mm AM/PM", 0.75, "18:00:00"),
        ("[h]:mm", 1.5, "36:00:00"),
        ("dd/mm/yyyy", 1, "1900-01-01"),
        ("dd/mm/yyyy", 61, "1900-03-01"),
    ],
)
def test_a_count_of_days_is_sent_as_what_it_is(code: str, number: float, text: str) -> None:
    assert number_format(code).read(number) == (text, "")


@pytest.mark.parametrize("number", [-1, 2_958_466, 6591234567])
def test_a_count_of_days_that_is_no_day_is_a_problem(number: int) -> None:
    assert "#####" in number_format("dd/mm/yyyy").read(number).problem


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [("00000", 501.5, "00502"), ('0" kg"', 2.4, "2 kg"), ("+#", 2.5, "+3"), ('"v"0.0', 2.25, "v2.3"), ("0;0", -5, "5")],
)
def test_what_is_shown_without_all_that_is_stored_names_both(code: str, number: float, text: str) -> None:
    reading = number_format(code).read(number)
    assert reading == (text, f"is shown, but the cell holds {number}")


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    assert number_format("dd/mm/yyyy").read(43834, from_1904=True).text == "2024-01-05"


def by_openpyxl(path: Path, rows: list[tuple[str, Sequence[Any]]]) -> None:
    book = openpyxl.Workbook()
    for number, (code, values) in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            book.active.cell(number, column, value).number_format = code
    book.save(path)


def by_xlsxwriter(path: Path, rows: list[tuple[str, Sequence[Any]]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, (code, values) in enumerate(rows):
            sheet.write_row(number, 0, values, book.add_format({"num_format": code}))


@pytest.mark.parametrize("write", [by_openpyxl, by_xlsxwriter])
def test_every_format_is_read_from_a_workbook_as_it_is_shown(
    tmp_path: Path, see_all: Callable[..., list[Seen]], write: Callable[..., Any]
) -> None:
    names = ["a", "b", "c", "d", "e", "f"]
    values = (501, 7070707, 6591234567, -501, 0, "abc")
    write(tmp_path / "x.xlsx", [("General", names), *((code, values) for code in SHOWN)])
    (seen,) = see_all(tmp_path / "x.xlsx")
    problems = {(problem.row, problem.column) for problem in seen.problems}
    assert {problem.code for problem in seen.problems} == {"cell-shown-differently"}
    for number, shown in enumerate(SHOWN.values(), start=2):
        read = [
            None if (number, name) in problems else text for name, text in zip(names, seen.rows[number], strict=True)
        ]
        assert read == [*shown], number
