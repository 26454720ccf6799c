"""What `init` makes of a list: roles by names and values, and what it leaves to a person."""

from collections.abc import Sequence

import pandas as pd
import pytest
import yaml

from importer.mapping import parse_mapping
from importer.model.mapping import Mapping
from importer.model.rules import AttributeRule
from importer.model.source import ReadOptions, SourceInfo
from importer.profiling.suggest import Suggestion, suggest

MOBILES = ["98765 43210", "9123456780", "+91 99887 76655", "70123 45678", "8765012345", "9988012345"]
NAMES = ["Asha Rao", "Ben Okafor", "Cara Lind", "Dev Menon", "Ela Krämer", "Fay de Souza"]


def propose(table: dict[str, Sequence[str]], given: ReadOptions | None = None) -> Suggestion:
    rows = max(len(cells) for cells in table.values())
    frame = pd.DataFrame({name: list(cells) for name, cells in table.items()}, index=range(2, rows + 2), dtype="str")
    columns = tuple(table)
    info = SourceInfo(path="leads.csv", sha256="0" * 64, format="csv", columns=columns, headers=columns, header_row=1)
    return suggest(info, frame, given=given or ReadOptions(), source="leads.csv", target="leads.mapping.yaml")


def mapping_of(suggestion: Suggestion) -> Mapping:
    return parse_mapping(suggestion.text, "leads.mapping.yaml").mapping


def a_list(**more: Sequence[str]) -> dict[str, Sequence[str]]:
    return {"ID": [f"L-{n}" for n in range(6)], "Name": NAMES, "Phone": MOBILES, **more}


def line_with(suggestion: Suggestion, words: str) -> str:
    return next(line for line in suggestion.text.splitlines() if words in line)


@pytest.mark.parametrize(
    ("crm_id", "first", "last", "phone", "opt_in", "owner"),
    [
        ("Lead ID", "First Name", "Last Name", "Mobile", "Opt-in date", "Owner"),
        ("lead_id", "first_name", "last_name", "phone_number", "opt_in_date", "assigned_to"),
        ("LeadId", "FirstName", "LastName", "MobilePhone", "OptInDate", "OwnerEmail"),
        ("Código", "Nombre", "Apellidos", "Teléfono móvil", "Fecha de alta", "Propietario"),
        ("ID do cliente", "Nome", "Sobrenome", "Celular", "Data de cadastro", "Responsável"),
        ("Kundennummer", "Vorname", "Name", "Handynummer", "Einwilligung am", "Betreuer"),
        ("Identifiant", "Prénom", "Nom", "Téléphone portable", "Inscrit le", "Propriétaire"),
        ("Codice cliente", "Nome", "Cognome", "Cellulare", "Data di iscrizione", "Responsabile"),
        ("Grahak ID", "Pehla Naam", "Upnaam", "Mobail", "Panjikaran Tithi", "Prabhari"),
        ("CRM ID", "पहला नाम", "उपनाम", "मोबाइल नंबर", "पंजीकरण तिथि", "प्रभारी"),
    ],
)
def test_headers_of_several_languages(crm_id: str, first: str, last: str, phone: str, opt_in: str, owner: str) -> None:
    mapping = mapping_of(
        propose(
            {
                opt_in: ["2026-01-05", "2026-02-06", "2026-03-07"],
                owner: ["asha@leads.example", "ben@leads.example", ""],
                last: ["Rao", "Okafor", "Lind"],
                phone: MOBILES[:3],
                first: ["Asha", "Ben", "Cara"],
                crm_id: ["17", "29", "31"],
            }
        )
    )
    lead = mapping.lead
    assert (lead.crm_id.column, lead.first_name.column, lead.phone_number.column) == (crm_id, first, phone)
    assert lead.first_name.part is None
    assert lead.last_name is not None
    assert lead.last_name.column == last
    assert lead.opt_in_date is not None
    assert lead.opt_in_date.column == opt_in
    assert mapping.assign is not None
    assert mapping.assign.user_email is not None
    assert mapping.assign.user_email.column == owner


def test_a_full_name_is_parted() -> None:
    lead = mapping_of(propose(a_list())).lead
    assert (lead.first_name.column, lead.first_name.part) == ("Name", "first")
    assert lead.last_name is not None
    assert (lead.last_name.column, lead.last_name.part) == ("Name", "last")


