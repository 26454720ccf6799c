"""The three endpoints of the Leads API: how a request's target names one of them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import unquote


class Endpoint(StrEnum):
    """What a request asks for."""

    CREATE = "create"
    ASSIGN = "assign"
    EVENT = "event"

    @property
    def method(self) -> str:
        """The only method that the contract knows for it."""
        return "POST" if self is Endpoint.CREATE else "PUT"

    @property
    def success(self) -> int:
        """The status of a request that was carried out (contract)."""
        return 200 if self is Endpoint.CREATE else 202


_TARGET: Final = re.compile(r"/v4/orgs/([^/]+)/leads(?:/([^/]+)/(assign|events))?")
_BY_LAST_SEGMENT: Final = {None: Endpoint.CREATE, "assign": Endpoint.ASSIGN, "events": Endpoint.EVENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a request goes: `lead` is a lead's UUID or CRM id, decoded, and empty for a create."""

    endpoint: Endpoint
    org: str
    lead: str


def find_address(raw_path: bytes) -> Address | None:
    """The address that a path means, or `None`.

    It is matched before it is decoded: the `%2F` of a CRM id is a part of the id and not of the path.
    """
    match = _TARGET.fullmatch(raw_path.decode("latin-1"))
    if match is None:
        return None
    org, lead, last = match.groups()
    return Address(endpoint=_BY_LAST_SEGMENT[last], org=_decoded(org), lead=_decoded(lead or ""))


def _decoded(segment: str) -> str:
    # Bytes that are no UTF-8 stay distinct, so that they can never mean somebody else's id.
    return unquote(segment, errors="surrogateescape")
