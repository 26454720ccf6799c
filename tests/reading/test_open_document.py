"""OpenDocument files: what their cells show, and repeated cells are counted before anything writes them out."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from importer.errors import SourceError
from tests.reading.conftest import Seen

NAMES = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0" '
    'xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
)
STYLES = (
    '<office:automatic-styles><number:number-style style:name="N1"><number:number number:min-integer-digits="5"/>'
    "</number:number-style></office:automatic-styles>"
)
MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>'
)


def cell(text: str = "", times: int = 1) -> str:
    filling = f' office:value-type="string"><text:p>{text}</text:p></table:table-cell>' if text else "/>"
    return f'<table:table-cell table:number-columns-repeated="{times}"{filling}'


def row(*cells: str, times: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


LEADS = row(cell("id"), cell("name")) + row(cell("1"), cell("Asha"))


@pytest.fixture
def ods_of(tmp_path: Path) -> Callable[..., Any]:
    def write(
        rows: str,
        styles: str = STYLES,
        *,
        mimetype: str = "application/vnd.oasis.opendocument.spreadsheet",
        indented: bool = False,
    ) -> Path:
        path = tmp_path / "leads.ods"
        table = f'<table:table table:name="Leads">{rows}</table:table>'
        body = f"{styles}<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            if mimetype:
                archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
            archive.writestr("META-INF/manifest.xml", MANIFEST)
            content = f"<office:document-content {NAMES}>{body}</office:document-content>"
            if indented:
                content = re.sub(r"(<(?!/?text:|!|y>)[^>]*>)", r"\n  \1\n  ", content)
            archive.writestr("content.xml", content)
        return path

    return write


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (row(cell("x", 1_000), times=40_000), "row 40002 and column 1000"),  # 5 GiB and 30 s if written out
        (row(cell("x", 16_384), times=1_048_570), "row 1048572 and column 16384"),
        (row(cell(), times=1_048_573) + row(cell(times=16_383), cell("x")), "row 1048576 and column 16384"),
        (row(cell("x" * 30_000), times=5_000), "MB of text"),
    ],
)
def test_what_would_fill_the_memory_is_refused(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], rows: str, message: str
) -> None:
    path = ods_of(LEADS + rows)
    with pytest.raises(SourceError, match=message) as refusal:
        see_all(path)
    assert str(path) in refusal.value.message
    assert refusal.value.tip


def test_blank_rows_and_columns_to_the_end_of_the_sheet_do_no_harm(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    """So LibreOffice saves every sheet with a format on a whole row or column."""
    path = ods_of(LEADS + row(cell(times=16_384), times=1_048_574))
    assert see_all(path)[0].rows == {2: ["1", "Asha"]}


def test_repeated_cells_and_rows_are_read(ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]) -> None:
    path = ods_of(LEADS + row(cell("2", 2), times=3))
    assert list(see_all(path)[0].rows.items())[1:] == [(3, ["2", "2"]), (4, ["2", "2"]), (5, ["2", "2"])]


def made(attributes: str, text: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


ERROR = 'office:value-type="string" office:string-value="" calcext:value-type="error"'


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "Err:502", "#NIMM?"])
def test_an_error_cell_is_a_problem_and_not_a_blank(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], error: str
) -> None:
    (seen,) = see_all(ods_of(LEADS + row(cell("2"), made(ERROR, error))))
    assert seen.codes == [(3, "cell-error", "name")]
    assert seen.rows[3] == ["2", error]


def test_an_error_is_one_in_every_repeated_row_and_cell(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    (seen,) = see_all(ods_of(LEADS + row(made(f'{ERROR} table:number-columns-repeated="2"', "#N/A"), times=2)))
    assert seen.codes == [(row, "cell-error", column) for row in (3, 4) for column in ("id", "name")]


@pytest.mark.parametrize("styles", [STYLES, ""], ids=["with-styles", "without"])
def test_a_formula_that_was_never_calculated_is_a_problem(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], styles: str
) -> None:
    """Also where nothing else in the file calls for a closer look."""
    (seen,) = see_all(ods_of(LEADS + row(cell("2"), '<table:table-cell table:formula="of:=1+1"/>'), styles))
    assert seen.codes == [(3, "formula-without-value", "name")]


def test_a_comment_is_no_part_of_what_the_cell_shows(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    """The names of LibreOffice's own marks for errors may well stand in a comment."""
    comment = "<office:annotation><text:p>#N/A was here</text:p></office:annotation>"
    content = f'<table:table-cell office:value-type="float" office:value="501">{comment}<text:p>00501</text:p>'
    (seen,) = see_all(ods_of(LEADS + row(cell("2"), f"{content}</table:table-cell>")))
    assert seen.rows[3] == ["2", "00501"]
    assert seen.problems == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("value", "shown", "text"),
    [
        ("501", "00501", "00501"),
        ("919876543210", "+919876543210", "+919876543210"),
        ("7911123456", "+44 7911123456", "+44 7911123456"),
        ("707070707", "07 07 07 07 07", "07 07 07 07 07"),
        ("12345678", "012-34-5678", "012-34-5678"),
        ("42", "ID-00042", "ID-00042"),
        ("1", "Yes", "Yes"),
        ("5", "5 kg", "5 kg"),
        ("5.5", "5,50 kg", "5,50 kg"),
        ("1234567", "1,234,567", "1234567"),
        ("1234567", "12,34,567", "1234567"),
        ("1234567", "1\u202f234\u202f567", "1234567"),
        ("1234567", "1.234.567,00", "1234567"),
        ("501", "501", "501"),
        ("501", "501.", "501"),
        ("0.5", "0.50", "0.5"),
        ("0.5", ".5", "0.5"),
        ("0.5", "1/2", "0.5"),
        ("1234", "12/34", "12/34"),
        ("-5", "-5", "-5"),
        ("-5", "(5)", "-5"),
        ("-5.25", "- 5,25", "-5.25"),
        ("1.5", "+1.5", "1.5"),
        ("12.5", "$12.50", "12.5"),
        ("181000000000", "1.81E+11", "181000000000"),
        ("501", "", "501"),
    ],
)
def test_number_formats_that_change_the_digits_are_followed(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], value: str, shown: str, text: str
) -> None:
    (seen,) = see_all(ods_of(LEADS + row(cell("2"), made(f'office:value-type="float" office:value="{value}"', shown))))
    assert seen.rows[3] == ["2", text]


