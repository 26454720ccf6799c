"""What is said of a row is true of that row: it quotes a cell of it, and names the columns that are blank."""

import pytest

from tests.cli.command_line import CommandLine

COLUMNS = ("Email", "First", "Phone", "Mobile", "Score", "Country")
ROW = {
    "Email": "bea@x.example",
    "First": "Bea",
    "Phone": "030 901820",
    "Mobile": "",
    "Score": "1.234,5",
    "Country": "DE",
}
FIELDS = {
    "crm_id": "Email",
    "first_name": "First",
    "phone_number": "{columns: [Mobile, Phone], region_column: Country}",
    "attributes": "{}",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fields", "cells", "message"),
    [
        ({}, {"Email": ""}, "Email is blank, but every lead needs a crm_id"),
        (
            {"crm_id": "{digest_of: [Email, Mobile]}"},
            {"Email": "\u200b"},
            "Email is blank, and so is Mobile, but every lead needs a crm_id",
        ),
        ({}, {"Phone": " "}, "Mobile is blank, and so is Phone, but every lead needs a phone_number"),
        (
            {"last_name": "{column: First, part: last, required: true}"},
            {},
            "First: “Bea” leaves last_name blank, but the mapping requires it",
        ),
        (
            {"crm_id": "{columns: [Mobile, Email]}"},
            {"Email": "e" * 129},
            f"Email: “{'e' * 59}…” has 129 characters; the CRM takes 128",
        ),
        (
            {"attributes": "{score: {column: Score, type: number, maximum: 1000}}"},
            {},
            "Score: “1.234,5” becomes “1234.5”, which is above 1000, the mapping's maximum",
        ),
        (
            {"attributes": '{who: {template: "{Mobile} {Email}", max_length: 9}}'},
            {},
            "Email: “bea@x.example” has 13 characters; the mapping allows 9",
        ),
        (
            {"attributes": '{who: {template: "{First} {Email}", max_length: 9}}'},
            {},
            "First: “Bea” becomes “Bea bea@x.example”, which has 17 characters; the mapping allows 9",
        ),
        (
            {"phone_number": '{template: "+{Score}{Phone}"}'},
            {"Score": "91", "Phone": "98765"},
            "Score: “91” becomes “+9198765”, which is not a valid phone number in IN (+91): too short",
        ),
        (
            {"attributes": "{stage: {column: First, transform: upper, type: integer}}"},
            {},
            "First: “Bea” becomes “BEA”, which is not a number",
        ),
        (
            {"attributes": "{stage: {column: First, transform: lower, one_of: [new]}}"},
            {},
            "First: “Bea” becomes “bea”, which is not one of new",
        ),
    ],
)
def test_a_message_quotes_a_cell_of_its_row(
    importer: CommandLine, fields: dict[str, str], cells: dict[str, str], message: str
) -> None:
    lines = [f"  {name}: {rule}" for name, rule in {**FIELDS, **fields}.items()]
    importer.mapping("\n".join(["version: 1", "name: said", "lead:", *lines, ""]))
    importer.table([list({**ROW, **cells}.values())], columns=COLUMNS)
    assert importer("check", "list.csv", "-m", "m.yaml").code == 1
    (row,) = importer.rejects()
    assert row["_importer_message"] == message
