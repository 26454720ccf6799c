"""The verdict table, line by line (the numbers are those of the table in docs/reliability.md)."""

import inspect
import json
from dataclasses import replace

import httpcore
import httpx
import pytest
from httpx._transports.default import map_httpcore_exceptions

from importer.crm.client import NEVER_SENT, unanswered
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer, NoAnswer
from importer.crm.responses import judge
from importer.crm.verdict import Action, Ending, Verdict
from importer.exit_codes import ExitCode
from importer.model.operation import Call, Kind, Operation, RowId
from tests.canary import CANARY

BODY = json.dumps(
    {"crm_id": "L-1", "first_name": "Asha", "phone_number": "+919000000001", "attributes": {"city": "Pune"}}
)
ECHO = {"lead_id": "u-1", **json.loads(BODY)}
DTO = {"error_code": 1, "error_message": "no", "error_description": "", "payload": {}}
HTML = b"<html>gateway</html>"


def call(kind: Kind = Kind.CREATE, attempts: int = 1) -> Call:
    operation = Operation(kind=kind, key="k", body=BODY.encode())
    return Call(row=RowId(0, 5), ordinal=0, operation=operation, crm_id="L-1", attempts=attempts)


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def judged(status: int, body: object = b"", kind: Kind = Kind.CREATE, **headers: str) -> Verdict:
    return judge(answer(status, body, **headers), call(kind))


def credential() -> Credential:
    return Credential(CredentialKind.API_KEY, CANARY, source="test")


def test_1_never_sent_is_asked_again_for_ever_and_counts_as_an_outage() -> None:
    verdict = judge(NoAnswer(reason="ConnectError", sent=False), call())
    assert (verdict.action, verdict.possibly_sent, verdict.outage, verdict.tries) == (Action.RETRY, None, True, None)


def test_2_a_certificate_stops_the_run() -> None:
    verdict = judge(NoAnswer(reason="expired", sent=False, certificate=True), call())
    assert verdict.action is Action.STOP
    assert verdict.stop is not None
    assert verdict.stop.exit_code is ExitCode.STOPPED_BY_CRM


@pytest.mark.parametrize("kind", list(Kind))
def test_3_silence_after_sending_is_in_doubt(kind: Kind) -> None:
    verdict = judge(NoAnswer(reason="ReadError", sent=True), call(kind))
    assert (verdict.action, verdict.possibly_sent, verdict.outage) == (Action.DOUBT, True, True)
    assert (verdict.tries, verdict.ending) == (4, Ending.UNKNOWN)


@pytest.mark.parametrize("status", [200, 201])
def test_4_proof_is_our_id_and_a_lead_id(status: int) -> None:
    verdict = judged(status, ECHO)
    assert (verdict.action, verdict.possibly_sent, verdict.lead_id, verdict.warnings) == (
        Action.ACCEPT,
        False,
        "u-1",
        (),
    )


def test_4_an_answer_need_not_repeat_the_id() -> None:
    without = {name: value for name, value in ECHO.items() if name != "crm_id"}
    assert judged(200, without).action is Action.ACCEPT


def test_4_the_echo_shows_what_the_crm_changed() -> None:
    changed = {**ECHO, "phone_number": "+910000000000", "attributes": {}}
    assert judged(200, changed).warnings == (
        ("echo-mismatch", "the CRM stored another value for phone_number, attributes.city"),
    )


def test_5_an_id_that_differs_in_case_is_ours_with_a_warning() -> None:
    verdict = judged(200, {**ECHO, "crm_id": " l-1"})
    assert verdict.action is Action.ACCEPT
    assert [code for code, _ in verdict.warnings] == ["crm-id-normalised"]


def test_6_somebody_elses_answer_breaks_the_contract() -> None:
    verdict = judged(200, {**ECHO, "crm_id": "L-2"})
    assert (verdict.action, verdict.possibly_sent) == (Action.STOP, True)
    assert verdict.stop is not None
    assert verdict.stop.exit_code is ExitCode.CONTRACT_BROKEN


STRANGE = {"lead_id": "u-1", "crm_id": 1}
"""An id that is none: neither ours nor anybody else's."""


