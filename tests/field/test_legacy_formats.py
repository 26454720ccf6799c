"""Workbooks of other formats than .xlsx, from the file to what the CRM gets."""

import zipfile

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, CommandLine
from tests.reading.biff import write_xls
from tests.reading.test_open_document import NAMES

MAPPING = """\
version: 1
name: legacy
lead:
  crm_id: ID
  first_name: {column: Name, transform: collapse_spaces}
  phone_number: Phone
  attributes: {note: Note}
"""
HEADER = ["ID", "Name", "Phone", "Note"]


def sent(importer: CommandLine, sandbox: Sandbox, name: str) -> dict[str, tuple[object, ...]]:
    importer.mapping(MAPPING)
    assert importer("run", name, "-m", "m.yaml", *FAST).code == 0
    return {
        lead.crm_id: (lead.fields["first_name"], lead.fields["phone_number"], lead.fields["attributes"])
        for lead in sandbox.state.leads
    }


def test_numbers_of_crystal_reports_are_no_dates(importer: CommandLine, sandbox: Sandbox) -> None:
    """It numbers its own formats from 50 on, where East Asian versions of Excel have built-in dates."""
    rows = {1: HEADER, 2: [(31323.0, 50), "Anna", "+4930901820", (211.5, 51)]}
    write_xls(importer.folder / "list.xls", rows, {50: "0_);-0", 51: "#,##0.00_)"})
    assert sent(importer, sandbox, "list.xls") == {"31323": ("Anna", "+4930901820", {"note": "211.5"})}


@pytest.mark.slow
@pytest.mark.parametrize("codepage", [1250, 1251, 1252, 10000])
def test_texts_of_excel_97_are_unicode(importer: CommandLine, sandbox: Sandbox, codepage: int) -> None:
    rows = {1: HEADER, 2: ["A1", "Zoë", "+4930901820", "x"], 3: ["A2", "Łukasz", "+4930901821", "y"]}
    write_xls(importer.folder / "list.xls", rows, codepage=codepage)
    assert [name for name, *_ in sent(importer, sandbox, "list.xls").values()] == ["Zoë", "Łukasz"]


@pytest.mark.parametrize("between", ["", "\n      "])
def test_line_breaks_and_tabs_of_an_ods_stay_and_indents_go(
    importer: CommandLine, sandbox: Sandbox, between: str
) -> None:
    """The second as programs write it that indent their XML and leave the mimetype out."""
    lines = [HEADER, ["A1", "Bea<text:tab/>Maria", "+4930901820", "Gasse 1<text:line-break/>Ulm"]]
    cells = [[f"<text:p>{text}</text:p>" for text in line] for line in lines]
    tags = ["<office:document-content {}>", "<office:body>", "<office:spreadsheet>", '<table:table table:name="L">']
    for line in cells:
        tags.append("<table:table-row>")
        for text in line:
            tags += ['<table:table-cell office:value-type="string">', text, "</table:table-cell>"]
        tags.append("</table:table-row>")
    tags += ["</table:table>", "</office:spreadsheet>", "</office:body>", "</office:document-content>"]
    with zipfile.ZipFile(importer.folder / "list.ods", "w") as archive:
        if not between:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", between.join(tags).format(NAMES))
    assert sent(importer, sandbox, "list.ods") == {
        "A1": ("Bea Maria", "+4930901820", {"note": "Gasse 1\nUlm"}),
    }


def test_a_binary_workbook_is_refused_with_what_to_do(importer: CommandLine) -> None:
    importer.mapping(MAPPING)
    with zipfile.ZipFile(importer.folder / "list.xlsb", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.bin", b"")
    ended = importer("check", "list.xlsb", "-m", "m.yaml")
    assert ended.code == 2
    assert "an Excel binary workbook (.xlsb), which cannot be read" in ended.err
    assert "Save As > “Excel Workbook (.xlsx)”" in ended.err
