"""The lead fields of the CRM: one table that drives mapping, validation, payload and the sandbox.

Sources: the published contract (Leads API v4) for names, required fields and types; the vendor's contact page
for lengths, the asterisk rule and the unit of `opt_in_date`; the vendor's user page for the e-mail's length.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FieldKind(StrEnum):
    """What a lead field holds."""

    TEXT = "text"
    PHONE = "phone"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadField:
    """One field of the create request; `slug` is its name inside problem codes (`first-name-missing`)."""

    name: str
    slug: str
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    max_length: int | None = None
    asterisk_allowed: bool = True


LEAD_FIELDS: Final = (
    LeadField(name="crm_id", slug="crm-id", required=True, max_length=128),
    LeadField(name="first_name", slug="first-name", required=True, max_length=128, asterisk_allowed=False),
    LeadField(name="last_name", slug="last-name", max_length=128, asterisk_allowed=False),
    LeadField(name="phone_number", slug="phone", kind=FieldKind.PHONE, required=True),
    LeadField(name="opt_in_date", slug="opt-in-date", kind=FieldKind.EPOCH),
)

USER_EMAIL_MAX_LENGTH: Final = 319
"""Characters of a user's e-mail (vendor's user page)."""

EVENT_NAME_MAX_LENGTH: Final = 256
"""Characters of an event's name (contract)."""

DISTINCT_ID_MAX_LENGTH: Final = 36
"""Characters of an event's `distinct_id` (contract): a UUID fits exactly."""