@pytest.mark.parametrize("header", ["Nombre y apellidos", "Nome e cognome", "Nom et prénom", "Vor- und Nachname"])
def test_a_full_name_that_names_both_parts_is_one_column_of_both(header: str) -> None:
    lead = mapping_of(propose({"ID": list("abcdef"), header: NAMES, "Phone": MOBILES})).lead
    assert (lead.first_name.part, lead.last_name and lead.last_name.part) == ("first", "last")


def test_a_full_name_beside_a_first_name_gives_the_last() -> None:
    firsts = [name.split()[0] for name in NAMES]
    lead = mapping_of(propose({"ID": list("abcdef"), "Vorname": firsts, "Name": NAMES, "Telefon": MOBILES})).lead
    assert lead.first_name.column == "Vorname"
    assert lead.last_name is not None
    assert (lead.last_name.column, lead.last_name.part) == ("Name", "last")


def test_names_of_companies_owners_and_files_are_no_names_of_leads() -> None:
    table = a_list(**{"Company Name": ["Acme"] * 6, "Owner Name": ["Zoe Poe"] * 6, "File name": ["list"] * 6})
    lead = mapping_of(propose(dict(reversed(table.items())))).lead
    assert lead.first_name.column == "Name"


def test_the_values_decide_which_column_holds_the_phones() -> None:
    lead = mapping_of(propose(a_list(Phone=["yes", "no"] * 3, Contact=MOBILES))).lead
    assert lead.phone_number.column == "Contact"


def test_phones_are_found_by_their_values_alone() -> None:
    table = {"ID": list("abcdef"), "Name": NAMES, "Erreichbar unter": MOBILES}
    assert mapping_of(propose(table)).lead.phone_number.column == "Erreichbar unter"


def test_several_phones_count_in_order_the_mobile_first_and_no_fax() -> None:
    table = a_list(Fax=MOBILES[::-1], Mobile=[*MOBILES[:3], "", "", ""])
    assert mapping_of(propose(table)).lead.phone_number.columns == ("Mobile", "Phone")


def test_the_region_is_guessed_and_said() -> None:
    suggestion = propose(a_list())
    assert mapping_of(suggestion).defaults.region == "IN"
    assert any("are read as numbers of IN" in look.text and "5 of 5" in look.text for look in suggestion.looks)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("numbers", "region"),
    [
        (["(202) 555-0143", "202-555-0177", "202-555-0121", "(202) 555-0109"], "US"),
        (["020 7946 0301", "020 7946 0302", "07400 123456", "07400 123457"], "GB"),
        (["(11) 96123-4567", "11 97123-4568", "21 98123-4569", "(21) 3123-4567"], "BR"),
        (["06 12 34 56 79", "06 12 34 56 80", "01 23 45 67 89", "06 12 34 56 78"], "FR"),
    ],
)
def test_the_region_by_the_numbers_alone(numbers: list[str], region: str) -> None:
    table = {
        "ID": list("abcd"),
        "Name": NAMES[:4],
        "Phone": numbers,
        "E-mail": [f"p{n}@mail.example" for n in range(4)],
    }
    assert mapping_of(propose(table)).defaults.region == region


def test_how_numbers_are_written_decides_only_between_countries_where_they_are_valid() -> None:
    written = ["701-234-5678", "912-345-6789", "987-654-3210", "998-887-7665", "976-543-2101", "889-900-1122"]
    assert mapping_of(propose(a_list(Phone=written))).defaults.region == "IN"


def test_two_numbers_are_too_few_to_tell_a_country() -> None:
    suggestion = propose(a_list(Phone=["98765 43210", "9123456780", "", "", "", ""]))
    assert mapping_of(suggestion).defaults.region is None
    assert "  # region: IN" in suggestion.text


def test_numbers_that_tell_no_country_leave_it_to_a_person() -> None:
    suggestion = propose(a_list(Phone=["100-000-0001", "100-000-0002", "100-000-0003", "", "", ""]))
    assert mapping_of(suggestion).defaults.region is None
    assert any(look.must and "do not show which country" in look.text for look in suggestion.looks)


def test_a_country_column_becomes_the_region_column() -> None:
    table = a_list(
        Phone=["98765 43210", "020 7946 0301", "9123456780", "202-555-0143", "70123 45678", "030 23125 001"],
        Land=["India", "UK", "IN", "USA", "", "Deutschland"],
    )
    mapping = mapping_of(propose(table))
    assert mapping.lead.phone_number.region_column == "Land"
    assert mapping.defaults.region == "IN"


