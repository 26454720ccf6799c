import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importer.crm.conflict_or_throttle import Meaning, fingerprint, meaning_of
from importer.crm.observation import Answer


def refused(body: object = b"", status: int = 429, **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def dto(message: str, code: int = 4290001, description: str = "") -> dict[str, object]:
    return {"error_code": code, "error_message": message, "error_description": description, "payload": {}}


DUPLICATE = [
    dto("Lead with this crm_id already exists"),
    dto("Lead already exists", description="crm_id L-1"),
    dto("Conflict", description="A lead with crm id L-1 already exists in this organisation"),
    dto("Duplicate lead"),
    dto("duplicate key: crm_id"),
    dto("Lead with crm_id L-1 ALREADY  EXISTS"),
    dto("UQ_CONSTRAINT_FAILED: duplicate crm_id", code=4090001),
]
THROTTLE = [
    dto("Rate limit exceeded"),
    dto("Too many requests"),
    dto("API rate-limit reached"),
    dto("Request was throttled"),
    dto("Quota exceeded for this organisation"),
    dto("Please slow down"),
    {"message": "API rate limit exceeded"},
    {"message": "Too Many Requests"},
    {"message": "Limit Exceeded: too many calls"},
    {"error": {"code": 429, "message": "Quota exceeded for quota metric"}},
    b"<html><head><title>429 Too Many Requests</title></head><body><center>nginx</center></body></html>",
    b"local_rate_limited: rate_limited",
    b"error code: 1015 You are being rate limited",
    b"throttled",
]
OTHER_RULE = [
    dto("A lead with this phone number already exists"),
    dto("The user already exists"),
    dto("Conflict", description="Duplicate e-mail address"),
    dto("duplicate key value violates unique constraint uk_leads_org_phone"),
    dto("Lead with +919000000001 already exists"),
    dto("Mobile is already in use"),
]
UNCLEAR = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"<html><body>429</body></html>",
    b"<html>Lead with this crm_id already exists</html>",
    b"Lead with this crm_id already exists",
    b'"Lead with this crm_id already exists"',
    b'["Lead with this crm_id already exists"]',
    {"message": "Lead with this crm_id already exists"},
    {"error_message": {"text": "lead already exists"}},
    {"error_message": 7},
    {"payload": {"error_message": "lead already exists"}},
    dto(""),
    dto("Conflict"),
    dto("already exists"),
    dto("Duplicate request for this lead"),
    dto("A lead with this crm_id and phone already exists"),
    dto("Internal problem with lead"),
    b"\xff\xfe\x00",
    b'{"error_message": "lead already exi',
]


@pytest.mark.parametrize("body", DUPLICATE, ids=repr)
@pytest.mark.parametrize("status", [429, 409])
def test_positive_proof_is_a_duplicate(body: object, status: int) -> None:
    assert meaning_of(refused(body, status), "L-1") is Meaning.DUPLICATE


@pytest.mark.parametrize("body", OTHER_RULE, ids=repr)
@pytest.mark.parametrize("status", [429, 409])
def test_another_uniqueness_is_no_duplicate(body: object, status: int) -> None:
    assert meaning_of(refused(body, status), "L-1", values=["+919000000001"]) is Meaning.OTHER_RULE


@pytest.mark.parametrize("body", THROTTLE, ids=repr)
def test_words_of_a_rate_limit_are_a_throttle(body: object) -> None:
    assert meaning_of(refused(body), "L-1") is Meaning.THROTTLE


@pytest.mark.parametrize("body", UNCLEAR, ids=repr)
def test_everything_else_is_unclear(body: object) -> None:
    assert meaning_of(refused(body), "L-1") is Meaning.UNCLEAR


@pytest.mark.parametrize(
    "headers",
    [
        {"retry_after": "1"},
        {"x_ratelimit_remaining": "0"},
        {"ratelimit_remaining": "0"},
        {"ratelimit": '"default";r=0;t=30'},
        {"ratelimit": "limit=10, remaining=0, r=0"},
    ],
)
@pytest.mark.parametrize("body", UNCLEAR[:6], ids=repr)
def test_a_rate_header_is_a_throttle(headers: dict[str, str], body: object) -> None:
    assert meaning_of(refused(body, **headers), "L-1") is Meaning.THROTTLE


@pytest.mark.parametrize("body", DUPLICATE, ids=repr)
def test_proof_with_a_rate_header_is_unclear(body: object) -> None:
    assert meaning_of(refused(body, retry_after="1"), "L-1") is Meaning.UNCLEAR


def test_a_remaining_budget_does_not_speak_for_a_throttle() -> None:
    assert meaning_of(refused(DUPLICATE[0], x_ratelimit_remaining="9"), "L-1") is Meaning.DUPLICATE


@pytest.mark.parametrize("crm_id", ["quota-7", "too many", "rate limit", "throttle"])
def test_words_of_the_id_do_not_speak_for_the_server(crm_id: str) -> None:
    assert meaning_of(refused(dto(f"Lead with crm_id {crm_id} already exists")), crm_id) is Meaning.DUPLICATE


def test_an_id_that_says_it_exists_proves_nothing() -> None:
    crm_id = "lead already exists"
    assert meaning_of(refused(dto(f"Cannot store {crm_id}")), crm_id) is Meaning.UNCLEAR


def test_a_learnt_answer_is_likely_whatever_its_words() -> None:
    learnt = fingerprint(refused(dto("Constraint 17 violated for L-1", code=4090001)), "L-1")
    same = refused(dto("Constraint 99 violated for L-2", code=4090001))
    other = refused(dto("Constraint 99 violated for L-2", code=5000001))
    assert meaning_of(same, "L-2", learnt) is Meaning.LIKELY
    assert meaning_of(other, "L-2", learnt) is Meaning.UNCLEAR
    assert meaning_of(refused(dto("Constraint 9 violated for L-2", code=4090001), retry_after="2"), "L-2", learnt) is (
        Meaning.UNCLEAR
    )


@pytest.mark.parametrize("value", ["Rate Limit Ltd", "too many", "Duplicate Lead", "lead already exists", "Quota"])
def test_words_of_any_value_do_not_speak_for_the_server(value: str) -> None:
    assert meaning_of(refused(dto(f"Cannot store {value.upper()}")), "L-1", values=[value]) is Meaning.UNCLEAR
    exists = refused(dto(f"Lead with this crm_id already exists ({value})"))
    assert meaning_of(exists, "L-1", values=[value]) is Meaning.DUPLICATE


@settings(max_examples=500)
@given(st.binary(max_size=300), st.text(max_size=20))
@pytest.mark.slow
def test_no_answer_makes_it_raise(body: bytes, crm_id: str) -> None:
    meaning_of(refused(body), crm_id)


@settings(max_examples=500)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=40),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["error_message", "x"]), inner),
        max_leaves=5,
    )
)
@pytest.mark.slow
def test_a_duplicate_is_never_said_without_the_words_in_the_two_fields(document: object) -> None:
    if meaning_of(refused(document), "L-1") is Meaning.DUPLICATE:
        assert isinstance(document, dict)
        said = f"{document.get('error_message')} {document.get('error_description')}".casefold()
        assert "exist" in said or "duplicate" in said
