"""The JSON Schema of the mapping file, for editors that complete and check YAML.

It describes the file as any YAML reader sees it: where the importer reads a text, an unquoted number or boolean is
right too.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from importer.model.mapping import Mapping

_AS_WRITTEN = ["string", "number", "boolean"]
_NULL = {"type": "null"}


def mapping_schema() -> dict[str, Any]:
    """The schema, as `mappings/mapping.schema.json` holds it."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Mapping.model_json_schema()}
    schema["properties"]["assign"]["default"] = {}  # a section may be left blank, unlike a key that is left out
    _adapt(schema)
    return schema


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(mapping_schema(), indent=2, ensure_ascii=False) + "\n"


def _adapt(part: Any) -> None:
    """Accept, in place, what an unquoted text may be read as; leave out titles, which only repeat the keys."""
    if isinstance(part, list):
        for element in part:
            _adapt(element)
    if not isinstance(part, dict):
        return
    _without_null(part)
    if part.get("type") == "string" and "enum" not in part and "const" not in part:
        part["type"] = _AS_WRITTEN
    if isinstance(part.get("title"), str):
        del part["title"]
    for below in part.values():
        _adapt(below)


def _without_null(part: dict[str, Any]) -> None:
    """A key that is there has a value: null is only what a section has whose lines are all commented out."""
    if "default" not in part or isinstance(part["default"], str | bool | int):
        return
    if part.pop("default") is None and _NULL in part.get("anyOf", ()):
        choices = [choice for choice in part.pop("anyOf") if choice != _NULL]
        part.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


if __name__ == "__main__":  # make schema
    sys.stdout.write(schema_text())
