"""The sandbox answers whatever a contract-driven tester sends as the contract says; schemathesis writes the requests.

Beyond the contract, on purpose, and so not wrong here:

- a wrong method is a 405, a wrong address a 404, as with any server; the contract documents neither;
- rules of the vendor's other pages are kept as well (E.164, lengths, no `*` in a name): what the contract alone would
  allow may be a 422, which it documents;
- fields that the contract does not name are ignored, as the real service's serializer does by default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("schemathesis", reason="the contract's tests have an environment of their own: make contract")

import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi

from importer.sandbox import Sandbox
from tests.contract.published import as_used, to_the_letter

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "60"))
KNOWN = ("o1", "3f0e6a3c-0000-4000-8000-000000000001", "C-1")
CHECKS = [
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
    openapi.negative_data_rejection,
]
ENDPOINTS = {
    ("/v4/orgs/{orgId}/leads", "POST"): "create",
    ("/v4/orgs/{orgId}/leads/{leadId}/assign", "PUT"): "assign",
    ("/v4/orgs/{orgId}/leads/{leadId}/events", "PUT"): "event",
}
SETTINGS = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=["letter", "as used"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Sandbox, Any]]:
    """A sandbox on which one lead exists, and the contract that it is to keep."""
    strict = request.param == "letter"
    with Sandbox(rate=0, existing=[KNOWN], attributes="object" if strict else "plain") as sandbox:
        yield sandbox, schemathesis.openapi.from_dict(to_the_letter() if strict else as_used())


def sent(sandbox: Sandbox, case: schemathesis.Case, **headers: str) -> int:
    """The status of the answer, which is what the contract says it may be."""
    reply = case.call(base_url=sandbox.base_url, headers={"x-org-api-key": sandbox.api_key, **headers})
    case.validate_response(reply, checks=CHECKS)
    return int(reply.status_code)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
@pytest.mark.parametrize("place", list(ENDPOINTS), ids=ENDPOINTS.get)
def test_every_answer_is_one_of_the_contract(
    served: tuple[Sandbox, Any], place: tuple[str, str], mode: schemathesis.GenerationMode
) -> None:
    sandbox, contract = served
    path, method = place
    seen: set[int] = set()

    @SETTINGS
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        case = data.draw(contract[path][method].as_strategy(generation_mode=mode))
        if data.draw(st.booleans()):
            parameters = dict(zip(("orgId", "leadId"), (KNOWN[0], data.draw(st.sampled_from(KNOWN[1:]))), strict=True))
            case.path_parameters = {name: parameters[name] for name in case.path_parameters or {}}
        if mode.is_positive and data.draw(st.booleans()):
            case.body = valid_beyond_the_letter(method, case.body)
        seen.add(sent(sandbox, case))

    ask()
    accepted = 200 if method == "POST" else 202
    assert (accepted if mode.is_positive else 422) in seen, seen


def valid_beyond_the_letter(method: str, body: Any) -> Any:
    """The body, with what the vendor's other pages ask for beside the contract."""
    if method == "POST" and isinstance(body, dict):
        name = "".join(letter for letter in str(body.get("first_name")) if letter != "*")[:128] or "A"
        return {**body, "crm_id": (str(body.get("crm_id")) or "1")[:128], "first_name": name, "last_name": "B",
                "phone_number": "+12025550143"}  # fmt: skip
    return {**body, "user_id": "u-1"} if isinstance(body, dict) and "event" not in body else body


@pytest.mark.parametrize("place", list(ENDPOINTS), ids=ENDPOINTS.get)
def test_without_a_key_nothing_is_done(served: tuple[Sandbox, Any], place: tuple[str, str]) -> None:
    sandbox, contract = served
    path, method = place
    before = len(sandbox.state.leads)

    @SETTINGS
    @given(case=contract[path][method].as_strategy())
    def ask(case: schemathesis.Case) -> None:
        assert sent(sandbox, case, **{"x-org-api-key": "wrong"}) in (401, 404)

    ask()
    assert len(sandbox.state.leads) == before
