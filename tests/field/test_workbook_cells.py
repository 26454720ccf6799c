"""Workbooks as other programs write them, from the file to what the CRM gets: what a person sees is what is sent."""

from pathlib import Path

import openpyxl

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, CommandLine
from tests.reading.conftest import write_raw_workbook

MAPPING = """\
version: 1
name: cells
lead:
  crm_id: ID
  first_name: Name
  phone_number: {column: Phone, region_column: Country}
  attributes:
    unsubscribed: {column: Unsubscribed, type: boolean}
    since: {column: Since, type: date, format: "%Y-%m-%d"}
"""
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = ("ID", "Name", "Phone", "Unsubscribed", "Since", "Country")


def cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


HEAD = row(1, *(cell(f"{column}1", name) for column, name in zip("ABCDEF", HEADER, strict=True)))
FORMATS = [
    ("SG", 6591234567, "+#", "+6591234567"),
    ("IN", 6591234568, '"+"#', "+6591234568"),
    ("IN", 6591234569, "\\+#", "+6591234569"),
    ("IN", 6591234560, "+###########", "+6591234560"),
    ("DE", 7911123456, '"+44 "0', "+447911123456"),
    ("CI", 707070707, '0#" "##" "##" "##" "##', "+2250707070707"),
    ("CI", 707070708, '"0"#', "+2250707070708"),
    ("CI", 707070709, "\\0#", "+2250707070709"),
]


def test_numbers_are_sent_as_their_formats_show_them(importer: CommandLine, sandbox: Sandbox) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*HEADER])
    for line, (country, number, code, _) in enumerate(FORMATS, start=2):
        sheet.append([line, "Anna", number, None, 45296, country])
        sheet[f"A{line}"].number_format = '"ID-"00000'
        sheet[f"C{line}"].number_format = code
        sheet[f"E{line}"].number_format = "[<40000]0;dd/mm/yyyy"
    book.save(importer.folder / "list.xlsx")
    importer.mapping(MAPPING)
    assert importer("run", "list.xlsx", "-m", "m.yaml", *FAST).code == 0
    leads = {lead.crm_id: lead.fields for lead in sandbox.state.leads}
    assert {key: fields["phone_number"] for key, fields in leads.items()} == {
        f"ID-{line:05}": phone for line, (*_, phone) in enumerate(FORMATS, start=2)
    }
    assert {fields["attributes"]["since"] for fields in leads.values()} == {"2024-01-05"}


def test_what_a_cell_shows_only_in_part_is_a_problem_that_names_both(importer: CommandLine, sandbox: Sandbox) -> None:
    book = openpyxl.Workbook()
    book.active.append([*HEADER])
    book.active.append([501.5, "Anna", "+49 30 901820"])
    book.active["A2"].number_format = "00000"
    book.save(importer.folder / "list.xlsx")
    importer.mapping(MAPPING)
    assert importer("check", "list.xlsx", "-m", "m.yaml").code == 1
    (rejected,) = importer.rejects()
    assert rejected["_importer_problems"] == "cell-shown-differently"
    assert "“00502” is shown, but the cell holds 501.5" in rejected["_importer_message"]


def test_cells_of_programs_that_write_xml_their_own_way(importer: CommandLine, sandbox: Sandbox) -> None:
    """An inline text beside a number, `false` written out, spaces kept by the root, a row element for each cell."""
    cells = (
        '<c r="A2" t="inlineStr"><v>7</v><is><t>A7</t></is></c>',
        '<c r="B2" t="inlineStr"><is><r><t>Anna</t></r><r><t> Maria</t></r></is></c>',
        cell("C2", "+49 30 901820"),
        '<c r="D2" t="b"><v>false</v></c>',
    )
    rows = HEAD + "".join(row(2, one) for one in cells)
    sheet = f'<worksheet xmlns="{MAIN}" xml:space="preserve"><sheetData>{rows}</sheetData></worksheet>'
    write_raw_workbook(importer.folder / "list.xlsx", "", sheet=sheet)
    importer.mapping(MAPPING)
    assert importer("run", "list.xlsx", "-m", "m.yaml", *FAST).code == 0
    (lead,) = sandbox.state.leads
    assert (lead.crm_id, lead.fields["first_name"]) == ("A7", "Anna Maria")
    assert lead.fields["attributes"] == {"unsubscribed": False}


def test_annotated_of_a_workbook_whose_sheets_declare_their_own_prefix(importer: CommandLine) -> None:
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    listed = f'<sheet xmlns:r="{office}" name="A" sheetId="1" r:id="r1"/>'
    listed = f'<workbook xmlns="{MAIN}"><sheets>{listed}</sheets></workbook>'
    rows = HEAD + row(2, cell("A2", "1"), cell("B2", "Anna"), cell("C2", "12"))
    write_raw_workbook(importer.folder / "list.xlsx", rows, **{"xl/workbook.xml": listed})
    importer.mapping(MAPPING)
    assert importer("check", "list.xlsx", "-m", "m.yaml").code == 1
    (copy,) = Path(importer.folder).rglob("annotated.xlsx")
    assert openpyxl.load_workbook(copy).sheetnames == ["Import", "A"]


def test_hidden_rows_and_merged_cells_are_reported_by_check_and_run(importer: CommandLine, sandbox: Sandbox) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*HEADER])
    for line in range(2, 5):
        sheet.append([f"A{line}", "Anna", f"+49 30 90182{line}", None, None, "DE"])
    sheet.row_dimensions[3].hidden = True
    sheet.auto_filter.ref = "A1:F4"
    sheet.merge_cells("F3:F4")
    book.save(importer.folder / "list.xlsx")
    importer.mapping(MAPPING)
    for command in (("check",), ("run", *FAST)):
        ended = importer(*command, "list.xlsx", "-m", "m.yaml")
        assert ended.code == 0
        assert "1 row is hidden (by a filter) and is read" in ended.err + ended.out
        assert "column “Country” has merged cells (F3:F4)" in ended.err + ended.out
    assert len(sandbox.state.leads) == 3
