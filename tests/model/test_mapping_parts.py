from typing import Any

import pytest
from pydantic import ValidationError

from importer.model.column_template import template_pieces
from importer.model.mapping import parse
from importer.model.rules import AttributeRule, NestedAttributes, attribute_rules
from importer.model.vocabulary import did_you_mean, nearest

DOCUMENT: dict[str, Any] = {
    "version": "1",
    "name": "m",
    "lead": {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone"},
}


def with_attributes(attributes: object) -> dict[str, object]:
    return DOCUMENT | {"lead": {**DOCUMENT["lead"], "attributes": attributes}}


def test_a_short_mapping_has_the_documented_defaults() -> None:
    mapping = parse(DOCUMENT)
    assert (mapping.unmapped, mapping.attributes_as, mapping.where, mapping.events) == ("ignore", "plain", (), ())
    assert (mapping.duplicates.in_file, mapping.duplicates.phone) == ("report", "warn")
    assert (mapping.defaults.region, mapping.defaults.timezone, mapping.assign) == (None, "UTC", None)
    assert mapping.lead.crm_id.otherwise == "problem"


def test_attribute_rules_come_with_their_paths_in_the_order_of_the_file() -> None:
    mapping = parse(with_attributes({"b": "B", "a": {"z": "Z", "y": {"x": {"value": "1"}}}, "c": {"column": "C"}}))
    rules = attribute_rules(mapping.lead.attributes)
    assert [path for path, _ in rules] == [("b",), ("a", "z"), ("a", "y", "x"), ("c",)]
    assert rules[2][1].value == "1"


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("City", AttributeRule),
        ({"column": "City"}, AttributeRule),
        ({"city": "City"}, NestedAttributes),
        ({"value": "x"}, AttributeRule),
        ({"value": {"column": "X"}}, NestedAttributes),
        ({"type": {"column": "X"}}, NestedAttributes),
        ({"type": "Type", "name": "Name"}, NestedAttributes),
    ],
)
def test_a_mapping_with_an_origin_is_a_rule_and_any_other_nests(written: object, kind: type) -> None:
    assert isinstance(parse(with_attributes({"a": written})).lead.attributes["a"], kind)


@pytest.mark.parametrize("written", [{"colum": "City"}, {"Column": "City"}, {"colunm": "City"}, {"type": "text"}])
def test_a_misspelt_origin_never_becomes_a_nested_attribute(written: object) -> None:
    with pytest.raises(ValidationError):
        parse(with_attributes({"a": written}))


def test_a_mapping_does_not_change() -> None:
    with pytest.raises(ValidationError):
        parse(DOCUMENT).name = "other"


def test_the_pieces_of_a_template() -> None:
    assert template_pieces("{First} x{{y}} {Last name}") == [
        ("First", True),
        (" x", False),
        ("{", False),
        ("y", False),
        ("}", False),
        (" ", False),
        ("Last name", True),
    ]
    for stray in ("{a", "a}", "{}"):
        with pytest.raises(ValueError, match="without its partner"):
            template_pieces(stray)


def test_nearest_names_ignore_case_and_keep_their_spelling() -> None:
    assert nearest("colum", ["Column", "value"]) == ["Column"]
    assert did_you_mean("zzz", ["Column"]) == ""
    assert did_you_mean("frist", ["first", "last"]) == "; did you mean first?"
