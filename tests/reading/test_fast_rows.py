"""The fast way and the parser give the same rows, byte for byte; and what they give is what the library gives."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from importer import accelerators
from importer.reading.cell_text import text_of
from importer.reading.record import Record
from importer.reading.xlsx.cell_values import Values, without_escapes
from importer.reading.xlsx.fast_rows import plain_rows, row_pattern
from importer.reading.xlsx.open_xml import OpenXmlBook
from importer.reading.xlsx.sheet_parser import parsed_row, parsed_rows
from importer.reading.zip_package import open_package
from tests.sizes import MANY

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SPREADSHEET_ML = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SPREADSHEET_ML}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SPREADSHEET_ML}.sharedStrings+xml"/></Types>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="r3" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    ),
    "xl/styles.xml": (
        f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm"/>'
        '<numFmt numFmtId="165" formatCode="[h]:mm"/><numFmt numFmtId="166" formatCode="00000"/>'
        '<numFmt numFmtId="167" formatCode="&quot;+&quot;0"/></numFmts><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="14"/>'
        "</cellXfs></styleSheet>"
    ),
    "xl/sharedStrings.xml": (
        f"<sst {MAIN}>"
        '<si><t>Pune</t></si><si><t xml:space="preserve"> Ulm </t></si>'
        '<si><r><t xml:space="preserve">São </t></r><r><t>Paulo</t></r></si>'
        "<si><t>R&amp;D &#x41;</t></si><si><t>a_x000D_b</t></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si><si/>"
        "</sst>"
    ),
}

RANDOM = random.Random(20_261_123)
LIKE_THE_LIBRARY: tuple[Callable[[str], str], ...] = (
    *(lambda at, number=number: f'<c r="{at}" t="s"><v>{number}</v></c>' for number in range(7)),
    lambda at: f'<c r="{at}"><v>{RANDOM.randrange(10**12)}</v></c>',
    lambda at: f'<c r="{at}"><v>{RANDOM.uniform(-1000, 1000)!r}</v></c>',
    lambda at: f'<c r="{at}"><v>{round(RANDOM.random() * 100, 2)}</v></c>',
    lambda at: f'<c r="{at}"><v>{RANDOM.choice(("1E3", "0.1", "-0", "1.50", "007", "1e-7"))}</v></c>',
    lambda at: f'<c r="{at}" s="{RANDOM.choice((1, 5))}"><v>{RANDOM.randrange(1, 2_958_465)}</v></c>',
    lambda at: f'<c r="{at}" s="1"><v>{RANDOM.uniform(0, 80_000)!r}</v></c>',
    lambda at: f'<c r="{at}" s="2"><v>{RANDOM.uniform(0, 40)!r}</v></c>',
    lambda at: f'<c r="{at}" t="b"><v>{RANDOM.choice("01")}</v></c>',
    lambda at: f'<c r="{at}" t="d"><v>2026-11-{RANDOM.randrange(10, 30)}</v></c>',
    lambda at: f'<c r="{at}" t="str"><f>A1&amp;"x"</f><v>{RANDOM.choice(("x", "&lt;y&gt;"))}</v></c>',
    lambda at: f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve"> &#228;\n\t</t></is></c>',
    lambda at: f'<c r="{at}" s="1"/>',
    lambda at: f'<c r="{at}" s="3"></c>',
    lambda _: "",
)
BEYOND_THE_LIBRARY: tuple[Callable[[str], str], ...] = (
    lambda at: f'<c r="{at}" t="inlineStr"><is><t>  O&apos;Neil {RANDOM.randrange(100)} </t></is></c>',
    lambda at: f'<c r="{at}" s="3"><v>{RANDOM.randrange(99_999)}</v></c>',
    lambda at: f'<c r="{at}" s="4"><v>{RANDOM.randrange(10**12)}</v></c>',
    lambda at: f'<c r="{at}"><v>12345678901234567</v></c>',
    lambda at: f'<c r="{at}" t="e"><v>#N/A</v></c>',
    lambda at: f'<c r="{at}" t="e"><v>#NEW!</v></c>',
    lambda at: f'<c r="{at}"><f>1+1</f></c>',
    lambda at: f'<c r="{at}"><f t="shared" si="0"/><v>5</v></c>',
)


@pytest.fixture(autouse=True)
def accelerated(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests compare the accelerator with the exact way, so it is on, whatever the suite runs with."""
    monkeypatch.delenv(accelerators.EXACT, raising=False)


def rows(count: int, kinds: tuple[Callable[..., Any], ...], columns: Iterable[str] = "ABCD") -> Iterator[Any]:
    rare = (*kinds, *kinds, *kinds[:1] * 3)
    for row in range(1, count + 1):
        if row % 11:
            cells = "".join(RANDOM.choice(rare)(f"{column}{row}") for column in columns)
            yield f'<row r="{row}" spans="1:5">{cells}</row>'
        else:
            yield f'<row r="{row}" ht="15"/>'


