"""429 and 409 on create as gateways really send them, beside those in tests/crm/test_conflict_or_throttle.py."""

import json
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.crm.conflict_or_throttle import Meaning, meaning_of
from importer.crm.observation import Answer

EXAMPLES = int(os.environ.get("IMPORTER_TEST_EXAMPLES", "500"))

NGINX = (
    b"<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n<body>\r\n<center><h1>429 Too Many Requests</h1>"
    b"</center>\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n"
)
CLOUDFLARE = (
    b'<!DOCTYPE html><html lang="en-US"><head><title>Access denied | api.crm.example used Cloudflare to restrict access'
    b"</title></head><body><h1>Error 1015</h1><p>You are being rate limited</p></body></html>"
)
BY_NAME: dict[str, tuple[Meaning, bytes, dict[str, str]]] = {
    "nginx": (Meaning.THROTTLE, NGINX, {"content-type": "text/html"}),
    "nginx, retry-after": (Meaning.THROTTLE, NGINX, {"retry-after": "1"}),
    "cloudflare 1015": (Meaning.THROTTLE, CLOUDFLARE, {"content-type": "text/html"}),
    "cloudflare 1015 text": (Meaning.THROTTLE, b"error code: 1015", {"retry-after": "10"}),
    "cloudflare 1015 text, no header": (Meaning.UNCLEAR, b"error code: 1015", {}),
    "kong": (Meaning.THROTTLE, b'{"message":"API rate limit exceeded"}', {"ratelimit-remaining": "0"}),
    "kong 3": (Meaning.THROTTLE, b'{\n  "message":"API rate limit exceeded",\n  "request_id":"f0"\n}', {}),
    "aws api gateway": (Meaning.THROTTLE, b'{"message":"Too Many Requests"}', {"x-amzn-errortype": "x"}),
    "aws quota": (Meaning.THROTTLE, b'{"message":"Limit Exceeded"}', {}),
    "aws throttling": (Meaning.THROTTLE, b'{"__type":"ThrottlingException","message":"Rate exceeded"}', {}),
    "envoy local": (Meaning.THROTTLE, b"local_rate_limited", {"x-envoy-ratelimited": "true"}),
    "envoy overload": (Meaning.UNCLEAR, b"envoy overloaded", {}),
    "istio empty": (Meaning.UNCLEAR, b"", {"server": "istio-envoy"}),
    "apache": (Meaning.THROTTLE, b"<title>429 Too Many Requests</title><p>You sent too many requests.</p>", {}),
    "haproxy": (Meaning.THROTTLE, b"<html><body><h1>429 Too Many Requests</h1>\nYou have sent too many.</body>", {}),
    "traefik": (Meaning.THROTTLE, b"Too Many Requests", {"retry-after": "0", "x-retry-in": "78ms"}),
    "azure apim": (
        Meaning.THROTTLE,
        b'{ "statusCode": 429, "message": "Rate limit is exceeded. Try again in 5 seconds." }',
        {"retry-after": "5"},
    ),
    "azure apim quota": (Meaning.THROTTLE, b'{"statusCode":429,"message":"Out of call volume quota."}', {}),
    "apigee": (
        Meaning.THROTTLE,
        b'{"fault":{"faultstring":"Rate limit quota violation. Quota limit  exceeded.","detail":{}}}',
        {},
    ),
    "apigee spike arrest": (Meaning.UNCLEAR, b'{"fault":{"faultstring":"Spike arrest violation"}}', {}),
    "google": (
        Meaning.THROTTLE,
        b'{"error":{"code":429,"message":"Quota exceeded for quota metric","status":"RESOURCE_EXHAUSTED"}}',
        {},
    ),
    "spring cloud gateway": (Meaning.THROTTLE, b"", {"x-ratelimit-remaining": "0", "x-ratelimit-burst-capacity": "9"}),
    "spring boot error": (
        Meaning.THROTTLE,
        b'{"timestamp":"2026-11-22T15:04:05Z","status":429,"error":"Too Many Requests","path":"/v4/orgs/1/leads"}',
        {},
    ),
    "resilience4j": (Meaning.UNCLEAR, b"RequestNotPermitted: RateLimiter 'leads'"[:20], {}),
    "resilience4j whole": (
        Meaning.THROTTLE, b"RateLimiter 'leads' does not permit further calls", {}
    ),
    "problem json": (
        Meaning.THROTTLE,
        b'{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Request cannot be '
        b'satisfied as assigned quota has been exceeded"}',
        {"content-type": "application/problem+json"},
    ),
    "dto, throttled": (Meaning.THROTTLE, b'{"error_code":4290001,"error_message":"Too many requests"}', {}),
    "dto, duplicate": (
        Meaning.DUPLICATE,
        b'{"error_code":4290002,"error_message":"Conflict","error_description":"Lead with crm_id L-1 already exists"}',
        {"content-type": "application/json", "x-ratelimit-remaining": "7"},
    ),
    "dto, duplicate, budget used up": (
        Meaning.UNCLEAR,
        b'{"error_code":4290002,"error_message":"Lead with this crm_id already exists"}',
        {"x-ratelimit-remaining": "0"},
    ),
    "dto, duplicate of something else": (
        Meaning.OTHER_RULE,
        b'{"error_code":4290002,"error_message":"User with this email already exists"}',
        {},
    ),
    "hibernate": (
        Meaning.DUPLICATE,
        b'{"error_code":4090001,"error_message":"could not execute statement","error_description":'
        b'"ERROR: duplicate key value violates unique constraint \\"uk_leads_org_crm_id\\""}',
        {},
    ),
    "mongo": (
        Meaning.DUPLICATE,
        b'{"error_code":4090001,"error_message":"E11000 duplicate key error collection: crm.leads index: crm_id_1"}',
        {},
    ),
    "akamai": (Meaning.UNCLEAR, b"<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD>Reference #18.2d</HTML>", {}),
    "imperva page that shows the id": (Meaning.UNCLEAR, b"<html>lead already exists incident id 12</html>", {}),
    "login page": (Meaning.UNCLEAR, b"<!doctype html><title>Sign in</title><form action='/login'>", {}),
    "utf-16": (Meaning.UNCLEAR, '{"error_message":"no"}'.encode("utf-16"), {}),
    "cut off": (Meaning.UNCLEAR, b'{"error_code":4290001,"error_message":"Lead with this crm_id alre', {}),
}  # fmt: skip


