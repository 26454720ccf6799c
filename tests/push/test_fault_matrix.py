"""Every answer × {first attempt, after an unanswered one} × each endpoint: label, doubt, requests, exit code."""

import json
import shutil
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from importer.crm.client import unanswered
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.journal.runs import Journal
from importer.model.operation import Call, Kind
from tests.canary import CANARY
from tests.push.spec_tables import CREATE, FOLLOW_UP, Outcome, body_of, outcomes, statuses
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import LOST, FakeCrm, error
from tests.virtual_time import VirtualClock

pytestmark = pytest.mark.slow

CASE = "L-3"
ABSURD_CODE = b'{"error_code": 1%s}' % (b"0" * 40)
TABLES = {Kind.CREATE: outcomes(CREATE), Kind.ASSIGN: outcomes(FOLLOW_UP), Kind.EVENT: outcomes(FOLLOW_UP)}
CREDENTIAL = Credential(CredentialKind.API_KEY, CANARY, source="test")


def caused(raised: Exception, cause: BaseException, *, context: bool = False) -> Exception:
    if context:
        raised.__context__ = cause
    else:
        raised.__cause__ = cause
    return raised


def certificate() -> ssl.SSLCertVerificationError:
    return ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")


NOT_SENT = [
    httpx.ConnectError("[Errno 111] Connection refused"),
    caused(httpx.ConnectError("no route"), OSError(113, "No route to host")),
    caused(httpx.ConnectError("[Errno -2] Name or service not known"), OSError(-2, "Name or service not known")),
    caused(httpx.ConnectError("TLSV1_ALERT_PROTOCOL_VERSION"), ssl.SSLError(1, "alert protocol version")),
    caused(httpx.ConnectError("record layer failure"), ssl.SSLError(1, "wrong version number")),
    httpx.ConnectError(""),
    httpx.ConnectTimeout("timed out"),
    httpx.ConnectTimeout(""),
    httpx.PoolTimeout("no connection free"),
    httpx.ProxyError("502 Bad Gateway"),
    httpx.UnsupportedProtocol("Request URL has an unsupported protocol"),
    httpx.LocalProtocolError("Illegal header value"),
]
CERTIFICATE = [
    caused(httpx.ConnectError("certificate verify failed"), certificate()),
    caused(httpx.ConnectError("certificate verify failed"), certificate(), context=True),
    caused(httpx.ConnectError("x"), caused(OSError("wrapped"), certificate())),
]
SENT = [
    httpx.ReadError("[Errno 104] Connection reset by peer"),
    httpx.ReadError(""),
    caused(httpx.ReadError("tlsv13 alert certificate required"), ssl.SSLError(1, "alert certificate required")),
    caused(httpx.ReadError("EOF occurred"), ssl.SSLEOFError(8, "EOF occurred in violation of protocol")),
    httpx.ReadTimeout("timed out"),
    httpx.WriteError("[Errno 32] Broken pipe"),
    httpx.WriteTimeout("timed out"),
    httpx.NetworkError("network"),
    httpx.CloseError("closing"),
    httpx.TimeoutException("timeout"),
    httpx.ProtocolError("protocol"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    httpx.RemoteProtocolError("illegal status line"),
    httpx.RemoteProtocolError("illegal chunk header"),
    NoAnswer(reason="no complete answer within 60 s", sent=True),
    NoAnswer(reason="", sent=True),
]


@dataclass(frozen=True)
class Case:
    """An answer and, per endpoint, what it is. Without a word it does not exist there."""

    name: str
    answer: Callable[[Call], Observation]
    on_create: str
    on_follow_up: str
    in_doubt_too: bool = True

    def on(self, kind: Kind) -> str:
        return self.on_create if kind is Kind.CREATE else self.on_follow_up


def fault(raised: Exception | NoAnswer, meaning: str) -> Case:
    assert isinstance(raised, NoAnswer | httpx.RequestError)
    seen = raised if isinstance(raised, NoAnswer) else unanswered(raised, CREDENTIAL)
    return Case(f"{type(raised).__name__}-{str(raised)[:24]}", lambda _: seen, meaning, meaning)


def status_case(status: int, body: str, on_create: str, on_follow_up: str) -> Case:
    def answer(call: Call) -> Answer:
        return Answer(status=status, headers={}, body=body_of(body, status, call.crm_id))

    return Case(f"{status}-{body}", answer, on_create, on_follow_up, in_doubt_too=body in ("dto", "html"))


def plain(name: str, seen: Answer, on_create: str = "", on_follow_up: str = "") -> Case:
    return Case(name, lambda _: seen, on_create, on_follow_up)


def unread(status: int, on_create: str, on_follow_up: str) -> Case:
    """Longer than is read, or packed although that was not asked for."""
    return plain(f"{status}-unread", Answer(status=status, headers={}, body=None), on_create, on_follow_up)


def lead(**fields: object) -> Answer:
    return Answer(status=200, headers={}, body=json.dumps(fields).encode())


FAULTS = [
    *(fault(raised, "not_sent") for raised in NOT_SENT),
    *(fault(raised, "certificate") for raised in CERTIFICATE),
    *(fault(httpx.ProxyError(said), "certificate") for said in ("407 Proxy Authentication Required", "403 Forbidden")),
    *(fault(raised, "lost") for raised in SENT),
]
ANSWERS = [status_case(*each) for each in statuses()]
SPECIAL = [
    plain("rate words", error(429, "Rate limit exceeded"), "throttle", "throttle"),
    plain("rate header", error(429, "no", retry_after="7"), "throttle", "throttle"),
    plain("rate header, far away", error(429, "no", retry_after="1000000000"), "throttle", "throttle"),
    plain("409 rate words", error(409, "Too many requests"), "throttle", "configuration"),
    plain("exists and rate", error(429, "Lead already exists", retry_after="20"), "unclear", "throttle"),
    plain("only the id proves", lead(lead_id="u", crm_id=CASE), "proof", "unproven"),
    plain("without a crm_id", lead(lead_id="u"), "proof", "unproven"),
    plain("crm_id in another case", lead(lead_id="u", crm_id=" l-3 "), "proof", "unproven"),
    plain("somebody else", lead(lead_id="u", crm_id="L-4"), "stranger", "unproven"),
    plain("lead_id is a number", lead(lead_id=7, crm_id=CASE), "unproven", "unproven"),
    plain("lead_id is empty", lead(lead_id="", crm_id=CASE), "unproven", "unproven"),
    plain("no such organisation", error(404, "Organization does not exist"), "no_org", "no_org"),
    plain("half a character", error(422, "bad \ud83d"), "content", "content"),
    plain("an absurd error code", Answer(status=422, headers={}, body=ABSURD_CODE), "content", "content"),
    unread(200, "unproven", "unproven"),
    unread(202, "unproven", "accepted"),
    unread(401, "unauthorized", "unauthorized"),
    unread(403, "blocked", "blocked"),
    unread(404, "no_route", "no_route"),
    unread(422, "content", "content"),
    unread(429, "unclear", "throttle"),
    unread(500, "server_error", "server_error"),
    *(
        plain(str(status), Answer(status=status, headers={}, body=b""), "configuration", "configuration")
        for status in (402, 406, 407, 410, 418, 451, 501, 505)
    ),
    *(
        plain(str(status), Answer(status=status, headers={}, body=b""), "redirect", "redirect")
        for status in (300, 303, 304, 307, 308)
    ),
]
CASES = [*FAULTS, *ANSWERS, *SPECIAL]


@pytest.fixture(scope="module")
def empty_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "reports"
    with Journal(folder, VirtualClock().now):
        pass
    return folder


@pytest.fixture
def push(tmp_path: Path, empty_journal: Path) -> Push:
    shutil.copytree(empty_journal, tmp_path / "reports")
    return Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=FakeCrm())


