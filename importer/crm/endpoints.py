"""The endpoints of the Leads API, one entry each.

URLs and methods, what proves that a request was carried out, the order of a row's requests, rate limits, estimates and
the table in docs/reliability.md (`make docs`) are derived from them. Sources: the contract (v4) for paths and answers,
the vendor's rate-limit page for the rates. The sandbox has a table of its own, so that one mistake cannot hide in both.
"""

from dataclasses import dataclass, field
from typing import Final

from importer.crm.credential import CredentialKind
from importer.model.operation import Kind

PUBLISHED_RATES: Final = {CredentialKind.API_KEY: 10.0, CredentialKind.TOKEN: 5.0}
"""Requests per second, organization and endpoint; with a bearer token also per user, because a token is a user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One kind of request.

    `path` follows the base URL; `{org}` and `{lead}` are one percent-encoded segment each. `accepted` are the statuses
    of a request that was carried out; where `names_lead`, only a body with the lead's id proves it. `after` is the kind
    of request that a row sends before this one: a follow-up waits until that one is settled.
    """

    method: str
    path: str
    accepted: range
    names_lead: bool = False
    after: Kind | None = None
    rates: dict[CredentialKind, float] = field(default_factory=lambda: PUBLISHED_RATES)


ENDPOINTS: Final[dict[Kind, Endpoint]] = {
    Kind.CREATE: Endpoint(method="POST", path="/v4/orgs/{org}/leads", accepted=range(200, 300), names_lead=True),
    Kind.ASSIGN: Endpoint(
        method="PUT", path="/v4/orgs/{org}/leads/{lead}/assign", accepted=range(202, 203), after=Kind.CREATE
    ),
    Kind.EVENT: Endpoint(
        method="PUT", path="/v4/orgs/{org}/leads/{lead}/events", accepted=range(202, 203), after=Kind.ASSIGN
    ),
}


def request_rates(asked: float | None, credential: CredentialKind) -> dict[Kind, float]:
    """Requests per second of each kind (0: no limit): what was asked for, else what the vendor publishes."""
    return {kind: endpoint.rates[credential] if asked is None else asked for kind, endpoint in ENDPOINTS.items()}
