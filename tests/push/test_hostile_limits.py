"""Rate limits and duplicates on hostile servers (real sockets, virtual time): no lead is lost, no wait is endless."""

import json
from pathlib import Path

import pytest

from importer.crm.conflict_or_throttle import Fingerprint
from importer.journal.runs import Journal
from importer.model.operation import Kind
from importer.sending.canary import fingerprint_from, fingerprint_text
from tests.crm.wire import http
from tests.planned import PlannedRow
from tests.push.hostile import Hostile, Request, Rule, push_to, refusal
from tests.runs.conftest import Push, planned_row
from tests.virtual_time import VirtualClock

LIMIT = refusal(429, "Your plan has no capacity left")
"""A limiter's words that the importer does not know."""

LIMITS = [LIMIT, refusal(429, "API request limit exceeded"), refusal(409, "Busy", code=4090001)]

ODD = refusal(429, "Constraint 17 violated", code=4290017)
"""A duplicate's words that it does not know."""


def leads(count: int, first: int = 2) -> list[PlannedRow]:
    return [planned_row(number, assign=False, events=0) for number in range(first, first + count)]


def learnt(push: Push) -> str:
    with Journal(push.folder, push.clock.now) as journal:
        return journal.learnt(push.tenant)[0]


def seen_by_ledger(push: Push) -> set[str]:
    with Journal(push.folder, push.clock.now) as journal:
        found = journal.connection.execute("SELECT crm_id FROM leads WHERE seen_in IS NOT NULL").fetchall()
    return {row["crm_id"] for row in found}


def shut(until: float, answer: bytes) -> Rule:
    """A limiter that lets one create pass and then refuses all until so many seconds have gone."""
    return lambda crm, request: answer if crm.leads and request.at - 1000.0 < until else None


def odd_duplicates(crm: Hostile, request: Request) -> bytes | None:
    return ODD if request.kind == "create" and crm.leads[request.lead] else None


def never_a_lead_lost(crm: Hostile, statuses: list[str], rows: list[PlannedRow]) -> None:
    for row, status in zip(rows, statuses, strict=True):
        assert status != "duplicate" or crm.leads[row.crm_id], row.crm_id
        assert status != "created" or crm.leads[row.crm_id], row.crm_id


@pytest.mark.slow
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("seconds", [3, 12, 100])
def test_19_the_canary_does_not_learn_a_limiters_answer(tmp_path: Path, seconds: int, limit: bytes) -> None:
    """The limiter shuts with the canary's own request, whether or not we know its words."""
    rows = leads(20)
    sent = push_to(Hostile(shut(seconds, limit)), tmp_path, rows)
    assert "duplicate" not in sent.statuses
    assert "already exists" in (learnt(sent.push) or "already exists"), (
        "nothing, or what is learnt once it is open again"
    )
    never_a_lead_lost(sent.crm, sent.statuses, rows)


def test_19_a_limiter_of_every_second_request_teaches_nothing(tmp_path: Path) -> None:
    rows = leads(60)
    sent = push_to(Hostile(lambda crm, _: LIMIT if len(crm.requests) % 2 == 0 else None), tmp_path, rows)
    assert learnt(sent.push) == ""
    assert set(sent.statuses) <= {"created", "unknown"}
    assert sent.statuses.count("created") >= 55
    never_a_lead_lost(sent.crm, sent.statuses, rows)


def test_19_an_answer_that_no_throttle_gives_is_learnt(tmp_path: Path) -> None:
    """Twice for the canary's lead and for no other, others accepted in between and right after."""
    crm = Hostile(odd_duplicates)
    existing = leads(5, first=26)
    crm.leads.update(row.crm_id for row in existing)
    sent = push_to(crm, tmp_path, [*leads(24), *existing, *leads(30, first=31)], rate=1.0)
    assert sent.statuses == ["created"] * 24 + ["duplicate"] * 5 + ["created"] * 30
    assert json.loads(learnt(sent.push))["error_code"] == 4290017


def test_19_without_an_accepted_create_in_between_a_learnt_shape_is_no_proof(tmp_path: Path) -> None:
    """Every create is refused by the learnt shape: it may as well be a limiter that uses it."""
    first = push_to(Hostile(odd_duplicates), tmp_path, leads(24), rate=1.0)
    assert learnt(first.push)
    sent = push_to(
        Hostile(lambda *_: ODD), tmp_path, leads(5, first=500), name="r2", push=first.push, learnt=_shape(first.push)
    )
    assert set(sent.statuses) == {"unknown"}


