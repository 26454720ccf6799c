from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import Any

import pandas as pd
import pytest

from importer.model.batch import MappedBatch, Place, Target
from importer.model.mapping import Mapping, Share, parse
from importer.model.operation import Kind, RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.model.problems import Problems
from importer.model.rules import attribute_rules
from importer.planning import Planner, distinct_id
from importer.planning.owners import round_robin
from tests.planned import PlannedRow, rows_of

LEAD = {"crm_id": "Id", "first_name": "First", "last_name": "Last", "phone_number": "Phone", "opt_in_date": "Opt-in"}
GOOD = {"crm_id": "L-1", "first_name": "Asha", "phone_number": "+919876543210"}
WARNING = {"detail": "", "warning": True}


def mapping_of(attributes: dict[str, Any] | None = None, **sections: Any) -> Any:
    return parse({"version": 1, "name": "test", "lead": {**LEAD, "attributes": attributes or {}}, **sections})


def targets_of(mapping: Mapping) -> Any:
    """Lead fields last, so that the order of the body is seen to come from the field table."""
    targets = []
    for path, rule in attribute_rules(mapping.lead.attributes):
        label = f"attributes.{'.'.join(path)}"
        targets.append(Target(label=label, place=Place.ATTRIBUTE, path=path, rule=rule, type=rule.type))
    for event, spec in enumerate(mapping.events):
        for path, rule in attribute_rules(spec.attributes):
            label = f"events[{event}].attributes.{'.'.join(path)}"
            targets.append(
                Target(label=label, place=Place.EVENT_ATTRIBUTE, path=path, rule=rule, type=rule.type, event=event)
            )
    if mapping.assign and not mapping.assign.round_robin:
        targets.append(Target(label="assign", place=Place.ASSIGN, path=("assign",)))
    lead = [Target(label=f, place=Place.LEAD, path=(f,), rule=getattr(mapping.lead, f)) for f in reversed(LEAD)]
    return targets + lead


class Table:
    """A mapping with its planner, and rows given by what differs from a good one."""

    def __init__(self, attributes: dict[str, Any] | None = None, **sections: Any) -> None:
        self.mapping = mapping_of(attributes, **sections)
        self.targets = targets_of(self.mapping)
        self.planner = Planner(self.mapping, self.targets, origin="https://api.x.example", org="org-1")

    def plan(
        self,
        *rows: Any,
        filtered: Any = (),
        problems: Any = (),
        repeated: Any = (),
        source: int = 0,
        start: int = 2,
        lines: Any = None,
    ) -> Any:
        index = range(start, start + len(rows))
        frame = pd.DataFrame(
            {
                t.label: pd.Series([{**GOOD, **row}.get(t.label, "") for row in rows], dtype="str", index=index)
                for t in self.targets
            }
        )
        for event in range(len(self.mapping.events)):
            frame[f"events[{event}]"] = [row.get(f"events[{event}]", True) for row in rows]
        mapped = MappedBatch(frame=frame, filtered=pd.Series([n in filtered for n in index], index=index))
        columns = {"A": [f"a{n}" for n in index], "B": [""] * len(rows)}
        cells = pd.DataFrame(columns, dtype="str", index=index)
        planned = self.planner.plan(source, mapped, cells, Problems.of(problems), frozenset(repeated), lines)
        return rows_of(planned, self.planner.operations(mapped, planned))

    def bodies(self, row: dict[str, str], kind: Any = Kind.CREATE) -> Any:
        (planned,) = self.plan(row)
        return [operation.body.decode() for operation in planned.operations if operation.kind is kind]


def test_the_smallest_lead() -> None:
    (planned,) = Table().plan({})
    assert planned == PlannedRow(
        row=RowId(0, 2),
        status=RowStatus.VALID,
        crm_id="L-1",
        cells=("a2", ""),
        operations=planned.operations,
    )
    (create,) = planned.operations
    assert (create.kind, create.key) == (Kind.CREATE, "L-1")
    assert create.body == b'{"crm_id":"L-1","first_name":"Asha","phone_number":"+919876543210","attributes":{}}'


