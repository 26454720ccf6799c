"""Rules of the push beyond a single answer: budgets, distances, odd ids, and a person's word."""

import json
from dataclasses import replace

import pytest

from importer.crm.observation import Answer
from importer.journal.runs import Journal
from importer.model.operation import Call, Kind
from importer.model.run import OnDuplicate
from tests.planned import PlannedRow
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import LOST, error


def times(push: Push, kind: Kind) -> list[float]:
    return [at for at, called, _ in push.crm.calls if called is kind]


def named(number: int, crm_id: str) -> PlannedRow:
    """A row whose lead has this id."""
    row = planned_row(number)
    create, *rest = row.operations
    body = create.body.replace(f"L-{number}".encode(), crm_id.encode())
    return replace(row, crm_id=crm_id, operations=(replace(create, key=crm_id, body=body), *rest))


def test_a_budget_that_is_used_up_is_waited_for_without_a_refusal(push: Push) -> None:
    def taken_but_empty(call: Call) -> Answer:
        answer = push.crm.behave(call)
        return Answer(status=200, headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"}, body=answer.body)

    push.crm.script[Kind.CREATE].append(taken_but_empty)
    push.plan([planned_row(2), planned_row(3)])
    push.send()
    first, second = times(push, Kind.CREATE)
    assert second - first >= 9.0
    assert push.statuses() == ["created", "created"]


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": '"default";r=0;t=9'},
        {"ratelimit-remaining": "0", "ratelimit-reset": "9"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9"},
    ],
)
def test_a_throttle_says_in_its_headers_how_long(push: Push, headers: dict[str, str]) -> None:
    push.crm.script[Kind.CREATE].append(Answer(status=429, headers=headers, body=b""))
    push.plan([planned_row(2)])
    push.send()
    first, second = times(push, Kind.CREATE)
    assert 9.0 <= second - first < 10.0


def test_two_assignments_of_one_lead_keep_their_distance(push: Push) -> None:
    push.crm.script[Kind.ASSIGN].extend([LOST, error(429, "Too many requests")])
    push.plan([planned_row(2)])
    push.send()
    assert push.results()[0].assign == "accepted"
    first, second, third = times(push, Kind.ASSIGN)
    assert min(second - first, third - second) >= 10.0


def test_ids_that_a_server_may_take_for_one_are_never_in_flight_together(push: Push) -> None:
    push.crm.latency = 3.0
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 8)])
    push.plan(
        [planned_row(n, assign=False, events=0) for n in range(2, 8)] + [named(20, "a-1"), named(21, "A-1 ")], name="r2"
    )
    push.send(rate=0.0)
    near = [at for at, kind, crm_id in push.crm.calls if kind is Kind.CREATE and crm_id.strip().lower() == "a-1"]
    assert near[1] - near[0] >= 3.0


def test_an_id_that_cannot_stand_in_an_address_is_addressed_by_its_lead_id(push: Push) -> None:
    push.plan([named(2, "A/17")])
    push.send()
    (result,) = push.results()
    assert (result.status, result.assign, result.events) == ("created", "accepted", "accepted")


def test_without_a_lead_id_its_follow_ups_are_held(push: Push) -> None:
    push.crm.leads["A/17"] = 1
    push.plan([named(2, "A/17")])
    push.send(on_duplicate=OnDuplicate.FOLLOW_UP)
    (result,) = push.results()
    assert (result.status, result.assign, result.events) == ("duplicate", "held", "held")
    assert "cannot be part of a URL" in result.message
    assert times(push, Kind.ASSIGN) == []


def test_with_assume_new_a_lost_answer_ends_as_created(push: Push) -> None:
    push.crm.script[Kind.CREATE].append(push.crm.stores_but_is_silent)
    push.plan([planned_row(2)])
    push.send(assume_new=True)
    (result,) = push.results()
    assert (result.status, result.assign, result.events) == ("created", "accepted", "accepted")
    assert "--assume-new" in result.message


def test_assume_new_does_not_make_a_true_duplicate_ours(push: Push) -> None:
    push.crm.leads["L-2"] = 1
    push.plan([planned_row(2)])
    push.send(assume_new=True)
    assert push.statuses() == ["duplicate"]


def test_a_user_who_is_refused_three_times_is_not_asked_for_again(push: Push) -> None:
    push.crm.always = lambda call: error(422, "no such user") if call.operation.kind is Kind.ASSIGN else None
    push.plan([planned_row(number) for number in range(2, 42)])
    push.send(concurrency=1)
    states = [result.assign for result in push.results()]
    assert states.count("rejected") == len(times(push, Kind.ASSIGN)) == 3
    assert states.count("held") == 37
    assert {result.events for result in push.results()} == {"held"}
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        journal.retry_failed(push.run)
    push.crm.always = lambda _: None
    push.send()
    assert {(r.status, r.assign, r.events) for r in push.results()} == {("created", "accepted", "accepted")}


def test_a_user_who_was_accepted_once_is_asked_for_again(push: Push) -> None:
    push.crm.script[Kind.ASSIGN].extend([push.crm.behave, *[error(422, "not this one")] * 5])
    push.plan([planned_row(number) for number in range(2, 10)])
    push.send(concurrency=1)
    states = [result.assign for result in push.results()]
    assert (states.count("accepted"), states.count("rejected")) == (3, 5)


@pytest.mark.parametrize("lead_id", ["..", ".", "a/../b", "a%2f..", "x\u202e"])
def test_a_lead_id_that_would_lead_elsewhere_is_never_put_into_an_address(push: Push, lead_id: str) -> None:
    def answer(call: Call) -> Answer:
        body = json.loads(call.operation.body)
        return Answer(status=200, headers={}, body=json.dumps({"lead_id": lead_id, **body}).encode())

    push.crm.script[Kind.CREATE].append(answer)
    push.plan([planned_row(2)])
    push.send(canary=False)
    (result,) = push.results()
    assert (result.status, result.assign, result.events) == ("created", "held", "held")
    assert "lead_id from the CRM cannot be part of a URL" in result.message
    assert times(push, Kind.ASSIGN) == []