@pytest.mark.parametrize(("value", "shown"), [("501.5", "00502"), ("4711", "ID-47"), ("5.4", "5 kg")])
def test_a_number_that_is_not_shown_as_a_whole_is_a_problem(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], value: str, shown: str
) -> None:
    (seen,) = see_all(ods_of(LEADS + row(cell("2"), made(f'office:value-type="float" office:value="{value}"', shown))))
    assert seen.rows[3] == ["2", shown]
    assert seen.codes == [(3, "cell-shown-differently", "name")]


def test_an_encrypted_file_is_password_protected(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    """As LibreOffice writes it: the content is no XML, and the manifest says how it was made so."""
    path = ods_of(LEADS)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", bytes(range(256)))
        encrypted = MANIFEST.replace("/></", "><manifest:encryption-data/></manifest:file-entry></")
        archive.writestr("META-INF/manifest.xml", encrypted)
    with pytest.raises(SourceError, match="password-protected") as refusal:
        see_all(path)
    assert "remove the password" in refusal.value.tip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<text:p>Gasse 1<text:line-break/>Ulm</text:p>", "Gasse 1\nUlm"),
        ("<text:p>Gasse 1</text:p><text:p>Ulm</text:p>", "Gasse 1\nUlm"),
        ("<text:p>a</text:p><text:p/><text:p>b</text:p>", "a\n\nb"),
        ("<text:p>Bea<text:tab/>Maria</text:p>", "Bea\tMaria"),
        ("<text:p>Bea<text:s/>Maria<text:s text:c='3'/>Lee</text:p>", "Bea Maria   Lee"),
        ("<text:p>Bea <text:span>M<text:span>ar</text:span>ia</text:span> Lee</text:p>", "Bea Maria Lee"),
        ("<text:p>see <text:a>https://x.example</text:a></text:p>", "see https://x.example"),
        ("<text:p>R&amp;D &lt;x&gt; &#228;<![CDATA[<y>]]><!-- no --></text:p>", "R&D <x> ä<y>"),
        ("<text:p><text:ruby><text:ruby-base>東京</text:ruby-base><text:ruby-text>とうきょう</text:ruby-text>"
         "</text:ruby></text:p>", "東京"),
        ("<text:p>x</text:p><draw:custom-shape><text:p>over it</text:p></draw:custom-shape>", "x"),
        ("<office:annotation><text:p>a note</text:p></office:annotation><text:p>x</text:p>", "x"),
        ("<text:p>x<text:note><text:note-body><text:p>a note</text:p></text:note-body></text:note>y</text:p>", "xy"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("indented", [False, True])
def test_the_text_of_a_cell_is_what_a_person_reads(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], content: str, text: str, indented: bool
) -> None:
    rows = LEADS + row(cell("2"), f'<table:table-cell office:value-type="string">{content}</table:table-cell>')
    assert see_all(ods_of(rows, indented=indented))[0].rows == {2: ["1", "Asha"], 3: ["2", text]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("attributes", "shown", "text"),
    [
        ('office:value-type="string" office:string-value="Bea"', "", "Bea"),
        ('office:value-type="string" office:string-value=""', "Bea", "Bea"),
        ("", "Bea", "Bea"),
        ('office:value-type="float"', "12,5", "12,5"),
        ('office:value-type="float" office:value="12.50"', "12,5", "12.5"),
        ('office:value-type="percentage" office:value="0.25"', "25 %", "0.25"),
        ('office:value-type="currency" office:value="1200" office:currency="EUR"', "1.200,00 €", "1200"),
        ('office:value-type="boolean" office:boolean-value="true"', "WAHR", "TRUE"),
        ('office:value-type="boolean" office:boolean-value="false"', "FALSCH", "FALSE"),
        ('office:value-type="float" office:value="1" table:formula="of:=TRUE()"', "TRUE", "TRUE"),
        ('office:value-type="date" office:date-value="2026-11-22"', "22. Nov", "2026-11-22"),
        (
            'office:value-type="date" office:date-value="2026-11-22T09:30:00.000000000"',
            "22. Nov",
            "2026-11-22 09:30:00",
        ),
        ('office:value-type="date" office:date-value="20260-11-22"', "22.11.20260", "22.11.20260"),
        ('office:value-type="time" office:time-value="PT08H15M00S"', "08:15", "08:15:00"),
        ('office:value-type="time" office:time-value="PT8H15M0.25S"', "08:15", "08:15:00.250"),
        ('office:value-type="time" office:time-value="PT26H05M00S"', "26:05", "26:05:00"),
        ('office:value-type="time" office:time-value="P1DT2H5M"', "26:05", "26:05:00"),
        ('office:value-type="time" office:time-value="-PT01H00M00S"', "-1:00", "-1:00:00"),
        ('office:value-type="time" office:time-value="PT1Y"', "1 year", "1 year"),
    ],
)
def test_every_type_of_value_is_read(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], attributes: str, shown: str, text: str
) -> None:
    assert see_all(ods_of(LEADS + row(cell("2"), made(attributes, shown))))[0].rows[3] == ["2", text]


