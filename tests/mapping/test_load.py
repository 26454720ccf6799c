import hashlib
from pathlib import Path

import pytest

from importer.errors import MappingError
from importer.exit_codes import ExitCode
from importer.mapping.file.load import load_mapping, parse_mapping

GOOD = """\
version: 1
name: webinar
lead:
  crm_id: Lead ID
  first_name: First name
  phone_number: {column: Mobile, region: NO}
  attributes:
    answer: {value: NO}
    zero: {value: 010}
    phone: {value: +12025550100}
    time: {value: 12:30}
    nothing: {value: null}
    amount: {column: Amount, type: number, minimum: 0.5, required: yes}
"""


def mistakes_in(text: str) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        parse_mapping(text, "m.yaml")
    assert [mistake.line for mistake in caught.value.mistakes] == sorted(m.line for m in caught.value.mistakes)
    return {f"{mistake.line} {mistake.key}".strip(): mistake.message for mistake in caught.value.mistakes}


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_every_scalar_stays_the_text_that_was_written() -> None:
    attributes = parse_mapping(GOOD, "m.yaml").mapping.lead.attributes
    values = {key: rule.value for key, rule in attributes.items()}
    assert values == {
        "answer": "NO",
        "zero": "010",
        "phone": "+12025550100",
        "time": "12:30",
        "nothing": "null",
        "amount": None,
    }


def test_numbers_and_booleans_are_read_where_a_key_asks_for_one() -> None:
    loaded = parse_mapping(GOOD, "m.yaml")
    amount = loaded.mapping.lead.attributes["amount"]
    assert (amount.minimum, amount.required, loaded.mapping.version) == (0.5, True, 1)


def test_the_region_no_is_norway() -> None:
    assert parse_mapping(GOOD, "m.yaml").mapping.lead.phone_number.region == "NO"


