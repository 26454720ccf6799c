"""XML of workbooks in the shapes that programs write it, read by pattern, by the parser and by openpyxl."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

import openpyxl
import pytest

from importer.reading.cell_text import column_letters
from importer.reading.xlsx.open_xml import OpenXmlBook
from importer.reading.xlsx.sheet_parser import parsed_rows
from importer.reading.zip_package import open_package
from tests.reading.conftest import Seen

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
KEPT = ' xml:space="preserve"'
PHONETIC = '<rPh sb="0" eb="2"><t>トウキョウ</t></rPh><phoneticPr fontId="1"/>'
TEXTS = {
    "<t>Anna</t>": "Anna",
    f"<t{KEPT}> Anna </t>": " Anna ",
    f"<r><t>Anna</t></r><r><rPr><b/></rPr><t{KEPT}> Maria</t></r>": "Anna Maria",
    f"<r><t{KEPT}>Anna </t></r><r><t>Maria</t></r>": "Anna Maria",
    f"<t>東京</t>{PHONETIC}": "東京",
    f"<r><t>東</t></r><r><t>京</t></r>{PHONETIC}": "東京",
    '<r><t>課</t></r><rPh sb="0" eb="1"><r><t>カ</t></r></rPh>': "課",
    "<t>R&amp;D 2</t>": "R&D 2",
    "<t></t>": "",
    "": "",
}
CELLS = [  # what stands in a cell, and its text
    *((f' t="inlineStr"><is>{inside}</is>', text) for inside, text in TEXTS.items()),
    *((f' t="inlineStr"><v>7</v><is>{inside}</is>', text) for inside, text in TEXTS.items() if text),
    *((f' t="inlineStr"><is>{inside}</is><v>7</v>', text) for inside, text in TEXTS.items() if text),
    *((f' t="s"><v>{place}</v>', text) for place, text in enumerate(TEXTS.values())),
    (' t="b"><v>0</v>', "FALSE"),
    (' t="b"><v>1</v>', "TRUE"),
    (' t="str"><f>A1</f><v>x</v>', "x"),
    ("><v>501</v>", "501"),
    ("><f>1+1</f><v>2</v>", "2"),
]
SHARED = "".join(f"<si>{inside}</si>" for inside in TEXTS)


def rows_of(layout: str, count: int = 40) -> tuple[str, dict[int, list[str]]]:
    """Rows of random cells, and their texts; `layout` says what a row element holds."""
    chance = random.Random(1)
    xml, expected = [], {1: ["id"]}
    xml.append('<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row>')
    for row in range(2, count):
        chosen = [chance.choice(CELLS) for _ in range(5)]
        cells = [f'<c r="{column_letters(at)}{row}"{cell}</c>' for at, (cell, _) in enumerate(chosen, start=1)]
        if layout == "row per cell":
            xml += [f'<row r="{row}" spans="1:5">{cell}</row>' for cell in cells]
        else:
            xml.append(
                f'<row r="{row}"{" hidden=" + chr(34) + "1" + chr(34) if row % 2 else ""}>{"".join(cells)}</row>'
            )
        texts = [text for _, text in chosen]
        while texts and not texts[-1]:
            texts.pop()
        expected[row] = texts
    return "".join(xml), {row: texts for row, texts in expected.items() if any(text.strip() for text in texts)}


def filled(rows: Iterable[tuple[int, Iterable[str]]]) -> dict[int, list[str]]:
    """The rows that hold more than spaces, each up to its last text."""
    found = {}
    for number, cells in rows:
        texts = [*cells]
        while texts and not texts[-1]:
            texts.pop()
        if any(text.strip() for text in texts):
            found[number] = texts
    return found


def by_openpyxl(path: Path) -> dict[int, list[str]]:
    names = {True: "TRUE", False: "FALSE"}
    rows = openpyxl.load_workbook(path, data_only=True).active.iter_rows(values_only=True)
    texts = ([names.get(cell, str(cell)) if cell != 1 or cell is True else "1" for cell in row] for row in rows)
    return filled(enumerate(([("" if text == "None" else text) for text in row] for row in texts), start=1))


def as_others_write(xml: str) -> str:
    """With a prefix and with remarks, which only the parser understands."""
    xml = (
        xml.replace("R&amp;D", "R&amp;<!-- a remark -->D")
        .replace("<", "<x:")
        .replace("<x:/", "</x:")
        .replace("<x:!--", "<!--")
    )
    return xml.replace("xmlns=", "xmlns:x=")


@pytest.mark.parametrize("by_parser", [False, True])
@pytest.mark.parametrize("layout", ["row per row", "row per cell"])
@pytest.mark.parametrize("kept", [False, True])
def test_every_shape_is_read_as_openpyxl_reads_it(
    raw_workbook: Callable[..., Path], layout: str, kept: bool, by_parser: bool
) -> None:
    """With `xml:space` on the roots, as caxlsx writes it, or on each text."""
    rows, expected = rows_of(layout)
    root = MAIN + (KEPT if kept else "")
    strings, sheet = f"<sst {root}>{SHARED}</sst>", f"<worksheet {root}><sheetData>{rows}</sheetData></worksheet>"
    if kept:
        strings, sheet = (xml.replace(f"<t{KEPT}>", "<t>") for xml in (strings, sheet))
    if by_parser:
        strings, sheet = as_others_write(strings), as_others_write(sheet)
    path = raw_workbook("", sheet=sheet, strings=strings)
    package = open_package(path)
    book = OpenXmlBook(path)
    records = (record for piece in book.pieces("Leads") for record in piece.records())
    assert filled((record.number, record.cells) for record in records) == expected
    with package.open("xl/worksheets/sheet1.xml") as part:
        assert filled((row.number, row.cells) for row in parsed_rows(part, book._values)) == expected
    assert by_openpyxl(path) == expected


@pytest.mark.parametrize(
    ("value", "text"), [("0", "FALSE"), ("1", "TRUE"), ("false", "FALSE"), ("true", "TRUE"), ("False", "FALSE")]
)
def test_logical_values_may_be_written_out(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], value: str, text: str
) -> None:
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>in</v></c></row>'
    rows += f'<row r="2"><c r="A2" t="str"><v>a</v></c><c r="B2" t="b"><v>{value}</v></c></row>'
    (seen,) = see_all(raw_workbook(rows))
    assert seen.rows[2] == ["a", text]
    assert not seen.problems


@pytest.mark.parametrize("value", ["2", "-1", "yes", "0.0"])
def test_a_logical_value_that_is_neither_true_nor_false_is_a_problem(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]], value: str
) -> None:
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>in</v></c></row>'
    rows += f'<row r="2"><c r="A2" t="str"><v>a</v></c><c r="B2" t="b"><v>{value}</v></c></row>'
    (seen,) = see_all(raw_workbook(rows))
    assert seen.codes == [(2, "cell-error", "in")]
    assert seen.problems[0].value == value


def test_spaces_count_where_the_nearest_element_says_so(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    """`default` on an element undoes what an outer one says."""
    cells = {
        f'<c r="A2" t="inlineStr"{KEPT}><is><t> a </t></is></c>': " a ",
        f'<c r="B2" t="inlineStr"><is{KEPT}><t> b </t></is></c>': " b ",
        f'<c r="C2" t="inlineStr"{KEPT}><is><t xml:space="default"> c </t></is></c>': "c",
        '<c r="D2" t="inlineStr"><is><t> d </t></is></c>': "d",
    }
    head = "".join(f'<c r="{column}1" t="str"><v>{column}</v></c>' for column in "ABCD")
    for row in ("<row r='2'>", '<row r="2">'):
        (seen,) = see_all(raw_workbook(f'<row r="1">{head}</row>{row}{"".join(cells)}</row>'))
        assert seen.rows[2] == [*cells.values()]
    (seen,) = see_all(raw_workbook(f'<row r="1">{head}</row><row r="2"{KEPT}>{"".join(cells)}</row>'))
    assert seen.rows[2] == [" a ", " b ", "c", " d "]


def test_a_text_is_the_content_of_its_own_element(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    """Not what an element within it, or one of another parent, holds."""
    rows = (
        '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="B1" t="str"><v>x</v></c></row>'
        '<row r="2"><c r="A2" t="str"><v>a<y>no</y>b</v></c><c r="B2" t="inlineStr"><is><t>c</t><z><t>no</t></z></is>'
        "<extLst><ext><v>no</v></ext></extLst></c></row>"
    )
    (seen,) = see_all(raw_workbook(rows))
    assert seen.rows[2] == ["ab", "c"]


def test_a_text_format_holds_for_texts_of_every_kind(
    raw_workbook: Callable[..., Path], see_all: Callable[..., list[Seen]]
) -> None:
    styles = f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="164" formatCode="&quot;+&quot;@"/></numFmts>' + (
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>'
    )
    values = [' t="s"><v>0</v>', ' t="str"><v>49 1</v>', ' t="inlineStr"><is><t>49 1</t></is>', "><v>49</v>"]
    cells = "".join(f'<c r="{column}2" s="1"{value}</c>' for column, value in zip("ABCD", values, strict=True))
    head = "".join(f'<c r="{column}1" t="str"><v>{column}</v></c>' for column in "ABCD")
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r3" Type="{OFFICE}/styles" Target="styles.xml"/>'
    )
    parts = {"xl/styles.xml": styles, "xl/_rels/workbook.xml.rels": f"{relations}</Relationships>"}
    (seen,) = see_all(
        raw_workbook(f'<row r="1">{head}</row><row r="2">{cells}</row>', strings="<si><t>49 1</t></si>", **parts)
    )
    assert seen.rows[2] == ["+49 1", "+49 1", "+49 1", "49"]