def sent(
    push: Push, kind: Kind, before: list[Callable[[Call], Observation]], case: Case, *, for_ever: bool
) -> int | None:
    """A row on a server that has answered before; returns the exit code if the run stopped."""
    push.plan([planned_row(2, assign=False, events=0), planned_row(3, assign=kind is Kind.ASSIGN)])
    answers = iter(before + [case.answer] * (10_000 if for_ever else 1))

    def always(call: Call) -> Observation | None:
        if (call.operation.kind, call.crm_id) != (kind, CASE) or (answer := next(answers, None)) is None:
            return None
        seen = answer(call)
        if case.on(kind) == "proof" and isinstance(seen, Answer):
            push.crm.leads[CASE] = 1
        return seen

    push.crm.always = always
    stop = push.send()
    return None if stop is None else int(stop.exit_code)


def check(push: Push, kind: Kind, expected: Outcome, exit_code: int | None) -> None:
    result = push.results()[1]
    label = {Kind.CREATE: result.status, Kind.ASSIGN: result.assign, Kind.EVENT: result.events}[kind]
    requests = sum(1 for _, called, crm_id in push.crm.calls if (called, crm_id) == (kind, CASE))
    with Journal(push.folder, push.clock.now) as journal:
        found = journal.connection.execute("SELECT possibly_sent FROM leads WHERE crm_id = ?", (CASE,)).fetchone()
        intents = journal.connection.execute("SELECT count(*) FROM operations WHERE state = 'intent'").fetchone()[0]
    maybe = found is not None and bool(found["possibly_sent"])
    assert (str(label), maybe, exit_code) == (expected.label, expected.possibly_sent, expected.exit_code), result
    assert expected.least <= requests <= expected.most
    assert intents == 0
    assert push.results()[0].status == "created"
    if kind is Kind.CREATE:
        follow_up = {"created": "accepted", "created_unconfirmed": "held", "unknown": "held", "pending": "pending"}
        assert result.events == follow_up.get(expected.label, "")
    if kind is Kind.ASSIGN:
        events = {"accepted": "accepted", "pending": "pending"}.get(expected.label, "held")
        assert (result.status, result.events) == ("created", events)