def test_a_country_column_that_is_not_that_of_the_numbers_is_only_mentioned() -> None:
    suggestion = propose(a_list(Country=["Ghana", "Peru", "Malta", "Kenya", "Chile", "Nepal"]))
    assert mapping_of(suggestion).lead.phone_number.region_column is None
    assert any("with it, fewer of them are valid" in look.text for look in suggestion.looks)


def test_numbers_with_country_codes_need_no_guess() -> None:
    suggestion = propose(a_list(Phone=["+91 98765 43210", "+919123456780", "", "", "", ""]))
    assert not [look for look in suggestion.looks if "numbers of" in look.text]


# dates


def opt_ins(*dates: str) -> dict[str, Sequence[str]]:
    return a_list(**{"Opt-in": [*dates, *[""] * (6 - len(dates))]})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dates", "formats"),
    [
        (("2026-01-05", "2026-02-06 10:00"), ()),
        (("05/01/2026", "16/02/2026"), ("%d/%m/%Y",)),
        (("01/05/2026 10:00", "02/16/2026 23:59"), ("%m/%d/%Y %H:%M",)),
        (("05.01.2026", "06.01.2026 10:00", "31.01.2026"), ("%d.%m.%Y", "%d.%m.%Y %H:%M")),
        (("05-Jan-2026", "16-Feb-2026"), ("%d-%b-%Y",)),
        (("1767225600", "1769904000"), ("%s",)),
        (("2026-01-05", "17/02/2026"), ("%d/%m/%Y",)),
    ],
)
def test_the_format_that_fits_the_whole_column(dates: tuple[str, ...], formats: tuple[str, ...]) -> None:
    rule = mapping_of(propose(opt_ins(*dates))).lead.opt_in_date
    assert rule is not None
    assert rule.column == "Opt-in"
    assert rule.format == formats


def test_two_formats_that_fit_are_left_to_a_person() -> None:
    suggestion = propose(opt_ins("05/01/2026", "06/02/2026"))
    rule = mapping_of(suggestion).lead.opt_in_date
    assert rule is not None
    assert rule.format == ()
    assert '  # opt_in_date: {column: Opt-in, format: "%d/%m/%Y"}' in suggestion.text
    assert '  # opt_in_date: {column: Opt-in, format: "%m/%d/%Y"}' in suggestion.text
    assert any(look.must and "equally well" in look.text for look in suggestion.looks)


def test_either_line_that_is_left_to_a_person_works() -> None:
    text = propose(opt_ins("05/01/2026", "06/02/2026")).text
    kept = "\n".join(line for line in text.splitlines() if line != "  opt_in_date: Opt-in")
    rule = parse_mapping(
        kept.replace('  # opt_in_date: {column: Opt-in, format: "%m', '  opt_in_date: {column: Opt-in, format: "%m'),
        "m",
    ).mapping.lead.opt_in_date
    assert rule is not None
    assert rule.format == ("%m/%d/%Y",)


def test_a_date_of_creation_is_no_consent_unless_a_person_says_so() -> None:
    suggestion = propose(a_list(**{"Created at": ["2026-01-05"] * 6}))
    assert mapping_of(suggestion).lead.opt_in_date is None
    assert "  # opt_in_date: Created at" in suggestion.text


# ids


def test_a_column_of_row_numbers_is_no_id() -> None:
    rest = {"Account Id": [f"x{n}" for n in range(6)], "Name": NAMES, "Phone": MOBILES}
    assert mapping_of(propose({"Index": list("123456"), **rest})).lead.crm_id.column == "Account Id"


def test_row_numbers_with_gaps_are_no_id_either() -> None:
    table = {"Sr. No.": ["101", "103", "107", "109", "112", "115"], "Name": NAMES, "Phone": MOBILES}
    assert mapping_of(propose(table)).lead.crm_id.digest_of == ("Phone",)


def test_an_id_that_repeats_too_often_is_none() -> None:
    assert mapping_of(propose(a_list(ID=["a", "a", "a", "b", "b", "b"]))).lead.crm_id.digest_of == ("Phone",)