def test_a_loaded_mapping_knows_its_file_and_lines(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    loaded = load_mapping(path)
    assert loaded.path == str(path)
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert loaded.lines["lead", "attributes", "zero", "value"] == 9
    assert loaded.line(("lead", "crm_id", "column")) == 4


def test_sections_without_lines_are_left_out() -> None:
    mapping = parse_mapping(GOOD + "source:\ndefaults:\nwhere:\nassign:\nevents:\nduplicates:\n", "m.yaml").mapping
    assert (mapping.where, mapping.assign, mapping.events, mapping.defaults.timezone) == ((), None, (), "UTC")


def test_all_mistakes_are_reported_at_once_each_with_its_line() -> None:
    found = mistakes_in(
        """\
version: 2
nam: x
lead:
  crm_id: {column: ID, min_length: many}
  first_name: ""
  attributes:
    city: {colunm: City, type: integr}
    when: {column: When, type: date, format: dd/mm/yyyy, timezone: Kolkata}
    code: {column: Code, transform: [lowr]}
defaults: {region: UK}
events:
  - evnt: X
assign:
  round_robin: [a@x.example, {user: b, weight: 0}]
"""
    )
    assert found == {
        "1 version": "this importer reads version 1; it says “2”",
        "1 name": "is missing; give the mapping a short name, which becomes part of the run id",
        "2 nam": "is not a key that belongs here; did you mean name?",
        "3 lead.phone_number": "is missing; every lead needs it: write phone_number: and the name of its column",
        "4 lead.crm_id.min_length": "must be a whole number; it says “many”",
        "5 lead.first_name": "is blank; name a column, or remove the line",
        "7 lead.attributes.city.type": "must be text, integer, number, boolean, date, datetime, list or json; "
        "it says “integr”; did you mean integer?",
        "7 lead.attributes.city.colunm": "is not a key that belongs here; did you mean column?",
        "8 lead.attributes.when.format": "“dd/mm/yyyy” has no directives such as %d, %m, %Y; did you mean %d/%m/%Y?",
        "8 lead.attributes.when.timezone": "there is no time zone “Kolkata”; did you mean Asia/Kolkata?",
        "9 lead.attributes.code.transform[0]": "there is no transform “lowr”; did you mean lower?",
        "10 defaults.region": "“UK” is not a country code of two letters such as IN, US, GB; did you mean GB?",
        "12 events[0].event": "is missing",
        "12 events[0].evnt": "is not a key that belongs here; did you mean event?",
        "14 assign.round_robin[1].weight": "must be at least 1; it says “0”",
    }


@pytest.mark.parametrize(
    ("line", "key", "part"),
    [
        ("base_url: https://x.example", "base_url", "never holds a server, an organization or a credential"),
        ("org: 12", "org", "never holds a server"),
        ("api_key: sesame", "api_key", "never holds a server"),
        ("x-org-api-key: sesame", "x-org-api-key", "never holds a server"),
        ("token: sesame", "token", "never holds a server"),
        ("in_file: first", "in_file", "belongs to duplicates"),
        ("crm_id: ID", "crm_id", "belongs to lead"),
        ("colour: red", "colour", "is not a key that belongs here; there are version, name, source"),
        ("unmapped: attribute", "unmapped", "must be ignore or attributes; it says “attribute”; did you mean"),
        ("where: {column: A, not_blank: true}", "where", "must be a list: begin each line with a dash"),
        ("where: [{column: A}]", "where[0]", "needs exactly one of one_of, not_blank; it has neither"),
        ("where: [{column: A, one_of: []}]", "where[0].one_of", "has nothing in it"),
        ("where: [{column: A, not_blank: perhaps}]", "where[0].not_blank", "must be true or false"),
        ("source: {header_row: 0}", "source.header_row", "must be at least 1; it says “0”"),
        ("source: leads.csv", "source", "must have keys below it (key: value); it says “leads.csv”"),
        ("assign: {when_blank: skip}", "assign", "needs exactly one of user_email, user_id, round_robin, by; it has"),
        ("assign: {user_id: A, by: {column: B, map: {a: b}}}", "assign", "it has user_id and by"),
        ("assign: {by: {column: B, map: {}}}", "assign.by.map", "has nothing in it"),
        ("assign: {round_robin: [a, a]}", "assign.round_robin", "a is listed twice"),
        ("assign: {user_email: A, when_blank: u-1}", "assign.when_blank", "“u-1” is not an e-mail address"),
        ("assign: {user_id: {value: a@x.example}}", "assign.user_id", "value: “a@x.example” is an e-mail address"),
        ("assign: {user_id: A, when_blank: Problems}", "assign.when_blank", "did you mean problem?"),
        (f"assign: {{round_robin: [{'a' * 320}]}}", "assign.round_robin[0]", "has 320 characters; at most 319"),
        (f"events: [{{event: {'E' * 257}}}]", "events[0].event", "has 257 characters; at most 256 are possible"),
        ("events: [{event: E, attributes: {a: [b]}}]", "events[0].attributes.a", "must be a column name, or a rule"),
        ("events: [LEAD]", "events[0]", "must be keys with values (- key: value); it says “LEAD”"),
        ("duplicates: {phone: forbid}", "duplicates.phone", "must be warn, problem or allow; it says “forbid”"),
    ],
)
def test_a_mistake_below_the_lead_says_what_is_wrong_and_what_to_do(line: str, key: str, part: str) -> None:
    found = mistakes_in(f"{GOOD}{line}\n")
    assert list(found) == [f"14 {key}"]
    assert part in found[f"14 {key}"]
    assert "sesame" not in str(found)


@pytest.mark.parametrize(
    ("rule", "key", "part"),
    [
        ("{}", "", "has nothing in it"),
        ("{type: integer, required: true}", "", "does not say where the value comes from: it needs one of column"),
        ("{column: A, value: b}", ".value", "one of column, columns, value, template, digest_of, provenance; it has"),
        ("{column: A, provenance: run}", ".provenance", "it has column and provenance"),
        ("{provenance: rows}", ".provenance", "must be run, file, sheet, row or date; it says “rows”; did you mean"),
        ("{provenanc: row}", ".provenanc", "is not a key that belongs here; did you mean provenance?"),
        ("{provenance: date, type: date}", ".type", "must be text for a provenance, or integer for provenance: row"),
        ("{provenance: file, type: integer}", ".type", "must be text for a provenance"),
        ("{column: A, prefix: b}", ".prefix", "belongs to digest_of"),
        ("{column: A, digest_as: normalized}", ".digest_as", "belongs to digest_of"),
        ("{digest_of: A, digest_as: normal}", ".digest_as", "normalized"),
        ("{column: A, otherwise: keep}", ".otherwise", "belongs to map or lookup"),
        ("{column: A, map: {a: b}, lookup: {file: f, key: k, value: v}}", ".lookup", "keep one of them"),
        ("{column: A, lookup: owners.csv}", ".lookup", "must have keys below it (key: value); it says “owners.csv”"),
        ("{column: A, lookup: {key: k, value: v}}", ".lookup.file", "is missing"),
        ("{column: A, lookup: {fil: f, file: f, key: k, value: v}}", ".lookup.fil", "did you mean file?"),
        ("{column: A, lookup: {file: f, key: '', value: v}}", ".lookup.key", "is blank"),
        ("{column: A, lookup: {file: ../f.csv, key: k, value: v}}", ".lookup.file", "must be in the folder of the"),
        ("{column: A, lookup: {file: /etc/passwd, key: k, value: v}}", ".lookup.file", "must be in the folder"),
        (r"{column: A, lookup: {file: 'C:\f.csv', key: k, value: v}}", ".lookup.file", "must be in the folder"),
        (r"{column: A, lookup: {file: 'a\..\..\f', key: k, value: v}}", ".lookup.file", "must be in the folder"),
        ("{column: A, map: {}}", ".map", "has nothing in it"),
        ("{column: A, minimum: 1}", ".minimum", "belongs to an attribute of type: integer or type: number"),
        ("{column: A, type: number, minimum: 5, maximum: 3}", "", "minimum 5 is more than maximum 3"),
        ("{column: A, min_length: 5, max_length: 3}", "", "min_length 5 is more than max_length 3"),
        ("{column: A, type: number, minimum: nan}", ".minimum", "must be a number; it says “nan”"),
        ("{column: A, format: '%d.%m.%Y'}", ".format", "belongs to an attribute of type: date or type: datetime"),
        ("{column: A, type: date, format: '%d.%m'}", ".format", "“%d.%m” needs exactly one year"),
        ("{column: A, type: date, format: '%K'}", ".format", "“%K” has %K, which is not among"),
        ("{column: A, separator: ;}", ".separator", "belongs to an attribute of type: list"),
        ("{column: A, region: IN}", ".region", "belongs to lead.phone_number"),
        ("{column: A, matches: mail}", ".matches", "it says “mail”; did you mean email?"),
        ("{column: A, pattern: '[A-Z'}", ".pattern", "“[A-Z” is not a pattern: missing ]: [A-Z"),
        ("{column: A, pattern: 'a)|(b'}", ".pattern", "“a)|(b” is not a pattern: unexpected ): a)|(b"),
        (r"{column: A, pattern: '\Qa'}", ".pattern", r"“\Qa” is not a pattern: missing )"),
        ("{column: A, pattern: '(?<=a)b'}", ".pattern", "invalid perl operator: (?<=; RE2 has no look-around"),
        (r"{column: A, pattern: '(a)\1'}", ".pattern", r"invalid escape sequence: \1; RE2 has no look-around"),
        (r"{column: A, pattern: '\pL{1000}'}", ".pattern", "pattern too large"),
        (f"{{column: A, pattern: '{'a' * 1001}'}}", ".pattern", "has 1001 characters; at most 1000 are possible"),
        ("{column: A, pattern: ''}", ".pattern", "is blank"),
        ("{column: A, pattern: [a, b]}", ".pattern", "must be text; here is a list"),
        ("{column: A, pattern: a, type: list}", ".pattern", "an attribute of type: list is none"),
        ("{column: A, pattern_says: a code}", ".pattern_says", "belongs to pattern"),
        ("{column: A, on_problem: drop}", ".on_problem", "must be reject or blank; it says “drop”"),
        ("{column: A, required: true, on_problem: blank}", "", "on_problem: blank leaves wrong ones out; remove one"),
        ("{column: ''}", ".column", "is blank; name a column"),
        ("{columns: []}", ".columns", "has nothing in it"),
        ("{template: Hello}", ".template", "“Hello” names no column in braces"),
        ("{template: '{First} {Last'}", ".template", "“{First} {Last” has a { without its partner"),
        ("[A]", "", "must be a column name, or a rule such as {column: City}; here is a list"),
    ],
)
def test_a_mistake_in_a_rule_says_what_is_wrong(rule: str, key: str, part: str) -> None:
    text = changed("    answer: {value: NO}\n", f"    x: {rule}\n")
    found = mistakes_in(text)
    assert list(found) == [f"8 lead.attributes.x{key}"]
    assert part in found[f"8 lead.attributes.x{key}"]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("  city: City", "is no lead field; put it below lead.attributes"),
        ("  fist_name: First", "did you mean first_name?"),
        ("  last_name: {column: L, region: IN}", "belongs to lead.phone_number"),
        ("  last_name: {provenance: file}", "belongs to a rule of lead.attributes"),
        ("  last_name: {column: L, type: text}", "belongs to a rule of lead.attributes"),
        ("  last_name: {column: L, format: '%d'}", "belongs to lead.opt_in_date, or an attribute of type: date"),
        ("  last_name:", "is blank; name a column, or remove the line"),
    ],
)
def test_a_mistake_in_a_lead_field_says_where_things_belong(line: str, part: str) -> None:
    found = mistakes_in(changed("  first_name: First name\n", f"  first_name: First name\n{line}\n"))
    [(place, message)] = found.items()
    assert place.startswith("6 lead.")
    assert part in message