def compared(path: Path) -> int:
    """How many rows there are; fails at the first that the two ways read differently."""
    package = open_package(path)
    values = OpenXmlBook(path)._values
    with package.open("xl/worksheets/sheet1.xml") as fast, package.open("xl/worksheets/sheet1.xml") as whole:
        count = 0
        parsed = (row for row in parsed_rows(whole, values) if row.number % 11)  # the fast way leaves blank rows out
        quick = (row for piece in plain_rows(fast, values) for row in piece.records())
        for one, other in zip_longest(quick, parsed):
            assert trimmed(one) == trimmed(other)
            count += 1
    return count


def records_of(book: OpenXmlBook) -> Iterator[Record]:
    return (record for piece in book.pieces("Leads") for record in piece.records())


def trimmed(row: Record) -> Record:
    cells = list(row.cells)
    while cells and not cells[-1]:
        cells.pop()
    return row._replace(cells=cells)


@pytest.mark.slow
def test_many_rows_are_the_same_both_ways(raw_workbook: Callable[..., Path]) -> None:
    everything = (*LIKE_THE_LIBRARY * 3, *BEYOND_THE_LIBRARY)
    path = raw_workbook("".join(rows(MANY * 11 // 10, everything)), **PARTS)
    assert compared(path) == MANY


def test_the_fast_way_leaves_few_rows_to_the_parser(
    raw_workbook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the comparison would compare the parser with itself."""
    left = []
    parse = row_pattern.parsed_row  # type: ignore[attr-defined]
    monkeypatch.setattr(row_pattern, "parsed_row", lambda row, values: left.append(row) or parse(row, values))
    path = raw_workbook("".join(rows(2_200, LIKE_THE_LIBRARY)), **PARTS)
    assert compared(path) == 2_000
    assert not left


def test_a_parsed_row_leaves_no_circle_of_objects() -> None:
    """The child seldom looks for circles, and there is a parser for each suspicious row."""
    values = Values(strings=[])
    gc.collect()
    gc.disable()
    try:
        for number in range(50):
            parsed_row(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>', values)
        assert gc.collect() < 50
    finally:
        gc.enable()


@pytest.mark.filterwarnings("ignore:Workbook contains no default style:UserWarning")
def test_values_are_those_of_the_library(raw_workbook: Callable[..., Path]) -> None:
    path = raw_workbook("".join(rows(2_200, LIKE_THE_LIBRARY)), **PARTS)
    library = openpyxl.load_workbook(path, data_only=True).active.iter_rows(values_only=True)
    expected = {
        number: ["" if cell is None else without_escapes(text_of(cell)) for cell in row]
        for number, row in enumerate(library, start=1)
    }
    filled = {number for number, cells in expected.items() if any(cell.strip() for cell in cells)}
    for row in records_of(OpenXmlBook(path)):
        cells = row.cells + [""] * (4 - len(row.cells))
        assert cells == expected[row.number], row.number
        filled.remove(row.number)
    assert not filled


@pytest.mark.slow
@pytest.mark.parametrize(
    "sheet",
    [
        '<?xml version="1.0" encoding="utf-16"?><worksheet><sheetData>{}</sheetData></worksheet>',
        "<x:worksheet xmlns:x='y'><x:sheetData>{}</x:sheetData></x:worksheet>",
        "<worksheet><!-- </row> --><sheetData>{}</sheetData></worksheet>",
        "<worksheet><sheetData>{}<!-- </row> --></sheetData></worksheet>",
        '<worksheet><sheetData><!-- <row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row> -->{}'
        "</sheetData></worksheet>",
        '<worksheet><sheetData>{}<!-- <row r="9999"><c r="A9999" t="inlineStr"><is><t>x</t></is></c></row> -->'
        "</sheetData></worksheet>",
        '<worksheet><sheetData><?hidden <row r="1"></row> ?>{}</sheetData></worksheet>',
        "<worksheet><sheetData>{}<row><c t='str'><v>last</v></c></row></sheetData></worksheet>",
        '<worksheet><sheetData>{}<row r="9999" spans="1:1"><c r="A9999" t="str"><v><![CDATA[</row>]]></v></c></row>'
        "</sheetData></worksheet>",
    ],
)
def test_a_sheet_that_is_not_written_plainly_is_parsed(raw_workbook: Callable[..., Path], sheet: str) -> None:
    found = [f'<row r="{row}"><c r="A{row}" t="inlineStr"><is><t>v{row}</t></is></c></row>' for row in range(1, 9_000)]
    text = sheet.format("".join(found))
    if "x:" in sheet:
        text = text.replace("<row", "<x:row").replace("</row", "</x:row").replace("<c", "<x:c").replace("</c", "</x:c")
        text = (
            text.replace("<is>", "<x:is>").replace("</is>", "</x:is>").replace("<t>", "<x:t>").replace("</t>", "</x:t>")
        )
    path = raw_workbook("", sheet=text.encode("utf-16" if "utf-16" in sheet else "utf-8"))
    read = list(records_of(OpenXmlBook(path)))
    assert [row.cells for row in read[:8_999]] == [[f"v{number}"] for number in range(1, 9_000)]
    assert len(read) == 8_999 + sheet.count("<v>")
