"""Old workbooks (.xls): texts of every code page, the file's own formats, and damage that is never a short read."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importer.errors import SourceError
from tests.reading.biff import record, write_xls
from tests.reading.conftest import Seen

MADE = Path(__file__).parent / "workbooks"


@pytest.fixture
def xls_of(tmp_path: Path) -> Callable[..., Any]:
    def write(rows: dict[int, list[Any]], *arguments: Any, **options: Any) -> Path:
        return write_xls(tmp_path / "leads.xls", rows, *arguments, **options)

    return write


def test_a_format_of_the_files_own_goes_before_the_built_in_one_of_its_number(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    """Crystal Reports numbers its formats from 50 on, where East Asian versions of Excel have dates."""
    numbers = [*range(1, 49), *range(50, 82), 164, 200]
    header = [f"f{number}" for number in numbers]
    rows = {1: header, 2: [(31323.0, number) for number in numbers]}
    (seen,) = see_all(xls_of(rows, dict.fromkeys(numbers, "0_);-0")))
    assert dict(zip(header, seen.rows[2], strict=True)) == dict.fromkeys(header, "31323")
    (seen,) = see_all(xls_of(rows, dict.fromkeys(numbers, "dd/mm/yyyy")))
    assert dict(zip(header, seen.rows[2], strict=True)) == dict.fromkeys(header, "1985-10-03")


@pytest.mark.parametrize(
    ("number", "text"), [(0, "31323"), (1, "31323"), (14, "1985-10-03"), (46, "751752:00:00"), (49, "31323")]
)
def test_built_in_formats_have_no_record_in_the_file(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]], number: int, text: str
) -> None:
    assert see_all(xls_of({1: ["id", "x"], 2: ["a", (31323.0, number)]}))[0].rows[2] == ["a", text]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "code", "text", "problem"),
    [
        (919876543210.0, "0", "919876543210", ""),
        (0.1 + 0.2, "General", "0.3", ""),
        (501.0, "00000", "00501", ""),
        (46348.395833333336, "dd/mm/yyyy hh:mm", "2026-11-22 09:30:00", ""),
        (0.34375, "hh:mm", "08:15:00", ""),
        (1.0868055555555556, "[h]:mm:ss", "26:05:00", ""),
        (1234567890123456789.0, "0", "1234567890123460000", "digits-lost"),
        (True, "General", "TRUE", ""),
        ("#REF!", "General", "#REF!", "cell-error"),
        ("#N/A", "General", "#N/A", "cell-error"),
    ],
)
def test_cells_become_what_a_person_sees(
    xls_of: Callable[..., Any],
    see_all: Callable[..., list[Seen]],
    value: float | bool | str,
    code: str,
    text: str,
    problem: str,
) -> None:
    (seen,) = see_all(xls_of({1: ["id", "x"], 2: ["a", (value, 164)]}, {164: code}))
    assert seen.rows[2] == ["a", text]
    assert [found.code for found in seen.problems] == ([problem] if problem else [])


def test_days_are_counted_from_1904_where_the_file_says_so(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    rows = {1: ["id", "on"], 2: ["a", (44886.0, 14)]}
    assert see_all(xls_of(rows, is_1904=True))[0].rows[2] == ["a", "2026-11-22"]


NAMES = ["Zoë", "Łukasz", "Жанна", "東京", "😀"]


@pytest.mark.slow
@pytest.mark.parametrize("codepage", [None, 1200, 437, 850, 932, 1250, 1251, 1252, 10000, 10029, 32768, 367])
def test_texts_of_excel_97_are_unicode_whatever_code_page_is_named(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]], codepage: int | None
) -> None:
    (seen,) = see_all(xls_of({1: NAMES, 2: [*reversed(NAMES)]}, codepage=codepage), header_row=1)
    assert (seen.columns, seen.rows) == (NAMES, {2: [*reversed(NAMES)]})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("codepage", "encoding", "name"),
    [
        (1252, "cp1252", "Zoë – Œuvre"),
        (None, "cp1252", "Zoë – Œuvre"),
        (32769, "cp1252", "Zoë"),
        (1250, "cp1250", "Łukasz"),
        (1251, "cp1251", "Жанна"),
        (1253, "cp1253", "Ζωή"),
        (850, "cp850", "Jürgen"),
        (932, "cp932", "東京"),
        (10000, "mac_roman", "Zoë"),
        (32768, "mac_roman", "Zoë"),
        (10029, "mac_latin2", "Łukasz"),
    ],
)
def test_texts_of_excel_5_are_in_the_code_page_of_the_file(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]], codepage: int | None, encoding: str, name: str
) -> None:
    path = xls_of({1: ["ID", "Name"], 2: ["1", name]}, codepage=codepage, encoding=encoding, old=True)
    assert see_all(path)[0].rows == {2: ["1", name]}


@pytest.mark.parametrize(
    ("sets", "encoding", "name"),
    [
        ((0, 204), "cp1251", "Жанна"),
        ((238, 238), "cp1250", "Łukasz"),
        ((0, 2), "cp1252", "Zoë"),
        ((161,), "cp1253", "Ζωή"),
    ],
)
def test_without_a_code_page_the_fonts_say_which_letters_there_are(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]], sets: tuple[Any, ...], encoding: str, name: str
) -> None:
    fonts = (struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, charset, 0) + b"\5Arial" for charset in sets)
    head = b"".join(record(0x31, font) for font in fonts)
    path = xls_of({1: ["ID", "Name"], 2: ["1", name]}, codepage=None, encoding=encoding, old=True, head=head)
    assert see_all(path)[0].rows == {2: ["1", name]}


def test_hidden_rows_and_merged_cells_are_noted(xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]]) -> None:
    hidden = record(0x208, struct.pack("<HHHHHHI", 2, 0, 2, 255, 0, 0, 0x20))
    merged = record(0xE5, struct.pack("<HHHHH", 1, 3, 4, 0, 0))
    rows = {1: ["id", "x"], 2: ["a", 0.0], 3: [None, 0.0], 4: ["c", 1.0], 5: [None, 2.0]}
    (seen,) = see_all(xls_of(rows, more=hidden + merged))
    assert [*seen.rows] == [2, 3, 4, 5]
    first, second = seen.info.notes
    assert first == "1 row is hidden and is read; to leave it out, delete it"
    assert second.startswith("column “id” has merged cells (A4:A5)")


def written(tmp_path: Path, content: bytes | bytearray) -> Path:
    path = tmp_path / "leads.xls"
    path.write_bytes(content)
    return path


def refused(see_all: Callable[..., Any], path: Path) -> None:
    with pytest.raises(SourceError, match=r"damaged|not a workbook|password") as refusal:
        see_all(path)
    assert str(path) in refusal.value.message
    assert refusal.value.tip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["traps.xls", "traps_sheetjs.xls"])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.8])
def test_a_truncated_workbook_is_refused_or_read_as_a_whole(
    tmp_path: Path, see_all: Callable[..., list[Seen]], name: str, share: float
) -> None:
    """The last sectors of a file may hold nothing that counts."""
    content = (MADE / name).read_bytes()
    path = written(tmp_path, content[: int(len(content) * share)])
    try:
        (seen,) = see_all(path)
    except SourceError:
        refused(see_all, path)
    else:
        assert seen.rows == see_all(MADE / name)[0].rows


def test_a_chain_of_sectors_that_runs_in_a_circle_is_refused(
    tmp_path: Path, see_all: Callable[..., list[Seen]]
) -> None:
    content = bytearray((MADE / "traps.xls").read_bytes())
    (table,) = struct.unpack_from("<I", content, 76)
    begin = (table + 1) * 512
    content[begin : begin + 512] = struct.pack("<128I", *([0] * 128))
    refused(see_all, written(tmp_path, content))


def test_a_sheet_that_begins_beyond_the_end_is_damage(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    content = (MADE / "traps.xls").read_bytes()
    at = content.index(struct.pack("<HH", 0x85, 13)) + 4
    refused(see_all, written(tmp_path, content[:at] + b"\xff\xff\xff\x7f" + content[at + 4 :]))


@pytest.mark.parametrize(
    "more",
    [
        record(0x203, b"\1"),  # too short
        record(0x203, struct.pack("<HHHd", 1, 300, 0, 1.0)),  # no such column
        record(0x203, struct.pack("<HHHd", 1, 0, 99, 1.0)),  # no such format
        record(0xFD, struct.pack("<HHHI", 1, 0, 0, 7)),  # no such shared text
        record(
            0x06, struct.pack("<HHH8sH", 1, 0, 0, b"\0\0\0\0\0\0\xff\xff", 0) + bytes(8)
        ),  # a result that is missing
        record(0xBD, struct.pack("<HHHiH", 1, 0, 0, 0, 200)),  # fewer numbers than it says
    ],
)
def test_records_that_cannot_be_are_damage(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]], more: bytes
) -> None:
    refused(see_all, xls_of({1: ["id"], 2: ["a"]}, more=more))


def test_names_whose_formulas_xlrd_does_not_know_harm_nobody(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    """Programs write such for print areas and filters."""
    formula = b"\x2d" + bytes(8)
    name = record(0x18, struct.pack("<HBBHHHI", 0, 0, 1, len(formula), 0, 0, 0) + b"\0n" + formula)
    assert see_all(xls_of({1: ["id"], 2: ["a"]}, head=name))[0].rows == {2: ["a"]}


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (28, b"\xff\xfe"),  # the mark of the order of bytes
        (68, b"\3\0\0\0"),  # the table goes on in a sector of the workbook
    ],
)
def test_a_header_that_is_a_little_wrong_does_no_harm(
    xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]], place: int, wrong: bytes
) -> None:
    """LibreOffice opens such files; xlrd alone would refuse them."""
    path = xls_of({1: ["id"], 2: ["a"]})
    content = path.read_bytes()
    path.write_bytes(content[:place] + wrong + content[place + len(wrong) :])
    assert see_all(path)[0].rows == {2: ["a"]}


def test_a_password_is_named(xls_of: Callable[..., Any], see_all: Callable[..., list[Seen]]) -> None:
    path = xls_of({1: ["id"], 2: ["a"]})
    path.write_bytes(path.read_bytes().replace(record(0x22, b"\0\0"), record(0x2F, b"\1\0")))
    with pytest.raises(SourceError, match="password-protected"):
        see_all(path)
