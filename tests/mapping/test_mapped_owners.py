from collections.abc import Callable

import pytest

from importer.model.batch import MappedBatch


def owners(mapped: MappedBatch) -> list[str]:
    return mapped.frame["assign"].tolist()


ROWS = ({"Owner": " asha@x.example "}, {"Owner": ""})


@pytest.mark.parametrize(
    ("when_blank", "second", "codes"),
    [("skip", "", []), ("problem", "", ["owner-missing"]), ("cara@x.example", "cara@x.example", [])],
)
def test_a_blank_owner(map_rows: Callable[..., MappedBatch], when_blank: str, second: str, codes: list[str]) -> None:
    mapped = map_rows(*ROWS, rest=f"assign: {{user_email: Owner, when_blank: {when_blank}}}")
    assert owners(mapped) == ["asha@x.example", second]
    assert [(p.row, p.code, p.field, p.column) for p in mapped.problems] == [
        (5, code, "assign", "Owner") for code in codes
    ]


def test_a_blank_owner_is_skipped_when_nothing_is_said(map_rows: Callable[..., MappedBatch]) -> None:
    assert owners(map_rows(*ROWS, rest="assign: {user_email: Owner}")) == ["asha@x.example", ""]


def test_an_owner_by_id_or_constant(map_rows: Callable[..., MappedBatch]) -> None:
    assert owners(map_rows({"Owner": "0471"}, rest="assign: {user_id: Owner}")) == ["0471"]
    assert owners(map_rows({}, rest="assign: {user_id: {value: 0471}}")) == ["0471"]


def test_an_owner_may_be_translated(map_rows: Callable[..., MappedBatch]) -> None:
    rule = "{column: Owner, transform: lower, map: {asha: asha@x.example}}"
    mapped = map_rows({"Owner": "ASHA"}, {"Owner": "Ben"}, rest=f"assign: {{user_email: {rule}, when_blank: problem}}")
    assert owners(mapped) == ["asha@x.example", ""]
    assert [p.code for p in mapped.problems] == ["value-not-in-map"], "one problem for one cell"


@pytest.mark.parametrize(
    ("otherwise", "other", "codes"), [("", "", ["owner-not-in-map"]), (", otherwise: u-9", "u-9", [])]
)
def test_an_owner_by_another_column(
    map_rows: Callable[..., MappedBatch], otherwise: str, other: str, codes: list[str]
) -> None:
    mapped = map_rows(
        {"Country": "IN"},
        {"Country": "in"},
        {"Country": "FR "},
        {"Country": " "},
        rest=f"assign: {{by: {{column: Country, map: {{IN: asha@x.example}}{otherwise}}}, when_blank: cara@x.example}}",
    )
    assert owners(mapped) == ["asha@x.example", "asha@x.example", other, "cara@x.example"]
    assert [(p.row, p.code, p.field, p.column, p.value) for p in mapped.problems] == [
        (6, code, "assign", "Country", "FR ") for code in codes
    ]


def test_a_blank_in_the_other_column_can_be_a_problem(map_rows: Callable[..., MappedBatch]) -> None:
    mapped = map_rows(
        {"Country": ""}, rest="assign: {by: {column: Country, map: {IN: u}, otherwise: v}, when_blank: problem}"
    )
    assert [p.code for p in mapped.problems] == ["owner-missing"]


def test_a_round_robin_is_left_to_the_plan(map_rows: Callable[..., MappedBatch]) -> None:
    assert "assign" not in map_rows({}, rest="assign: {round_robin: [a, b]}").frame.columns
