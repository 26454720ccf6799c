"""The rate limit, by a clock that the test moves."""

from collections.abc import Callable
from typing import Any

import pytest

from importer.errors import SettingsError
from importer.sandbox import Faults, Sandbox
from tests.sandbox.conftest import Api


class HandClock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_a_burst_then_one_token_every_tenth_of_a_second(open_api: Callable[..., Api]) -> None:
    clock = HandClock()
    api = open_api(rate=10, monotonic=clock)
    assert [api.create(str(n)).status_code for n in range(12)] == [200] * 10 + [429] * 2
    clock.seconds += 0.099
    assert api.create("early").status_code == 429
    clock.seconds += 0.001
    assert [api.create(f"late-{n}").status_code for n in range(2)] == [200, 429]
    clock.seconds += 3600
    assert [api.create(f"rested-{n}").status_code for n in range(11)] == [200] * 10 + [429]
    assert api.sandbox.state.answers("create") == {"200": 21, "429": 5}


def test_who_keeps_to_the_rate_is_never_throttled_by_a_rounding_error(open_api: Callable[..., Api]) -> None:
    clock = HandClock()
    api = open_api(rate=10, burst=1, monotonic=clock)
    statuses = set()
    for number in range(100):
        clock.seconds = 1000 + number / 10
        statuses.add(api.create(str(number)).status_code)
    assert statuses == {200}


def test_endpoints_and_orgs_have_buckets_of_their_own(open_api: Callable[..., Api]) -> None:
    api = open_api(rate=1, monotonic=HandClock())
    assert [api.create().status_code, api.create().status_code] == [200, 429]
    assert (api.assign().status_code, api.event().status_code) == (202, 202)
    api.org = "o2"
    assert api.create().status_code == 200


def test_a_throttle_looks_different_from_a_duplicate(open_api: Callable[..., Api]) -> None:
    api = open_api(rate=1, monotonic=HandClock())
    api.create()
    reply = api.create()
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
    assert (reply.json()["error_code"], reply.json()["error_message"]) == (4290002, "Rate limit exceeded")
    assert api.sandbox.state.lead("o1", "C-1").repeats == 0


@pytest.mark.parametrize(("body", "starts"), [("json", b"{"), ("html", b"<html>"), ("empty", b"")])
@pytest.mark.parametrize("retry_after", [None, 0, 7])
def test_every_form_of_a_throttle(
    open_api: Callable[..., Api], body: Any, starts: bytes, retry_after: int | None
) -> None:
    faults = Faults(throttle_body=body, throttle_retry_after=retry_after)
    api = open_api(rate=1, monotonic=HandClock(), faults=faults)
    api.create()
    reply = api.create()
    assert reply.status_code == 429
    assert reply.content.startswith(starts)
    assert bool(reply.content) == bool(starts)
    assert reply.headers.get("retry-after") == (None if retry_after is None else str(retry_after))


def test_a_refused_credential_uses_no_token(open_api: Callable[..., Api]) -> None:
    api = open_api(rate=1, monotonic=HandClock())
    for _ in range(5):
        assert api.http.post("/v4/orgs/o1/leads", headers={"x-org-api-key": "wrong"}).status_code == 401
    assert api.create().status_code == 200


def test_a_burst_apart_from_the_rate(open_api: Callable[..., Api]) -> None:
    api = open_api(rate=100, burst=2, monotonic=HandClock())
    assert [api.create(str(n)).status_code for n in range(3)] == [200, 200, 429]


def test_no_rate_no_throttle(open_api: Callable[..., Api]) -> None:
    api = open_api(rate=0)
    assert {api.create(str(n)).status_code for n in range(50)} == {200}


def test_the_default_is_ten_a_second(open_api: Callable[..., Api]) -> None:
    api = open_api(rate=Sandbox.__init__.__kwdefaults__["rate"], monotonic=HandClock())
    assert [api.create(str(n)).status_code for n in range(11)].count(200) == 10


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(SettingsError, match="rate is -1"):
        Sandbox(rate=-1)