def for_ever() -> Iterator[tuple[Kind, Case, str]]:
    for kind in Kind:
        for case in CASES:
            yield kind, case, "first"
            if case.in_doubt_too:
                yield kind, case, "in-doubt"


def once() -> Iterator[tuple[Kind, Case, str]]:
    """One case of each meaning that can pass."""
    for kind in Kind:
        for meaning, (_, _, expected) in TABLES[kind].items():
            if expected is not None:
                chosen = next(case for case in CASES if case.on(kind) == meaning)
                yield kind, chosen, "first"
                yield kind, chosen, "in-doubt"


@pytest.mark.parametrize(("kind", "case", "when"), list(for_ever()), ids=lambda each: getattr(each, "name", each))
def test_an_answer_that_never_changes(push: Push, kind: Kind, case: Case, when: str) -> None:
    expected = TABLES[kind][case.on(kind)][0 if when == "first" else 1]
    assert expected is not None
    exit_code = sent(push, kind, [] if when == "first" else [lambda _: LOST], case, for_ever=True)
    check(push, kind, expected, exit_code)


@pytest.mark.parametrize(("kind", "case", "when"), list(once()), ids=lambda each: getattr(each, "name", each))
def test_an_answer_that_passes(push: Push, kind: Kind, case: Case, when: str) -> None:
    expected = TABLES[kind][case.on(kind)][2]
    assert expected is not None
    exit_code = sent(push, kind, [] if when == "first" else [lambda _: LOST], case, for_ever=False)
    assert exit_code is None
    more = 0 if when == "first" else 1
    check(
        push,
        kind,
        Outcome(expected.label, expected.possibly_sent, expected.least + more, expected.most + more, None),
        None,
    )


def test_the_matrix_is_as_large_as_it_should_be() -> None:
    assert len(FAULTS) == 34
    assert len(ANSWERS) == 125
    assert len(list(for_ever())) > 600
    for kind in Kind:
        assert {case.on(kind) for case in CASES} == set(TABLES[kind]), "every line of the tables is met"
