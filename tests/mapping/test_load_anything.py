"""Whatever a file says, it is a mapping or a `MappingError` whose mistakes have lines of that file."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importer.errors import MappingError
from importer.mapping.file.load import parse_mapping
from importer.model.mapping import AssignSpec, Condition, EventSpec, LeadSpec, Mapping
from importer.model.rules import AttributeRule, PhoneRule

KEYS = sorted(
    {
        key
        for model in (Mapping, LeadSpec, AssignSpec, AttributeRule, Condition, EventSpec, PhoneRule)
        for key in model.model_fields
    }
)
TEXTS = st.sampled_from(
    ["", "A", "1", "-1", "true", "IN", "%d", "{A}", "a@x.example", "date", "keep", "skip"]
) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
PARTS = st.recursive(
    TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, below, max_size=4),
    max_leaves=12,
)
LEAD = {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone"}


def read(text: str) -> None:
    with contextlib.suppress(MappingError):
        parse_mapping(text, "m.yaml")


@given(st.text(max_size=80))
@pytest.mark.slow
def test_any_text(text: str) -> None:
    read(text)


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(Mapping.model_fields)), PARTS, max_size=4))
def test_any_content_of_the_known_keys(written: dict[str, object]) -> None:
    read(json.dumps({"version": "1", "name": "m", "lead": LEAD} | written))


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(sorted(LeadSpec.model_fields)), PARTS, max_size=4))
def test_any_content_of_the_lead(written: dict[str, object]) -> None:
    read(json.dumps({"version": "1", "name": "m", "lead": LEAD | written}))
