"""What really goes over the wire: paths, headers and bodies, as a server sees them that knows nothing of us."""

import re

import pytest

from tests.cli.command_line import KEY, PLAIN_MAPPING, CommandLine, lead
from tests.e2e.recording_server import Recorded, RecordingServer, behave, recording, reply

FULL_MAPPING = """\
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
    score: {column: Score, type: integer}
    address: {zip: ZIP}
assign: {user_id: Owner}
events:
  - {event: LEAD_IMPORTED, key: w47, attributes: {city: City}}
"""
COLUMNS = ("ID", "Name", "Phone", "Since", "City", "Score", "ZIP", "Owner")
ROW = ("C-1", "Zoë Ångström", "098765 00001", "03/04/2025", "Pune “East”", "007", "00411", "u-9")
FAST = ("--rate", "0", "--settle", "0", "--no-canary", "--reports-dir", "reports")


def run(importer: CommandLine, server: RecordingServer, *extra: str, org: str = "o1") -> int:
    return importer("run", "list.csv", "-m", "m.yaml", *FAST, "--base-url", server.base_url, "--org", org, *extra).code


@pytest.fixture
def keyed(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    return importer


def test_the_three_requests_of_a_row_are_exactly_what_the_contract_wants(keyed: CommandLine) -> None:
    keyed.mapping(FULL_MAPPING)
    keyed.table([ROW], columns=COLUMNS)
    with recording() as server:
        assert run(keyed, server, org="org/7 ä") == 0
    create, assign, event = server.requests
    leads = "/v4/orgs/org%2F7%20%C3%A4/leads"
    assert (create.method, create.target) == ("POST", leads)
    assert (assign.method, assign.target) == ("PUT", f"{leads}/id-C-1/assign")
    assert (event.method, event.target) == ("PUT", f"{leads}/id-C-1/events")
    assert create.document == {
        "crm_id": "C-1",
        "first_name": "Zoë",
        "last_name": "Ångström",
        "phone_number": "+919876500001",
        "opt_in_date": 1743618600,  # 3 April 2025, 00:00 in Kolkata
        "attributes": {"city": "Pune “East”", "score": 7, "address": {"zip": "00411"}},
    }
    assert "Zoë".encode() in create.body, "text goes as UTF-8"
    assert assign.document == {"user_id": "u-9"}
    distinct_id = event.document["distinct_id"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", distinct_id)
    assert event.document == {
        "event": "LEAD_IMPORTED",
        "distinct_id": distinct_id,
        "attributes": {"city": "Pune “East”"},
    }
    for request in server.requests:
        assert request.headers["content-type"] == "application/json"
        assert request.headers["accept"] == "application/json"
        assert request.headers["accept-encoding"] == "identity"
        assert request.headers["host"] == f"127.0.0.1:{server.port}"
        assert request.headers["user-agent"].startswith("saleschat-importer/")
        assert request.headers["content-length"] == str(len(request.body))
        assert request.headers["x-org-api-key"] == KEY
        assert "authorization" not in request.headers
        assert "cookie" not in request.headers


def test_a_token_goes_as_bearer_and_alone(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESCHAT_TOKEN", f"eyJ.{KEY}.sig")
    importer.mapping()
    importer.table([lead(1)])
    with recording() as server:
        assert run(importer, server) == 0
    assert {request.headers["authorization"] for request in server.requests} == {f"Bearer eyJ.{KEY}.sig"}
    assert not any("x-org-api-key" in request.headers for request in server.requests)


def test_attributes_are_wrapped_when_the_mapping_says_so(keyed: CommandLine) -> None:
    keyed.mapping(FULL_MAPPING + "attributes_as: object\n")
    keyed.table([ROW], columns=COLUMNS)
    with recording() as server:
        assert run(keyed, server) == 0
    assert server.requests[0].document["attributes"] == {
        "city": {"value": "Pune “East”"},
        "score": {"value": 7},
        "address": {"zip": {"value": "00411"}},
    }


def exists(request: Recorded) -> bytes:
    """Every lead exists; the duplicate answer holds no lead_id, so follow-ups have only the crm_id."""
    document = {"error_code": 4290001, "error_message": "Lead with this crm_id already exists"}
    return reply("429 Too Many Requests", document) if request.method == "POST" else behave(request)


@pytest.mark.parametrize(
    ("crm_id", "segment"),
    [("a b", "a%20b"), ("é?x=1&y#z", "%C3%A9%3Fx%3D1%26y%23z"), ("a+b@c.example", "a%2Bb%40c.example")],
)
def test_a_lead_whose_id_is_unknown_is_named_by_its_percent_encoded_crm_id(
    keyed: CommandLine, crm_id: str, segment: str
) -> None:
    keyed.mapping()
    keyed.table([lead(1, ID=crm_id)])
    with recording(exists) as server:
        assert run(keyed, server, "--on-duplicate", "follow-up") == 0
    assert keyed.statuses() == ["duplicate"]
    assert server.requests[0].document["crm_id"] == crm_id
    assert [request.target for request in server.requests[1:]] == [
        f"/v4/orgs/o1/leads/{segment}/assign",
        f"/v4/orgs/o1/leads/{segment}/events",
    ]


@pytest.mark.parametrize("crm_id", ["a/b", "50%", "..%2f", "a;b", "a\\b"])
def test_a_crm_id_that_servers_refuse_in_a_path_is_never_put_into_one(keyed: CommandLine, crm_id: str) -> None:
    keyed.mapping()
    keyed.table([lead(1, ID=crm_id)])
    with recording(exists) as server:
        assert run(keyed, server, "--on-duplicate", "follow-up") == 1
    assert [request.document["crm_id"] for request in server.requests] == [crm_id]
    (row,) = keyed.results()
    assert row["status"] == "duplicate"
    assert "crm_id" in row["message"]


def test_the_canary_repeats_the_first_create_byte_for_byte_and_only_once(keyed: CommandLine) -> None:
    seen: set[bytes] = set()

    def real(request: Recorded) -> bytes:
        if request.method == "POST" and request.body in seen:
            document = {"error_code": 4290001, "error_message": "Lead with this crm_id already exists"}
            return reply("429 Too Many Requests", document)
        seen.add(request.body)
        return behave(request)

    keyed.mapping(PLAIN_MAPPING)
    keyed.table([lead(number) for number in (1, 2, 3)])
    with recording(real) as server:
        code = keyed(
            "run", "list.csv", "-m", "m.yaml", "--rate", "0", "--base-url", server.base_url, "--org", "o1"
        ).code
    assert code == 0
    assert server.requests[0] == server.requests[1]
    assert [request.document["crm_id"] for request in server.requests] == ["L-0001", "L-0001", "L-0002", "L-0003"]
    assert keyed.statuses() == ["created"] * 3


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_never_followed_and_its_target_never_sees_the_key(keyed: CommandLine, status: str) -> None:
    keyed.mapping(PLAIN_MAPPING)
    keyed.table([lead(1), lead(2)])
    with recording() as elsewhere:
        location = f"{elsewhere.base_url}/v4/orgs/o1/leads?token=hidden-in-redirect"
        with recording(lambda _: reply(status, location=location)) as server:
            assert run(keyed, server) == 3
    assert elsewhere.requests == []
    assert len(server.requests) == 2, "one more row is asked"
    assert keyed.statuses() == ["pending", "pending"]
    reason = keyed.summary()["reason"]
    assert "127.0.0.1" in reason
    assert "hidden-in-redirect" not in reason


def test_proxies_of_the_environment_are_ignored(keyed: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    keyed.mapping(PLAIN_MAPPING)
    keyed.table([lead(1)])
    with recording() as proxy, recording() as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.base_url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert run(keyed, server) == 0
    assert proxy.requests == []
    assert len(server.requests) == 1


def test_an_answer_that_repeats_the_key_does_not_bring_it_into_a_report(keyed: CommandLine) -> None:
    document = {"error_code": 4220001, "error_message": f"bad header x-org-api-key: {KEY}"}
    keyed.mapping(PLAIN_MAPPING)
    keyed.table([lead(1)])
    with recording(lambda _: reply("422 Unprocessable", document)) as server:
        assert run(keyed, server) == 1
    assert keyed.statuses() == ["rejected"]  # the fixture searches journal and reports for the key


def test_a_2xx_without_proof_is_not_a_created_lead(keyed: CommandLine) -> None:
    keyed.mapping(PLAIN_MAPPING)
    keyed.table([lead(1)])
    with recording(lambda _: reply("200 OK", {"welcome": "please sign in"})) as server:
        assert run(keyed, server) == 3
    assert keyed.statuses() in (["unknown"], ["pending"])
    assert len(server.requests) == 2


def test_somebody_elses_answer_stops_the_run_at_once(keyed: CommandLine) -> None:
    keyed.mapping(PLAIN_MAPPING)
    keyed.table([lead(1), lead(2)])
    with recording(lambda _: reply("200 OK", {"lead_id": "x", "crm_id": "somebody-else"})) as server:
        assert run(keyed, server) == 6
    assert keyed.statuses() == ["unknown", "pending"]
    assert len(server.requests) == 1
