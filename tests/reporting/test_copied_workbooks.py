"""annotated.xlsx of workbooks from many writers: what is not marked stays, and every reader opens the result."""

import hashlib
import io
import re
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import xlsxwriter
from openpyxl import Workbook, load_workbook

from importer.model.problem import Problem
from importer.reporting import write_annotated
from tests.reporting.conftest import Reports

HEADERS = ("Id", "Phone", "Joined", "Amount", "Double")
CHANGED = {
    "[Content_Types].xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/worksheets/sheet2.xml",
    "xl/comments1.xml",
    "xl/drawings/vmlDrawing1.vml",
}
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_MAIN = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
STRICT_RELATIONS = b"http://purl.oclc.org/ooxml/officeDocument/relationships"


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\0" + b"\x20\x80\xc0" * 8) * 8)
    head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def rich(path: Path, **options: Any) -> None:
    """A table with a calculated column, pictures, charts, comments, formats, a button, hidden things, a local name."""
    book = xlsxwriter.Workbook(path, options)
    cover = book.add_worksheet("Read me")
    cover.insert_image("B3", "logo.png", {"image_data": io.BytesIO(png())})
    sheet = book.add_worksheet("Leads")
    sheet.activate()
    columns = [{"header": name} for name in HEADERS[:4]] + [{"header": "Double", "formula": "=[@Amount]*2"}]
    sheet.add_table(0, 0, 9, 4, {"columns": columns})
    day, text = book.add_format({"num_format": "dd/mm/yyyy"}), book.add_format({"num_format": "@", "bold": True})
    for row in range(1, 10):
        sheet.write_string(row, 0, f"C-{row}" if row != 5 else "=1+1")
        if row != 7:
            sheet.write_string(row, 1, "12", text)
        sheet.write_datetime(row, 2, date(2026, 11, row), day)
        sheet.write_number(row, 3, row)
    sheet.set_column("B:B", 20, text)
    sheet.set_column("G:XFD", None, None, {"hidden": True})
    sheet.set_row(3, 30)
    sheet.set_row(6, None, None, {"hidden": True})
    sheet.freeze_panes(1, 1)
    sheet.write_comment("B2", "ask Meera", {"author": "Meera"})
    sheet.write_comment("A9", "look")
    sheet.conditional_format("D2:D10", {"type": "data_bar"})
    sheet.data_validation("B2:B10", {"validate": "length", "criteria": "<", "value": 30})
    sheet.insert_button("H3", {"caption": "Press"})
    chart = book.add_chart({"type": "column"})
    chart.add_series({"values": "=Leads!$D$2:$D$10"})
    sheet.insert_chart("H8", chart)
    hidden = book.add_worksheet("Hidden")
    hidden.hide()
    hidden.write("A1", "=Leads!D2*3", None, 3)
    hidden.print_area("A1:B2")
    book.close()


def plain(path: Path) -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Leads"
    sheet.append(list(HEADERS))
    for row in range(2, 11):
        sheet.append([f"C-{row}", "12", "2026-11-01", row, f"=D{row}*2"])
    book.create_sheet("Import")["A1"] = "the user's own"
    book.save(path)


def rewritten(path: Path, change: Callable[..., Any]) -> None:
    """The same package with other bytes in its parts."""
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            if (new := change(name, content)) is not None:
                package.writestr(name, new)


def prefixed(name: str, xml: bytes) -> bytes:
    if not re.match(r"xl/(worksheets/sheet\d|workbook|styles)", name):
        return xml
    named = xml.replace(b'xmlns="' + MAIN, b'xmlns:x="' + MAIN)
    return re.sub(rb"<(/?)(?![?!/])([A-Za-z0-9]+)(?=[\s/>])", rb"<\1x:\2", named)


def without_references(name: str, xml: bytes) -> bytes:
    return b"\xef\xbb\xbf" + re.sub(rb' r="[A-Z]*\d+"', b"", xml) if name.startswith("xl/worksheets/") else xml


def sharing_a_formula(name: str, xml: bytes) -> bytes:
    xml = xml.replace(b"<f>D2*2</f>", b'<f t="shared" ref="E2:E10" si="0">D2*2</f>')
    return re.sub(rb"<f>D\d+\*2</f>", b'<f t="shared" si="0"/>', xml)


def without_styles(name: str, xml: bytes) -> bytes | None:
    if name == "xl/styles.xml":
        return None
    return re.sub(rb"<(Override|Relationship) [^>]*styles[^>]*/>", b"", re.sub(rb' s="\d+"', b"", xml))


def with_macros(name: str, xml: bytes) -> bytes:
    if name == "[Content_Types].xml":
        kind = b'<Override PartName="/xl/vbaProject.bin" ContentType="application/vnd.ms-office.vbaProject"/></Types>'
        macros = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
        plain_kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
        return xml.replace(plain_kind, macros).replace(b"</Types>", kind)
    if name == "xl/_rels/workbook.xml.rels":
        kind = b'Type="http://schemas.microsoft.com/office/2006/relationships/vbaProject" Target="vbaProject.bin"'
        return xml.replace(b"</Relationships>", b'<Relationship Id="rIdV" ' + kind + b"/></Relationships>")
    return xml


