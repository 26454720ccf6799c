"""Each endpoint, each status, and every way to name a lead."""

import http.client
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.conftest import Api


def test_create_answers_with_an_id_and_everything_that_was_sent(api: Api) -> None:
    reply = api.create(last_name="Lovelace", opt_in_date=1700000000, attributes={"n": 1, "deep": {"ok": [True, None]}})
    assert reply.status_code == 200
    answer = reply.json()
    assert uuid.UUID(answer.pop("lead_id")).version == 4
    assert answer == {
        "crm_id": "C-1",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "phone_number": "+12025550100",
        "opt_in_date": 1700000000,
        "attributes": {"n": 1, "deep": {"ok": [True, None]}},
    }


def test_follow_ups_answer_202_without_a_body(api: Api) -> None:
    api.create()
    for reply in (api.assign(), api.event()):
        assert (reply.status_code, reply.content) == (202, b"")


STRANGE = [
    "a/b",
    "100%",
    "%2F",
    "é",
    "日本",
    "a b",
    "#7",
    "who?",
    "a;b=c",
    "+41",
    "a\\b",
    "x\ny",
    "..a",
    "a+b&c",
    "\u0301",
]


@pytest.mark.parametrize("crm_id", STRANGE)
def test_a_strange_crm_id_names_its_lead(api: Api, crm_id: str) -> None:
    lead_id = api.create(crm_id).json()["lead_id"]
    assert api.assign(crm_id).status_code == 202
    assert api.event(lead_id, event="E").status_code == 202
    lead = api.sandbox.state.lead(api.org, crm_id)
    assert (lead.lead_id, lead.owner, [event.event for event in lead.events]) == (lead_id, "u1", ["E"])


@pytest.mark.parametrize("encoded", ["%2E%2E", "..", "%2e", "a%2Fassign", "%2F"])
def test_a_path_is_matched_before_it_is_decoded(api: Api, encoded: str) -> None:
    """With a client that leaves the path alone; httpx would collapse the dots."""
    api.create("..")
    api.create(".")
    api.create("a/assign")
    api.create("/")
    connection = http.client.HTTPConnection(api.sandbox.base_url.removeprefix("http://"))
    headers = {"x-org-api-key": api.sandbox.api_key, "content-type": "application/json"}
    connection.request("PUT", f"/v4/orgs/{api.org}/leads/{encoded}/assign", '{"user_id": "u9"}', headers)
    status = connection.getresponse().status
    connection.close()
    assert status == 202
    wanted = {"%2E%2E": "..", "..": "..", "%2e": ".", "a%2Fassign": "a/assign", "%2F": "/"}[encoded]
    assert [lead.crm_id for lead in api.sandbox.state.leads if lead.org == api.org and lead.owner] == [wanted]


def test_bytes_that_are_no_utf8_name_no_lead(api: Api) -> None:
    api.create("\ufffd")
    reply = api.send("PUT", f"/v4/orgs/{api.org}/leads/%FF/assign", {"user_id": "u1"})
    assert (reply.status_code, reply.json()["error_code"]) == (404, 4040002)


def test_a_uuid_goes_before_a_crm_id(api: Api) -> None:
    first = api.create("A").json()["lead_id"]
    api.create(first)
    api.assign(first)
    assert api.sandbox.state.lead(api.org, "A").owner == "u1"


def test_the_same_crm_id_again_is_the_documented_429(api: Api) -> None:
    api.create()
    reply = api.create(first_name="Grace")
    assert reply.status_code == 429
    assert reply.json() == {
        "error_code": 4090001,
        "error_message": "Lead with this crm_id already exists",
        "error_description": "UQ_CONSTRAINT_FAILED",
        "payload": {},
    }
    lead = api.sandbox.state.lead(api.org, "C-1")
    assert (lead.creates, lead.repeats, lead.fields["first_name"]) == (1, 1, "Ada")


def test_crm_ids_are_compared_exactly_and_per_org(api: Api) -> None:
    assert [api.create(crm_id).status_code for crm_id in ("a", "A", "a ", "e\u0301", "é")] == [200] * 5
    api.org += "-other"
    assert api.create("a").status_code == 200


def test_of_many_creates_at_once_one_wins(api: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: api.create("same").status_code, range(40)))
    assert sorted(statuses) == [200] + [429] * 39
    assert api.sandbox.state.lead(api.org, "same").creates == 1


