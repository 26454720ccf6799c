"""Rows that hostile servers refuse alone, and effects behind refusals (real sockets, virtual time)."""

from dataclasses import replace
from pathlib import Path

import pytest

from importer.exit_codes import ExitCode
from importer.model.operation import Kind, Operation
from tests.crm.wire import http
from tests.planned import PlannedRow
from tests.push.hostile import Hostile, Request, Rule, push_to, refusal
from tests.runs.conftest import planned_row

pytestmark = pytest.mark.slow

PERMANENT = [402, 403, 405, 409, 410, 423, 451, 501, 303]
"""Refusals that used to stop the run, each with the API's error body."""

HTML = {status: http(b"<html>gateway</html>", f"{status} No") for status in (403, 404, 421, 425)}
POISONS = {
    **{f"{status}": refusal(status) for status in PERMANENT},
    **{f"{status} html": answer for status, answer in HTML.items()},
    "404 org": refusal(404, "Organization not found"),
    "login page": http(b"<html>Sign in</html>"),
}


def poison(kind: str, answer: bytes, *leads: str) -> Rule:
    return lambda _, request: answer if request.kind == kind and request.lead in leads else None


def rows_of(count: int, owner: str = "") -> list[PlannedRow]:
    rows = [planned_row(number) for number in range(2, 2 + count)]
    return [owned(row, owner) for row in rows] if owner else rows


def owned(row: PlannedRow, owner: str) -> PlannedRow:
    create, _, *events = row.operations
    assign = Operation(kind=Kind.ASSIGN, key=owner, body=f'{{"user_email":"{owner}"}}'.encode())
    return replace(row, operations=(create, assign, *events), owner=owner)


@pytest.mark.parametrize("position", [2, 9])
@pytest.mark.parametrize("name", POISONS)
def test_22_one_poison_create_is_set_aside_and_the_rest_goes_on(tmp_path: Path, name: str, position: int) -> None:
    """The first row, and the last one, which nothing follows."""
    if (name, position) == ("409", 2):
        return  # the one answer of these that has a meaning on create: unclear
    sent = push_to(Hostile(poison("create", POISONS[name], f"L-{position}")), tmp_path, rows_of(8), canary=False)
    assert sent.stop is None
    statuses = sent.statuses
    assert statuses.pop(position - 2) == ("unknown" if name in ("login page", "409") else "rejected")
    assert statuses == ["created"] * 7
    assert sent.seconds < 300
    assert name == "login page" or name[:3] in sent.push.results()[position - 2].message


@pytest.mark.parametrize("kind", ["assign", "event"])
@pytest.mark.parametrize("name", POISONS)
def test_22_one_poison_follow_up_is_set_aside_and_the_rest_goes_on(tmp_path: Path, name: str, kind: str) -> None:
    sent = push_to(Hostile(poison(kind, POISONS[name], "L-5")), tmp_path, rows_of(8), canary=False)
    assert sent.stop is None
    results = sent.push.results()
    poisoned = results.pop(3)
    expected = "unknown" if name == "login page" else "rejected"
    assert (poisoned.assign, poisoned.events) == ((expected, "held") if kind == "assign" else ("accepted", expected))
    assert {(result.status, result.assign, result.events) for result in results} == {
        ("created", "accepted", "accepted")
    }


@pytest.mark.parametrize("leads", [("L-2", "L-3"), ("L-5", "L-6", "L-7"), ("L-8", "L-9")])
def test_22_poison_rows_side_by_side_end_after_a_resume_at_the_latest(tmp_path: Path, leads: tuple[str, ...]) -> None:
    crm = Hostile(poison("create", refusal(451), *leads))
    sent = push_to(crm, tmp_path, rows_of(8), canary=False)
    if sent.stop is not None:
        sent = push_to(crm, tmp_path, None, push=sent.push, canary=False)
    assert sent.stop is None
    assert sent.statuses.count("rejected") == len(leads)
    assert sent.statuses.count("created") == 8 - len(leads)