def strict(name: str, xml: bytes) -> bytes:
    return xml.replace(RELATIONS, STRICT_RELATIONS).replace(MAIN, STRICT_MAIN)


def declaring_late(name: str, xml: bytes) -> bytes:
    """Each prefix is declared where it is used and nowhere above, as Microsoft's Open XML SDK does."""
    if not re.match(r"xl/(workbook|worksheets/sheet\d)\.xml", name):
        return xml
    without = re.sub(rb' xmlns:r="[^"]*"', b"", xml)
    return re.sub(rb"<(\w+)(?=[^<>]* r:)", rb'<\1 xmlns:r="' + RELATIONS + b'"', without)


def declaring_all_late(name: str, xml: bytes) -> bytes:
    """Each sheet of the list has its own prefix even for its name."""
    if name != "xl/workbook.xml":
        return xml
    own = b'<m:sheet xmlns:m="' + MAIN + b'" xmlns:q="' + RELATIONS + b'" '
    return xml.replace(b"<sheet ", own).replace(b" r:id=", b" q:id=")


MAKERS = {
    "prefixes declared where they are used": (rich, declaring_late),
    "sheets with their own prefix": (plain, declaring_all_late),
    "rich": (rich, None),
    "counting from 1904": (lambda path: rich(path, date_1904=True), None),
    "constant memory": (lambda path: rich(path, in_memory=True), None),
    "openpyxl": (plain, None),
    "prefixed": (plain, prefixed),
    "no references, a byte order mark": (plain, without_references),
    "a shared formula": (plain, sharing_a_formula),
    "no styles": (plain, without_styles),
    "macros": (rich, with_macros),
    "strict": (rich, strict),
}


def made(folder: Path, writer: str) -> Path:
    """The workbook of a writer."""
    make, change = MAKERS[writer]
    path = folder / ("leads.xlsm" if writer == "macros" else "leads.xlsx")
    make(path)
    if change:
        rewritten(path, change)
    return path


def annotated(path: Path, reports: Reports, reason: str = "") -> Path:
    """The copy, with the phone of the even rows marked; with a reason why there should be none, its place."""
    source = reports.source(
        path, sheet="Leads", sha256=hashlib.sha256(path.read_bytes()).hexdigest(), headers=HEADERS, rows=9
    )
    rows = [reports.invalid(n, problems=problems(n)) if n % 2 == 0 else reports.created(n) for n in range(2, 11)]
    target = path.with_name("annotated.xlsx")
    assert write_annotated(target, path, reports.run(source, rows=rows), lambda: reports.batches(rows)) == reason
    return target


def problems(row: int) -> tuple[Problem]:
    return (Problem(row=row, code="phone-invalid", detail="is <no> phone & =number", column="Phone", value="=12"),)


def values(path: Path) -> dict[str, Any]:
    """By sheet, what openpyxl reads; it knows the names of the strict kind not at all."""
    copy = path.with_name("transitional.xlsx")
    shutil.copy(path, copy)
    rewritten(copy, lambda _, xml: xml.replace(STRICT_RELATIONS, RELATIONS).replace(STRICT_MAIN, MAIN))
    book = load_workbook(copy)
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}


@pytest.mark.slow
@pytest.mark.parametrize("writer", MAKERS)
def test_every_value_stays_and_every_row_has_its_outcome(tmp_path: Path, reports: Reports, writer: str) -> None:
    workbook = made(tmp_path, writer)
    before, after = values(workbook), values(annotated(workbook, reports))
    assert list(after)[1:] == list(before)
    assert next(iter(after)) == ("Import (2)" if "Import" in before else "Import")
    for name, rows in before.items():
        assert [row[: len(rows[0])] for row in after[name]] == rows
    outcomes = [row[-1][:7] for row in after["Leads"]]
    assert outcomes == ["Import", *["invalid", "created"] * 4, "invalid"]


@pytest.mark.slow
@pytest.mark.parametrize("writer", MAKERS)
def test_every_prefix_in_a_copy_is_declared(tmp_path: Path, reports: Reports, writer: str) -> None:
    """openpyxl, LibreOffice and Excel mind."""
    copy = annotated(made(tmp_path, writer), reports)
    with zipfile.ZipFile(copy) as package:
        for name in package.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(package.read(name))
    if writer != "strict":  # which openpyxl does not know
        load_workbook(copy)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # LibreOffice's
