from collections.abc import Callable, Sequence

import pandas as pd
import pytest

from importer.mapping.mapper import Mapper
from importer.model.batch import MappedBatch

WEBINAR = """\
version: 1
name: webinar
defaults: {region: IN, timezone: Asia/Kolkata}
where:
  - {column: Consent, one_of: ["yes", "y", "true", "1"]}
lead:
  crm_id: Lead ID
  first_name: {column: Name, part: first}
  last_name: {column: Name, part: last}
  phone_number: {columns: [Mobile, Phone], region_column: Country}
  opt_in_date: {column: Opt-in, format: ["%d/%m/%Y %H:%M", "%d/%m/%Y"], unit: s}
  attributes:
    city: City
    score: {column: Score, type: integer}
    tier: {column: Tier, map: {"1": gold, "2": silver}, otherwise: problem}
    campaign: {value: webinar-nov}
    address: {street: Street, zip: ZIP}
assign:
  user_email: Owner
  when_blank: skip
events:
  - event: LEAD_IMPORTED
    key: "2026-W47"
    when: {column: Stage, not_blank: true}
    attributes: {stage: Stage, list: {value: webinar-nov}}
"""
ASHA = {
    "Lead ID": " L-1 ",
    "Name": "Asha Rao",
    "Mobile": "",
    "Phone": "098765 43210",
    "Country": "India",
    "Opt-in": "22/11/2026 10:00",
    "City": "\u00a0Pune\u200b",
    "Score": "12",
    "Tier": "1",
    "Street": "MG Road",
    "ZIP": "011001",
    "Owner": "asha@x.example",
    "Stage": "Won",
    "Consent": " YES ",
    "Notes": "n",
}


def problems_of(mapped: MappedBatch) -> list[tuple[int, str, str, str, str]]:
    return [(p.row, p.code, p.field, p.column, p.value) for p in mapped.problems]


@pytest.mark.slow
def test_a_whole_mapping_is_applied(mapper_for: Callable[[str, Sequence[str]], Mapper]) -> None:
    ben = dict.fromkeys(ASHA, "") | {
        "Lead ID": "L-2",
        "Name": "Ben",
        "Phone": "12",
        "Score": " 1.5",
        "Tier": "3",
        "Consent": "y",
        "Opt-in": "2026-13-01",
    }
    gone = ben | {"Consent": "no"}
    frame = pd.DataFrame([ASHA, gone, ben], index=[4, 5, 9], dtype="str")
    mapper = mapper_for(WEBINAR, list(frame.columns))
    mapped = mapper.apply(frame)
    assert mapped.frame.loc[4].to_dict() == {
        "crm_id": "L-1",
        "first_name": "Asha",
        "last_name": "Rao",
        "phone_number": "+919876543210",
        "opt_in_date": "1795321800",
        "attributes.city": "Pune",
        "attributes.score": "12",
        "attributes.tier": "gold",
        "attributes.campaign": "webinar-nov",
        "attributes.address.street": "MG Road",
        "attributes.address.zip": "011001",
        "assign": "asha@x.example",
        "events[0].attributes.stage": "Won",
        "events[0].attributes.list": "webinar-nov",
        "events[0]": True,
    }
    assert mapped.filtered.to_dict() == {4: False, 5: True, 9: False}
    assert mapped.frame.loc[5, "crm_id"] == "L-2"
    assert set(mapped.frame.loc[5].drop("crm_id")) == {"", False}
    assert problems_of(mapped) == [
        (9, "phone-invalid", "phone_number", "Phone", "12"),
        (9, "date-invalid", "opt_in_date", "Opt-in", "2026-13-01"),
        (9, "integer-invalid", "attributes.score", "Score", " 1.5"),
        (9, "value-not-in-map", "attributes.tier", "Tier", "3"),
    ]
    labels = ["phone_number", "opt_in_date", "attributes.score", "attributes.tier"]
    assert [mapped.frame.loc[9, label] for label in labels] == [""] * 4
    assert list(mapped.frame.columns[:-1]) == [target.label for target in mapper.targets]
    assert {str(kind) for kind in mapped.frame.dtypes} == {"str", "bool"}
    assert mapped.frame.index.tolist() == [4, 5, 9]


