"""The contract, to the letter and as its author uses it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("leads.openapi.yaml")


def to_the_letter() -> dict[str, Any]:
    """The contract as it stands: an attribute's value is an object."""
    document = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def as_used() -> dict[str, Any]:
    """The contract with any value for an attribute.

    `{type: object}` is what generators make of Java's `Map<String, Object>`; the vendor's own example of attributes is
    `{"process": "Issuance", "product_code": "P1"}`, and so do mappings by default. `attributes_as: object` is for a
    server that insists on the letter.
    """
    document = copy.deepcopy(to_the_letter())
    document["components"]["schemas"]["Attributes"]["additionalProperties"] = {}
    return document


def served_at(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """The contract of this server."""
    return {**document, "servers": [{"url": base_url}]}
