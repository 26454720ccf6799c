"""Rows that pandera is not asked about would have passed: one way and the other find the same problems."""

from __future__ import annotations

import random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer import accelerators
from importer.model.batch import MappedBatch, Place, Target
from importer.model.mapping import Mapping
from importer.model.rules import AttributeRule, ValueType
from importer.validating import Validator
from importer.validating.checks import checks_of

MAPPING = Mapping.model_validate(
    {
        "version": 1,
        "name": "screened",
        "lead": {
            "crm_id": "Id",
            "first_name": "First",
            "phone_number": "Phone",
            "opt_in_date": "Date",
            "attributes": {
                "email": {"column": "Email", "matches": "email", "required": True},
                "score": {"column": "Score", "type": "integer", "minimum": 0, "maximum": 10},
                "stage": {"column": "Stage", "one_of": ["new", "old"], "max_length": 3, "min_length": 2},
                "note": "Note",
            },
        },
        "assign": {"by": {"column": "Owner", "map": {"a": "a@team.example"}}},
    }
)
RULES = MAPPING.lead.attributes
FIELDS = ("crm_id", "first_name", "phone_number", "opt_in_date")
TARGETS = [
    *(Target(label=name, place=Place.LEAD, path=(name,), columns=(name,)) for name in FIELDS),
    *(
        Target(label=f"attributes.{name}", place=Place.ATTRIBUTE, path=(name,), rule=rule, type=rule.type)
        for name, rule in RULES.items()
        if isinstance(rule, AttributeRule)
    ),
    Target(label="assign", place=Place.ASSIGN, path=("by",), columns=("Owner",)),
]
GOOD = {
    "crm_id": "L-{}",
    "first_name": "Zoë",
    "phone_number": "+9198765{:05}",
    "opt_in_date": "1700000000",
    "attributes.email": "u{}@mail.example",
    "attributes.score": "7",
    "attributes.stage": "new",
    "attributes.note": "two\nlines, {}",
    "assign": "a@team.example",
}
BAD = ["", "\0", "a*b", "x" * 200, "\x85", "a\x7f", "..", ".", "a/b", "é", "11", "-1", "?", "\t", "a b@c", "u-1", "1e3"]
assert ValueType.INTEGER in {target.type for target in TARGETS}


def mapped(count: int, bad: float) -> MappedBatch:
    rng = random.Random(count)
    columns = {
        label: [rng.choice(BAD) if rng.random() < bad else text.format(n) for n in range(count)]
        for label, text in GOOD.items()
    }
    index = pd.Index(range(2, count + 2), name="number")
    frame = pd.DataFrame({label: pd.Series(texts, index=index, dtype="str") for label, texts in columns.items()})
    return MappedBatch(frame=frame, filtered=pd.Series(data=False, index=index))


def both_ways(batch: MappedBatch, monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    cells = batch.frame.assign(Owner=batch.frame["assign"])
    monkeypatch.delenv(accelerators.EXACT, raising=False)
    screened = Validator(MAPPING, TARGETS).validate(batch, cells)
    monkeypatch.setenv(accelerators.EXACT, "1")
    return screened, Validator(MAPPING, TARGETS).validate(batch, cells)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [0.0, 0.001, 0.02, 1.0])
def test_the_screen_finds_what_pandera_finds(bad, monkeypatch):
    screened, whole = both_ways(mapped(3_000, bad), monkeypatch)
    assert screened == whole
    assert bool(screened) == bool(bad)


@pytest.mark.slow
def test_the_screen_finds_what_pandera_finds_in_200_000_rows(monkeypatch):
    screened, whole = both_ways(mapped(200_000, 0.002), monkeypatch)
    assert screened == whole


CHECKS = [(target.label, check) for target in TARGETS for check in checks_of(target, MAPPING) if check.clears]
TRICKY = (
    *("+12", "+1", "+", "++12", "+1+2", "1+23", "+012", "+123456789012345", "+1234567890123456", "+१२३", "12-3", "-5"),
    *("9" * 18, "9" * 19, "x" * 36, "12345678-1234-1234-1234-123456789abc", "a%b", "a;b", "a\\b", "ä" * 70, "ä" * 128),
)
TEXTS = [*BAD, *TRICKY, *(text.format(7) for text in GOOD.values())]
mixed_texts = st.lists(st.sampled_from(TEXTS) | st.text("+0129-*/.%a\tä", max_size=5), max_size=3)


@given(st.sampled_from(CHECKS), mixed_texts)
def test_a_column_that_is_cleared_passes(check, texts):
    _, asked = check
    column = pd.Series(texts, dtype="str")
    if asked.clears(column):
        assert asked.passes(column).all()


@pytest.mark.parametrize(("label", "check"), CHECKS, ids=lambda part: getattr(part, "code", part))
def test_no_text_that_fails_is_cleared(label, check):
    """Also where the column is a part of a longer one, whose bytes stand before its own."""
    for text in TEXTS:
        whole = pd.Series(["+0*\t", text, "", GOOD[label].format(1)], dtype="str")
        for column in (whole[1:], whole[1:2]):
            if check.clears(column):
                assert check.passes(column).all(), text


@pytest.mark.parametrize(("label", "check"), CHECKS, ids=lambda part: getattr(part, "code", part))
def test_a_good_column_is_cleared(label, check):
    assert check.clears(pd.Series([GOOD[label].format(n) for n in range(9)] + [""], dtype="str"))