def test_19_the_first_contradiction_unlearns(tmp_path: Path) -> None:
    """A limiter that uses the words of the duplicate: what rested on them becomes `unknown`, in the ledger, too."""
    first = push_to(Hostile(odd_duplicates), tmp_path, leads(24), rate=1.0)

    def both(crm: Hostile, request: Request) -> bytes | None:
        limited = {"L-502": 3, "L-535": 2}.get(request.lead, 0)
        return ODD if request.times <= limited else odd_duplicates(crm, request)

    sent = push_to(
        Hostile(both), tmp_path, leads(60, first=500), name="r2", push=first.push, learnt=_shape(first.push), rate=1.0
    )
    statuses = dict(zip((result.crm_id for result in sent.push.results()), sent.statuses, strict=True))
    assert statuses.pop("L-502") == "unknown"
    assert set(statuses.values()) == {"created"}
    assert learnt(sent.push) == ""
    assert "L-502" not in seen_by_ledger(sent.push)
    assert sent.push.run is not None
    with Journal(sent.push.folder, sent.push.clock.now) as journal:
        journal.retry_failed(sent.push.run)
    assert sent.push.statuses().count("pending") == 0, "what it would send is forgotten: the row is imported anew"


def _shape(push: Push) -> Fingerprint:
    return fingerprint_from(learnt(push))[0]


def test_19_what_an_earlier_version_learnt_wrongly_is_examined_again(tmp_path: Path) -> None:
    """Its journal calls leads duplicates by a shape that proves nothing: they are not known any more."""
    push = Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=None)
    push.plan(leads(3))
    old = {"status": 429, "media_type": "", "error_code": 4290001, "text": "API request limit exceeded"}
    with Journal(push.folder, push.clock.now) as journal:
        connection = journal.connection
        connection.execute("UPDATE tenants SET fingerprint = ?, fingerprint_at = '2026-11-22'", (json.dumps(old),))
        for crm_id, lead_id, status, code in (
            ("made", "id-1", "created", None),
            ("wrong", "", "duplicate", 4290001),
            ("right", "", "duplicate", 4290002),
        ):
            connection.execute("INSERT INTO leads VALUES (?, ?, 0, 1, ?)", (push.tenant, crm_id, lead_id))
            connection.execute(
                "INSERT INTO rows (run, source, number, status, crm_id, owner, http_status, error_code)"
                " VALUES (1, 9, ?, ?, ?, '', 429, ?)",
                (len(crm_id) + ord(crm_id[0]), status, crm_id, code),
            )
        shape, is_current = fingerprint_from(journal.learnt(push.tenant)[0])
        assert (is_current, shape.proves) == (False, False)
        assert journal.doubt_duplicates(push.tenant, shape.status, shape.error_code) == 1
        assert journal.learnt(push.tenant) == ("", "")
    assert seen_by_ledger(push) == {"made", "right"}


@pytest.mark.parametrize(
    ("text", "is_proven"),
    [
        ("Lead with this crm_id already exists", True),
        ("Lead ‹id› already exists", True),
        ("API request limit exceeded", False),
        ("A lead with this phone number already exists", False),
        ("", False),
    ],
)
def test_19_of_earlier_fingerprints_only_words_are_believed(text: str, is_proven: bool) -> None:
    old = {"status": 429, "media_type": "application/json", "error_code": None, "text": text}
    shape, is_current = fingerprint_from(json.dumps(old))
    assert (shape.proves, is_current) == (is_proven, False)
    assert fingerprint_from(fingerprint_text(shape)) == (shape, True)


@pytest.mark.parametrize(
    "said",
    [
        "A lead with this phone number already exists",
        "duplicate key value violates unique constraint uk_leads_org_phone",
        "Lead with +919000000001 already exists",
        "The e-mail is already in use by another lead",
        "User with this email already exists",
    ],
)
def test_20_another_uniqueness_is_rejected_with_the_servers_words(tmp_path: Path, said: str) -> None:
    def by_phone(crm: Hostile, request: Request) -> bytes | None:
        return refusal(429, said) if request.kind == "create" and crm.leads and request.lead != "L-2" else None

    sent = push_to(Hostile(by_phone), tmp_path, leads(3))
    assert sent.statuses == ["created", "rejected", "rejected"]
    assert said in sent.push.results()[1].message
    assert set(sent.crm.leads) >= {"L-2"}
    assert sum(sent.crm.leads.values()) == 1


def test_20_another_uniqueness_is_not_learnt_either(tmp_path: Path) -> None:
    """The canary's second request has the same phone, too."""

    def by_phone(crm: Hostile, request: Request) -> bytes | None:
        return refusal(429, "A lead with this phone already exists") if crm.leads[request.lead] else None

    sent = push_to(Hostile(by_phone), tmp_path, leads(24), rate=1.0)
    assert learnt(sent.push) == ""


