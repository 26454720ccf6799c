"""The table of endpoints: complete, in order, and the same as the sandbox's own."""

from urllib.parse import urlsplit

import pytest

from importer.crm.address import url_of
from importer.crm.credential import CredentialKind
from importer.crm.endpoints import ENDPOINTS, PUBLISHED_RATES, request_rates
from importer.model.operation import Call, Kind, Operation, RowId
from importer.sandbox import endpoints as sandbox


def test_every_kind_has_an_entry_and_comes_after_another_one_that_begins_with_a_create() -> None:
    assert list(ENDPOINTS) == list(Kind)
    for kind in Kind:
        before = [kind]
        while (earlier := ENDPOINTS[before[-1]].after) is not None:
            assert earlier not in before
            before.append(earlier)
        assert before[-1] is Kind.CREATE
    followed = [endpoint.after for endpoint in ENDPOINTS.values()]
    assert len(set(followed)) == len(followed), "two kinds after one would release each other's calls"


@pytest.mark.parametrize("kind", Kind)
def test_the_sandbox_which_shares_no_code_has_the_same_endpoint(kind: Kind) -> None:
    call = Call(row=RowId(0, 2), ordinal=0, operation=Operation(kind=kind, key="k", body=b"{}"), crm_id="L/1")
    address = sandbox.find_address(urlsplit(url_of("https://crm.example", "o 1", call)).path.encode())
    assert address is not None
    assert address.endpoint == kind
    assert (address.org, address.lead) == ("o 1", "" if kind is Kind.CREATE else "L/1")
    entry = sandbox.ENDPOINTS[address.endpoint]
    assert entry.method == ENDPOINTS[kind].method
    assert entry.success in ENDPOINTS[kind].accepted


@pytest.mark.parametrize("credential", CredentialKind)
def test_the_rate_is_the_published_one_unless_another_is_asked_for(credential: CredentialKind) -> None:
    assert request_rates(None, credential) == dict.fromkeys(Kind, PUBLISHED_RATES[credential])
    assert request_rates(0.0, credential) == dict.fromkeys(Kind, 0.0)
