"""Broken and hostile files: one clear refusal, soon, and never a short read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading import zip_package
from importer.reading.cell_text import column_letters
from importer.reading.opening import open_tables
from tests.reading.conftest import Seen

ROW = '<row r="{0}"><c r="A{0}" t="str"><v>id</v></c><c r="B{0}" t="str"><v>x</v></c></row>'

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ROOT = Path(__file__).parents[2]


def refused(see_all: Callable[..., Any], path: Path, message: str, tip: str = "") -> None:
    with pytest.raises(SourceError, match=message) as refusal:
        see_all(path)
    assert str(path) in refusal.value.message
    assert refusal.value.tip
    assert tip in refusal.value.tip


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("leads.xlsx", b"id,name\n1,Anna\n", "plain text"),
        ("leads.xls", b"id\tname\n1\tAnna\n", "plain text"),
        ("leads.xls", b"<html><body><table><tr><td>id</td></tr></table></body></html>", "a web page"),
        ("leads.csv", b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "a web page"),
        ("leads.xls", b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "2003"),
        ("leads.csv", b"%PDF-1.7 ...", "a PDF document"),
        ("leads.csv", b"{\\rtf1 leads}", "a rich-text document"),
        ("leads.csv.gz", b"\x1f\x8b\x08\x00abc", "a gzip archive"),
        ("leads.csv", bytes(range(256)) * 40, "neither a text file"),
        ("leads.xlsx", b"PK\x03\x04" + b"\0" * 60, "damaged or was cut off"),
        ("leads.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "not a workbook"),
    ],
)
def test_other_files_are_named_for_what_they_are(
    tmp_path: Path, see_all: Callable[..., list[Seen]], name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused(see_all, path, message)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("Index/Document.iwa", "Apple Numbers"),
        ("word/document.xml", "a Word document"),
        ("leads.csv", "a zip archive"),
    ],
)
def test_other_archives_are_named_for_what_they_are(
    tmp_path: Path, see_all: Callable[..., list[Seen]], part: str, message: str
) -> None:
    path = tmp_path / "leads.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(part, "x")
    refused(see_all, path, message)


def test_an_encrypted_workbook_is_password_protected(tmp_path: Path, see_all: Callable[..., list[Seen]]) -> None:
    path = tmp_path / "leads.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512 + "EncryptedPackage".encode("utf-16-le"))
    refused(see_all, path, "password-protected", "remove the password")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], share: float
) -> None:
    path = raw_workbook("".join(ROW.format(number) for number in range(1, 200)))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(see_all, path, "damaged or was cut off")


def test_a_flipped_bit_in_a_sheet_is_never_a_short_read(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    path = raw_workbook("".join(ROW.format(number) for number in range(1, 200)))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        content[archive.getinfo("xl/worksheets/sheet1.xml").header_offset + 200] ^= 0x10
    path.write_bytes(content)
    refused(see_all, path, "damaged")


SHARED = "<si><t>id</t></si><si><t>Asha</t></si>" + "".join(
    f"<si><t>in no cell {number}</t></si>" for number in range(100_000)
)


def with_other_text(path: Path, old: bytes, new: bytes) -> None:
    """Change the file where nothing is packed, so that every part stays well-formed; the checksums know better."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


@pytest.mark.slow
@pytest.mark.parametrize("blanks_behind", [0, 100_000, 3_000_000])
@pytest.mark.parametrize("plainly", [True, False])
def test_a_part_that_is_not_what_its_checksum_says_is_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], blanks_behind: int, plainly: bool
) -> None:
    """However large the sheet is, and whichever way it is read; what follows the rows counts, too."""
    name = '<row r="3"><c r="A3" t="str"><v>Asha</v></c></row>'
    merged = '<mergeCells count="1"><mergeCell ref="A1:B1"/>' + " " * blanks_behind + "</mergeCells>"
    sheet = (
        f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{"" if plainly else "<!-- -->"}'
        f"<sheetData>{ROW.format(1)}{ROW.format(2)}{name}</sheetData>{merged}</worksheet>"
    )
    path = raw_workbook("", sheet=sheet)
    assert list(see_all(path)[0].rows) == [2, 3]
    with_other_text(path, b">Asha<", b">Usha<")
    refused(see_all, path, "damaged .*CRC")


@pytest.mark.slow
def test_shared_strings_that_are_not_what_their_checksum_says_are_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    """Though most of them stand in no cell, so that nobody would read on to their end."""
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>'
    path = raw_workbook(rows, strings=SHARED)
    assert see_all(path)[0].rows == {2: ["Asha"]}
    with_other_text(path, b">Asha<", b">Usha<")
    refused(see_all, path, "damaged .*CRC")


def test_a_sheet_that_ends_in_the_middle_is_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        + ROW.format(1)
        + ROW.format(2)
        + '<row r="3"><c r="A3" t="str"><v>i'
    )
    refused(see_all, raw_workbook("", sheet=sheet), "damaged")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], encoding: str
) -> None:
    sheet = f'<?xml version="1.0" encoding="{encoding}"?>{BOMB}<worksheet/>'
    refused(see_all, raw_workbook("", sheet=sheet.encode(encoding)), "document type")


