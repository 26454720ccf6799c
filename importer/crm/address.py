"""Where requests go: the server's origin, the URL of each endpoint, and which addresses of the network are allowed.

Link-local and metadata addresses are where a cloud gives away its own keys; a private network is reached only if the
user allows it.
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from importer.crm.endpoints import ENDPOINTS
from importer.errors import SettingsError
from importer.model.operation import Call

DEFAULT_BASE_URL: Final = "https://apis.saleschat.pro"
"""The contract's only server."""

_PLAIN: Final = re.compile(r"[!-\[\]^-~]*")
"""Visible ASCII without the backslash, which some programs read as a slash. A foreign name is written `xn--…`."""

_PORTS: Final = {"https": 443, "http": 80}

_STEPS: Final = frozenset({"", ".", ".."})
"""Segments that change the path instead of naming a part of it."""

_LONGEST: Final = 2048
"""Characters of one percent-encoded segment; servers refuse addresses of more than a few thousand."""

_Address = IPv4Address | IPv6Address

PRIVATE: Final = "a private address"
"""The one objection that `--allow-private` lifts."""

_METADATA: Final = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Services of the clouds' own that are not link-local (Alibaba, Azure, Oracle, AWS, Google)."""

_NAT64: Final = IPv6Network("64:ff9b::/96")


def is_loopback(base_url: str) -> bool:
    """Whether the server is on this machine."""
    return is_this_machine(urlsplit(base_url).hostname or "")


def checked_base_url(base_url: str, *, allow_private: bool = False) -> str:
    """The base URL without a trailing slash; https anywhere, plain http on loopback only.

    Raises SettingsError for anything that could send the credential elsewhere than the text shows. The address behind a
    name is checked when the connection is made (`connections.Guard`).
    """
    if wrong := _what_is_wrong(base_url, allow_private=allow_private):
        raise SettingsError(
            f"the base URL {without_secrets(base_url)!r} cannot be used: {wrong}",
            tip=f"Give it as https://HOST, for example {DEFAULT_BASE_URL}.",
        )
    return base_url.rstrip("/")


def _what_is_wrong(base_url: str, *, allow_private: bool) -> str:
    if wrong := not_an_address(base_url):
        return wrong
    parts = urlsplit(base_url)
    if "@" in parts.netloc:
        return "it contains a user name"
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(base_url)):
        return "it is not https"
    return not_reachable(base_url, allow_private=allow_private)


def not_an_address(url: str) -> str:
    """Why this text names no server, or the empty text."""
    if not _PLAIN.fullmatch(url):
        return "it contains a space or another character that URLs cannot have"
    if not urlsplit(url if _is_well_formed(url) else "").hostname:
        return "it has no host, or its port is impossible"
    return "it contains a query or a fragment" if "?" in url or "#" in url else ""


def not_reachable(url: str, *, allow_private: bool) -> str:
    """Why the host may not be reached, if the URL names it by its address; the empty text when it may."""
    host = urlsplit(url).hostname or ""
    address = address_of(host)
    why = objection(host, address, allow_private=allow_private) if address else ""
    return f"{host} is {why}{' (--allow-private allows it)' if why == PRIVATE else ''}" if why else ""


def without_secrets(url: str) -> str:
    """The address without what is before an `@`, or after a `?` or `#`: that may be a password or a key."""
    without_user = re.sub(r"^([^/@]*//)?.*@", r"\1***@", url, flags=re.DOTALL)
    return re.sub(r"([?#]).*", r"\1***", without_user, flags=re.DOTALL)


def _is_well_formed(base_url: str) -> bool:
    try:
        return urlsplit(base_url).port != 0
    except ValueError:
        return False


def origin_of(base_url: str) -> str:
    """Scheme, host and port in one spelling: how ledger and journal identify a server.

    Capitals in the host and a default port that is written out are spellings of the same server.
    """
    parts = urlsplit(base_url)
    if not _is_well_formed(base_url):
        return f"{parts.scheme}://{parts.netloc.lower()}"
    host = parts.hostname or ""
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def checked_org(org: str) -> str:
    """The organization's id, which becomes part of every address; raises SettingsError if it cannot."""
    if org in _STEPS or not org.isprintable():
        raise SettingsError(
            f"the organization {org!r} cannot be part of a URL", tip="Give the id as the CRM shows it (--org)."
        )
    return org


def is_addressable(lead_id: str) -> bool:
    """Whether servers take this id in an address: firewalls refuse encoded slashes, backslashes, `;`, `%`, controls.

    `.` and `..` would be another address, also percent-encoded.
    """
    if lead_id in _STEPS or any(character in "/\\;%" or not character.isprintable() for character in lead_id):
        return False
    return len(segment(lead_id)) <= _LONGEST


def segment(text: str) -> str:
    """One path segment; all that is not plain is percent-encoded, slashes included. ValueError for `.` and `..`."""
    if text in _STEPS:
        raise ValueError(f"{text!r} would lead to another address")
    return quote(text, safe="")


def url_of(base_url: str, org: str, call: Call) -> str:
    """The address of a call: a follow-up names its lead by `lead_id` when that is known, else by `crm_id`."""
    path = ENDPOINTS[call.operation.kind].path
    lead = segment(call.lead_id or call.crm_id) if "{lead}" in path else ""
    return base_url + path.format(org=segment(org), lead=lead)


def address_of(host: str) -> _Address | None:
    """The address that a host is written as, or `None` for a name."""
    try:
        return _unwrapped(ip_address(host))
    except ValueError:
        return None


def is_this_machine(host: str) -> bool:
    """Whether a host is this machine by its spelling: `localhost`, or a loopback address."""
    address = address_of(host)
    return host == "localhost" if address is None else address.is_loopback


def objection(host: str, address: _Address, *, allow_private: bool) -> str:
    """Why nothing may be sent to this address, to which `host` resolved; the empty text when it may."""
    if is_this_machine(host):
        return "" if address.is_loopback else "not this machine"
    if address.is_link_local or address in _METADATA:
        return "a link-local address or a cloud's metadata service"
    if address.is_loopback or not (address.is_global or _is_nowhere(address)):
        return "" if allow_private else PRIVATE
    return "not an address of a server" if _is_nowhere(address) else ""


def _is_nowhere(address: _Address) -> bool:
    return address.is_unspecified or address.is_multicast or address.is_reserved


def _unwrapped(address: _Address) -> _Address:
    """The IPv4 address that an IPv6 address only wraps (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