def test_without_an_id_one_is_made_of_what_tells_rows_apart() -> None:
    emails = [f"p{n}@mail.example" for n in range(6)]
    suggestion = propose({"Name": NAMES, "Phone": MOBILES, "E-mail": emails})
    rule = mapping_of(suggestion).lead.crm_id
    assert (rule.digest_of, rule.prefix) == (("E-mail",), "leads-")
    assert any("no column is an id" in look.text for look in suggestion.looks)


def test_an_unnamed_code_that_is_different_in_every_row_is_proposed_with_a_question() -> None:
    table = {"Vorgang": [f"AB-{n}77" for n in range(6)], "Name": NAMES, "Phone": MOBILES}
    suggestion = propose(table)
    assert mapping_of(suggestion).lead.crm_id.column == "Vorgang"
    assert any("Is it?" in look.text for look in suggestion.looks)


# what is missing


def test_a_list_without_phones_loads_and_says_what_to_do() -> None:
    suggestion = propose({"ID": list("abcdef"), "Name": NAMES})
    assert mapping_of(suggestion).lead.phone_number.column in {"ID", "Name"}
    assert any(look.must and "no column seems to hold phone numbers" in look.text for look in suggestion.looks)


def test_a_list_without_names_loads_and_can_send_nothing_by_mistake() -> None:
    suggestion = propose({"ID": list("abcdef"), "Phone": MOBILES, "Ort": ["Köln"] * 6})
    rule = mapping_of(suggestion).lead.first_name
    assert rule.one_of == ("TODO: name the column of the first name",)
    assert any(look.must for look in suggestion.looks)


# owners, consent, attributes


def test_owners_by_name_are_listed_for_a_person_to_fill_in() -> None:
    suggestion = propose(a_list(Owner=["Asha Rao", "Ben: Okafor"] * 3))
    assert mapping_of(suggestion).assign is None
    uncommented = suggestion.text.partition("# assign:")[2].partition("\n\n")[0].replace("\n# ", "\n")
    assert yaml.safe_load(f"assign:{uncommented}")["assign"]["by"]["map"] == {
        "Asha Rao": "asha.rao@yourcompany.example",
        "Ben: Okafor": "ben.okafor@yourcompany.example",
    }


def test_owners_by_id_are_proposed_as_ids() -> None:
    suggestion = propose(a_list(Owner=["u17", "u29"] * 3))
    assert mapping_of(suggestion).assign is None
    assert "#   user_id: Owner" in suggestion.text


@pytest.mark.parametrize(
    ("name", "cells", "line"),
    [
        ("Consent", ["yes", "Y", "no", "yes", "", "no"], 'one_of: ["yes", "Y"]}  # yes 2, no 2, Y 1, blank 1'),
        ("Do not call", ["false", "true", "false"] * 2, 'one_of: ["false"]}  # false 4, true 2'),
        ("Werbesperre", ["x", "", "", "", "", ""], 'not_blank: "false"}  # x 1, blank 5'),
        ("Opt Out", ["opted out", "opted in"] * 3, "one_of: [opted in]}  # opted out 3, opted in 3"),
        (
            "Unsubscribed",
            ["unsubscribed", "Opt-Out", ""] * 2,
            'not_blank: "false"}  # unsubscribed 2, Opt-Out 2, blank 2',
        ),
        ("Email opt out", ["Subscribed", "Unsubscribed"] * 3, "one_of: [Subscribed]}  # Subscribed 3, Unsubscribed 3"),
        ("Opt in", ["opted in", "opted out"] * 3, "one_of: [opted in]}  # opted in 3, opted out 3"),
        ("GDPR consent", ["given", "withdrawn", "refused"] * 2, "one_of: [given]}  # given 2, withdrawn 2, refused 2"),
    ],
)
def test_consent_is_a_condition_to_uncomment(name: str, cells: list[str], line: str) -> None:
    suggestion = propose(a_list(**{name: cells}))
    line = f"#   - {{column: {name}, {line}"
    assert mapping_of(suggestion).where == ()
    assert line in suggestion.text
    text = suggestion.text.replace("# where:", "where:").replace(line, line.removeprefix("# "))
    assert [condition.column for condition in parse_mapping(text, "m").mapping.where] == [name]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        (["12", "7", "1200", "0", "3", "4"], "{column: Extra, type: integer}"),
        (["1.5", "7", "1200", "0", "3", "4"], "{column: Extra, type: number}"),
        (["01067", "50667", "10115", "80331", "20095", "60311"], "Extra"),
        (["yes", "no", "no", "yes", "no", ""], "{column: Extra, type: boolean}"),
        (["2026-01-05", "2026-01-06"] * 3, "{column: Extra, type: date}"),
        (["25/01/2026", "26/01/2026"] * 3, '{column: Extra, type: date, format: "%d/%m/%Y"}'),
        (["25/01/2026 10:00", "26/01/2026 11:00"] * 3, '{column: Extra, type: datetime, format: "%d/%m/%Y %H:%M"}'),
        (["a;b", "b", "a; c", "c", "a;b", "b"], '{column: Extra, type: list, separator: ";"}'),
        (['{"a": 1}', "[2]", "[]", "", "", ""], "{column: Extra, type: json}"),
        (["some", "text", "12", "", "", ""], "Extra"),
    ],
)
def test_other_columns_are_attributes_in_comments_with_a_type(cells: list[str], rule: str) -> None:
    suggestion = propose(a_list(Extra=cells))
    assert f"    # extra: {rule}" in suggestion.text
    text = suggestion.text.replace("    # extra:", "    extra:")
    assert "extra" in parse_mapping(text, "m").mapping.lead.attributes