@pytest.mark.parametrize("status", [429, 409])
@pytest.mark.parametrize("name", BY_NAME)
def test_what_gateways_and_servers_really_say(name: str, status: int) -> None:
    meaning, body, headers = BY_NAME[name]
    assert meaning_of(Answer(status=status, headers=headers, body=body), "L-1") is meaning


WORDS = [
    "lead",
    "crm_id",
    "already exists",
    "duplicate",
    "rate limit",
    "too many",
    "quota",
    "L-1",
    "ok",
    "",
    "\ud83d",
    "é",
]
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=5).map(" ".join)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "x-ratelimit-remaining", "ratelimit-remaining", "ratelimit", "content-type"]),
    st.sampled_from(["0", "1", "9", '"d";r=0;t=3', "Sun, 22 Nov 2026 15:04:05 GMT", "\x00", "application/json"]),
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error_message", "error_description", "error_code", "message"]), inner)
    ),
    max_leaves=8,
)
BODIES = st.binary(max_size=200) | DOCUMENTS.map(lambda document: json.dumps(document).encode())


@pytest.mark.slow
@settings(max_examples=EXAMPLES, deadline=None)
@given(BODIES, HEADERS, st.sampled_from(["L-1", "", "already exists lead", "quota", "\\d+", "(", "é", " "]))
def test_a_duplicate_needs_its_words_in_its_two_fields_and_no_sign_of_a_rate(
    body: bytes, headers: dict[str, str], crm_id: str
) -> None:
    meaning = meaning_of(Answer(status=429, headers=headers, body=body), crm_id)
    if meaning is not Meaning.DUPLICATE:
        return
    document = json.loads(body)
    fields = [document.get(name) for name in ("error_message", "error_description")]
    said = " ".join(text for text in fields if isinstance(text, str)).casefold()
    assert "already" in said or "duplicate" in said
    assert "lead" in said or "crm" in said
    assert "retry-after" not in headers
    assert headers.get("x-ratelimit-remaining") != "0"
    assert headers.get("ratelimit-remaining") != "0"


def test_it_is_fast_enough_for_any_rate() -> None:
    answers = [Answer(status=429, headers=headers, body=body) for _, body, headers in BY_NAME.values()]
    began = time.process_time()
    for _ in range(30):
        for answer in answers:
            meaning_of(Answer(status=429, headers=answer.headers, body=answer.body), "L-1")
    assert time.process_time() - began < 30 * len(answers) / 2_000, "at least 2,000 a second"
