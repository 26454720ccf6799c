"""Damaged and hostile files that the fuzzers found (docs/fuzzing.md): each is one clear refusal, or is read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.opening import is_corrected_rejects, open_tables
from tests.reading.conftest import Seen

CONTAINERS = Path(__file__).parents[1] / "e2e" / "containers"


@pytest.fixture
def refused(see_all: Callable[..., list[Seen]]) -> Callable[..., Any]:
    def check(path: Path, message: str) -> None:
        with pytest.raises(SourceError, match=message) as refusal:
            see_all(path)
        assert str(path) in refusal.value.message
        assert refusal.value.tip

    return check


def test_a_row_of_nothing_but_misplaced_quotes_is_no_header_row(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(b'" "' + b"\x1c" * 40)
    refused(path, "no header row")


def with_broken_content(path: Path, part: str) -> Path:
    """The compressed content of a part is overwritten; the directory still says what was there."""
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo(part)
    start = entry.header_offset + 30 + len(entry.filename)
    content[start : start + 20] = b"\xff" * 20
    path.write_bytes(content)
    return path


def test_a_part_that_cannot_be_unpacked_is_damage(
    raw_workbook: Callable[..., Path], refused: Callable[..., Any]
) -> None:
    path = with_broken_content(raw_workbook('<row r="1"><c r="A1"><v>1</v></c></row>' * 9), "xl/worksheets/sheet1.xml")
    assert not is_corrected_rejects(path)
    refused(path, "damaged")


@pytest.mark.parametrize("other", ["/content.xml", "Content.xml", "\\\\content.xml"])
def test_two_parts_that_readers_may_take_for_one_are_refused(
    tmp_path: Path, refused: Callable[..., Any], other: str
) -> None:
    """One was checked, and the other one is what the library reads, without an end."""
    path = tmp_path / "leads.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<table:table><table:table-row></x>")
        archive.writestr(other, "<x/>")
    refused(path, "two parts of one name")


def test_a_manifest_that_cannot_be_read_says_nothing_about_a_password(
    tmp_path: Path, refused: Callable[..., Any]
) -> None:
    path = tmp_path / "leads.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
        archive.writestr("META-INF/manifest.xml", "".join(map(str, range(999))))
    refused(with_broken_content(path, "META-INF/manifest.xml"), "damaged")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_mimetype_that_cannot_be_read_is_no_spreadsheet(
    tmp_path: Path, refused: Callable[..., Any], method: int
) -> None:
    path = tmp_path / "leads.ods"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    if method == zipfile.ZIP_DEFLATED:
        with_broken_content(path, "mimetype")
    else:
        content = path.read_bytes()
        path.write_bytes(content[:-80].replace(b"spreadsheet", b"spreadshee") + content[-80:])
    refused(path, "OpenDocument file, but not a spreadsheet|damaged")


@pytest.mark.parametrize("part", ["content.xml", "xl/workbook.bin"])
def test_two_kinds_of_workbook_in_one_are_refused(
    raw_workbook: Callable[..., Path], refused: Callable[..., Any], part: str
) -> None:
    """The checks would look at the one and the library read the other, without an end."""
    refused(raw_workbook("", **{part: "<x/>"}), "two kinds of workbook")


def test_an_old_workbook_that_is_cut_off_is_damaged(tmp_path: Path, refused: Callable[..., Any]) -> None:
    path = tmp_path / "leads.xls"
    path.write_bytes((CONTAINERS / "leads.xls").read_bytes()[:6144])  # the last cells are not in it any more
    refused(path, "damaged")


HEADER = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>name</v></c></row>'


def test_cells_that_do_not_stand_in_order_are_where_they_say(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    row = '<row r="2"><c r="D2" t="e"><v>#N/A</v></c><c r="A2" t="e"><v>#REF!</v></c></row>'
    (seen,) = see_all(raw_workbook(HEADER + row))
    assert seen.rows[2] == ["#REF!", "", "#N/A"]
    assert (2, "cell-error", "id") in seen.codes


@pytest.mark.parametrize("reference", ["2", "é2", "AAAAAAAAAA2", "$A$2"])
def test_a_cell_in_no_possible_column_is_damage(
    raw_workbook: Callable[..., Path], refused: Callable[..., Any], reference: str
) -> None:
    refused(raw_workbook(f'{HEADER}<row r="2"><c r="{reference}" t="e"><v>#N/A</v></c></row>'), "damaged|Cell|stray")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("escaped", "text"),
    [("a_xD83D__xDE00_b", "a😀b"), ("_xD800_", "�"), ("_xDE00__xD83D_", "��"), ("a_xDC00_b_x000A_c", "a�b\nc")],
)
@pytest.mark.parametrize("kind", ["str", "inlineStr", "s"])
def test_escaped_halves_of_a_character_are_one_and_a_lone_half_is_none(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], kind: str, escaped: str, text: str
) -> None:
    """A lone half in a header was a fall: no text can be written with it."""
    strings = f"<si><t>{escaped}</t></si>"
    value = {"str": f"<v>{escaped}</v>", "inlineStr": f"<is><t>{escaped}</t></is>", "s": "<v>0</v>"}[kind]
    rows = [f'<row r="{row}"><c r="A{row}" t="{kind}">{value}</c></row>' for row in (1, 2)]
    (seen,) = see_all(raw_workbook("".join(rows), strings=strings), header_row=1)
    assert seen.info.headers == (text,)
    assert seen.rows == {2: [text]}


@pytest.mark.slow
@pytest.mark.parametrize("number", ["&#xD800;", "&#x110000;", "&#9999999;"])
@pytest.mark.parametrize("kind", ["str", "inlineStr", "s"])
def test_the_number_of_no_character_is_damage(
    raw_workbook: Callable[..., Path], refused: Callable[..., Any], kind: str, number: str
) -> None:
    strings = f"<si><t>{number}</t></si>"
    value = {"str": f"<v>{number}</v>", "inlineStr": f"<is><t>{number}</t></is>", "s": "<v>0</v>"}[kind]
    cell = f'<row r="2"><c r="A2" t="{kind}">{value}</c></row>'
    refused(raw_workbook(HEADER + cell, strings=strings), "invalid character number")


@pytest.mark.parametrize("reference", ["A99999999999", "A1048577"])
def test_a_cell_that_names_an_impossible_row_is_in_the_row_around_it(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], reference: str
) -> None:
    (seen,) = see_all(raw_workbook(f'{HEADER}<row r="2"><c r="{reference}" t="e"><v>#N/A</v></c></row>'))
    assert seen.rows == {2: ["#N/A", ""]}


def test_a_line_that_says_no_separator_is_a_line_like_others(tmp_path: Path) -> None:
    """`sep=` and nothing: the line break was taken for the delimiter, which Arrow refuses."""
    (tmp_path / "a.csv").write_bytes(b"sep=\nI;D;Name\n1;2;Ada\n")
    (table,) = open_tables(tmp_path / "a.csv", ReadOptions(delimiter=";", header_row=2))
    assert [len(batch.frame) for batch in table.batches()] == [1]
    with suppress(SourceError):
        for batch in open_tables(tmp_path / "a.csv", ReadOptions())[0].batches():
            assert len(batch.frame)


def test_a_null_byte_is_no_delimiter_that_a_file_can_name(csv_of: Callable[..., Seen]) -> None:
    seen = csv_of("sep=\0\nID;Name\n1;Asha\n2;Ben\n")
    assert seen.rows


def test_a_null_byte_is_no_delimiter_that_a_mapping_can_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"ID\0Name\n1\0Asha\n")
    with pytest.raises(SourceError, match="cannot be a delimiter"):
        open_tables(tmp_path / "a.csv", ReadOptions(delimiter="\0"))
