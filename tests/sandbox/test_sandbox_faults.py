"""Each fault: what the client sees, and what was stored."""

import time
from collections.abc import Callable

import httpx
import pytest

from importer.sandbox import Faults
from importer.sandbox.endpoints import Endpoint
from tests.sandbox.conftest import Api

BEFORE_AND_AFTER = [("before", 0), ("after", 1)]


def creates(api: Api) -> int:
    lead = api.sandbox.state.lead("o1", "C-1")
    return lead.creates if lead else 0


def assert_creates(api: Api, count: int) -> None:
    """The client has given up; the server continues by itself, as fast as the machine allows."""
    until = time.monotonic() + 300
    while creates(api) != count and time.monotonic() < until:
        time.sleep(0.02)
    assert creates(api) == count


@pytest.mark.parametrize(("when", "stored"), BEFORE_AND_AFTER)
def test_error(open_api: Callable[..., Api], when: str, stored: int) -> None:
    api = open_api(faults=Faults.model_validate({f"error_{when}": 1}))
    reply = api.create()
    assert (reply.status_code, reply.json()["error_code"], creates(api)) == (500, 5000001, stored)


def test_error_with_another_status(open_api: Callable[..., Api]) -> None:
    reply = open_api(faults=Faults(error_before=1, error_status=403)).create()
    assert (reply.status_code, reply.json()["error_code"], reply.json()["error_message"]) == (403, 4030001, "Forbidden")


@pytest.mark.parametrize(("when", "stored"), BEFORE_AND_AFTER)
def test_drop(open_api: Callable[..., Api], when: str, stored: int) -> None:
    api = open_api(faults=Faults.model_validate({f"drop_{when}": 1}))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        api.create()
    assert creates(api) == stored
    assert api.sandbox.state.answers("create") == {"none": 1}


@pytest.mark.parametrize(("when", "stored"), BEFORE_AND_AFTER)
def test_drop_on_a_connection_that_worked(open_api: Callable[..., Api], when: str, stored: int) -> None:
    api = open_api(faults=Faults.model_validate({f"drop_{when}": 1, "endpoints": ["assign"]}))
    assert api.create().status_code == 200
    for _ in range(3):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            api.assign()
    assert len(api.sandbox.state.lead("o1", "C-1").assignments) == 3 * stored
    assert api.event().status_code == 202


def test_drop_of_a_large_body(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(drop_after=1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)):
        api.create(attributes={"long": "x" * 2_000_000})
    assert creates(api) == 1


@pytest.mark.parametrize(("when", "stored"), BEFORE_AND_AFTER)
def test_hang_until_the_client_gives_up(open_api: Callable[..., Api], when: str, stored: int) -> None:
    api = open_api(faults=Faults.model_validate({f"hang_{when}": 1}))
    api.http.timeout = 0.15
    with pytest.raises(httpx.ReadTimeout):
        api.create()
    assert_creates(api, stored)


def test_hang_ends_with_a_drop(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(hang_before=1, hang_seconds=0.1))
    began = time.monotonic()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        api.create()
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize(("when", "stored"), BEFORE_AND_AFTER)
def test_gateway(open_api: Callable[..., Api], when: str, stored: int) -> None:
    api = open_api(faults=Faults.model_validate({f"gateway_{when}": 1, "gateway_status": [504]}))
    reply = api.create()
    assert (reply.status_code, reply.headers["content-type"]) == (504, "text/html; charset=utf-8")
    assert "Gateway Timeout" in reply.text
    assert creates(api) == stored


def test_gateway_shows_every_status(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(gateway_before=1))
    assert {api.create(str(n)).status_code for n in range(40)} == {502, 503, 504}


def test_spurious_throttle(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(throttle=1, throttle_retry_after=3, throttle_body="html"))
    reply = api.create()
    assert (reply.status_code, reply.headers["retry-after"], creates(api)) == (429, "3", 0)
    assert "Too Many Requests" in reply.text


def test_false_ok_commits_nothing(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(false_ok=1), existing=[("o1", "L", "old")])
    replies = [api.create(), api.assign("old"), api.event("old")]
    assert [reply.status_code for reply in replies] == [200, 202, 202]
    assert all(reply.headers["content-type"].startswith("text/html") for reply in replies)
    old = api.sandbox.state.lead("o1", "old")
    assert (creates(api), old.owner, old.events) == (0, "", [])


def test_slow(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(slow=1, slow_seconds=0.1, slow_jitter=0.1))
    began = time.monotonic()
    assert api.create().status_code == 200
    assert time.monotonic() - began >= 0.1


def test_a_slow_request_has_its_effect_after_the_client_has_gone(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(slow=1, slow_seconds=2))
    api.http.timeout = 0.1
    with pytest.raises(httpx.ReadTimeout):
        api.create()
    assert creates(api) == 0
    assert_creates(api, 1)


def test_faults_keep_to_their_endpoints(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(error_before=1, endpoints=(Endpoint.EVENT,)))
    assert [api.create().status_code, api.assign().status_code, api.event().status_code] == [200, 202, 500]


def test_a_request_that_is_tried_again_gets_through(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(error_after=1, attempts=2))
    assert [api.create().status_code for _ in range(3)] == [500, 500, 429]
    assert api.create("other").status_code == 500
    lead = api.sandbox.state.lead("o1", "C-1")
    assert (lead.creates, lead.repeats) == (1, 2)


def test_the_seed_decides_whatever_the_order(open_api: Callable[..., Api]) -> None:
    names = [str(n) for n in range(60)]
    faults = Faults(seed=7, error_before=0.3, gateway_after=0.3)
    first, second = open_api(faults=faults), open_api(faults=faults)
    other = open_api(faults=faults.model_copy(update={"seed": 8}))
    fates = {name: first.create(name).status_code for name in names}
    assert {name: second.create(name).status_code for name in reversed(names)} == fates
    assert {name: other.create(name).status_code for name in names} != fates


def test_every_attempt_of_a_request_has_a_chance_of_its_own(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(error_before=0.5))
    assert {api.create().status_code for _ in range(30)} == {500, 200, 429}


@pytest.mark.slow
def test_rates_are_kept(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(error_before=0.2, throttle=0.1))
    for number in range(1000):
        api.create(str(number))
    answers = api.sandbox.state.answers("create")
    assert 150 < answers["500"] < 250
    assert 65 < answers["429"] < 135
    assert answers["200"] == 1000 - answers["500"] - answers["429"]


def test_a_refusal_comes_before_any_fault(open_api: Callable[..., Api]) -> None:
    api = open_api(faults=Faults(drop_before=1))
    assert api.http.post("/v4/orgs/o1/leads", headers={"x-org-api-key": "wrong"}).status_code == 401
    assert api.http.get("/sandbox/state").json()["faults"] == {}
