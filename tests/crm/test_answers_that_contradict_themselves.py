"""Answers whose status says one thing and whose body another, from a real socket to the verdict."""

import json
from collections.abc import Mapping

import pytest

from importer.crm.observation import Answer
from importer.crm.responses import judge
from importer.crm.verdict import Action, Ending, Verdict
from importer.model.operation import Kind
from tests.crm.test_client_wire import call, sent_to
from tests.crm.wire import answering, http


def verdict_on(status: str, body: Mapping[str, object], kind: Kind) -> Verdict:
    asked = call(kind, lead_id="" if kind is Kind.CREATE else "u-1")
    (seen,), _ = sent_to(answering(http(json.dumps(body).encode(), status)), asked)
    assert isinstance(seen, Answer)
    return judge(seen, asked)


LEAD = {"lead_id": "u-1", "crm_id": "L-1"}


@pytest.mark.parametrize("code", [1, 4009, "4009", "LEAD_EXISTS", -1, True, {"code": 1}])
@pytest.mark.parametrize(
    ("status", "kind"), [("200 OK", Kind.CREATE), ("202 Accepted", Kind.ASSIGN), ("202 A", Kind.EVENT)]
)
def test_a_200_with_an_error_code_is_in_doubt(status: str, kind: Kind, code: object) -> None:
    verdict = verdict_on(status, {**LEAD, "error_code": code, "error_message": "could not be stored"}, kind)
    assert (verdict.action, verdict.possibly_sent, verdict.ending) == (Action.DOUBT, True, Ending.UNKNOWN)
    assert "could not be stored" in verdict.message


@pytest.mark.parametrize("code", [None, 0, "", "0"])
@pytest.mark.parametrize(("status", "kind"), [("200 OK", Kind.CREATE), ("202 Accepted", Kind.ASSIGN)])
def test_an_error_code_that_says_no_error_is_none(status: str, kind: Kind, code: object) -> None:
    assert verdict_on(status, {**LEAD, "error_code": code}, kind).action is Action.ACCEPT


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("User not found", Action.REJECT),
        ("user with this email does not exist", Action.REJECT),
        ("No such owner", Action.REJECT),
        ("Assignee unknown", Action.REJECT),
        ("Lead not found", Action.RETRY),
        ("No lead of this user was found", Action.RETRY),
        ("not found", Action.RETRY),
    ],
)
def test_user_not_found_is_not_lead_not_found(words: str, action: Action) -> None:
    """A lead that was just created may appear a little later; a user will not."""
    verdict = verdict_on("404 Not Found", {"error_code": 7, "error_message": words}, Kind.ASSIGN)
    assert verdict.action is action
    assert ("lead not found" in verdict.message.lower()) == (action is Action.RETRY)