@pytest.mark.parametrize(
    "body", [b"", HTML, None, b"{", {"lead_id": ""}, {"crm_id": "L-1"}, {"lead_id": 7}, [1], STRANGE], ids=repr
)
def test_7_a_2xx_without_proof_is_in_doubt_and_two_stop_the_run(body: object) -> None:
    verdict = judged(200, body)
    assert (verdict.action, verdict.possibly_sent, verdict.tries) == (Action.DOUBT, True, 2)
    assert verdict.streak is not None
    assert verdict.streak.limit == 2


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "status", [300, 301, 302, 303, 307, 308, 402, 405, 406, 407, 410, 418, 423, 451, 499, 501, 505, 600]
)
def test_8_and_15_what_no_document_explains_is_in_doubt_and_may_be_about_the_row(status: int, kind: Kind) -> None:
    verdict = judged(status, HTML, kind, location="https://user:secret@elsewhere.example/x?key=1")
    assert (verdict.action, verdict.possibly_sent, verdict.tries, verdict.ending) == (
        Action.DOUBT,
        True,
        2,
        Ending.REJECTED,
    )
    assert verdict.streak is not None
    assert verdict.streak.of_rows
    assert verdict.streak.stop is not None
    assert verdict.streak.stop.exit_code is ExitCode.STOPPED_BY_CRM
    assert "secret" not in verdict.streak.stop.reason + verdict.message


@pytest.mark.parametrize("location", ["http://[", "https://[x]/", "//[::1", "http://\u2100.example/"])
def test_a_redirect_to_what_is_no_address_stops_the_run_too(location: str) -> None:
    verdict = judged(302, HTML, Kind.CREATE, location=location)
    assert verdict.streak is not None
    assert location not in str(verdict.streak.stop)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", [400, 413, 414, 415, 422, 431])
def test_9_content_is_refused_for_good(status: int, kind: Kind) -> None:
    verdict = judged(status, DTO, kind)
    assert (verdict.action, verdict.possibly_sent, verdict.error_code) == (Action.REJECT, None, 1)
    assert verdict.streak is not None
    assert (verdict.streak.limit, verdict.streak.from_start) == (20, True)


@pytest.mark.parametrize("kind", list(Kind))
def test_10_a_refused_credential_is_asked_again_then_stops(kind: Kind) -> None:
    verdict = judged(401, DTO, kind)
    assert (verdict.action, verdict.possibly_sent, verdict.tries) == (Action.RETRY, None, None)
    assert verdict.streak is not None
    assert (verdict.streak.limit, verdict.streak.of_rows) == (2, False)


ORG = {**DTO, "error_message": "Org not found"}


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(("status", "body", "limit"), [(403, DTO, 3), (403, HTML, 3), (404, ORG, 2)])
def test_11_to_13_a_refusal_may_be_about_the_row_or_about_the_run(
    status: int, body: object, limit: int, kind: Kind
) -> None:
    verdict = judged(status, body, kind)
    assert (verdict.action, verdict.possibly_sent, verdict.outage) == (Action.RETRY, None, False)
    assert (verdict.tries, verdict.ending) == (2, Ending.REJECTED)
    assert verdict.streak is not None
    assert (verdict.streak.limit, verdict.streak.of_rows) == (limit, True)
    assert verdict.streak.stop is not None


@pytest.mark.parametrize("kind", list(Kind))
def test_14_a_404_that_is_not_the_apis_is_an_outage_or_about_the_row(kind: Kind) -> None:
    verdict = judged(404, HTML, kind)
    assert (verdict.action, verdict.outage, verdict.tries, verdict.ending) == (Action.RETRY, True, 4, Ending.REJECTED)


@pytest.mark.parametrize("owner", ["asha@charity.org", "org", "Organization Builders"])
def test_13_words_of_an_owner_do_not_name_the_organization(owner: str) -> None:
    body = json.dumps({"user_email": owner}).encode()
    assigning = replace(call(Kind.ASSIGN), operation=Operation(kind=Kind.ASSIGN, key=owner, body=body))
    said = answer(404, {**DTO, "error_message": f"{owner.upper()} not found"})
    assert judge(said, assigning).streak is None


def test_16_a_408_and_a_misdirected_request_may_have_had_effect() -> None:
    for status in (408, 421, 425):
        verdict = judged(status)
        assert (verdict.action, verdict.possibly_sent, verdict.tries) == (Action.DOUBT, True, 4)
    assert {judged(status).ending for status in (421, 425)} == {Ending.REJECTED}


def test_17_a_proven_duplicate_exists() -> None:
    verdict = judged(429, {**DTO, "error_message": "Lead with this crm_id already exists"})
    assert (verdict.action, verdict.possibly_sent) == (Action.EXISTS, None)