INNER = '<table:table table:name="Inner"><table:table-row><table:table-cell/></table:table-row></table:table>'
CHANGE = (
    "<table:tracked-changes><table:cell-content-change><table:previous><table:change-track-table-cell>"
    "<text:p>old</text:p></table:change-track-table-cell></table:previous></table:cell-content-change>"
    "</table:tracked-changes>"
)


@pytest.mark.parametrize(
    "rows",
    [
        f"<table:table-header-rows>{LEADS}</table:table-header-rows>",
        f"<table:table-row-group><table:table-row-group>{LEADS}</table:table-row-group></table:table-row-group>",
        f"<table:table-rows>{LEADS}</table:table-rows>",
        f"<table:shapes><draw:frame>{INNER}<text:p>x</text:p></draw:frame></table:shapes>{LEADS}",
        LEADS.replace("</text:p>", f"</text:p>{INNER}"),
        CHANGE + LEADS,
    ],
)
def test_rows_are_those_of_the_table_and_of_nothing_within_it(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], rows: str
) -> None:
    (seen,) = see_all(ods_of(rows))
    assert (seen.columns, seen.rows) == (["id", "name"], {2: ["1", "Asha"]})
    assert seen.info.notes == ()


def test_a_file_without_a_mimetype_is_known_by_its_content(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    assert see_all(ods_of(LEADS, mimetype=None))[0].rows == {2: ["1", "Asha"]}


def test_a_text_document_is_none_that_can_be_read(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]]
) -> None:
    for mimetype in ("application/vnd.oasis.opendocument.text", None):
        path = ods_of(LEADS, mimetype=mimetype)
        if mimetype is None:
            with zipfile.ZipFile(path, "a") as archive:
                content = archive.read("content.xml").replace(b"table:table", b"text:table")
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("content.xml", content)
        with pytest.raises(SourceError, match="an OpenDocument file, but not a spreadsheet"):
            see_all(path)


@pytest.mark.parametrize(("visibility", "by"), [("filter", " (by a filter)"), ("collapse", "")])
def test_hidden_rows_and_merged_cells_are_noted(
    ods_of: Callable[..., Any], see_all: Callable[..., list[Seen]], visibility: str, by: str
) -> None:
    hidden = row(cell("2"), cell("Bea"), times=2).replace(
        "<table:table-row", f'<table:table-row table:visibility="{visibility}"'
    )
    merged = row(cell("4"), cell("Cem")).replace(
        ' table:number-columns-repeated="1"', ' table:number-rows-spanned="2"', 1
    )
    (seen,) = see_all(ods_of(LEADS + hidden + merged + row(cell(), cell("Deb"))))
    assert [*seen.rows] == [2, 3, 4, 5, 6]
    first, second = seen.info.notes
    assert first == f"2 rows are hidden{by} and are read; to leave them out, delete them"
    assert second.startswith("column “id” has merged cells (A5:A6)")
