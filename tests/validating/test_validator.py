from __future__ import annotations

import gc
import weakref
from typing import Any

import pandas as pd
import pytest

from importer.model.batch import MappedBatch, Place, Target
from importer.model.mapping import Mapping, parse
from importer.model.problem import KINDS, Problem
from importer.model.problems import Problems
from importer.model.rules import attribute_rules
from importer.validating import Validator
from tests.problem_words import message_of

LEAD = {"crm_id": "Id", "first_name": "First", "last_name": "Last", "phone_number": "Phone", "opt_in_date": "Opt-in"}
GOOD = {
    "crm_id": "L-1",
    "first_name": "Asha",
    "last_name": "Rao",
    "phone_number": "+919876543210",
    "opt_in_date": "1700000000",
}


def mapping_of(attributes: dict[str, Any] | None = None, **sections: Any) -> Mapping:
    return parse({"version": 1, "name": "test", "lead": {**LEAD, "attributes": attributes or {}}, **sections})


def targets_of(mapping: Mapping) -> list[Target]:
    lead = [
        Target(label=f, place=Place.LEAD, path=(f,), columns=(c,), rule=getattr(mapping.lead, f))
        for f, c in LEAD.items()
    ]
    attributes = [
        Target(
            label=f"attributes.{'.'.join(path)}",
            place=Place.ATTRIBUTE,
            path=path,
            columns=(rule.column,) if rule.column else rule.columns or (),
            rule=rule,
            type=rule.type,
        )
        for path, rule in attribute_rules(mapping.lead.attributes)
    ]
    events = [
        Target(
            label=f"events[{at}].attributes.{'.'.join(path)}",
            place=Place.EVENT_ATTRIBUTE,
            path=path,
            columns=(rule.column,),
            rule=rule,
            type=rule.type,
            event=at,
        )
        for at, spec in enumerate(mapping.events)
        for path, rule in attribute_rules(spec.attributes)
    ]
    assign = mapping.assign
    owner = (
        []
        if assign is None or assign.round_robin
        else [Target(label="assign", place=Place.ASSIGN, path=("assign",), columns=("Owner",))]
    )
    return [*lead, *attributes, *owner, *events]


def batch(
    targets: list[Target],
    *rows: dict[str, Any],
    events: int = 0,
    filtered: set[int] | tuple[int, ...] = (),
    problems: tuple[Problem, ...] | list[Problem] = (),
    start: int = 2,
) -> MappedBatch:
    """Rows given by what differs from a good one; an event is wanted where the row says so, else it is not."""
    index = range(start, start + len(rows))
    texts = {t.label: [{**GOOD, **row}.get(t.label, "") for row in rows] for t in targets}
    frame = pd.DataFrame({label: pd.Series(column, dtype="str", index=index) for label, column in texts.items()})
    for event in range(events):
        frame[f"events[{event}]"] = [bool(row.get(f"events[{event}]", False)) for row in rows]
    left_out = pd.Series([n in filtered for n in index], index=index)
    return MappedBatch(frame=frame, filtered=left_out, problems=Problems.of(problems))


def cells_of(targets: list[Target], mapped: MappedBatch) -> pd.DataFrame:
    """Source cells that the mapping leaves as they are."""
    columns = {column: mapped.frame[target.label] for target in targets for column in target.origins[::-1]}
    return pd.DataFrame(columns, index=mapped.frame.index)


def found(mapping: Mapping, *rows: dict[str, Any], **options: Any) -> tuple[Any, ...]:
    targets = targets_of(mapping)
    mapped = batch(targets, *rows, events=len(mapping.events), **options)
    problems = tuple(Validator(mapping, targets).validate(mapped, cells_of(targets, mapped)))
    assert all(problem.warning == KINDS[problem.code].warning for problem in problems)
    return problems


def codes(mapping: Mapping, *rows: dict[str, Any], **options: Any) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.field, problem.code) for problem in found(mapping, *rows, **options)]


