"""`importer template`: an empty workbook that people fill in, and that comes back without a problem."""

import json
import shutil
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.command_line import FAST, CommandLine
from tests.cli.test_rejects_workbook_comes_back import NO_OFFICE, SOFFICE, as_saved_by_libreoffice, as_saved_by_openpyxl

ROOT = Path(__file__).parents[2]
LONG = {f"value, number {number}": f"v{number}" for number in range(60)}
MAPPING = f"""\
version: 1
name: filled
source: {{sheet: Registrations, header_row: 4}}
defaults: {{region: IN, timezone: Asia/Kolkata}}
where:
  - {{column: Consent, one_of: ["yes", "y"]}}
lead:
  crm_id: Id
  first_name: {{column: Name, part: first}}
  phone_number: {{columns: [Mobile, Phone], region_column: Country}}
  opt_in_date: {{column: Joined, format: "%d/%m/%Y"}}
  attributes:
    email: {{column: E-mail, matches: email}}
    score: {{column: Score, type: integer, minimum: 0, maximum: 100}}
    tier: {{column: Tier, map: {{"1": gold, "=2": silver}}}}
    plan: {{column: Plan, map: {json.dumps(LONG)}, otherwise: keep}}
    newsletter: {{column: Newsletter, type: boolean}}
    country: Country
assign:
  by: {{column: Territory, map: {{North: asha@x.example, "South, West": ben@x.example}}}}
events:
  - {{event: JOINED, when: {{column: Stage, not_blank: true}}, attributes: {{stage: Stage}}}}
"""
COLUMNS = [
    *("_importer_example", "Id", "Name", "Mobile", "Phone", "Country", "Joined", "E-mail", "Score", "Tier", "Plan"),
    *("Newsletter", "Territory", "Stage", "Consent"),
]


@pytest.fixture
def template(importer: CommandLine) -> Any:
    importer.mapping(MAPPING)
    ended = importer("template", "-m", "m.yaml", "-o", "t.xlsx")
    assert ended.code == 0, ended.err
    assert "importer check t.xlsx -m m.yaml" in ended.out
    return openpyxl.load_workbook(importer.folder / "t.xlsx")


def columns(book: Any) -> dict[str, Any]:
    return {cell.value: cell for cell in book["Leads"][1]}


def offered(book: Any) -> dict[str, tuple[list[str], bool]]:
    """By column, the values of its list, and whether others are refused."""
    names = {cell.column_letter: name for name, cell in columns(book).items()}
    found = {}
    for validation in book["Leads"].data_validations.dataValidation:
        sheet, _, cells = validation.formula1.partition("!")
        values = [cell.value for (cell,) in book[sheet][cells.replace("$", "")]]
        found[names[str(validation.sqref)[0]]] = values, bool(validation.showErrorMessage)
    return found


def test_it_has_the_columns_that_the_mapping_reads_with_their_rules(template: Any, importer: CommandLine) -> None:
    found = columns(template)
    assert list(found) == COLUMNS
    assert "Required." in found["Id"].comment.text
    assert "number of IN" in found["Mobile"].comment.text
    assert "Required: Mobile or Phone." in found["Phone"].comment.text
    assert "DD/MM/YYYY, for example 26/11/2026" in found["Joined"].comment.text
    assert "At least 0.\nAt most 100." in found["Score"].comment.text
    assert "never imported" in found["_importer_example"].comment.text
    assert template["Leads"].freeze_panes == "B2"
    assert stat.S_IMODE((importer.folder / "t.xlsx").stat().st_mode) == 0o600


def test_fixed_values_and_owners_are_offered_as_lists_of_any_length(template: Any) -> None:
    assert template["Lists"].sheet_state == "hidden"
    assert offered(template) == {
        "Tier": (["1", "=2"], True),
        "Plan": (list(LONG), False),
        "Territory": (["North", "South, West"], True),
        "Consent": (["yes", "y"], False),
    }
    assert {cell.data_type for line in template["Lists"].iter_rows() for cell in line if cell.value} == {"s"}


def test_the_values_of_a_lookup_are_offered(importer: CommandLine) -> None:
    importer.write("owners.csv", "Old,New\nasha,asha@x.example\n=ben,ben@x.example\n")
    importer.mapping(
        "version: 1\nname: m\nlead: {crm_id: Id, first_name: Name, phone_number: Mobile}\n"
        "assign: {user_email: {column: Owner, lookup: {file: owners.csv, key: Old, value: New}}}\n"
    )
    assert importer("template", "-m", "m.yaml", "-o", "t.xlsx").code == 0
    assert offered(openpyxl.load_workbook(importer.folder / "t.xlsx")) == {"Owner": (["asha", "=ben"], True)}


def test_ids_and_phones_are_texts_and_dates_are_dates(template: Any) -> None:
    sheet = template["Leads"]
    formats = {
        name: (sheet.column_dimensions[cell.column_letter].number_format, sheet.cell(2, cell.column).number_format)
        for name, cell in columns(template).items()
    }
    special = {"Joined": ("dd/mm/yyyy",) * 2, "Score": ("General",) * 2}
    assert formats == dict.fromkeys(COLUMNS, ("@", "@")) | special
    assert sheet.cell(2, columns(template)["Joined"].column).value.date() == date(2026, 11, 26)


