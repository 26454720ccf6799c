"""The endpoints of the Leads API, one entry each: address, method, body, what is done to the lead, and the status.

Derived from the lead field table and the published contract. It shares no code with `crm`, so that one mistake cannot
hide in both.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from importer.model.fields import (
    DISTINCT_ID_MAX_LENGTH,
    EVENT_NAME_MAX_LENGTH,
    LEAD_FIELDS,
    USER_EMAIL_MAX_LENGTH,
    FieldKind,
    LeadField,
    Pattern,
)

_INT64: Final = 2**63
_PATTERNS: Final[dict[Pattern, str]] = {
    "e164": r"^\+[1-9][0-9]{1,14}$",
    "email": r"^[^@\s]+@[^@\s]+$",
    "url": r"^https?://[^\s/]+",
    "digits": r"^[0-9]+$",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
}
"""The sandbox's own idea of each, on purpose simpler than the importer's."""

_NO_ASTERISK: Final = r"^[^*]*$"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event of a lead."""

    event: str
    distinct_id: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class StoredLead:
    """A lead with everything that was done to it.

    `creates` is 0 for a lead that existed beforehand; `repeats` counts the creates that were refused because it
    existed. `assignments` are all users it was assigned to, in order; the last one owns it. `repeated_events` counts
    the events that were accepted without being recorded again.
    """

    org: str
    lead_id: str
    crm_id: str
    fields: dict[str, Any] = field(default_factory=dict)
    creates: int = 0
    repeats: int = 0
    assignments: list[str] = field(default_factory=list)
    events: list[RecordedEvent] = field(default_factory=list)
    repeated_events: int = 0

    @property
    def owner(self) -> str:
        """The user who has it now, or empty."""
        return self.assignments[-1] if self.assignments else ""


class Body(BaseModel):
    """A request's body: types are exact, unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")


def _create_body(attributes: Any) -> type[Body]:
    fields: dict[str, Any] = {each.name: _definition(each) for each in LEAD_FIELDS}
    fields["attributes"] = (attributes, ...)
    return create_model("_CreateBody", __base__=Body, **fields)


def _definition(lead_field: LeadField) -> tuple[object, object]:
    """The field as pydantic defines it: a type with its limits, and what it is when left out."""
    left_out: object = ... if lead_field.required else None
    if lead_field.kind is FieldKind.EPOCH:
        return Annotated[int, Field(ge=-_INT64, lt=_INT64)], left_out
    limits = Field(min_length=1 if lead_field.required else None, max_length=lead_field.max_length)
    patterns = [
        _PATTERNS["e164"] if lead_field.kind is FieldKind.PHONE else "",
        "" if lead_field.asterisk_allowed else _NO_ASTERISK,
        _PATTERNS[lead_field.matches] if lead_field.matches else "",
    ]
    return Annotated[str, limits, *(Field(pattern=pattern) for pattern in patterns if pattern)], left_out


class _AssignBody(Body):
    user_id: str = ""
    user_email: Annotated[str, Field(max_length=USER_EMAIL_MAX_LENGTH)] = ""

    @model_validator(mode="after")
    def _names_a_user(self) -> Self:
        if not (self.user_id or self.user_email):
            raise ValueError("needs user_id or user_email")
        return self


def _assign(lead: StoredLead, sent: dict[str, Any]) -> None:
    # Both given: the id wins (vendor's contact page).
    lead.assignments.append(sent.get("user_id") or sent["user_email"])


def _event_body(attributes: Any) -> type[Body]:
    return create_model(
        "_EventBody",
        __base__=Body,
        event=(Annotated[str, Field(max_length=EVENT_NAME_MAX_LENGTH)], ...),
        distinct_id=(Annotated[str, Field(max_length=DISTINCT_ID_MAX_LENGTH)], ""),
        attributes=(attributes, {}),
    )


def _record(lead: StoredLead, sent: dict[str, Any]) -> None:
    event = RecordedEvent(**sent)
    if event.distinct_id and any((e.event, e.distinct_id) == (event.event, event.distinct_id) for e in lead.events):
        lead.repeated_events += 1
    else:
        lead.events.append(event)


class Endpoint(StrEnum):
    """What a request asks for, by the name that faults files and counts use."""

    CREATE = "create"
    ASSIGN = "assign"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the contract says about an endpoint.

    `last` is the last segment of its path, `None` for the leads themselves. `body` makes the model of its body for a
    type of attributes. `success` is the status of a request that was carried out. `effect` does to the lead what was
    sent; without one the request makes the lead.
    """

    method: str
    last: str | None
    body: Callable[[object], type[Body]]
    success: int
    effect: Callable[[StoredLead, dict[str, Any]], None] | None


ENDPOINTS: Final[dict[Endpoint, Entry]] = {
    Endpoint.CREATE: Entry(method="POST", last=None, body=_create_body, success=200, effect=None),
    Endpoint.ASSIGN: Entry(method="PUT", last="assign", body=lambda _: _AssignBody, success=202, effect=_assign),
    Endpoint.EVENT: Entry(method="PUT", last="events", body=_event_body, success=202, effect=_record),
}

_TARGET: Final = re.compile(r"/v4/orgs/([^/]+)/leads(?:/([^/]+)/([^/]+))?")
_BY_LAST_SEGMENT: Final = {entry.last: endpoint for endpoint, entry in ENDPOINTS.items()}


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
    if match is None or match[3] not in _BY_LAST_SEGMENT:
        return None
    # Bytes that are not UTF-8 stay distinct, so that they can never match the id of another lead.
    org, lead = (unquote(segment or "", errors="surrogateescape") for segment in match.groups()[:2])
    return Address(endpoint=_BY_LAST_SEGMENT[match[3]], org=org, lead=lead)
