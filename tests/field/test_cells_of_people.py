"""Cells as people and programs write them, from the file to what the CRM gets: read as what they mean, or a problem."""

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
