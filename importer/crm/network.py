"""Which addresses of the network a credential may travel to, whatever name leads to them.

Link-local and metadata addresses are where a cloud gives away its own keys; an address in a private network is fine
only if somebody said so.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

_Address = IPv4Address | IPv6Address

PRIVATE: Final = "a private address"
"""The one objection that `--allow-private` lifts."""

_METADATA: Final = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Services of the clouds' own that are not link-local (Alibaba, Azure, Oracle, AWS, Google)."""

_NAT64: Final = IPv6Network("64:ff9b::/96")


def address_of(host: str) -> _Address | None:
    """The address that a host is written as, or `None` for a name."""
    try:
        return _unwrapped(ip_address(host))
    except ValueError:
        return None


def is_this_machine(host: str) -> bool:
    """Whether a host says of itself that it is this machine: `localhost`, or a loopback address."""
    address = address_of(host)
    return host == "localhost" if address is None else address.is_loopback


def objection(host: str, address: _Address, *, allow_private: bool) -> str:
    """Why nothing may be sent to this address, to which `host` has led; the empty text when it may."""
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
