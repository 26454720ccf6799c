"""Where the fuzzers begin: small files of every kind that is read, made by the code of the project."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import xlsxwriter

from tests.fuzz.targets import CSV_OPTIONS, WORKBOOK_OPTIONS

ROOT = Path(__file__).parents[2]
CONTAINERS = ROOT / "tests" / "e2e" / "containers"
ROWS = [
    ["ID", "Name", "Phone", "Joined", "Note"],
    ["L-1", "Zoë Ångström", "+919876543210", "03/11/2026", "two\nlines"],
    ["L-2", "李 小明", "09876543211", "2026-11-21", '"quoted", with; all | of it'],
    ["007", "O'Neil", "1.81591E+11", "#N/A", "=1+1"],
    ["L-4", "مريم", "", "", "ÃƒÂ©"],
]


def seeds(target: str) -> Iterator[bytes]:
    """The inputs from which a target starts."""
    yield from {"csv": _csv, "workbook": _workbooks, "mapping": _mappings, "refusal": _refusals}[target]()


def _csv() -> Iterator[bytes]:
    for number, (separator, encoding) in enumerate(
        [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16"), ("|", "utf-16-le"), (";", "cp1252"), (",", "shift_jis")]
    ):
        text = "".join(separator.join(_quoted(cell) for cell in row) + "\r\n" for row in ROWS)
        yield bytes([number % len(CSV_OPTIONS)]) + text.encode(encoding, "replace")
    for text in (
        "sep=;\nID;Name\n1;Ada\n",
        "List of leads\n\nID,Name,Phone\n1,Ada,1\n",
        'ID,Name\n1,"open\n2,b\n',
        'ID,Name\n1,"a"b\n2,c\n',
        "ID,,Name,ID\n1,2,3,4,5\n6\n",
        "one\n1\n2\n",
        "a b  c\n1 2  3\n",
        'ID, "Name"\n1, "x, y"\n',
        "ID,Name\r1,a\r2,b\r",
        "ID^Name\n1^a\n",
        "_importer_row,_importer_problems,ID\n2,x,1\n",
        "ID,Name\n1,a\0b\n",
        "имя;телефон\nАнна;+7\n",
    ):
        yield b"\0" + text.encode()
        yield b"\1" + text.encode("utf-16" if "|" in text else "cp1251", "replace")


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set('",;|\n') else cell


def _workbooks() -> Iterator[bytes]:
    books = [_openpyxl(), _xlsxwriter(), _by_hand(), _by_hand(bare=True), _ods()]
    books += [path.read_bytes() for path in sorted(CONTAINERS.iterdir())]
    for number, book in enumerate(books):
        for options in {0, number % len(WORKBOOK_OPTIONS), 2}:
            yield bytes([options]) + book


def _openpyxl() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    book.active["A6"], book.active["A6"].number_format = 501, "00000"
    book.active["B6"], book.active["C6"], book.active["D6"] = True, 1.5, "=SUM(C1:C2)"
    book.create_sheet("Leads").append(["ID", "Name"])
    book["Leads"].append(["1", "Ada"])
    book.create_sheet("Hidden").sheet_state = "hidden"
    return _saved(book.save)


def _xlsxwriter() -> bytes:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed) as book:
        sheet = book.add_worksheet("Leads")
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)
        sheet.write_number(6, 3, 46_348.396, book.add_format({"num_format": 22}))
        sheet.write_number(6, 2, 919876543210, book.add_format({"num_format": "+0"}))
        sheet.write_formula(6, 4, "=1/0", None, "#DIV/0!")
        sheet.write_rich_string(7, 0, "a", book.add_format({"bold": True}), "b")
        sheet.merge_range("A9:B9", "merged")
    return packed.getvalue()


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    packed = io.BytesIO()
    save(packed)
    return packed.getvalue()


_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _by_hand(*, bare: bool = False) -> bytes:
    """As small as a workbook can be; `bare` leaves the cells' references out."""

    def at(reference: str) -> str:
        return "" if bare else f' r="{reference}"'

    rows = (
        f'<row{at("1")}><c{at("A1")} t="s"><v>0</v></c><c{at("B1")} t="inlineStr"><is><t>Name</t></is></c></row>'
        f'<row{at("2")}><c{at("A2")} s="1"><v>501</v></c><c{at("B2")} t="e"><v>#REF!</v></c></row>'
        f'<row{at("3")}><c{at("A3")}><f>1+1</f></c><c{at("B3")} t="b"><v>1</v></c>'
        f'<c{at("C3")} t="d"><v>2026-01-01</v></c></row>'
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": _relations(("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Leads" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(
            ("r1", "worksheet", "worksheets/sheet1.xml"),
            ("r2", "styles", "styles.xml"),
            ("r3", "sharedStrings", "/xl/sharedStrings.xml"),
        ),
        "xl/styles.xml": f'<styleSheet xmlns="{_SHEET}"><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_SHEET}"><si><t>ID</t></si><si><r><t>a</t></r></si></sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return _zip(parts)