def test_targets_say_where_values_go_and_come_from(mapper_for: Callable[[str, Sequence[str]], Mapper]) -> None:
    targets = {target.label: target for target in mapper_for(WEBINAR, list(ASHA)).targets}
    phone, street = targets["phone_number"], targets["attributes.address.street"]
    assert (phone.place, phone.columns, phone.path) == ("lead", ("Mobile", "Phone", "Country"), ("phone_number",))
    assert (street.place, street.columns, street.path) == ("attribute", ("Street",), ("address", "street"))
    assert targets["attributes.score"].type == "integer"
    assert targets["attributes.campaign"].columns == ()
    assert (targets["assign"].place, targets["assign"].path) == ("assign", ("user_email",))
    stage = targets["events[0].attributes.stage"]
    assert (stage.place, stage.event, stage.path) == ("event_attribute", 0, ("stage",))
    assert targets["crm_id"].rule.column == "Lead ID"


def test_the_mapper_knows_every_column_that_is_read(mapper_for: Callable[[str, Sequence[str]], Mapper]) -> None:
    assert mapper_for(WEBINAR, list(ASHA)).columns == frozenset(ASHA) - {"Notes"}


def test_no_rows_are_mapped_to_no_rows(mapper_for: Callable[[str, Sequence[str]], Mapper]) -> None:
    mapped = mapper_for(WEBINAR, list(ASHA)).apply(pd.DataFrame(columns=list(ASHA), dtype="str"))
    assert mapped.frame.empty
    assert mapped.filtered.empty
    assert len(mapped.frame.columns) == 15


def test_a_batch_of_filtered_rows_only(mapper_for: Callable[[str, Sequence[str]], Mapper]) -> None:
    frame = pd.DataFrame([ASHA | {"Consent": "", "Phone": "x"}], index=[2], dtype="str")
    mapped = mapper_for(WEBINAR, list(ASHA)).apply(frame)
    assert mapped.filtered.tolist() == [True]
    assert not list(mapped.problems)
    assert mapped.frame.loc[2, "crm_id"] != ""
    assert mapped.frame.loc[2, "phone_number"] == ""


def test_source_columns_are_found_ignoring_case_and_spaces(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows({" lead  ID": "L-7"}, lead="  crm_id: Lead ID")
    assert mapped.frame["crm_id"].tolist() == ["L-7"]


# where it comes from


def test_columns_take_the_first_that_is_not_blank(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"A": " ", "B": "b", "C": "c"}, {"A": "a", "B": "b"}, {"C": ""}, lead="  attributes: {x: {columns: [A, B, C]}}"
    )
    assert mapped.frame["attributes.x"].tolist() == ["b", "a", ""]


def test_a_template_is_blank_only_when_all_its_cells_are(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"F": "Asha", "L": "Rao"},
        {"F": "", "L": "Rao"},
        {"F": " ", "L": ""},
        lead='  attributes: {x: {template: "{F} {{{L}}}"}, y: {template: "{F} {L}"}}',
    )
    assert mapped.frame["attributes.x"].tolist() == ["Asha {Rao}", "{Rao}", ""]
    assert mapped.frame["attributes.y"].tolist() == ["Asha Rao", "Rao", ""]


def test_a_digest_is_stable_and_blank_only_when_all_its_cells_are(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"E": "asha@x.example", "P": "1"},
        {"E": " asha@x.example ", "P": "1"},
        {"E": "asha@x.example1", "P": ""},
        {"E": "", "P": ""},
        lead="  crm_id: {digest_of: [E, P], prefix: web-}",
    )
    ids = mapped.frame["crm_id"].tolist()
    # printf '["asha@x.example","1"]' | sha256sum
    assert ids[0] == ids[1] == "web-0dc347d68f4f5d702613b65acb361ff1"
    assert ids[2].startswith("web-")
    assert ids[2] != ids[0]
    assert ids[3] == ""


