"""Where requests go: the server's origin, and the address of each endpoint."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from importer.errors import SettingsError
from importer.model.operation import Call, Kind

DEFAULT_BASE_URL: Final = "https://apis.saleschat.pro"
"""The contract's only server."""

_STEPS: Final = frozenset({"", ".", ".."})
"""Segments that lead elsewhere than they say."""

METHODS: Final = {Kind.CREATE: "POST", Kind.ASSIGN: "PUT", Kind.EVENT: "PUT"}


def is_loopback(base_url: str) -> bool:
    """Whether the server is on this machine."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def checked_base_url(base_url: str) -> str:
    """The base URL without a trailing slash; https anywhere, plain http on loopback only.

    Raises SettingsError for anything that could send the credential elsewhere than the text shows.
    """
    parts = urlsplit(base_url if _is_well_formed(base_url) else "")
    host = parts.hostname or ""
    wrong = (
        "it names no host, or no possible port"
        if not host
        else "it carries a user name"
        if parts.username or parts.password
        else "it carries a query or a fragment"
        if parts.query or parts.fragment
        else "it is not https"
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(base_url))
        else "it is a link-local address"
        if _is_link_local(host)
        else ""
    )
    if wrong:
        raise SettingsError(
            f"the base URL {base_url!r} cannot be used: {wrong}",
            tip=f"Give it as https://HOST, for example {DEFAULT_BASE_URL}.",
        )
    return base_url.rstrip("/")


def _is_well_formed(base_url: str) -> bool:
    try:
        return urlsplit(base_url).port != 0
    except ValueError:
        return False


def _is_link_local(host: str) -> bool:
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False


def origin_of(base_url: str) -> str:
    """Scheme, host and port: what the ledger and the journal know a server by."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def checked_org(org: str) -> str:
    """The organisation's id, which becomes part of every address; raises SettingsError if it cannot."""
    if org in _STEPS or not org.isprintable():
        raise SettingsError(
            f"the organisation {org!r} cannot stand in an address", tip="Give the id as the CRM shows it (--org)."
        )
    return org


def is_addressable(lead_id: str) -> bool:
    """Whether servers take this id in an address: firewalls refuse encoded slashes, backslashes, `;`, `%`, controls.

    `.` and `..` would be another address, also percent-encoded.
    """
    return lead_id not in _STEPS and not any(
        character in "/\\;%" or not character.isprintable() for character in lead_id
    )


def segment(text: str) -> str:
    """One path segment; everything that is not plain is percent-encoded, slashes included. ValueError for a step."""
    if text in _STEPS:
        raise ValueError(f"{text!r} would lead to another address")
    return quote(text, safe="")


def url_of(base_url: str, org: str, call: Call) -> str:
    """The address of a call: a follow-up names its lead by `lead_id` when that is known, else by `crm_id`."""
    leads = f"{base_url}/v4/orgs/{segment(org)}/leads"
    kind = call.operation.kind
    if kind is Kind.CREATE:
        return leads
    lead = segment(call.lead_id or call.crm_id)
    return f"{leads}/{lead}/{'assign' if kind is Kind.ASSIGN else 'events'}"