def test_good_rows_have_no_problems() -> None:
    assert found(mapping_of(), {}, {"last_name": "", "opt_in_date": ""}, {"last_name": "José 李\u200d"}) == ()


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("crm_id", "", "crm-id-missing"),
        ("first_name", "", "first-name-missing"),
        ("phone_number", "", "phone-missing"),
        ("crm_id", "x" * 129, "crm-id-too-long"),
        ("first_name", "é" * 129, "first-name-too-long"),
        ("last_name", "x" * 129, "last-name-too-long"),
        ("first_name", "As*ha", "first-name-asterisk"),
        ("last_name", "*", "last-name-asterisk"),
        ("crm_id", "7.39E+07", "digits-lost"),
        ("crm_id", "7,39E+07", "digits-lost"),
        ("crm_id", "7E+04", "digits-lost"),
        ("crm_id", "web-7.39E+07-x", "digits-lost"),
        ("crm_id", ".", "crm-id-dots"),
        ("crm_id", "..", "crm-id-dots"),
        ("first_name", "As\x00ha", "control-characters"),
        ("last_name", "Rao\n", "control-characters"),
        ("crm_id", "a\x85b", "control-characters"),
        ("phone_number", "98765", "phone-invalid"),
        ("opt_in_date", "2024-01-01", "date-invalid"),
        ("opt_in_date", "1" * 19, "date-invalid"),
    ],
)
def test_each_lead_rule(field: str, text: str, code: str) -> None:
    assert codes(mapping_of(), {}, {field: text}, {}) == [(3, field, code)]


@pytest.mark.parametrize("text", ["x" * 128, "😀" * 128])
def test_longest_names_pass(text: str) -> None:
    assert codes(mapping_of(), {"first_name": text, "last_name": text, "crm_id": text}) == []


@pytest.mark.parametrize(
    ("text", "passes"),
    [("...", True), ("12E5", True), ("A7E+04", True), ("7.39E07", True), (".a", True), ("a*b", True), ("a:b", True)],
)
def test_ids_that_only_look_dangerous_pass(text: str, passes: bool) -> None:
    assert (codes(mapping_of(), {"crm_id": text}) == []) is passes


def test_the_whole_problem_in_words() -> None:
    (problem,) = found(mapping_of(), {"first_name": "x" * 140})
    assert problem == Problem(
        row=2,
        code="first-name-too-long",
        detail="has 140 characters; the CRM takes 128",
        field="first_name",
        column="First",
        value="x" * 59 + "…",
    )
    (blank,) = found(mapping_of(), {"first_name": ""})
    assert message_of(blank) == "First is blank, but every lead needs a first_name"
    several = mapping_of({"mail": {"columns": ["Work", "Home", "Old"], "required": True}})
    (blank,) = found(several, {})
    assert message_of(blank) == "Work is blank, and so are Home and Old, but the mapping requires it"
    (control,) = found(mapping_of(), {"first_name": "a\x07\x9fb\x07"})
    assert control.detail == "contains invisible control characters (U+0007, U+009F)"


def test_a_value_of_several_columns_names_the_first() -> None:
    mapping = mapping_of({"mail": {"columns": ["Work mail", "Home mail"], "required": True}})
    assert found(mapping, {})[0].column == "Work mail"


