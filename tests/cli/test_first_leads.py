"""The first leads beside their cells: on the terminal after a check, and on the report page."""

import pytest

from tests.cli.command_line import CommandLine, lead

MAPPING = """\
version: 1
name: tiny
defaults: {region: GB, timezone: Asia/Kolkata}
lead:
  crm_id: ID
  first_name: {column: Name, part: first}
  last_name: {column: Name, part: last}
  phone_number: Phone
  opt_in_date: {column: Since, format: "%d/%m/%Y"}
  attributes: {city: City, source: {value: fair}}
"""
COLUMNS = ("ID", "Name", "Phone", "City", "Since")
TOM = ("L-1", "Dr Tom Wilson", " 07806 480894 ", "<b>Leeds</b>", "03/04/2025")


@pytest.fixture
def checked(importer: CommandLine) -> CommandLine:
    importer.mapping(MAPPING)
    others = [(f"L-{n}", "Prince", f"+4478064808{n:02}", "Leeds", "") for n in range(10, 40)]
    twice = ("L-2", "Ravi", "+447806480895", "Leeds", "")
    again = ("L-2", "Ravi", "+447806480895", "York", "")
    importer.table([TOM, twice, ("L-3", "Bad", "12", "", ""), again, *others], columns=COLUMNS)
    return importer


def test_a_check_prints_what_becomes_of_the_first_three_leads(checked: CommandLine) -> None:
    out = checked("check", "list.csv", "-m", "m.yaml").out
    begin = out.index("The first leads")
    assert (
        out[begin:].splitlines()[:10]
        == [
            "The first leads, as a run would send them:",
            "  row 2, L-1",
            "      Name → first_name: Dr Tom Wilson → Dr Tom",
            "      Name → last_name: Dr Tom Wilson → Wilson",
            "      Phone → phone_number: 07806 480894 → +447806480894",
            "      Since → opt_in_date: 03/04/2025 → 2025-04-03 00:00 Asia/Kolkata (1743618600)",
            "  row 6, L-10: as its cells are",  # rows 3 and 5 contradict each other, row 4 is invalid
            "  row 7, L-11: as its cells are",
            *out[begin:].splitlines()[8:10],
        ]
    )
    assert "  row 8" not in out


@pytest.mark.parametrize("option", ["--quiet", "--json"])
def test_quiet_and_json_show_no_leads(checked: CommandLine, option: str) -> None:
    assert "first leads" not in checked("check", "list.csv", "-m", "m.yaml", option).out


def test_the_page_marks_what_has_changed_and_shows_cells_as_text(checked: CommandLine) -> None:
    checked("check", "list.csv", "-m", "m.yaml")
    page = (checked.latest() / "report.html").read_text(encoding="utf-8")
    assert "The first 20 leads, as they are or would be sent" in page
    assert "<mark><bdi>+447806480894</bdi></mark>" in page
    assert "<bdi>&lt;b&gt;Leeds&lt;/b&gt;</bdi>" in page
    assert "<b>Leeds" not in page
    assert page.count("<mark>") == 4
    assert "row 24" in page
    assert "row 25" not in page
    checked("report", "latest")
    assert (checked.latest() / "report.html").read_text(encoding="utf-8") == page


def test_without_a_lead_there_is_no_such_section(importer: CommandLine) -> None:
    importer.mapping()
    importer.table([lead(1, Phone="1")])
    assert "first leads" not in importer("check", "list.csv", "-m", "m.yaml").out
    assert 'id="leads"' not in (importer.latest() / "report.html").read_text(encoding="utf-8")


def test_a_time_that_the_calendar_of_the_zone_does_not_have_is_shown_as_sent(importer: CommandLine) -> None:
    born = "{column: Since, type: datetime, unit: ms}"
    importer.mapping(
        MAPPING.replace("attributes: {", f"attributes: {{end: {born}, ").replace("opt_in_date: {column", "#")
    )
    importer.table([("L-1", "Prince", "+447806480895", "Leeds", "9999-12-31T23:59:00+00:00")], columns=COLUMNS)
    assert (
        "attributes.end: 9999-12-31T23:59:00+00:00 → 253402300740000"
        in importer("check", "list.csv", "-m", "m.yaml").out
    )