@pytest.mark.slow
def test_a_bomb_is_refused_by_its_directory(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    path = raw_workbook("", **{"xl/media/zeros.bin": "\0" * (80 << 20)})
    refused(see_all, path, "no real workbook is")


def test_limits_of_size_and_number(raw_workbook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = raw_workbook(ROW.format(1) + ROW.format(2))
    for limit, message in (("MOST_ENTRIES", "parts; the limit is 2"), ("LARGEST_CONTENT", "once unpacked; the limit")):
        with monkeypatch.context() as patch:
            patch.setattr(zip_package, limit, 2)
            refused(zip_package.open_package, path, message)
    monkeypatch.setattr(zip_package, "LARGEST_FILE", 100)
    refused(zip_package.refuse_large, path, "the limit is")


def test_a_stray_cell_in_the_last_corner_is_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    rows = ROW.format(1) + ROW.format(2) + '<row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row>'
    refused(see_all, raw_workbook(rows), "reach to row 1048576 and column XFD, .* a stray cell", "Ctrl+End")


def test_a_stray_cell_far_below_is_read(raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]) -> None:
    rows = ROW.format(1) + ROW.format(2) + ROW.format(1_048_576)
    assert list(see_all(raw_workbook(rows))[0].rows) == [2, 1_048_576]


IN_THE_CORNER = '<row r="{rows}"><c r="{column}{rows}" t="str"><v>x</v></c></row>'

LIMITED = """
import resource, sys
from pathlib import Path
from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.opening import open_tables
from tests.memory import peak_kib
try:
    rows = sum(len(batch.frame) for table in open_tables(Path(sys.argv[1]), ReadOptions()) for batch in table.batches())
    print("rows", rows)
except SourceError as refusal:
    print("refused", refusal.message)
print(sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)),
    peak_kib() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10)
"""


def read_and_measured(path: Path) -> tuple[str, float, int]:
    """What became of the file, CPU seconds and MiB, in a process of its own."""
    command = [sys.executable, "-c", LIMITED, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300, cwd=ROOT)
    told, (seconds, mib) = done.stdout.splitlines()[0], done.stdout.splitlines()[1].split()
    return told, float(seconds), int(mib)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count the memory otherwise")
@pytest.mark.parametrize(
    ("rows", "column", "expected"),
    [
        (1_048_576, "AL", "stray cell"),
        (2_400, "XFD", "stray cell"),
        (600_000, "J", "stray cell"),
        (400_000, "L", "rows 2"),
    ],
)
def test_the_rectangle_of_a_stray_cell_stays_within_time_and_memory(
    raw_workbook: Callable[..., Path], rows: int, column: str, expected: str
) -> None:
    path = raw_workbook(ROW.format(1) + ROW.format(2) + IN_THE_CORNER.format(rows=rows, column=column))
    told, seconds, mib = read_and_measured(path)
    assert expected in told
    assert seconds < 60
    assert mib < 512


@pytest.mark.slow
def test_a_wide_export_that_is_mostly_blank_is_no_stray_cell(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    across = "".join(f'<c r="{column_letters(at)}1" t="str"><v>h{at}</v></c>' for at in range(1, 401))
    down = "".join(f'<row r="{row}"><c r="A{row}" t="str"><v>x</v></c></row>' for row in range(2, 13_002))
    path = raw_workbook(f'<row r="1">{across}</row>{down}')
    assert len(open_tables(path, ReadOptions())[0].info.columns) == 400


@pytest.mark.parametrize(("number", "letters"), [(1, "A"), (26, "Z"), (27, "AA"), (702, "ZZ"), (16_384, "XFD")])
def test_columns_are_called_as_a_spreadsheet_calls_them(number: int, letters: str) -> None:
    assert column_letters(number) == letters


def test_rows_out_of_order_are_refused(raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]) -> None:
    error = '<row r="{0}"><c r="A{0}" t="e"><v>#N/A</v></c></row>'
    refused(see_all, raw_workbook(ROW.format(1) + error.format(9) + error.format(5)), "row 5 comes after row 9")


@pytest.mark.slow
def test_a_long_shared_string_in_every_cell_is_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    strings = f"<si><t>id</t></si><si><t>{'x' * 30_000}</t></si><si><t>note</t></si>"
    cell = '<row r="{0}"><c r="A{0}" t="s"><v>{1}</v></c><c r="B{0}" t="s"><v>2</v></c></row>'
    few = raw_workbook("".join(cell.format(row, int(row > 1)) for row in range(1, 200)), strings=strings)
    assert len(see_all(few)[0].rows) == 198
    refused(
        see_all, raw_workbook("".join(cell.format(row, 1) for row in range(1, 20_000)), strings=strings), "MB of text"
    )


def test_two_parts_of_one_name_are_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    path = raw_workbook(ROW.format(1))
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    refused(see_all, path, "two parts of one name")


def test_nonsense_in_the_styles_is_damage(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    book = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
    )
    styles = (
        '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<numFmts><numFmt numFmtId="abc" formatCode="0"/></numFmts></styleSheet>'
    )
    parts = {"xl/_rels/workbook.xml.rels": book, "xl/styles.xml": styles}
    refused(see_all, raw_workbook(ROW.format(1), **parts), "damaged")


def test_a_huge_rectangle_of_cells_without_references_is_refused(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    rows = "<row>" + '<c t="str"><v>a</v></c>' * 20_000 + "</row>" + "<row/>" * 40_000 + "<row><c><v>1</v></c></row>"
    refused(see_all, raw_workbook(rows), "a cell in column XFE, where no spreadsheet has cells")


def test_formatted_but_empty_cells_in_the_last_corner_do_no_harm(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    rows = ROW.format(1) + ROW.format(2) + '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    assert list(see_all(raw_workbook(rows))[0].rows) == [2]


def test_an_encoding_that_no_parser_knows_is_damage(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    book = '<?xml version="1.0" encoding="UTF-J"?><workbook/>'
    refused(see_all, raw_workbook(ROW.format(1), **{"xl/workbook.xml": book}), "damaged")