def test_what_is_known_becomes_an_attribute() -> None:
    table = a_list(
        **{"E-Mail": [f"P{n}@mail.example" for n in range(6)], "Stadt": ["Köln"] * 6, "Herkunft": ["Messe", "Web"] * 3}
    )
    attributes = mapping_of(propose(table)).lead.attributes
    assert list(attributes) == ["email", "city", "source"]


def test_empty_columns_are_named_and_not_proposed() -> None:
    suggestion = propose(a_list(Nothing=[""] * 6))
    assert "Empty in this file: “Nothing”" in suggestion.text
    assert "# nothing:" not in suggestion.text


def test_no_cell_of_a_person_stands_in_the_mapping() -> None:
    emails = [f"p{n}@mail.example" for n in range(6)]
    text = propose(a_list(**{"E-mail": emails, "City": ["Köln"] * 6, "Note": ["ill"] * 6})).text
    for cell in (*MOBILES, *NAMES, *emails, "Köln", "ill"):
        assert f" {cell} " not in text.replace("\n", " ").replace(",", " ")


def test_what_a_person_had_to_say_is_kept() -> None:
    given = ReadOptions(sheet="Tab 2: new", header_row=4, encoding="cp1252", delimiter="\t")
    source = mapping_of(propose(a_list(), given)).source
    assert (source.sheet, source.header_row, source.encoding, source.delimiter) == ("Tab 2: new", 4, "cp1252", "\t")


def test_looks_point_to_their_lines() -> None:
    suggestion = propose(opt_ins("05/01/2026", "06/02/2026") | {"Owner": ["Asha Rao"] * 6})
    lines = suggestion.text.splitlines()
    assert len(suggestion.looks) >= 3
    for look in suggestion.looks:
        assert lines[look.line - 1].lstrip(" #").startswith(("TODO: " if look.must else "LOOK: ") + look.text[:20])


def test_the_columns_say_what_becomes_of_them() -> None:
    seen = {column.name: column for column in propose(a_list(Extra=["x", "", "x", "y", "z", "w"])).columns}
    assert seen["Name"].becomes == "first_name, last_name"
    assert seen["Extra"].becomes == ""
    assert (seen["Extra"].filled, seen["Extra"].samples) == (5, ("x", "y", "z"))


# decided by share and by name, not by the worst cell

THIRTY = {
    "Lead ID": [f"L-{n:03}" for n in range(30)],
    "Name": NAMES * 5,
    "Phone": [f"+9198765432{n:02}" for n in range(30)],
    "E-mail": [f"a{n}@leads.example" for n in range(30)],
    "Score": [str(n) for n in range(30)],
}


def thirty(**last: str) -> dict[str, list[str]]:
    """Thirty sound rows with other cells in the last one."""
    return {name: [*cells[:-1], last.get(name, cells[-1])] for name, cells in THIRTY.items()}


def test_one_bad_address_leaves_the_check_of_addresses_on_and_is_said() -> None:
    suggestion = propose(thirty(**{"E-mail": "n/a"}))
    (email,) = mapping_of(suggestion).lead.attributes.values()
    assert isinstance(email, AttributeRule)
    assert (email.matches, email.on_problem) == ("email", "blank")
    assert "cells without an e-mail address in them: 1;" in line_with(suggestion, "email:")