RULES = [
    ({"required": True}, "", "value-missing"),
    ({"one_of": ["gold", "silver"]}, "Gold", "value-not-allowed"),
    ({"min_length": 3}, "éé", "value-too-short"),
    ({"max_length": 3}, "abcd", "value-too-long"),
    ({"type": "number", "minimum": 1.5}, "1.25", "value-too-small"),
    ({"type": "integer", "maximum": 10}, "11", "value-too-large"),
    ({"type": "number", "maximum": 10}, "1e400", "value-too-large"),
    ({"type": "number", "maximum": 10}, "ten", "number-invalid"),
    ({"matches": "email"}, "asha@x..example", "email-invalid"),
    ({"matches": "email"}, "asha@x.example\n", "email-invalid"),
    ({"matches": "e164"}, "+09876543210", "e164-invalid"),
    ({"matches": "e164"}, "+1234567890123456", "e164-invalid"),
    ({"matches": "url"}, "x.example", "url-invalid"),
    ({"matches": "url"}, "javascript:alert(1)", "url-invalid"),
    ({"matches": "url"}, "https://user@x.example/", "url-invalid"),
    ({"matches": "digits"}, "١٢", "digits-invalid"),
    ({"matches": "uuid"}, "0b6d7c3e-1111-4222-8333-44445555666", "uuid-invalid"),
    ({"pattern": r"[A-Z]{2}\d{4}"}, "AB12345", "pattern-mismatch"),
    ({"pattern": r"[A-Z]{2}\d{4}"}, "xAB1234", "pattern-mismatch"),
    ({"pattern": r"[A-Z]{2}\d{4}"}, "AB1234\n", "pattern-mismatch"),
    ({"pattern": "gold|silver"}, "silvers", "pattern-mismatch"),
    ({"type": "integer", "pattern": "1.*"}, "21", "pattern-mismatch"),
    ({"type": "list", "one_of": ["a", "b"]}, '["a","c"]', "value-not-allowed"),
    ({}, "a\x00b", "control-characters"),
]


def test_a_pattern_takes_what_matches_as_a_whole_and_a_blank() -> None:
    mapping = mapping_of({"plan": {"column": "Plan", "pattern": r"(?i)[A-Z]{2}\d{4}|gold|\pL ."}})
    assert codes(mapping, *({"attributes.plan": text} for text in ("AB1234", "ab1234", "GOLD", "ß x", ""))) == []


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(a|aa)+$", "(.*a){20}", "(?:a?){100}a{100}"])
def test_a_pattern_takes_linear_time(pattern: str) -> None:
    """Each would take longer than the age of the universe in a program that tries every way."""
    mapping = mapping_of({"plan": {"column": "Plan", "pattern": pattern}})
    assert codes(mapping, {"attributes.plan": "a" * 100_000 + "!"}) == [(2, "attributes.plan", "pattern-mismatch")]


def test_a_pattern_in_words() -> None:
    rule = {"column": "Plan", "pattern": r"[A-Z]{2}\d{4}"}
    (bare,) = found(mapping_of({"plan": rule}), {"attributes.plan": "AB12"})
    assert message_of(bare) == r"Plan: “AB12” does not match the pattern [A-Z]{2}\d{4}"
    says = rule | {"pattern_says": "a plan code such as AB1234", "matches": "uuid"}
    (uuid, said) = found(mapping_of({"plan": says}), {"attributes.plan": "AB12"})
    assert (uuid.code, message_of(said)) == ("uuid-invalid", "Plan: “AB12” is not a plan code such as AB1234")


@pytest.mark.parametrize("text", ["Zoe\u0308", "zoë", "ZOË\u200b", "opt\xa0in", "opt  in"])
def test_a_value_that_only_looks_allowed_has_a_message_of_its_own(text: str) -> None:
    """“opt in” is not one of opt in: that would be no help to anybody."""
    mapping = mapping_of({"x": {"column": "X", "one_of": ["Zoë", "opt in"]}})
    (problem,) = found(mapping, {"attributes.x": text})
    assert "is not written exactly like “" in message_of(problem)
    (problem,) = found(mapping, {"attributes.x": "gold"})
    assert "is not one of Zoë, opt in" in message_of(problem)