def test_what_every_lead_needs_is_not_left_out() -> None:
    found = mistakes_in(
        """\
version: 1
name: x
lead:
  crm_id: {column: ID, on_problem: blank}
  first_name:
    column: Name
    on_problem: blank
  phone_number: {column: Phone, on_problem: blank}
  last_name: {column: Name, on_problem: blank}
  opt_in_date: {column: Since, on_problem: blank}
assign:
  user_email:
    column: Owner
    on_problem: blank
"""
    )
    assert found == {
        "4 lead.crm_id.on_problem": "blank is for optional fields, and every lead needs a crm_id",
        "7 lead.first_name.on_problem": "blank is for optional fields, and every lead needs a first_name",
        "8 lead.phone_number.on_problem": "blank is for optional fields, and every lead needs a phone_number",
        "14 assign.user_email.on_problem": "blank is for fields of the lead; when_blank says who gets a lead",
    }


def test_a_constant_crm_id_is_a_mistake() -> None:
    found = mistakes_in(changed("crm_id: Lead ID", "crm_id: {value: L1}"))
    assert found == {"4 lead.crm_id": "a constant value would give every row the same id; name a column"}


def test_nested_attributes_may_be_called_like_keys_of_a_rule_when_written_in_full() -> None:
    text = changed("    answer: {value: NO}\n", "    deal: {value: {column: Amount}, type: {value: {column: Type}}}\n")
    deal = parse_mapping(text, "m.yaml").mapping.lead.attributes["deal"]
    assert deal.nested["value"].column == "Amount"
    assert deal.nested["type"].nested["value"].column == "Type"


