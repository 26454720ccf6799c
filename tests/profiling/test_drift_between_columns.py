"""Which differences between the columns of two runs are a drift."""

import pytest

from importer.model.examination import ColumnProfile
from importer.profiling.drift import changes


def column(name: str = "City", rows: int = 100, blanks: int = 0, problems: int = 0) -> ColumnProfile:
    return ColumnProfile(name=name, rows=rows, blanks=blanks, problems=problems)


def kinds(before: list[ColumnProfile], now: list[ColumnProfile]) -> list[tuple[str, ...]]:
    return [(change.kind, change.column) for change in changes(before, now)]


def test_the_same_columns_in_another_order_are_no_drift() -> None:
    assert changes([column("A"), column("B")], [column("B"), column("A")]) == ()


def test_columns_missing_new_and_renamed() -> None:
    before = [column("City"), column("Notes", rows=0), column("Phone number")]
    now = [column("City"), column("Phone numbers"), column("Consent", rows=0)]
    assert kinds(before, now) == [("missing", "Notes"), ("renamed", "Phone number"), ("new", "Consent")]
    assert "“Phone numbers”" in changes(before, now)[1].sentence


@pytest.mark.parametrize(
    ("before", "now", "drifts"),
    [
        (column(blanks=10), column(blanks=30), True),
        (column(blanks=10), column(blanks=29), False),
        (column(blanks=90), column(blanks=10), False),  # it became better
        (column(blanks=0), column(rows=10, blanks=4), False),  # a short list: four rows prove nothing
        (column(blanks=0), column(rows=10, blanks=5), True),
        (column(rows=0), column(blanks=100), False),  # nobody looked at it then
        (column(blanks=100), column(rows=0), False),  # nobody looks at it now
    ],
)
def test_a_jump_in_the_share_of_blank_cells(before: ColumnProfile, now: ColumnProfile, drifts: bool) -> None:
    assert kinds([before], [now]) == ([("blanks", "City")] if drifts else [])


def test_a_jump_in_the_share_of_problems() -> None:
    (change,) = changes([column(problems=5)], [column(problems=40)])
    assert change.sentence == "column “City” has a problem in 40% of the rows; it was 5%"