def test_a_whole_lead_in_the_order_of_the_field_table() -> None:
    attributes = {
        "city": "City",
        "score": {"column": "S", "type": "integer"},
        "rate": {"column": "S", "type": "number"},
        "vip": {"column": "S", "type": "boolean"},
        "tags": {"column": "S", "type": "list"},
        "more": {"column": "S", "type": "json"},
        "day": {"column": "S", "type": "date"},
        "seen": {"column": "S", "type": "datetime", "unit": "ms"},
        "address": {"street": "Street", "zip": "ZIP", "geo": {"lat": "Lat"}},
        "Müller": "M",
    }
    row = {
        "last_name": 'O"Neil\\',
        "opt_in_date": "1700000000",
        "attributes.city": "पुणे\n",
        "attributes.score": "123456789012345678901234567890",
        "attributes.rate": "1e400",
        "attributes.vip": "true",
        "attributes.tags": '["a","b"]',
        "attributes.more": '{"half":"\\ud800"}',
        "attributes.day": "2026-11-22",
        "attributes.seen": "1700000000000",
        "attributes.address.zip": "01234",
        "attributes.Müller": "x",
    }
    assert Table(attributes).bodies(row) == [
        '{"crm_id":"L-1","first_name":"Asha","last_name":"O\\"Neil\\\\","phone_number":"+919876543210",'
        '"opt_in_date":1700000000,"attributes":{"city":"पुणे\\n","score":123456789012345678901234567890,"rate":1e400,'
        '"vip":true,"tags":["a","b"],"more":{"half":"\\ud800"},"day":"2026-11-22","seen":1700000000000,'
        '"address":{"zip":"01234"},"Müller":"x"}}'
    ]


def test_attributes_as_objects() -> None:
    attributes = {
        "city": "C",
        "n": {"column": "C", "type": "integer"},
        "tags": {"column": "C", "type": "list"},
        "more": {"column": "C", "type": "json"},
        "address": {"zip": "Z"},
        "blank": "B",
    }
    table = Table(attributes, attributes_as="object", events=[{"event": "E", "attributes": {"stage": "S"}}])
    row = {
        "attributes.city": "{Pune",
        "attributes.n": "1",
        "attributes.tags": '["a"]',
        "attributes.more": '{"a":1}',
        "attributes.address.zip": "1",
        "events[0].attributes.stage": "new",
    }
    (create,) = table.bodies(row)
    assert json.loads(create)["attributes"] == {
        "city": {"value": "{Pune"},
        "n": {"value": 1},
        "tags": {"value": ["a"]},
        "more": {"a": 1},
        "address": {"zip": {"value": "1"}},
    }
    assert json.loads(create)["first_name"] == "Asha"
    (event,) = table.bodies(row, Kind.EVENT)
    assert json.loads(event)["attributes"] == {"stage": {"value": "new"}}


def test_every_row_is_planned_and_only_valid_rows_have_operations() -> None:
    problems = (
        Problem(row=3, code="phone-invalid", detail="x"),
        Problem(row=4, code="phone-repeated", **WARNING),
        Problem(row=5, code="phone-invalid", detail="not reported for a filtered row"),
    )
    rows = Table().plan({}, {}, {}, {}, {"crm_id": ""}, filtered={5}, problems=problems, source=1, lines={3: 30})
    assert [(r.row.number, r.status, len(r.problems), len(r.operations), r.line) for r in rows] == [
        (2, RowStatus.VALID, 0, 1, None),
        (3, RowStatus.INVALID, 1, 0, 30),
        (4, RowStatus.VALID, 1, 1, None),
        (5, RowStatus.FILTERED, 0, 0, None),
        (6, RowStatus.VALID, 0, 1, None),
    ]
    assert {r.row.source for r in rows} == {1}
    assert [r.cells for r in rows] == [(f"a{n}", "") for n in range(2, 7)]


def test_no_rows() -> None:
    assert Table(events=[{"event": "E"}]).plan() == []