def test_the_example_would_be_right_if_it_were_imported(template: Any, importer: CommandLine) -> None:
    sheet = template["Leads"]
    sheet.delete_cols(1)
    template.save(importer.folder / "t.xlsx")
    assert importer("check", "t.xlsx", "-m", "m.yaml", "--sheet", "Leads", "--header-row", "1").code == 0
    (row,) = importer.results()
    assert (row["status"], row["warnings"]) == ("valid", "")


def fill(book: Any) -> None:
    """Two leads below the example; as people do, with values of the lists and real dates."""
    sheet = book["Leads"]
    place = {cell.value: cell.column for cell in sheet[1]}
    for row, (key, tier) in enumerate((("0001", "1"), ("0002", "=2")), start=3):
        lead = {
            "Id": key,
            "Name": "Zoë Rao",
            "Mobile": f"+9198765432{row:02}",
            "Joined": date(2026, 8, 5),
            "E-mail": "z@x.example",
            "Score": 7,
            "Plan": "value, number 59",
            "Newsletter": "no",
            "Territory": "South, West",
            "Consent": "yes",
        }
        for name, value in lead.items():
            sheet.cell(row, place[name]).value = value
        sheet.cell(row, place["Tier"]).value = tier
        sheet.cell(row, place["Tier"]).data_type = "s"


@pytest.mark.slow
@pytest.mark.parametrize(
    "saved",
    [
        as_saved_by_openpyxl,
        pytest.param(as_saved_by_libreoffice, marks=pytest.mark.skipif(SOFFICE is None, reason=NO_OFFICE)),
    ],
)
def test_a_filled_template_checks_without_a_problem(
    template: Any, importer: CommandLine, saved: Callable[[Path], Path]
) -> None:
    first = saved(importer.folder / "t.xlsx")
    book = openpyxl.load_workbook(first)
    assert offered(book)["Plan"][0] == list(LONG)
    fill(book)
    book.save(importer.folder / "filled.xlsx")
    filled = saved(importer.folder / "filled.xlsx")
    ended = importer("check", filled, "-m", "m.yaml")
    assert ended.code == 0, ended.out
    assert [(row["number"], row["status"], row["problems"]) for row in importer.results()] == [
        ("3", "valid", ""),
        ("4", "valid", ""),
    ]
    assert "not read, because _importer_example is filled: row 2" in ended.err
    assert importer("run", filled, "-m", "m.yaml", "--sandbox", *FAST).code == 0
    assert importer.summary()["requests"]["create"] == 3, "two leads and the canary"


@pytest.mark.slow
@pytest.mark.skipif(SOFFICE is None, reason=NO_OFFICE)
def test_the_whole_way_from_a_template_to_fixed_rejects(template: Any, importer: CommandLine) -> None:
    fill(template)
    sheet = template["Leads"]
    place = {cell.value: cell.column for cell in sheet[1]}
    sheet.cell(4, place["Mobile"]).value = "12"
    template.save(importer.folder / "filled.xlsx")
    filled = as_saved_by_libreoffice(importer.folder / "filled.xlsx")
    assert importer("run", filled, "-m", "m.yaml", "--sandbox", *FAST, "--run-name", "first").code == 1
    assert importer.statuses() == ["created", "invalid"]
    shutil.copy(importer.latest() / "rejects.xlsx", importer.folder / "fix.xlsx")
    book = openpyxl.load_workbook(as_saved_by_libreoffice(importer.folder / "fix.xlsx"))
    rejects = book["Rows to fix"]
    header = [cell.value for cell in rejects[1]]
    assert (header[0], rejects.max_row) == ("Id", 2)
    wrong = rejects.cell(2, header.index("Mobile") + 1)
    assert (wrong.value, wrong.fill.fgColor.rgb) == ("12", "FFFBD5D5")
    wrong.value = "+919876543299"
    book.save(importer.folder / "fix.xlsx")
    fixed = as_saved_by_libreoffice(importer.folder / "fix.xlsx")
    assert importer("run", fixed, "-m", "m.yaml", "--sandbox", *FAST, "--run-name", "second").code == 0
    assert importer.statuses() == ["created"]
    assert importer.results()[0]["crm_id"] == "0002"


@pytest.mark.parametrize("path", sorted((ROOT / "mappings").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_mapping_of_ours_has_a_template_that_it_reads(importer: CommandLine, path: Path) -> None:
    assert importer("template", "-m", path, "-o", "t.xlsx", "--json").document["template"] == "t.xlsx"
    ended = importer("check", "t.xlsx", "-m", path)
    assert (ended.code, importer.results()) == (0, []), ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-m", "m.yaml", "-o", "list.csv"), "list.csv does not end in .xlsx"),
        (("-m", "m.yaml", "-o", "there.xlsx"), "there.xlsx already exists"),
        (("-m", "m.yaml", "-o", "no/t.xlsx"), "there is no folder no"),
        (("-m", "none.yaml", "-o", "t.xlsx"), "none.yaml"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_overwritten(
    importer: CommandLine, arguments: tuple[str, ...], message: str
) -> None:
    importer.mapping(MAPPING)
    importer.write("there.xlsx", "mine")
    ended = importer("template", *arguments)
    assert ended.code != 0
    assert message in ended.error
    assert (importer.folder / "there.xlsx").read_text() == "mine"
    assert not (importer.folder / "t.xlsx").exists()