@pytest.mark.parametrize(
    ("column", "spellings"),
    [
        ("E", ["Priya.W@x.example", "priya.w@X.example ", "\u200bPRIYA.W@x.example"]),
        ("Phone", ["098765 43210", "+91 98765-43210", "9876543210", "91 9876543210", "9876543210.0"]),
        ("Phone", ["12-34", "1234"]),
        ("N", ["José  García", "JOSE GARCIA", " Jose\u0301 garci\u0301a", "ｊosé García"]),
        ("N", ["Großmann", "GROSSMANN"]),
    ],
)
def test_a_normalized_digest_is_of_what_the_cells_mean(
    map_rows: Callable[..., MappedBatch], column: str, spellings: list[str]
) -> None:
    rows = [{column: text} for text in spellings]
    ids = {}
    for digest in ("", ", digest_as: normalized"):
        mapped = map_rows(*rows, {column: "other"}, lead=f"  crm_id: {{digest_of: [{column}]{digest}}}")
        ids[digest] = mapped.frame["crm_id"].tolist()
    assert len(set(ids[""])) > 2
    assert len({*ids[", digest_as: normalized"][:-1]}) == 1
    assert ids[", digest_as: normalized"][0] != ids[", digest_as: normalized"][-1]


def test_a_normalized_digest_is_that_of_the_canonical_spelling(map_rows: Callable[..., MappedBatch]) -> None:
    lead = "  crm_id: {digest_of: [E, Phone, N], digest_as: normalized}\n"
    lead += "  phone_number: {column: Phone, default: '+919876543211'}"
    mapped = map_rows({"E": "A@x.example", "Phone": "098765 43210", "N": "Éva Q"}, {"Phone": ""}, lead=lead)
    # printf '["a@x.example","+919876543210","eva q"]' | sha256sum
    assert mapped.frame["crm_id"].tolist() == ["5c9477e33fb640a677b8ce44349597c5", ""]


def test_a_normalized_digest_reads_numbers_in_the_country_of_their_row(map_rows: Callable[..., MappedBatch]) -> None:
    lead = "  crm_id: {digest_of: Phone, digest_as: normalized}\n  phone_number: {column: Phone, region_column: C}"
    rows = [
        {"Phone": "07806 480894", "C": "GB"},
        {"Phone": "+44 7806 480894", "C": ""},
        {"Phone": "07806480894", "C": "DE"},
    ]
    first, same, other = map_rows(*rows, lead=lead).frame["crm_id"].tolist()
    assert first == same != other


# what is done with it


def test_part_transform_map_and_default_in_this_order(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"X": "Asha  RAO"},
        {"X": "Ben HALL"},
        {"X": "Asha"},
        lead="  attributes:\n    x: {column: X, part: last, transform: [lower, title], default: none,"
        " map: {rao: R}, otherwise: keep}",
    )
    assert mapped.frame["attributes.x"].tolist() == ["R", "Hall", "none"]


@pytest.mark.parametrize(
    ("otherwise", "value", "codes"), [("keep", "c", []), ("blank", "", []), ("problem", "", ["value-not-in-map"])]
)
def test_otherwise_says_what_map_does_not(
    map_rows: Callable[..., MappedBatch], otherwise: str, value: str, codes: list[str]
) -> None:
    mapped = map_rows(
        {"X": "A"}, {"X": "c"}, lead=f"  attributes: {{x: {{column: X, map: {{a: b}}, otherwise: {otherwise}}}}}"
    )
    assert mapped.frame["attributes.x"].tolist() == ["b", value]
    assert [problem.code for problem in mapped.problems] == codes


def test_a_default_fills_blank_cells_but_never_hides_a_problem(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"X": ""}, {"X": "c"}, lead="  attributes: {x: {column: X, map: {a: '1'}, default: '7', type: integer}}"
    )
    assert mapped.frame["attributes.x"].tolist() == ["7", ""]
    assert problems_of(mapped) == [(5, "value-not-in-map", "attributes.x", "X", "c")]