def test_a_file_that_is_not_there_is_a_mapping_error(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"mapping file .* not found") as caught:
        load_mapping(tmp_path / "none.yaml")
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.tip == f"Create one: importer init FILE -o {tmp_path}/none.yaml"
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path)


def test_a_file_that_is_too_large_or_not_utf8_is_a_mapping_error(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(b"#" * (256 * 1024 + 1))
    with pytest.raises(MappingError, match="larger than 256 KiB"):
        load_mapping(path)
    path.write_bytes("version: 1\nname: café\n".encode("cp1252"))
    with pytest.raises(MappingError, match="line 2: this is not UTF-8; save the file as UTF-8"):
        load_mapping(path)
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(MappingError, match="it is UTF-16"):
        load_mapping(path)


def test_the_error_shows_the_file_and_every_line() -> None:
    with pytest.raises(MappingError) as caught:
        parse_mapping(changed("crm_id", "crmid"), "lists/m.yaml")
    assert caught.value.message.splitlines() == [
        "lists/m.yaml: 2 mistakes",
        "  line 3: lead.crm_id: is missing; every lead needs it: write crm_id: and the name of its column",
        "  line 4: lead.crmid: is not a key that belongs here; did you mean crm_id?",
    ]
    assert "docs/mapping.md" in caught.value.tip
