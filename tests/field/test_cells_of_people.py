"""Cells as people and programs write them, from the file to what the CRM gets: read as what they mean, or a problem."""

import unicodedata

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, CommandLine

PHONES_BY_COUNTRY = """\
version: 1
name: phones
lead:
  crm_id: ID
  first_name: Name
  phone_number: {column: Phone, region_column: Country}
"""


def phones_sent(sandbox: Sandbox) -> dict[str, str]:
    return {lead.crm_id: str(lead.fields["phone_number"]) for lead in sandbox.state.leads}


def test_phones_with_their_country_code_but_without_the_plus(importer: CommandLine, sandbox: Sandbox) -> None:
    rows = [
        ("G1", "Greta", "491755550123", "DE"),
        ("G2", "Gerd", "0175 5550124", "DE"),
        ("I1", "Indra", "6281355550123", "ID"),
        ("I2", "Iwan", "62812555501", "ID"),
    ]
    importer.table(rows, columns=("ID", "Name", "Phone", "Country"))
    importer.mapping(PHONES_BY_COUNTRY)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
    assert phones_sent(sandbox) == {"G2": "+491755550124", "I1": "+6281355550123"}
    assert importer.statuses() == ["invalid", "created", "created", "invalid"]
    german, indonesian = importer.rejects()
    assert german["_importer_problems"] == indonesian["_importer_problems"] == "phone-region-missing"
    assert "could be +49 175 5550123 or +49 491 755550123" in german["_importer_message"]

    fixed = PHONES_BY_COUNTRY.replace("{column: Phone, region_column: Country}", '{template: "+{Phone}"}')
    importer.mapping(fixed, "with_plus.yaml")
    importer.table([rows[0], rows[3]], "bare.csv", columns=("ID", "Name", "Phone", "Country"))
    assert importer("run", "bare.csv", "-m", "with_plus.yaml", *FAST).code == 0
    assert phones_sent(sandbox)["G1"] == "+491755550123"
    assert phones_sent(sandbox)["I2"] == "+62812555501"


BIRTHDAYS = """\
version: 1
name: birthdays
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
  attributes: {birthday: {column: Birthday, type: date, format: "%d/%m/%y"}}
"""


SINCE = """\
version: 1
name: since
lead: {crm_id: ID, first_name: Name, phone_number: Phone, opt_in_date: Since}
"""


@pytest.mark.slow
def test_the_format_of_unpadded_dates_is_named_and_works_as_it_is_proposed(importer: CommandLine) -> None:
    rows = [("A1", "Bea", "+4930901820", "2024-1-5"), ("A2", "Bo", "+4930901821", "2024-2-15")]
    importer.table(rows, columns=("ID", "Name", "Phone", "Since"))
    importer.mapping(SINCE)
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    for row in importer.rejects():
        assert row["_importer_hint"] == 'If that is meant, add to the mapping: format: "%Y-%m-%d"'
    importer.mapping(SINCE.replace("opt_in_date: Since", 'opt_in_date: {column: Since, format: "%Y-%m-%d"}'))
    assert importer("check", "list.csv", "-m", "m.yaml").code == 0


def test_an_id_that_a_spreadsheet_has_shortened_is_a_problem(importer: CommandLine) -> None:
    """`7.39E+07` is what Excel writes of 73912345 in a narrow column; the digits are gone."""
    rows = [("7.39E+07", "Bea", "+4930901820", "2024-01-05"), ("73912346", "Bo", "+4930901821", "2024-02-15")]
    importer.table(rows, columns=("ID", "Name", "Phone", "Since"))
    importer.mapping(SINCE)
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    (row,) = importer.rejects()
    assert (row["ID"], row["_importer_problems"]) == ("7.39E+07", "digits-lost")


MARKED = """\
version: 1
name: marked
where: [{column: Consent, one_of: ["sí", opt in]}]
assign: {user_email: Owner}
lead:
  crm_id: ID
  first_name: Name
  phone_number: Phone
  attributes:
    tier: {column: Tier, map: {"Té plus": gold}}
    member: {column: Member, type: boolean}
    since: {column: Since, type: date, format: "%d %m %Y"}
    score: {column: Score, type: number}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "mark", ["\u202a{}\u202c", "\u2066{}\u2069", "\u00ad{}\u061c", "\u3164{}\u034f", "\u00a0{}\u200b"]
)
def test_what_cannot_be_seen_changes_nothing(importer: CommandLine, sandbox: Sandbox, mark: str) -> None:
    """Marks around every cell and every name, accents in two characters, no-break spaces within."""
    cells = ("A1", "Bea", "+49 30 901820", "sí", "a@x.example", "Té plus", "Sí", "05 01 2024", "1 234,5")
    other = ("A2", "Bea", "+49 30 901821", "Opt in", "a@x.example", "té plus", "sí", "05 01 2024", "1 234,5")
    rows = [
        [mark.format(unicodedata.normalize("NFD", cell).replace(" ", "\u00a0")) for cell in row]
        for row in (cells, other)
    ]
    names = ("ID", "Name", "Phone", "Consent", "Owner", "Tier", "Member", "Since", "Score")
    importer.table(rows, columns=[mark.format(name) for name in names])
    importer.mapping(MARKED)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    assert phones_sent(sandbox) == {"A1": "+4930901820", "A2": "+4930901821"}
    for lead in sandbox.state.leads:
        assert (lead.fields["first_name"], lead.owner) == ("Bea", "a@x.example")
        assert lead.fields["attributes"] == {"tier": "gold", "member": True, "since": "2024-01-05", "score": 1234.5}


def test_two_digit_years_do_not_become_birthdays_in_the_future(importer: CommandLine, sandbox: Sandbox) -> None:
    born = ("05/01/57", "30/12/68", "05/01/85", "05/01/46")
    rows = [(f"B{at}", "Bo", f"+4930901{at:03}", text) for at, text in enumerate(born)]
    importer.table(rows, columns=("ID", "Name", "Phone", "Birthday"))
    importer.mapping(BIRTHDAYS)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
    sent = {lead.crm_id: lead.fields["attributes"]["birthday"] for lead in sandbox.state.leads}
    assert sent == {"B2": "1985-01-05", "B3": "2046-01-05"}
    assert [row["_importer_problems"] for row in importer.rejects()] == ["date-ambiguous", "date-ambiguous"]
    assert [row["warnings"] for row in importer.results()] == ["", "", "", "date-in-future"]