@pytest.mark.parametrize(
    ("rule", "cell", "value"),
    [
        ("type: text", "007", "007"),
        ("type: integer", "007", "7"),
        ("type: number", "1.50", "1.5"),
        ("type: boolean", "Yes", "true"),
        ("type: date", "2026-11-22", "2026-11-22"),
        ("type: date, format: '%d.%m.%Y'", "22.11.2026", "2026-11-22"),
        ("type: date, unit: s", "1970-01-02", "86400"),
        ("type: datetime, timezone: Asia/Kolkata", "2026-11-22 15:04:05", "2026-11-22T15:04:05+05:30"),
        ("type: datetime, unit: ms", "1970-01-01T00:00:01Z", "1000"),
        ("type: list", "a, b,", '["a","b"]'),
        ("type: list, separator: ;", "a;b", '["a","b"]'),
        ("type: json", '{ "a": [1] }', '{"a":[1]}'),
    ],
)
def test_types_of_attributes(map_rows: Callable[..., MappedBatch], rule: str, cell: str, value: str) -> None:
    mapped = map_rows({"X": cell}, {"X": ""}, lead=f"  attributes: {{x: {{column: X, {rule}}}}}")
    assert mapped.frame["attributes.x"].tolist() == [value, ""]
    assert not list(mapped.problems)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("integer", "integer-invalid"),
        ("number", "number-invalid"),
        ("boolean", "boolean-invalid"),
        ("date", "date-invalid"),
        ("datetime", "date-invalid"),
        ("json", "json-invalid"),
    ],
)
def test_what_a_type_cannot_read_is_a_problem_with_the_raw_cell(
    map_rows: Callable[..., MappedBatch], kind: str, code: str
) -> None:
    mapped = map_rows(
        {"A": "", "B": " Zwölf "}, lead=f"  attributes: {{x: {{columns: [A, B], transform: upper, type: {kind}}}}}"
    )
    assert problems_of(mapped) == [(4, code, "attributes.x", "B", " Zwölf ")]
    assert mapped.frame["attributes.x"].tolist() == [""]


def test_of_a_letter_a_problem_keeps_what_it_shows(map_rows: Callable[..., MappedBatch]) -> None:
    for cell, kept in (("a " * 500, "a " * 500), ("a  " * 334, "a " * 29 + "a…")):
        mapped = map_rows({"A": cell}, lead="  attributes: {x: {column: A, type: integer}}")
        assert problems_of(mapped) == [(4, "integer-invalid", "attributes.x", "A", kept)]


def test_of_several_columns_the_first_that_is_not_blank_is_to_blame(map_rows: Callable[..., MappedBatch]) -> None:
    whole = "  attributes: {x: {columns: [A, B, C], type: integer}}"
    blank = {"A": " \u200b", "B": "Zwölf", "C": "zehn"}
    assert problems_of(map_rows(blank, lead=whole)) == [(4, "integer-invalid", "attributes.x", "B", "Zwölf")]
    joined = '  attributes: {x: {template: "{A} {B}", type: integer}}'
    assert problems_of(map_rows({"A": "12", "B": "x"}, lead=joined)) == [
        (4, "integer-invalid", "attributes.x", "A", "12")
    ]
    constant = '  attributes: {x: {columns: [A], type: integer}, y: {value: "7", type: integer}}'
    assert problems_of(map_rows({"A": "x"}, lead=constant)) == [(4, "integer-invalid", "attributes.x", "A", "x")]


# dates and phones


def test_the_opt_in_date_is_in_seconds_unless_the_mapping_says_milliseconds(
    map_rows: Callable[..., MappedBatch],
) -> None:
    row = {"When": "2026-11-22 05:30"}
    for unit, value in (("", "1795305600"), (", unit: s", "1795305600"), (", unit: ms", "1795305600000")):
        mapped = map_rows(row, lead=f"  opt_in_date: {{column: When, timezone: Asia/Kolkata{unit}}}")
        assert mapped.frame["opt_in_date"].tolist() == [value]


def test_the_default_timezone_is_used(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"When": "2026-11-22 05:30"}, lead="  opt_in_date: When", rest="defaults: {timezone: Asia/Kolkata}"
    )
    assert mapped.frame["opt_in_date"].tolist() == ["1795305600"]


def test_the_opt_in_date_lies_after_1999_and_not_in_the_future(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"When": "1999-12-31"},
        {"When": "2000-01-01"},
        {"When": "2026-11-23T12:00:00Z"},
        {"When": "2026-11-23T12:00:01Z"},
        lead="  opt_in_date: When\n  attributes: {born: {column: When, type: date}}",
    )
    assert problems_of(mapped) == [
        (4, "date-out-of-range", "opt_in_date", "When", "1999-12-31"),
        (7, "date-out-of-range", "opt_in_date", "When", "2026-11-23T12:00:01Z"),
    ]
    assert mapped.frame["attributes.born"].tolist()[0] == "1999-12-31"


