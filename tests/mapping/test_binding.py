from collections.abc import Callable, Sequence
from typing import Any

import pytest

from importer.errors import MappingError
from importer.mapping.file.load import parse_mapping
from importer.mapping.file.references import columns_of
from importer.mapping.mapper import Mapper


def mistakes_of(mapper_for: Callable[..., Any], text: str, *columns: str) -> list[str]:
    with pytest.raises(MappingError) as caught:
        mapper_for(text, columns)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_every_column_that_is_not_there_is_named_with_its_line_and_the_nearest(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str]
) -> None:
    text = mapping_text(
        "  last_name: Surname\n  attributes: {city: Citty}", "where: [{column: consent, not_blank: true}]"
    )
    assert mistakes_of(mapper_for, text, "ID", "Name", "Phone number", "City", "Post") == [
        "line 7: lead.phone_number.column: there is no column “Phone” in row 3 of leads.xlsx (sheet Leads); "
        "did you mean “Phone number”?",
        "line 8: lead.last_name.column: there is no column “Surname” in row 3 of leads.xlsx (sheet Leads); "
        "did you mean “Name”?",
        "line 9: lead.attributes.city.column: there is no column “Citty” in row 3 of leads.xlsx (sheet Leads); "
        "did you mean “City”?",
        "line 10: where[0].column: there is no column “consent” in row 3 of leads.xlsx (sheet Leads)",
    ]


def test_the_tip_shows_the_header(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str]
) -> None:
    with pytest.raises(MappingError) as caught:
        mapper_for(mapping_text(), ["ID", "Name", *(f"c{number}" for number in range(50))])
    assert caught.value.tip.startswith("row 3 of leads.xlsx (sheet Leads) has these columns: ID, Name, c0, c1")
    assert caught.value.tip.endswith("and 12 more")


def test_one_name_for_two_columns_is_a_mistake_that_names_both(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str]
) -> None:
    found = mistakes_of(mapper_for, mapping_text("  phone_number: phone"), "ID", "Name", "Phone", "PHONE")
    assert found == [
        "line 7: lead.phone_number.column: “phone” could be “Phone” or “PHONE” in row 3 of leads.xlsx (sheet Leads); "
        "write the right one exactly"
    ]


def test_two_columns_of_one_name_are_distinguished(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str]
) -> None:
    columns = ["ID", "Name", "Phone", "Phone (2)"]
    for name in ("Phone", "Phone (2)"):
        mapper = mapper_for(mapping_text(f"  phone_number: {name}"), columns)
        assert next(target.columns for target in mapper.targets if target.label == "phone_number") == (name,)


@pytest.mark.parametrize(
    ("rule", "key", "part"),
    [
        ("{value: twelve, type: integer}", "value", "“twelve” is not a number"),
        ("{column: Name, default: maybe, type: boolean}", "default", "“maybe” is neither yes nor no"),
        ("{value: c, map: {a: b}}", "value", "“c” is not listed in map"),
    ],
)
def test_constants_are_converted_before_any_row_is_read(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str], rule: str, key: str, part: str
) -> None:
    text = mapping_text(f"  attributes:\n    ok: {{value: 12, type: integer}}\n    x: {rule}")
    [found] = mistakes_of(mapper_for, text, "ID", "Name", "Phone")
    assert found.startswith(f"line 10: lead.attributes.x.{key}: {part}")


def test_two_attributes_of_one_name_are_a_mistake(
    mapper_for: Callable[[str, Sequence[str]], Mapper], mapping_text: Callable[..., str]
) -> None:
    text = mapping_text("  attributes:\n    a.b: Name\n    a: {b: Name}\n    City: Town", "unmapped: attributes")
    found = mistakes_of(mapper_for, text, "ID", "Name", "Phone", "Town", "City")
    assert [one.split(";")[0] for one in found] == [
        "line 9: lead.attributes.a.b: 2 attributes are called attributes.a.b",
        "line 10: lead.attributes.a.b: 2 attributes are called attributes.a.b",
        "line 11: lead.attributes.City: 2 attributes are called attributes.City",
        "line 12: unmapped: 2 attributes are called attributes.City",
    ]


def test_columns_of_a_mapping_are_those_it_names(mapping_text: Callable[..., str]) -> None:
    text = mapping_text(
        """\
  phone_number: {columns: [Mobile, Phone], region_column: Country}
  last_name: {template: "{Last} {Suffix}"}
  attributes: {id: {digest_of: [E-mail, DOB]}, fix: {value: x}, deep: {er: Deep}}""",
        """\
where: [{column: Consent, not_blank: true}]
assign: {by: {column: Region, map: {a: b}}}
events: [{event: E, when: {column: Stage, not_blank: true}, attributes: {r: Reason}}]""",
    )
    assert columns_of(parse_mapping(text, "m.yaml").mapping) == frozenset(
        [
            "ID",
            "Name",
            "Mobile",
            "Phone",
            "Country",
            "Last",
            "Suffix",
            "E-mail",
            "DOB",
            "Deep",
            "Consent",
            "Region",
            "Stage",
            "Reason",
        ]
    )