def _relations(*relations: tuple[str, str, str]) -> str:
    each = "".join(f'<Relationship Id="{name}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for name, kind, to in relations)
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{each}</Relationships>'


def _ods() -> bytes:
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        f"<table:table-row>{''.join(cell.format(text) for text in row)}</table:table-row>"
        for row in (["ID", "Name"], ["1", "Ada"])
    )
    rows += (
        '<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="2" '
        'office:value-type="float" office:value="1.5"><text:p>1.5</text:p></table:table-cell>'
        '<table:table-cell office:value-type="date" office:date-value="2026-11-22"/>'
        '<table:table-cell office:value-type="boolean" office:boolean-value="true"/></table:table-row>'
    )
    content = (
        f"<office:document-content{names}><office:body><office:spreadsheet>"
        f'<table:table table:name="Leads">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return _zip(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": manifest,
            "content.xml": content,
        }
    )


def _zip(parts: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def _mappings() -> Iterator[bytes]:
    for path in sorted((ROOT / "mappings").glob("*.yaml")):
        yield path.read_bytes()
    lead = "lead: {crm_id: ID, first_name: Name, phone_number: Phone}\n"
    for text in (
        f"version: 1\nname: a\n{lead}",
        f"version: 1\nname: a\nname: b\n{lead}",
        f"version: 1\nname: &a b\nx: *a\n{lead}",
        f"version: !!int 1\nname: a\n{lead}",
        "version: 1\n\tname: a\n",
        "a: [[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]\n",
        "? [a]\n: b\n--- \nc: d\n",
        '{"version": "1", "name": "m", "base_url": "x", "lead": {"crm_id": {"template": "{A}-{B}"}}}',
        'name: "\\ud800"\n',
        "%YAML 1.2\n---\n|\n  text\n",
        "version: 1\r\nname: |2-\r\n   x\r\nlead: >+\r\n y\r\n",
    ):
        yield text.encode()
    yield "version: 1\n".encode("utf-16")


def _refusals() -> Iterator[bytes]:
    said = {
        "error_code": 4290001,
        "error_message": "Lead with this crm_id already exists",
        "error_description": "UQ_CONSTRAINT_FAILED",
        "payload": {},
    }
    throttled = {"error_code": 4290002, "error_message": "Rate limit exceeded"}
    for head in (
        "429 L-1",
        "429 L-1\nretry-after: 3",
        "409 L-1\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT\ndate: Wed, 21 Oct 2026 07:27:00 GMT",
        "429 quota\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1764000000",
        '429 L-1\nratelimit: "p";r=0;t=30\ncontent-type: application/json; charset=utf-8',
        "429 (\\d+)\nratelimit-remaining: 0\nratelimit-reset: 7",
    ):
        for body in (json.dumps(said), json.dumps(throttled), "<html>429 Too Many Requests</html>", ""):
            yield f"{head}\n\n{body}".encode()
    for status in (200, 202, 301, 401, 403, 404, 408, 422, 500, 503):
        yield f'{status} L-1\nlocation: https://[::1]:80/x\n\n{{"error_message": "Org not found"}}'.encode()
    yield b'200 L-1\n\n{"lead_id": "x", "crm_id": "l-1 ", "attributes": {"city": "Pune"}}'
    yield b'429 L-1\n\n{"error_message": "\\ud800 lead already exists", "error_code": 1e400}'