def test_a_line_below_the_table_hides_no_id() -> None:
    footer = {"Lead ID": "Total: 29 leads exported", "Name": "", "Phone": "", "E-mail": ""}
    assert mapping_of(propose(thirty(**footer))).lead.crm_id.column == "Lead ID"
    counted = thirty(**footer) | {"Lead ID": [*map(str, range(1, 30)), footer["Lead ID"]]}
    assert mapping_of(propose({"Row": counted.pop("Lead ID"), **counted})).lead.crm_id.column is None


def test_a_line_below_the_table_hides_no_country_and_no_date() -> None:
    table = thirty() | {
        "Country": [*["IN", "GB"] * 14, "US", "x" * 200],
        "Created": [*map(str, range(1700000000, 1700000029)), "Total"],
    }
    suggestion = propose(table)
    assert "country: Country" in suggestion.text
    assert '# opt_in_date: {column: Created, format: "%s"}' in suggestion.text


@pytest.mark.parametrize(
    ("cells", "is_state"),
    [(["EMEA", "APAC", "AMER"], False), (["North", "South", "EMEA North"], False), (["Kerala", "Bihar", "Goa"], True)],
)
def test_the_regions_of_a_sales_team_are_no_states(cells: list[str], is_state: bool) -> None:
    attributes = mapping_of(propose(thirty() | {"Region__c": cells * 10})).lead.attributes
    assert ("state" in attributes) is is_state


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        ("Unsubscribed at", ["2024-01-05", ""], 'not_blank: "false"'),
        ("GDPR Consent", ["2024-01-05", "2024-02-05"], ""),
        ("DND", ["DND", "NON-DND"], "one_of: [NON-DND]"),
        ("Do Not Email", ["Do not email", "OK"], "one_of: [OK]"),
        ("Subscription Status", ["Subscribed", "Unsubscribed", "Bounced"], "one_of: [Subscribed]"),
        ("Einwilligung", ["erteilt", "widerrufen"], "one_of: [erteilt]"),
        ("Blacklist", ["x", ""], 'not_blank: "false"'),
        ("Suppressed", ["level 3", ""], ""),
        ("No Call", ["yes", "no"], "one_of: "),
    ],
)
def test_whatever_is_in_a_column_about_contact_it_must_be_looked_at(name: str, values: list[str], line: str) -> None:
    suggestion = propose(thirty() | {name: (values * 30)[:30]})
    (look,) = [look for look in suggestion.looks if f"“{name}”" in look.text]
    assert look.must
    assert line in suggestion.text
    assert ("# where:" in suggestion.text) == bool(line)
    assert mapping_of(suggestion).where == ()


@pytest.mark.parametrize("name", ["Do not contact", "Unsubscribed", "GDPR consent", "DND__c"])
def test_columns_about_contact_must_be_looked_at(name: str) -> None:
    suggestion = propose(thirty() | {name: [*["yes", "no"] * 14, "yes", "ask again"]})
    (look,) = [look for look in suggestion.looks if name in look.text]
    assert look.must
    assert "ask again" not in line_with(suggestion, "#   - ").partition("}")[0]


def test_without_an_id_the_address_goes_before_the_number_before_the_name() -> None:
    table = thirty()
    del table["Lead ID"], table["Score"]
    rule = mapping_of(propose(table)).lead.crm_id
    assert (rule.digest_of, rule.digest_as) == (("E-mail",), "normalized")
    spellings = ("".join(c.upper() if n >> at & 1 else c for at, c in enumerate("sales")) for n in range(30))
    table["E-mail"] = [f"{name}@leads.example" for name in spellings]  # one address in thirty spellings
    assert mapping_of(propose(table)).lead.crm_id.digest_of == ("Phone",)
    del table["E-mail"]
    assert mapping_of(propose(table)).lead.crm_id.digest_of == ("Phone",)


def test_what_is_proposed_for_attributes_rejects_no_row() -> None:
    table = thirty() | {"Joined on": ["2026-01-31"] * 30, "Active": ["yes", "no"] * 15}
    assert "# score: {column: Score, type: integer}" in propose(table).text
    bad = {name: [*cells[:-1], "soon"] for name, cells in table.items() if name in ("Score", "Joined on", "Active")}
    text = propose(table | bad).text
    assert all(f"# {key}: {name}\n" in text for key, name in [("score", "Score"), ("active", "Active")])
    assert "# joined_on: Joined on\n" in text