@pytest.mark.parametrize(
    ("assign", "user", "body"),
    [
        ({"user_email": "Owner"}, "asha@x.example", '{"user_email":"asha@x.example"}'),
        ({"user_id": "Owner"}, "u-1", '{"user_id":"u-1"}'),
        ({"by": {"column": "C", "map": {"IN": "x"}}}, "u-1", '{"user_id":"u-1"}'),
        ({"by": {"column": "C", "map": {"IN": "x"}}}, "asha@x.example", '{"user_email":"asha@x.example"}'),
    ],
)
def test_the_owner_of_a_column(assign: dict[str, Any], user: str, body: dict[str, Any] | None) -> None:
    (planned,) = Table(assign=assign).plan({"assign": user})
    _, operation = planned.operations
    assert (operation.kind, operation.key, operation.body.decode(), planned.owner) == (Kind.ASSIGN, user, body, user)


def test_no_owner_no_assignment() -> None:
    (planned,) = Table(assign={"user_email": "Owner"}).plan({"assign": ""})
    assert (planned.owner, len(planned.operations)) == ("", 1)


def test_turns_are_taken_by_valid_rows_across_batches_and_files() -> None:
    table = Table(assign={"round_robin": ["a@x.example", {"user": "u-2", "weight": 2}]})
    invalid = [Problem(row=3, code="phone-invalid", detail="")]
    first = table.plan({}, {}, {}, {}, {}, problems=invalid, filtered={4}, repeated={5})
    table.planner = Planner(table.mapping, table.targets, origin="https://x", org="o", follows=table.planner)
    second = table.plan({}, {}, source=1)
    assert [r.owner for r in first + second] == ["u-2", "", "", "", "a@x.example", "u-2", "u-2"]
    assert first[3].status is RowStatus.VALID
    assert [o.kind for o in first[3].operations] == [Kind.CREATE]
    assert first[4].operations[1].body == b'{"user_email":"a@x.example"}'
    assert second[0].operations[1].body == b'{"user_id":"u-2"}'


def test_turns_are_spread_evenly_and_exact_in_every_round() -> None:
    shares = [Share(user="a", weight=5), Share(user="b"), Share(user="c")]
    # the example that nginx gives of its smooth weighted round robin
    assert "".join(islice(round_robin(shares), 14)) == "aabacaa" * 2
    shares = [Share(user=name, weight=weight) for name, weight in (("a", 7), ("b", 3), ("c", 1))]
    assert Counter(islice(round_robin(shares), 110)) == {"a": 70, "b": 30, "c": 10}
    assert "".join(islice(round_robin([Share(user="a"), Share(user="b")]), 5)) == "ababa"


def test_events_in_the_order_of_the_mapping() -> None:
    table = Table(
        assign={"user_id": "Owner"},
        events=[
            {"event": "FIRST", "key": "w1", "attributes": {"stage": "S", "n": {"column": "N", "type": "integer"}}},
            {"event": "SECOND", "attributes": {"stage": "S"}},
            {"event": "THIRD"},
        ],
    )
    row = {"assign": "u", "events[0].attributes.stage": "new", "events[0].attributes.n": "3", "events[2]": False}
    (planned,) = table.plan(row)
    assert [operation.kind for operation in planned.operations] == [Kind.CREATE, Kind.ASSIGN, Kind.EVENT, Kind.EVENT]
    first, second = planned.operations[2:]
    lead = {"origin": "https://api.x.example", "org": "org-1", "crm_id": "L-1"}
    assert first.key == distinct_id(**lead, event="FIRST", key="w1")
    assert second.key == distinct_id(**lead, event="SECOND", key="")
    assert (
        first.body.decode() == f'{{"event":"FIRST","distinct_id":"{first.key}","attributes":{{"stage":"new","n":3}}}}'
    )
    assert second.body.decode() == f'{{"event":"SECOND","distinct_id":"{second.key}"}}'


def test_a_repeated_row_keeps_the_owner_of_its_own_column() -> None:
    (planned,) = Table(assign={"user_id": "Owner"}).plan({"assign": "u"}, repeated={2})
    assert planned.owner == "u"
