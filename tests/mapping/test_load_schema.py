import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from importer.mapping.file.load import parse_mapping
from importer.mapping.file.schema import mapping_schema, schema_text

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "mappings" / "mapping.schema.json"

SAMPLE = """\
version: 1
name: webinar
source: {sheet: 1, header_row: 3, encoding: cp1252, delimiter: ";"}
defaults: {region: IN, timezone: Asia/Kolkata}
where:
  - {column: Consent, one_of: ["yes", y, true, 1]}
lead:
  crm_id: 12
  first_name: {column: Name, part: first}
  last_name: {column: Name, part: last}
  phone_number: {columns: [Mobile, 2], region_column: Country, region: NO}
  opt_in_date: {column: Opt-in, format: ["%d/%m/%Y %H:%M", "%d/%m/%Y"], unit: s}
  attributes:
    city: City
    year: 2026
    score: {column: Score, type: integer, minimum: 0, maximum: 99.5}
    tier: {column: Tier, map: {"1": gold, "2": 7}, otherwise: problem}
    campaign: {value: 47}
    flag: {value: yes}
    owner: {column: Owner, lookup: {file: 2026.csv, key: Old, value: 7}, otherwise: keep}
    row: {provenance: row, type: integer}
    origin: {file: {provenance: file}, provenance: {column: Origin}}
    plan: {column: Plan, pattern: "[0-9]{4}", pattern_says: four digits}
    room: {column: Room, pattern: 101, on_problem: blank}
    address: {street: Street, geo: {lat: {column: Lat, type: number}}}
    deal: {value: {column: Amount}}
unmapped: attributes
attributes_as: object
assign:
  round_robin: [asha@x.example, {user: 4711, weight: 2}]
events:
  - event: LEAD_IMPORTED
    key: 47
    when: {column: Stage, not_blank: true}
    attributes: {stage: Stage, list: {value: webinar-nov}}
duplicates:
"""


def complaints(text: str) -> list[str]:
    """What an editor with the schema says about a text, which it reads as plain YAML."""
    checker = jsonschema.Draft202012Validator(mapping_schema())
    return [error.message for error in checker.iter_errors(yaml.safe_load(text))]


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), "run `make schema`"
    jsonschema.Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.slow
def test_make_schema_writes_the_schema() -> None:
    command = [sys.executable, "-m", "importer.mapping.file.schema"]
    assert subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout == schema_text()


def test_what_the_loader_reads_the_schema_accepts() -> None:
    assert parse_mapping(SAMPLE, "m.yaml").mapping.name == "webinar"
    assert complaints(SAMPLE) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("name: webinar", "nam: webinar"),
        ("city: City", "city: {colum: [City]}"),
        ("city: City", "city: {column: City, format: '%d'}"),
        ("city: City", "city: {column: City, colour: red}"),
        ("city: City", "city: {column: City, value: x}"),
        ("file: 2026.csv, ", ""),
        ("city: City", "city: {provenance: line}"),
        ("city: City", "city: {column: City, provenance: row}"),
        ("crm_id: 12", "crm_id: {provenance: row}"),
        ("city: City", "city: [City]"),
        ("city: City", "city: {}"),
        ("type: integer", "type: int"),
        ("crm_id: 12", "crm_id: {column: 12, region: IN}"),
        ("crm_id: 12", "crm_id:"),
        ("  crm_id: 12\n", ""),
        ("unit: s", "unit: sec"),
        ("header_row: 3", "header_row: 0"),
        ("weight: 2", "weight: 0"),
        ("unmapped: attributes", "unmapped: attribute"),
        ("duplicates:", "duplicates: {phone: never}"),
        ("event: LEAD_IMPORTED", f"event: {'E' * 257}"),
    ],
)
def test_what_the_schema_refuses_the_loader_refuses(old: str, new: str) -> None:
    assert old in SAMPLE
    text = SAMPLE.replace(old, new)
    if "format" not in new:  # which keys a type allows is more than the schema says
        assert complaints(text)
    with pytest.raises(Exception, match="mistake"):
        parse_mapping(text, "m.yaml")


def keys_without_words(part: Any, path: str = "") -> list[str]:
    found = []
    for name, about in part.get("properties", {}).items():
        if "description" not in about and "$ref" not in about:
            found.append(f"{path}.{name}")
    for name, definition in part.get("$defs", {}).items():
        found += keys_without_words(definition, name)
    return found


def test_every_key_is_described_for_editors() -> None:
    assert keys_without_words({k: v for k, v in mapping_schema().items() if k != "properties"}) == []