def test_a_distinct_id_is_recorded_once_per_lead_and_event(api: Api) -> None:
    api.create("A")
    api.create("B")
    once = str(uuid.uuid4())
    for reference, name in (("A", "X"), ("A", "X"), ("A", "Y"), ("B", "X")):
        assert api.event(reference, event=name, distinct_id=once, attributes={"k": "v"}).status_code == 202
    state = api.sandbox.state
    assert [event.event for event in state.lead(api.org, "A").events] == ["X", "Y"]
    assert state.lead(api.org, "A").repeated_events == 1
    assert [(e.event, e.distinct_id, e.attributes) for e in state.lead(api.org, "B").events] == [
        ("X", once, {"k": "v"})
    ]


def test_the_lead_id_and_the_crm_id_share_their_distinct_ids(api: Api) -> None:
    lead_id = api.create("A").json()["lead_id"]
    for reference in ("A", lead_id):
        api.event(reference, event="X", distinct_id="d")
    assert len(api.sandbox.state.lead(api.org, "A").events) == 1


def test_events_without_a_distinct_id_are_all_recorded(api: Api) -> None:
    api.create()
    api.event()
    api.event()
    assert len(api.sandbox.state.lead(api.org, "C-1").events) == 2


def test_the_last_assignment_owns_and_an_id_goes_before_an_email(api: Api) -> None:
    api.create()
    api.assign(user_email="ada@crm.example")
    assert api.sandbox.state.lead(api.org, "C-1").owner == "ada@crm.example"
    api.assign(user_id="u7", user_email="ada@crm.example")
    lead = api.sandbox.state.lead(api.org, "C-1")
    assert (lead.owner, lead.assignments) == ("u7", ["ada@crm.example", "u7"])


def test_a_lead_that_does_not_exist(api: Api) -> None:
    for reply in (api.assign("nobody"), api.event("nobody")):
        assert (reply.status_code, reply.json()["error_code"]) == (404, 4040002)
        assert reply.json()["error_message"] == "Lead not found"


BROKEN_LEADS = [
    ({"crm_id": ...}, "crm_id"),
    ({"first_name": ...}, "first_name"),
    ({"phone_number": ...}, "phone_number"),
    ({"attributes": ...}, "attributes"),
    ({"crm_id": 17}, "crm_id"),
    ({"crm_id": ""}, "crm_id"),
    ({"crm_id": "x" * 129}, "crm_id"),
    ({"first_name": "Ad*"}, "first_name"),
    ({"first_name": None}, "first_name"),
    ({"last_name": "x" * 129}, "last_name"),
    ({"last_name": "*"}, "last_name"),
    ({"last_name": None}, "last_name"),
    ({"phone_number": "12025550100"}, "phone_number"),
    ({"phone_number": "+1 202 555 0100"}, "phone_number"),
    ({"phone_number": "+12025550100\n"}, "phone_number"),
    ({"phone_number": "+1234567890123456"}, "phone_number"),
    ({"attributes": []}, "attributes"),
    ({"attributes": None}, "attributes"),
    ({"opt_in_date": True}, "opt_in_date"),
    ({"opt_in_date": "1700000000"}, "opt_in_date"),
    ({"opt_in_date": 1.5}, "opt_in_date"),
    ({"opt_in_date": 1700000000.0}, "opt_in_date"),
    ({"opt_in_date": 2**63}, "opt_in_date"),
]


@pytest.mark.parametrize(("changes", "named"), BROKEN_LEADS)
def test_a_broken_lead_is_422_and_stores_nothing(api: Api, changes: dict[str, Any], named: str) -> None:
    reply = api.create(**{"crm_id": "C-1", **changes})
    assert (reply.status_code, reply.json()["error_code"]) == (422, 4220001)
    assert set(reply.json()) == {"error_code", "error_message", "error_description", "payload"}
    assert reply.json()["error_description"].startswith(f"{named}: ")
    assert not [lead for lead in api.sandbox.state.leads if lead.org == api.org]


def test_every_broken_rule_is_named(api: Api) -> None:
    description = api.create(first_name="*", phone_number="1").json()["error_description"]
    assert "first_name: " in description
    assert "phone_number: " in description


def test_the_limits_themselves_and_unknown_fields_are_fine(api: Api) -> None:
    reply = api.create("x" * 128, first_name="é" * 128, opt_in_date=-(2**63), attributes={}, colour="red")
    assert reply.status_code == 200
    assert "colour" not in reply.json()
    assert api.event("x" * 128, event="e" * 256, distinct_id="d" * 36).status_code == 202
    assert api.assign("x" * 128, user_email="m" * 319).status_code == 202