def test_19_a_throttle_waits_and_costs_the_row_nothing() -> None:
    verdict = judged(429, HTML, retry_after="7")
    assert (verdict.action, verdict.wait, verdict.tries, verdict.possibly_sent) == (Action.THROTTLE, 7.0, None, None)


def test_20_an_unclear_refusal_is_asked_three_times() -> None:
    verdict = judged(429)
    assert (verdict.action, verdict.tries, verdict.ending) == (Action.UNCLEAR, 3, Ending.UNKNOWN)
    assert verdict.wait is not None
    assert verdict.wait >= 5.0


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("status", [500, 502, 503, 504, 507, 520, 599])
def test_21_and_22_every_server_error_may_have_had_effect(status: int, kind: Kind) -> None:
    verdict = judged(status, HTML, kind)
    assert (verdict.action, verdict.possibly_sent, verdict.outage, verdict.tries) == (Action.DOUBT, True, True, 4)


@pytest.mark.parametrize("kind", [Kind.ASSIGN, Kind.EVENT])
def test_follow_ups_are_proven_by_202_alone(kind: Kind) -> None:
    assert judged(202, b"", kind).action is Action.ACCEPT
    for status in (200, 201, 204):
        assert judged(status, HTML, kind).action is Action.DOUBT


@pytest.mark.parametrize("kind", [Kind.ASSIGN, Kind.EVENT])
def test_follow_ups_know_only_throttles(kind: Kind) -> None:
    said = {**DTO, "error_message": "Lead with this crm_id already exists"}
    assert judged(429, said, kind).action is Action.THROTTLE


@pytest.mark.parametrize(("attempts", "wait"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (9, 8.0)])
def test_a_lead_that_is_not_found_yet_is_asked_for_again(attempts: int, wait: float) -> None:
    seen = answer(404, {**DTO, "error_message": "Lead not found"})
    verdict = judge(seen, call(Kind.ASSIGN, attempts))
    assert (verdict.action, verdict.wait, verdict.ending) == (Action.RETRY, wait, Ending.REJECTED)


def test_every_status_has_a_verdict_for_every_endpoint_and_body() -> None:
    for kind in Kind:
        for status in range(200, 600):
            for body in (b"", HTML, DTO, ECHO, [1], None):
                assert isinstance(judge(answer(status, body), call(kind)), Verdict)


def descendants(kind: type[Exception]) -> set[type[Exception]]:
    return {kind}.union(*(descendants(each) for each in kind.__subclasses__()))


def test_every_exception_of_httpx_is_classified() -> None:
    """Only the listed ones prove that nothing was sent; a new exception of httpx must be looked at here."""
    public = {value for _, value in inspect.getmembers(httpx, inspect.isclass) if issubclass(value, Exception)}
    not_about_one_request = {
        "HTTPError", "HTTPStatusError", "InvalidURL", "CookieConflict", "StreamError", "StreamConsumed", "StreamClosed",
        "ResponseNotRead", "RequestNotRead",
    }  # fmt: skip
    caught = {each for each in descendants(httpx.RequestError) if each.__module__ == "httpx"}
    assert {each.__name__ for each in public - caught} == not_about_one_request
    never_sent = {
        "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol", "LocalProtocolError",
    }  # fmt: skip
    unsure = {
        "RequestError", "TransportError", "TimeoutException", "ReadTimeout", "WriteTimeout", "NetworkError",
        "ReadError", "WriteError", "CloseError", "ProtocolError", "RemoteProtocolError", "DecodingError",
        "TooManyRedirects",
    }  # fmt: skip
    assert {each.__name__ for each in NEVER_SENT} == never_sent
    assert {each.__name__ for each in caught} == never_sent | unsure
    for error in caught:
        assert unanswered(error("x"), credential()).sent == (error.__name__ in unsure), error


def test_every_exception_of_the_library_below_comes_out_as_one_of_httpx() -> None:
    below = {value for _, value in inspect.getmembers(httpcore, inspect.isclass) if issubclass(value, Exception)}
    for raised in below - {httpcore.ConnectionNotAvailable}:  # which the pool handles: it asks the next connection
        with pytest.raises(httpx.RequestError) as caught, map_httpcore_exceptions():
            raise raised("x")
        assert type(caught.value).__name__ == raised.__name__


def test_the_key_is_hidden_in_what_an_exception_says() -> None:
    seen = unanswered(httpx.LocalProtocolError(f"Illegal header value {CANARY.encode()!r}"), credential())
    assert "canary" not in seen.reason