def test_a_spreadsheet_program_opens_the_copies_and_finds_the_same(reports: Reports, tmp_path: Path) -> None:
    if not shutil.which("soffice"):
        pytest.skip("needs LibreOffice (Debian: libreoffice-calc-nogui)")
    copies = []
    for number, writer in enumerate(("rich", "prefixed", "macros", "strict")):
        folder = tmp_path / str(number)
        folder.mkdir()
        copies.append(annotated(made(folder, writer), reports).rename(tmp_path / f"{number}.xlsx"))
    command = ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to"]
    subprocess.run(
        [*command, "xlsx", "--outdir", tmp_path / "theirs", *copies], check=True, capture_output=True, timeout=300
    )
    for copy in copies:
        ours, theirs = values(copy), values(tmp_path / "theirs" / copy.name)
        assert list(ours) == list(theirs)
        for column in (0, 1, 3, 5):
            assert [row[column] for row in theirs["Leads"]] == [row[column] for row in ours["Leads"]]


def test_parts_that_are_not_marked_are_the_same_bytes(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "leads.xlsx"
    rich(path)
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(annotated(path, reports)) as after:
        assert after.testzip() is None
        different = {name for name in before.namelist() if before.read(name) != after.read(name)}
        sheet = after.read("xl/worksheets/sheet2.xml").decode()
    assert different == CHANGED
    assert "tabSelected" not in sheet
    assert re.search(r'<col min="6" max="6" width="60" customWidth="1"/><col min="7" max="16384"', sheet)
    assert '<dimension ref="A1:F10"/>' in sheet
    assert sheet.count("<legacyDrawing ") == 1


def test_table_filter_comments_formats_and_names_stay(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "leads.xlsx"
    rich(path)
    book, before = load_workbook(annotated(path, reports)), load_workbook(path)
    sheet, was = book["Leads"], before["Leads"]
    assert sheet.tables["Table1"].ref == "A1:E10"
    assert sheet.tables["Table1"].autoFilter.ref == was.tables["Table1"].autoFilter.ref
    assert sheet.freeze_panes == "B2"
    assert sheet.row_dimensions[7].hidden
    assert book["Hidden"].sheet_state == "hidden"
    assert book["Hidden"].print_area == before["Hidden"].print_area
    assert len(sheet.data_validations.dataValidation) == 1
    assert len(sheet._charts) == 1  # type: ignore[attr-defined]
    assert sheet["A9"].comment.text == was["A9"].comment.text
    assert sheet["B2"].comment.text.startswith("ask Meera")
    assert "is <no> phone & =number" in sheet["B2"].comment.text
    for row in range(2, 11):
        marked = row % 2 == 0
        assert (sheet.cell(row, 2).fill.fill_type == "solid") == marked
        assert bool(sheet.cell(row, 2).comment) == marked
        assert (sheet.cell(row, 2).number_format, sheet.cell(row, 2).font.b) == ("@", True)
    assert sheet["B8"].value is None, "a cell that was not there looks like its column"


def test_texts_of_ours_stay_texts_even_when_edited(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "leads.xlsx"
    plain(path)
    sheet = load_workbook(annotated(path, reports))["Leads"]
    assert {sheet.cell(row, 6).data_type for row in range(1, 11)} <= {"s", "inlineStr"}
    assert all(sheet.cell(row, 6).quotePrefix for row in range(2, 11))


@pytest.mark.slow
def test_memory_is_a_few_times_the_sheet(tmp_path: Path, reports: Reports) -> None:
    path = tmp_path / "leads.xlsx"
    book = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = book.add_worksheet("Leads")
    sheet.write_row(0, 0, HEADERS)
    for row in range(1, 5_001):
        sheet.write_row(row, 0, ("C-1", "12", "x" * 1_000, row, row))
    book.close()
    size = zipfile.ZipFile(path).getinfo("xl/worksheets/sheet1.xml").file_size
    assert size > 5_000_000
    tracemalloc.start()
    target = annotated(path, reports)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * size
    assert len(values(target)["Leads"]) == 5_001


@pytest.mark.parametrize(
    "change",
    [
        lambda name, xml: xml.replace(b'<row r="4"', b'<row r="40"') if "sheet1" in name else xml,
        lambda name, xml: xml.replace(b'r="A4"', b'r="ZZZZ4"') if "sheet1" in name else xml,
        lambda name, xml: xml.replace(b"</sheetData>", b"") if "sheet1" in name else xml,
        lambda name, xml: xml.decode().encode("utf-16") if "sheet1" in name else xml,
        lambda name, xml: xml.replace(b"cellXfs", b"others") if "styles" in name else xml,
        lambda name, xml: (
            xml.replace(b"</worksheet>", b"<a/>" * 500_000 + b"</worksheet>") if "sheet1" in name else xml
        ),
        lambda name, xml: xml.replace(b'/worksheet"', b'/xlMacrosheet"') if "workbook.xml.rels" in name else xml,
    ],
)
@pytest.mark.slow
def test_what_is_not_understood_is_not_copied(tmp_path: Path, reports: Reports, change: Callable[..., Any]) -> None:
    path = tmp_path / "leads.xlsx"
    plain(path)
    rewritten(path, change)
    target = annotated(path, reports, "leads.xlsx contains something that cannot be copied.")
    assert not target.exists()