@pytest.mark.parametrize("body", [{"user_id": ""}, {"colour": 1}, {"user_id": 7}, {"user_email": "m" * 320}, []])
def test_a_broken_assignment(api: Api, body: dict[str, Any] | list[Any]) -> None:
    api.create()
    assert api.send("PUT", api.path("C-1", "assign"), body).status_code == 422
    assert not api.sandbox.state.lead(api.org, "C-1").assignments


@pytest.mark.parametrize(
    "body",
    [{}, {"event": 1}, {"event": "e" * 257}, {"event": "e", "distinct_id": "d" * 37}, {"event": "e", "attributes": 1}],
)
def test_a_broken_event(api: Api, body: dict[str, Any]) -> None:
    api.create()
    assert api.send("PUT", api.path("C-1", "events"), body).status_code == 422
    assert not api.sandbox.state.lead(api.org, "C-1").events


NO_JSON = [b"", b"{", b"null", b'"text"', b"\xff", b'{"crm_id": NaN}', b"[" * 5000, b'{"a": 1' + b"0" * 5000 + b"}"]


@pytest.mark.parametrize("body", NO_JSON, ids=lambda body: repr(body[:15]))
def test_a_body_that_is_no_json_object(api: Api, body: bytes) -> None:
    assert api.send("POST", f"/v4/orgs/{api.org}/leads", body).status_code == 422


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e999", '"\\ud800"'])
def test_values_that_json_does_not_know(api: Api, literal: str) -> None:
    body = b'{"crm_id":"1","first_name":"A","phone_number":"+12025550100","attributes":{"n":%s}}' % literal.encode()
    assert api.send("POST", f"/v4/orgs/{api.org}/leads", body).status_code == 422


def test_a_body_that_is_not_declared_as_json(api: Api) -> None:
    reply = api.send("POST", f"/v4/orgs/{api.org}/leads", api.lead(), headers={"content-type": "text/plain"})
    assert (reply.status_code, "Content-Type" in reply.json()["error_description"]) == (422, True)


def test_attributes_may_be_asked_to_be_objects(open_api: Callable[..., Api]) -> None:
    api = open_api(attributes="object")
    assert api.create(attributes={"city": "Basel"}).status_code == 422
    assert api.create(attributes={"city": {"value": "Basel"}}).status_code == 200
    assert api.event(event="E", attributes={"n": 1}).status_code == 422
    assert api.event(event="E", attributes={"n": {"value": 1}}).status_code == 202


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-org-api-key": "KEY"}, 200),
        ({"Authorization": "Bearer KEY"}, 200),
        ({"Authorization": "bearer KEY"}, 200),
        ({"Authorization": "Basic KEY"}, 401),
        ({"Authorization": "KEY"}, 401),
        ({"x-org-api-key": "KEy"}, 401),
        ({"x-org-api-key": "é".encode()}, 401),
        ({}, 401),
    ],
)
def test_a_credential_is_needed(open_api: Callable[..., Api], headers: dict[str, Any], status: int) -> None:
    api = open_api(api_key="KEY")
    del api.http.headers["x-org-api-key"]
    reply = api.send("POST", "/v4/orgs/o1/leads", api.lead(), headers=headers)
    assert reply.status_code == status
    if status == 401:
        assert (reply.json()["error_code"], api.sandbox.state.leads) == (4010001, ())


def test_only_the_named_orgs_exist(open_api: Callable[..., Api]) -> None:
    api = open_api(orgs={"o1"})
    assert api.create().status_code == 200
    api.org = "o2"
    for reply in (api.create(), api.assign(), api.event()):
        assert (reply.status_code, reply.json()["error_code"], reply.json()["error_message"]) == (
            404,
            4040001,
            "Org not found",
        )


def test_leads_that_are_there_beforehand(open_api: Callable[..., Api]) -> None:
    api = open_api(existing=[("o1", "11111111-1111-4111-8111-111111111111", "old")])
    assert api.create("old").status_code == 429
    assert api.assign("11111111-1111-4111-8111-111111111111").status_code == 202
    lead = api.sandbox.state.lead("o1", "old")
    assert (lead.creates, lead.repeats, lead.owner) == (0, 1, "u1")


def test_wrong_methods_and_paths(api: Api) -> None:
    assert api.http.get(f"/v4/orgs/{api.org}/leads").status_code == 405
    assert api.send("POST", api.path("C-1", "assign"), {"user_id": "u"}).status_code == 405
    for path in ("/v4/orgs/o/leads/", "/v4/orgs//leads", "/v4/orgs/o/leads/C-1", "/v3/orgs/o/leads", "/x"):
        assert api.send("POST", path, api.lead()).status_code == 404