@pytest.mark.parametrize(("rule", "text", "code"), RULES)
def test_each_rule_of_the_mapping(rule: dict[str, Any], text: str, code: str) -> None:
    mapping = mapping_of({"x": {"column": "X", **rule}})
    assert ("attributes.x", code) in [c[1:] for c in codes(mapping, {"attributes.x": text})]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"one_of": ["gold", "silver"]}, "gold"),
        ({"min_length": 3}, "ééé"),
        ({"max_length": 3}, "😀😀😀"),
        ({"type": "number", "minimum": 1.5}, "1.5"),
        ({"type": "integer", "maximum": 10, "minimum": -5}, "-5"),
        ({"type": "integer", "maximum": 10, "minimum": -5}, "10"),
        ({"type": "integer", "minimum": 10}, "123456789012345678901234567890"),
        ({"matches": "email"}, "o'hara+x@mail.x.example"),
        ({"matches": "e164"}, "+919876543210"),
        ({"matches": "url"}, "HTTPS://x.example:8443/a?b=c#d"),
        ({"matches": "digits"}, "007"),
        ({"matches": "uuid"}, "0B6D7C3E-1111-4222-8333-444455556666"),
        ({"type": "list", "one_of": ["a", "b"]}, '["b","a"]'),
        ({}, "line 1\r\n\tline 2"),
    ],
)
def test_what_passes_each_rule(rule: dict[str, Any], text: str) -> None:
    mapping = mapping_of({"x": {"column": "X", **rule}})
    assert codes(mapping, {"attributes.x": text}) == []


@pytest.mark.parametrize("rule", [rule for rule, text, _ in RULES if text])
def test_a_blank_passes_every_rule_but_required(rule: dict[str, Any]) -> None:
    assert codes(mapping_of({"x": {"column": "X", **rule}}), {"attributes.x": ""}) == []


def test_limits_are_shown_as_the_mapping_writes_them() -> None:
    mapping = mapping_of({"x": {"column": "X", "type": "number", "minimum": 1234567, "maximum": 2000000.5}})
    small, large = found(mapping, {"attributes.x": "3"}, {"attributes.x": "3000000"})
    assert small.detail == "is below 1234567, the mapping's minimum"
    assert large.detail == "is above 2000000.5, the mapping's maximum"


def test_every_problem_of_every_row_in_row_order() -> None:
    mapping = mapping_of({"x": {"column": "X", "required": True}})
    rows = [
        {"attributes.x": "1"},
        {"first_name": "", "phone_number": ""},
        {"first_name": "*" * 129, "attributes.x": "1"},
    ]
    assert codes(mapping, *rows) == [
        (3, "first_name", "first-name-missing"),
        (3, "phone_number", "phone-missing"),
        (3, "attributes.x", "value-missing"),
        (4, "first_name", "first-name-too-long"),
        (4, "first_name", "first-name-asterisk"),
    ]


def test_nothing_is_reported_about_filtered_rows() -> None:
    assert codes(mapping_of(), {"first_name": ""}, {"first_name": ""}, filtered={2}) == [
        (3, "first_name", "first-name-missing")
    ]


def test_a_field_that_has_a_problem_is_not_called_blank_as_well() -> None:
    known = (
        Problem(row=2, code="phone-invalid", detail="", field="phone_number"),
        Problem(row=3, code="cell-error", detail="", column="Phone"),
        Problem(row=4, code="crm-id-near-duplicate", detail="", field="phone_number", warning=True),
        Problem(row=5, code="row-too-long", detail=""),
    )
    blank = {"phone_number": ""}
    assert [c[0] for c in codes(mapping_of(), blank, blank, blank, blank, problems=known)] == [4, 5]


def test_a_problem_of_one_field_silences_no_other_field_of_its_column() -> None:
    known = [Problem(row=2, code="integer-invalid", detail="", field="attributes.score", column="Phone")]
    assert codes(mapping_of(), {"phone_number": ""}, problems=known) == [(2, "phone_number", "phone-missing")]


@pytest.mark.parametrize("crm_id", ["a/b", "a\\b", "a;b", "50%", "0b6d7c3e-1111-4222-8333-444455556666"])
def test_ids_that_cannot_be_part_of_a_url_are_warned_of_only_if_something_follows(crm_id: str) -> None:
    assert codes(mapping_of(), {"crm_id": crm_id}) == []
    warned = [(2, "crm_id", "crm-id-in-address")]
    assert codes(mapping_of(events=[{"event": "E"}]), {"crm_id": crm_id}) == warned
    assert codes(mapping_of(assign={"round_robin": ["a@x.example"]}), {"crm_id": crm_id}) == warned