@pytest.mark.parametrize(
    ("rule", "phone"),
    [
        ("{column: Phone}", "+919876543210"),
        ("{column: Phone, region: US}", ""),
        ("{column: Phone, region: US, region_column: Where}", "+919876543210"),
        ("{columns: [Other, Phone], region: IN}", "+12025550123"),
    ],
)
def test_the_country_of_a_phone_number(map_rows: Callable[..., MappedBatch], rule: str, phone: str) -> None:
    mapped = map_rows(
        {"Phone": "9876543210", "Where": "India", "Other": "+1 202 555 0123"}, lead=f"  phone_number: {rule}"
    )
    assert mapped.frame["phone_number"].tolist() == [phone]
    assert [p.code for p in mapped.problems] == ([] if phone else ["phone-invalid"])


# rows


@pytest.mark.parametrize(
    ("conditions", "kept"),
    [
        ("[]", [4, 5, 6]),
        ("[{column: X, one_of: A}]", [4]),
        ("[{column: X, one_of: [a, B]}]", [4, 5]),
        ("[{column: X, not_blank: true}]", [4, 5]),
        ("[{column: X, not_blank: false}]", [6]),
        ("[{column: X, not_blank: true}, {column: Y, one_of: ['1']}]", [5]),
    ],
)
def test_where_leaves_rows_out(map_rows: Callable[..., MappedBatch], conditions: str, kept: list[int]) -> None:
    mapped = map_rows(
        {"X": " A", "Y": "2"}, {"X": "b", "Y": "1"}, {"X": "\u00a0", "Y": "1"}, rest=f"where: {conditions}"
    )
    assert mapped.filtered.index[~mapped.filtered].tolist() == kept
    assert mapped.frame["crm_id"].tolist() == ["L1"] * 3
    assert (mapped.frame["first_name"] != "").tolist() == [row in kept for row in (4, 5, 6)]


def test_unmapped_columns_become_attributes_in_the_order_of_the_header(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"Z": "z", "A": " a ", "City": "Pune", "_importer_row": "4", "Consent": "y"},
        lead="  attributes: {town: City}",
        rest="unmapped: attributes\nwhere: [{column: Consent, not_blank: true}]",
    )
    assert list(mapped.frame.columns) == [
        "crm_id",
        "first_name",
        "phone_number",
        "attributes.town",
        "attributes.Z",
        "attributes.A",
    ]
    assert mapped.frame["attributes.A"].tolist() == ["a"]


def test_events_are_wanted_where_their_condition_matches(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"Stage": "WON "},
        {"Stage": "new"},
        {"Stage": ""},
        rest="""events:
  - {event: A, when: {column: Stage, one_of: [won, lost]}, attributes: {s: {column: Stage, transform: lower}}}
  - {event: B, when: {column: Stage, not_blank: false}}
  - {event: C, attributes: {n: {column: Stage, type: integer}}}
""",
    )
    assert mapped.frame["events[0]"].tolist() == [True, False, False]
    assert mapped.frame["events[1]"].tolist() == [False, False, True]
    assert mapped.frame["events[2]"].tolist() == [True, True, True]
    assert mapped.frame["events[0].attributes.s"].tolist() == ["won", "new", ""]
    assert [problem.field for problem in mapped.problems] == ["events[2].attributes.n"] * 2


def test_batches_do_not_depend_on_each_other(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str]
) -> None:
    mapper = mapper_for(mapping_text(), ["ID", "Name", "Phone"])
    rows = pd.DataFrame({"ID": ["1", "2"], "Name": ["a", "b"], "Phone": ["9876543210", "x"]}, index=[2, 3], dtype="str")
    whole, parts = mapper.apply(rows), [mapper.apply(rows.iloc[:1]), mapper.apply(rows.iloc[1:])]
    assert whole.frame.equals(pd.concat([part.frame for part in parts]))
    assert list(whole.problems) == [*parts[0].problems, *parts[1].problems]


def test_the_given_frame_is_left_as_it_was(mapper_for: Callable[[str, Sequence[str]], Mapper]) -> None:
    frame = pd.DataFrame([ASHA], index=[2], dtype="str")
    before = frame.copy(deep=True)
    mapper_for(WEBINAR, list(ASHA)).apply(frame)
    assert frame.equals(before)


def test_problems_come_in_the_order_of_the_rows(map_rows: Callable[..., MappedBatch]) -> None:
    lead = "  attributes: {x: {column: X, type: integer}, y: {column: Y, type: integer}}"
    mapped = map_rows({"X": "a", "Y": "b"}, {"X": "c", "Y": "d"}, lead=lead)
    assert [(p.row, p.column) for p in mapped.problems] == [(4, "X"), (4, "Y"), (5, "X"), (5, "Y")]
