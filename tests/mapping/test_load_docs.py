"""docs/mapping.md says what the code does: its examples load, and no key is left out."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from importer.mapping.file.load import parse_mapping
from importer.mapping.values.transforms import TRANSFORMS
from importer.model.mapping import Mapping
from importer.model.rules import ValueType

DOCS = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
LEAD = {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone"}


def completed(example: str) -> str:
    """A whole mapping around a fragment: sections, or else attributes."""
    written: dict[str, Any] = yaml.load(example, Loader=yaml.BaseLoader)
    if "version" in written:
        return example
    sections = written if written.keys() <= Mapping.model_fields.keys() else {"lead": {"attributes": written}}
    lead = LEAD | sections.get("lead", {})
    return yaml.safe_dump({"version": "1", "name": "docs"} | sections | {"lead": lead}, sort_keys=False)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_loads(example: str) -> None:
    assert parse_mapping(completed(example), "docs/mapping.md").mapping.version == 1


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 10
    assert sum("version:" in example for example in EXAMPLES) == 2


def models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """The model and every model below it."""
    found, todo = set(), [model]
    while todo:
        current = todo.pop()
        if current not in found:
            found.add(current)
            for field in current.model_fields.values():
                todo += [part for part in _parts(field.annotation) if isinstance(part, type)]
    return {one for one in found if issubclass(one, BaseModel)}


def _parts(annotation: Any) -> list[Any]:
    below = [part for argument in getattr(annotation, "__args__", ()) for part in _parts(argument)]
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return [annotation, *below] if is_model else below


def test_every_key_type_and_transform_is_documented() -> None:
    keys = {key for model in models(Mapping) for key in model.model_fields if key not in {"root", "user", "weight"}}
    assert {"version", "digest_of", "separator", "region_column", "when_blank", "not_blank"} <= keys
    words = {*keys, *TRANSFORMS, *(kind.value for kind in ValueType)}
    documented = set(re.findall(r"`([a-z_0-9]+)`", DOCS))
    assert words - documented == set()