def test_a_control_character_in_an_id_is_a_problem_and_needs_no_warning() -> None:
    assert codes(mapping_of(events=[{"event": "E"}]), {"crm_id": "a\tb"}) == [(2, "crm_id", "control-characters")]


@pytest.mark.parametrize(
    ("assign", "user", "passes"),
    [
        ({"user_email": "Owner"}, "asha@x.example", True),
        ({"user_email": "Owner"}, "", True),
        ({"user_email": "Owner"}, "asha", False),
        ({"user_email": "Owner"}, "asha rao@x.example", False),
        ({"user_email": "Owner"}, "a" * 309 + "@x.example", True),
        ({"user_email": "Owner"}, "a" * 310 + "@x.example", False),
        ({"user_id": "Owner"}, "u-1", True),
        ({"user_id": "Owner"}, "u 1", False),
        ({"user_id": "Owner"}, "u\u200b1", False),
        ({"by": {"column": "C", "map": {"IN": "u-1"}}}, "u-1", True),
        ({"by": {"column": "C", "map": {"IN": "u-1"}}}, "asha@x.example", True),
        ({"by": {"column": "C", "map": {"IN": "u-1"}}}, "asha@", False),
    ],
)
def test_owners(assign: dict[str, Any], user: str, passes: bool) -> None:
    assert codes(mapping_of(assign=assign), {"assign": user}) == ([] if passes else [(2, "assign", "owner-invalid")])


def test_the_attributes_of_an_event_count_only_where_the_event_is_wanted() -> None:
    mapping = mapping_of(events=[{"event": "E", "attributes": {"stage": {"column": "Stage", "required": True}}}])
    assert codes(mapping, {}, {"events[0]": True}) == [(3, "events[0].attributes.stage", "value-missing")]


def test_one_event_twice_for_one_row() -> None:
    both = {"events[0]": True, "events[2]": True}
    mapping = mapping_of(events=[{"event": "E"}, {"event": "E", "key": "w1"}, {"event": "E"}])
    assert codes(mapping, both, {"events[0]": True, "events[1]": True}) == [(2, "events[2]", "event-twice")]
    assert codes(mapping, both, filtered={2}) == []


def test_a_batch_with_problems_is_released_at_once() -> None:
    mapping = mapping_of()
    targets = targets_of(mapping)
    mapped = batch(targets, {"first_name": ""})
    validator = Validator(mapping, targets)
    gc.disable()  # it would find the circles, in its own time
    try:
        assert validator.validate(mapped, cells_of(targets, mapped))
        frame = weakref.ref(mapped.frame)
        del mapped
        assert frame() is None
    finally:
        gc.enable()


def test_an_empty_batch() -> None:
    assert codes(mapping_of()) == []
    assert codes(mapping_of(), {"first_name": ""}, filtered={2}) == []


@pytest.mark.parametrize("spoil", ["missing", "null", "number", "no json"])
def test_what_no_row_is_to_blame_for_is_a_defect(spoil: str) -> None:
    mapping = mapping_of({"x": {"column": "X", "type": "list", "one_of": ["a"]}})
    targets = targets_of(mapping)
    mapped = batch(targets, {}, {"first_name": ""})
    frame, cells = mapped.frame, cells_of(targets, mapped)
    if spoil == "missing":
        frame = frame.drop(columns="last_name")
    elif spoil == "null":
        frame = frame.assign(last_name=pd.Series([None, "x"], dtype="str", index=frame.index))
    elif spoil == "number":
        frame = frame.assign(last_name=[1, 2])
    else:
        frame = frame.assign(**{"attributes.x": pd.Series(["a", "b"], dtype="str", index=frame.index)})
    with pytest.raises((RuntimeError, ValueError), match=r"schema itself failed|Expecting value"):
        Validator(mapping, targets).validate(MappedBatch(frame=frame, filtered=mapped.filtered), cells)
