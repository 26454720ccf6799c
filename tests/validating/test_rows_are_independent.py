"""What is found about a row does not depend on the rows around it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.model.batch import MappedBatch, Place, Target
from importer.model.mapping import Mapping
from importer.model.problem import Problem
from importer.model.rules import AttributeRule
from importer.validating import Validator

MAPPING = Mapping.model_validate(
    {
        "version": 1,
        "name": "rows",
        "lead": {
            "crm_id": "Id",
            "first_name": "First",
            "phone_number": "Phone",
            "opt_in_date": "Date",
            "attributes": {
                "email": {"column": "Email", "matches": "email", "required": True},
                "score": {"column": "Score", "type": "integer", "minimum": 0, "maximum": 10},
                "stage": {"column": "Stage", "one_of": ["new", "old"], "max_length": 3, "min_length": 2},
            },
        },
        "assign": {"by": {"column": "Owner", "map": {"a": "a@team.example"}}},
    }
)
FIELDS = ("crm_id", "first_name", "phone_number", "opt_in_date")
TARGETS = [
    *(Target(label=name, place=Place.LEAD, path=(name,), columns=(name,)) for name in FIELDS),
    *(
        Target(label=f"attributes.{name}", place=Place.ATTRIBUTE, path=(name,), rule=rule, type=rule.type)
        for name, rule in MAPPING.lead.attributes.items()
        if isinstance(rule, AttributeRule)
    ),
    Target(label="assign", place=Place.ASSIGN, path=("by",), columns=("Owner",)),
]
GOOD = ("L-1", "Zoë", "+919876543210", "1700000000", "a@mail.example", "7", "new", "a@team.example")
BAD = ["", "\0", "a*b", "x" * 200, "\x85", "a\x7f", "..", "a/b", "é", "11", "-1", "?", "\t", "a b@c", "u-1", "1e3"]
ROWS = st.lists(st.tuples(*(st.sampled_from([text] * 8 + BAD) for text in GOOD)), min_size=1, max_size=12)


def problems(rows: list[tuple[str, ...]], first: int) -> list[Problem]:
    index = range(first, first + len(rows))
    columns = zip((target.label for target in TARGETS), zip(*rows, strict=True), strict=True)
    frame = pd.DataFrame({label: pd.Series(texts, index=index, dtype="str") for label, texts in columns})
    mapped = MappedBatch(frame=frame, filtered=pd.Series(data=False, index=index))
    return list(Validator(MAPPING, TARGETS).validate(mapped, frame.assign(Owner=frame["assign"])))


@settings(max_examples=25, deadline=None)
@given(ROWS)
@pytest.mark.slow
def test_a_row_has_the_same_problems_alone_and_among_others(rows: list[tuple[str, ...]]) -> None:
    assert problems(rows, 2) == [problem for at, row in enumerate(rows) for problem in problems([row], at + 2)]


def test_every_text_of_a_bad_row_is_reported() -> None:
    codes = {problem.code for problem in problems([GOOD, ("..", "a*b", "12", "soon", "a b@c", "11", "?", "a b")], 2)}
    assert codes == {
        "crm-id-dots",
        "first-name-asterisk",
        "phone-invalid",
        "date-invalid",
        "email-invalid",
        "value-too-large",
        "value-not-allowed",
        "value-too-short",
        "owner-invalid",
    }