@pytest.mark.parametrize("name", [name for name in POISONS if name not in ("409", "404 html", "421 html", "425 html")])
def test_22_what_other_rows_meet_too_stops_the_run_soon(tmp_path: Path, name: str) -> None:
    sent = push_to(Hostile(lambda *_: POISONS[name]), tmp_path, rows_of(40), canary=False)
    assert sent.exit_code == ExitCode.STOPPED_BY_CRM
    assert set(sent.statuses) == {"pending"}
    assert len(sent.crm.requests) <= 3
    again = push_to(sent.crm, tmp_path, None, push=sent.push, canary=False)
    assert again.exit_code == ExitCode.STOPPED_BY_CRM, "and so does a resume"
    assert set(again.statuses) == {"pending"}
    again.crm.rule = lambda *_: None
    assert push_to(again.crm, tmp_path, None, push=sent.push, canary=False).stop is None


@pytest.mark.parametrize("name", ["403", "404 org", "405", "451", "303"])
def test_22_what_begins_in_the_middle_for_every_row_stops_the_run_too(tmp_path: Path, name: str) -> None:
    def from_then_on(crm: Hostile, request: Request) -> bytes | None:
        return POISONS[name] if request.kind == "create" and len(crm.leads) >= 20 else None

    sent = push_to(Hostile(from_then_on), tmp_path, rows_of(60), canary=False)
    assert sent.exit_code == ExitCode.STOPPED_BY_CRM
    assert sent.statuses == ["created"] * 20 + ["pending"] * 40


@pytest.mark.parametrize("name", ["403", "451"])
def test_22_a_run_of_one_row_is_stopped_once_and_then_set_aside(tmp_path: Path, name: str) -> None:
    crm = Hostile(lambda *_: POISONS[name])
    sent = push_to(crm, tmp_path, rows_of(1), canary=False)
    assert (sent.exit_code, sent.statuses) == (ExitCode.STOPPED_BY_CRM, ["pending"])
    sent = push_to(crm, tmp_path, None, push=sent.push, canary=False)
    assert (sent.exit_code, sent.statuses) == (None, ["rejected"])


def test_21_an_owner_in_the_servers_words_does_not_stop_the_run(tmp_path: Path) -> None:
    def no_such_user(_: Hostile, request: Request) -> bytes | None:
        said = f"{request.document.get('user_email')} not found"
        return refusal(404, said) if request.kind == "assign" and request.times < 9 else None

    sent = push_to(Hostile(no_such_user), tmp_path, rows_of(6, owner="asha@charity.org"), canary=False)
    assert sent.stop is None
    results = sent.push.results()
    assert {result.status for result in results} == {"created"}
    assert {result.assign for result in results} <= {"rejected", "held"}
    assert "asha@charity.org" in results[0].message


@pytest.mark.parametrize("status", [303, 402, 405, 410, 421, 425, 499, 501, 505, 600, 408, 500, 503])
def test_28_an_effect_behind_a_refusal_is_in_doubt_never_a_duplicate(tmp_path: Path, status: int) -> None:
    def stores_and_refuses(crm: Hostile, request: Request) -> bytes | None:
        if (request.kind, request.lead, request.times) != ("create", "L-3", 1):
            return None
        crm.stored(request)
        return refusal(status)

    sent = push_to(Hostile(stores_and_refuses), tmp_path, rows_of(4), canary=False)
    assert sent.stop is None
    assert sent.statuses == ["created", "created_unconfirmed", "created", "created"]
    assert sent.push.results()[1].events == "held"


@pytest.mark.parametrize("status", [303, 402, 410, 421, 600])
def test_28_it_is_still_in_doubt_after_a_stop(tmp_path: Path, status: int) -> None:
    """Every row is refused in this way, and stored all the same: the resumed run calls none a duplicate."""
    crm = Hostile(lambda crm, request: crm.stored(request) and refusal(status))
    sent = push_to(crm, tmp_path, rows_of(6), canary=False)
    assert sent.stop is not None
    stored = len(crm.leads)
    crm.rule = lambda *_: None
    sent = push_to(crm, tmp_path, None, push=sent.push, canary=False)
    assert sent.stop is None
    assert sent.statuses.count("created_unconfirmed") == stored
    assert "duplicate" not in sent.statuses
