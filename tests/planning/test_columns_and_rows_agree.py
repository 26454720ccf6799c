"""Bodies made a column at a time, against the same made a row at a time with `json`, every byte."""

import json
import random

import pandas as pd
import pytest

from importer.model.batch import MappedBatch, Place, Target
from importer.model.mapping import parse
from importer.model.problems import Problems
from importer.model.rules import attribute_rules
from importer.planning import Planner, distinct_id
from tests.sizes import MANY

MAPPING = parse(
    {
        "version": 1,
        "name": "agree",
        "lead": {
            "crm_id": "Id",
            "first_name": "First",
            "last_name": "Last",
            "phone_number": "Phone",
            "opt_in_date": "Opt-in",
            "attributes": {
                "city": "City",
                "score": {"column": "Score", "type": "integer"},
                "address": {"street": "Street", "geo": {"lat": "Lat"}},
            },
        },
        "assign": {"by": {"column": "C", "map": {"IN": "x"}}},
        "events": [{"event": "JOINED", "attributes": {"stage": "Stage"}}, {"event": 'The "end"'}],
    }
)
LEAD = ("crm_id", "first_name", "last_name", "phone_number", "opt_in_date")
TARGETS = [
    *(Target(label=name, place=Place.LEAD, path=(name,), rule=getattr(MAPPING.lead, name)) for name in LEAD),
    *(
        Target(label=f"attributes.{'.'.join(path)}", place=Place.ATTRIBUTE, path=path, rule=rule, type=rule.type)
        for path, rule in attribute_rules(MAPPING.lead.attributes)
    ),
    Target(label="assign", place=Place.ASSIGN, path=("assign",)),
    Target(label="events[0].attributes.stage", place=Place.EVENT_ATTRIBUTE, path=("stage",), event=0),
]
PIECES = [
    "a",
    "é",
    "北",
    "😀",
    '"',
    "\\",
    "\n",
    "\t",
    "\x00",
    "\x1f",
    "\x7f",
    "/",
    " ",
    "{",
    "}",
    ",",
    "+",
    "'",
    "\u2028",
]


def text(dice: random.Random, *, blank: float = 0.3) -> str:
    return "" if dice.random() < blank else "".join(dice.choices(PIECES, k=dice.randrange(1, 6)))


def rows(dice: random.Random) -> list[dict[str, str]]:
    return [
        {
            "crm_id": f"L-{number}{text(dice)}",
            "first_name": text(dice),
            "last_name": text(dice),
            "phone_number": "+919876543210",
            "opt_in_date": "" if number % 3 else str(number),
            "attributes.city": text(dice),
            "attributes.score": "" if number % 5 else str(-number),
            "attributes.address.street": text(dice, blank=0.6),
            "attributes.address.geo.lat": text(dice, blank=0.6),
            "assign": ("", "u-1", "asha@x.example")[number % 3],
            "events[0].attributes.stage": text(dice, blank=0.6),
        }
        for number in range(MANY)
    ]


def filled(**members: object) -> dict[str, object]:
    return {name: value for name, value in members.items() if value not in ("", {})}


def bodies(row: dict[str, str], wanted: bool) -> list[bytes]:
    """What the row asks for, written down once more from the mapping's documentation."""
    lead = filled(**{name: row[name] for name in LEAD})
    if row["opt_in_date"]:
        lead["opt_in_date"] = int(row["opt_in_date"])
    geo = filled(lat=row["attributes.address.geo.lat"])
    attributes = filled(city=row["attributes.city"])
    if row["attributes.score"]:
        attributes["score"] = int(row["attributes.score"])
    attributes |= filled(address=filled(street=row["attributes.address.street"], geo=geo))
    found: list[object] = [{**lead, "attributes": attributes}]
    if row["assign"]:
        found.append({"user_email" if "@" in row["assign"] else "user_id": row["assign"]})
    events = [("JOINED", filled(stage=row["events[0].attributes.stage"]))] if wanted else []
    for event, of_event in [*events, ('The "end"', {})]:
        key = distinct_id(origin="https://x.example", org="o", crm_id=row["crm_id"], event=event, key="")
        found.append(filled(event=event, distinct_id=key, attributes=of_event))
    return [json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() for body in found]


@pytest.mark.slow
def test_every_body_is_the_one_that_json_writes() -> None:
    found = rows(random.Random(7))
    frame = pd.DataFrame(found, dtype="str")
    wanted = [number % 4 > 0 for number in range(MANY)]
    frame["events[0]"], frame["events[1]"] = wanted, True
    mapped = MappedBatch(frame=frame, filtered=pd.Series([False] * MANY))
    planner = Planner(MAPPING, TARGETS, origin="https://x.example", org="o")
    columns = planner.operations(mapped, planner.plan(0, mapped, frame[["crm_id"]], Problems.none(), frozenset()))
    in_columns = zip(*(column.bodies.to_pylist() for column in columns), strict=True)
    for row, wants, sent in zip(found, wanted, in_columns, strict=True):
        assert [body for body in sent if body is not None] == bodies(row, wants)
