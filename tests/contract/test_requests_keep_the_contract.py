"""Every request of real runs, recorded at a socket, is right by the contract for a validator that knows nothing of us.

Beyond the contract, on purpose, and so not wrong here:

- attributes are plain values unless the mapping says `attributes_as: object` (`published.as_used` says why);
- the key goes in `x-org-api-key`, which the contract names in its prose only; a token goes as it says, as bearer.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("openapi_core", reason="the contract's tests have an environment of their own: make contract")

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

from tests.cli.command_line import KEY, CommandLine, command_line
from tests.contract.published import as_used, served_at, to_the_letter
from tests.e2e.recording_server import Recorded, RecordingServer, behave, recording, reply

__all__ = ["command_line"]

MAPPING = """\
version: 1
name: full
defaults: {region: IN, timezone: Asia/Kolkata}
lead:
  crm_id: ID
  first_name: {column: Name, part: first}
  last_name: {column: Name, part: last}
  phone_number: Phone
  opt_in_date: {column: Since, format: "%d/%m/%Y"}
  attributes:
    city: City
    score: {column: Score, type: number}
    vip: {column: VIP, type: boolean}
    tags: {column: Tags, type: list}
    address: {zip: ZIP}
assign: {user_email: Owner}
events:
  - {event: LEAD_IMPORTED, key: w47, attributes: {city: City, address: {zip: ZIP}}}
  - {event: SECOND, key: w47}
"""
COLUMNS = ("ID", "Name", "Phone", "Since", "City", "Score", "VIP", "Tags", "ZIP", "Owner")
ROWS = [
    ("C-1", "Zoë Ångström", "098765 00001", "03/04/2025", "Pune “East”", "7.5", "yes", "a,b", "00411", "a@x.example"),
    ("a b+c@d.example", "Ada", "+12025550143", "", "", "", "", "", "", "b@x.example"),
]
FAST = ("--rate", "0", "--settle", "0", "--reports-dir", "reports", "--org", "org/7 ä")


def run(importer: CommandLine, server: RecordingServer, mapping: str, *extra: str) -> list[Recorded]:
    importer.mapping(mapping)
    importer.table(ROWS, columns=COLUMNS)
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--base-url", server.base_url, *extra)
    assert ended.code == 0, ended.err
    return server.requests


def against(contract: dict[str, Any], server: RecordingServer) -> list[str]:
    """What is wrong with the recorded requests, and with how the recording server answered them."""
    openapi = OpenAPI.from_dict(served_at(contract, server.base_url))
    wrong = []
    for request in server.requests:
        path, _, query = request.target.partition("?")
        assert not query
        asked = MockRequest(
            server.base_url,
            request.method.lower(),
            path,
            headers=request.headers,
            data=request.body,
            content_type=request.headers["content-type"],
        )
        try:
            openapi.validate_request(asked)
        except OpenAPIError as error:
            wrong.append(f"{request.method} {path}: {error} {error.__cause__}: {_reasons(error)}")
    return wrong


def _reasons(error: BaseException | None) -> list[str]:
    reasons: list[str] = []
    while error is not None:
        reasons += [str(one.message) for one in getattr(error, "schema_errors", ())]
        error = error.__cause__
    return reasons


@pytest.fixture(params=["SALESCHAT_API_KEY", "SALESCHAT_TOKEN"])
def keyed(importer: CommandLine, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> CommandLine:
    monkeypatch.setenv(request.param, KEY)
    return importer


def test_plain_attributes_are_right_as_the_vendor_uses_them(keyed: CommandLine) -> None:
    with recording() as server:
        requests = run(keyed, server, MAPPING, "--no-canary")
    assert [request.method for request in requests].count("POST") == 2
    assert len(requests) == 8, "two creates, two assignments, four events"
    assert against(as_used(), server) == []


def test_plain_attributes_are_all_that_the_letter_would_object_to(keyed: CommandLine) -> None:
    with recording() as server:
        run(keyed, server, MAPPING, "--no-canary")
    wrong = against(to_the_letter(), server)
    assert len(wrong) == 2, "a create and an event have plain attributes; the other rows and events have none"
    assert all("is not of type 'object'" in one or "is not of type object" in one for one in wrong), wrong


def test_attributes_as_objects_are_right_to_the_letter(keyed: CommandLine) -> None:
    with recording() as server:
        run(keyed, server, MAPPING + "attributes_as: object\n", "--no-canary")
    assert any(b'"value"' in request.body for request in server.requests)
    assert against(to_the_letter(), server) == []


def exists(request: Recorded) -> bytes:
    document = {"error_code": 4290001, "error_message": "Lead with this crm_id already exists"}
    return reply("429 Too Many Requests", document) if request.method == "POST" else behave(request)


def test_follow_ups_of_leads_that_existed_are_right_too(keyed: CommandLine) -> None:
    """They name their lead by its crm_id, which the contract allows, percent-encoded."""
    with recording(exists) as server:
        requests = run(keyed, server, MAPPING, "--on-duplicate", "follow-up")
    assert any("/a%20b%2Bc%40d.example/" in request.target for request in requests)
    assert against(as_used(), server) == []


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/v4/orgs/o1/leads", b'{"crm_id": "1", "first_name": "A", "attributes": {}}'),
        ("POST", "/v4/orgs/o1/leads", b'{"crm_id": 1, "first_name": "A", "phone_number": "+1", "attributes": {}}'),
        (
            "PUT",
            "/v4/orgs/o1/leads/1/events",
            b'{"event": "E", "distinct_id": "1234567890123456789012345678901234567"}',
        ),
        ("PUT", "/v4/orgs/o1/leads/1/assign", b'{"user_id": 7}'),
        ("PUT", "/v4/orgs/o1/leads/1/event", b'{"event": "E"}'),
        ("POST", "/v4/orgs/o1/leads/1/assign", b'{"user_id": "u"}'),
        ("PUT", "/v4/orgs/o1/leads/1/assign", b"not JSON"),
    ],
)
def test_the_validator_sees_what_is_wrong(method: str, target: str, body: bytes) -> None:
    server = RecordingServer(8080, requests=[Recorded(method, target, {"content-type": "application/json"}, body)])
    assert len(against(as_used(), server)) == 1


def test_a_valid_request_is_valid() -> None:
    body = b'{"user_id": "u"}'
    headers = {"content-type": "application/json"}
    requests = [Recorded("PUT", "/v4/orgs/o1/leads/1/assign", headers, body)]
    assert against(to_the_letter(), RecordingServer(8080, requests=requests)) == []