def test_20_what_is_unclear_after_a_duplicate_is_unknown(tmp_path: Path) -> None:
    crm = Hostile(lambda _, request: http(b"", "429 No") if request.lead == "L-4" else None)
    crm.leads["L-3"] = 1
    assert push_to(crm, tmp_path, leads(4)).statuses == ["created", "duplicate", "unknown", "created"]


@pytest.mark.slow
def test_23_unrelated_409s_do_not_slow_the_push_down(tmp_path: Path) -> None:
    """One create in ten meets a 409 that passes."""

    def busy(_: Hostile, request: Request) -> bytes | None:
        return refusal(409, "The record is busy") if int(request.lead[2:]) % 10 == 0 and request.times == 1 else None

    sent = push_to(Hostile(busy), tmp_path, leads(400), canary=False)
    assert set(sent.statuses) == {"created"}
    assert sent.push.sender is not None
    assert sent.push.sender.health.rate_limiters[Kind.CREATE].rate == 10.0
    assert sent.seconds < 400 / 10 + 30


@pytest.mark.slow
def test_23_bare_429s_for_duplicates_come_to_an_end(tmp_path: Path) -> None:
    crm = Hostile(lambda crm, request: http(b"", "429 No") if crm.leads[request.lead] else None)
    rows = leads(160)
    crm.leads.update(row.crm_id for row in rows)
    sent = push_to(crm, tmp_path, rows)
    assert set(sent.statuses) == {"unknown"}
    assert len(sent.crm.requests) == 3 * 160
    assert sent.seconds < 100


@pytest.mark.parametrize("rate", [2.0, 5.0])
def test_23_a_limiter_without_a_word_is_recognized_by_what_it_lets_pass_later(tmp_path: Path, rate: float) -> None:
    state = {"next": 0.0}

    def bucket(_: Hostile, request: Request) -> bytes | None:
        if request.at < state["next"]:
            return http(b"", "429 No")
        state["next"] = request.at + 1 / rate
        return None

    sent = push_to(Hostile(bucket), tmp_path, leads(200))
    assert sent.statuses.count("created") >= 198
    assert "duplicate" not in sent.statuses


def test_24_a_known_answer_wins_over_a_header_that_is_always_there(tmp_path: Path) -> None:
    def with_header(crm: Hostile, request: Request) -> bytes | None:
        text = f"Lead with crm_id {request.lead} already exists"
        return refusal(429, text, "Retry-After: 1") if crm.leads[request.lead] else None

    crm = Hostile(with_header)
    crm.leads.update(["L-4", "L-5"])
    sent = push_to(crm, tmp_path, leads(5))
    assert sent.statuses == ["created", "created", "duplicate", "duplicate", "created"]
    assert len(sent.crm.of("create", "L-4")) == 1


def test_24_a_header_that_the_known_answer_did_not_have_still_counts(tmp_path: Path) -> None:
    """The canary's answer had no such header, so here it says something."""

    def sometimes(crm: Hostile, request: Request) -> bytes | None:
        if request.lead != "L-4":
            return None
        return refusal(429, "Lead with this crm_id already exists", "Retry-After: 1")

    assert push_to(Hostile(sometimes), tmp_path, leads(4)).statuses == ["created", "created", "unknown", "created"]


def test_28_an_idempotent_create_is_noticed_and_said(tmp_path: Path) -> None:
    """The server answers 200 for a lead that exists: nothing is called created on that word, no owner is changed."""
    crm = Hostile(lambda crm, request: crm.stored(request) if request.kind == "create" else None)
    crm.leads["L-3"], crm.owners["L-3"] = 1, "somebody@else.example"
    rows = [planned_row(number) for number in range(2, 5)]
    sent = push_to(crm, tmp_path, rows)
    assert sent.statuses == ["created_unconfirmed"] * 3
    assert {(result.assign, result.events) for result in sent.push.results()} == {("held", "held")}
    assert "answers 200 for leads that exist" in sent.push.results()[0].message
    assert crm.owners == {"L-3": "somebody@else.example"}
    assert not crm.of("event")
    assert push_to(crm, tmp_path, rows, name="r2", push=sent.push).statuses == ["duplicate"] * 3


def test_28_with_assume_new_an_idempotent_create_is_created(tmp_path: Path) -> None:
    crm = Hostile(lambda crm, request: crm.stored(request) if request.kind == "create" else None)
    sent = push_to(crm, tmp_path, [planned_row(2), planned_row(3)], assume_new=True)
    assert sent.statuses == ["created"] * 2
    assert crm.owners == {"L-2": "a@x.example", "L-3": "a@x.example"}
