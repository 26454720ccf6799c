"""The lead fields of the CRM: one table that drives mapping, validation, payload, the sandbox and the docs.

A new field is a new entry here and nothing else: mapping keys and their schema, checks and problem codes, bodies, the
sandbox's contract and the table in docs/mapping.md are derived from it (`make schema`, `make docs`).

Sources: the published contract (Leads API v4) for names, required fields and types; the vendor's contact page
for lengths, the asterisk rule and the unit of `opt_in_date`; the vendor's user page for the e-mail's length.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

Pattern = Literal["email", "e164", "url", "digits", "uuid"]
"""The named patterns that a field, or `matches` in a mapping, can require."""


class FieldKind(StrEnum):
    """What a lead field holds, which decides the rule that the mapping has for it."""

    TEXT = "text"
    PHONE = "phone"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadField:
    """One field of the create request.

    `slug` is its name inside problem codes (`first-name-missing`), `title` what people call it, `about` what it holds.
    """

    name: str
    slug: str
    title: str
    about: str = ""
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    max_length: int | None = None
    asterisk_allowed: bool = True
    matches: Pattern | None = None

    @property
    def takes_any_text(self) -> bool:
        """Whether a placeholder such as `-` can be its default."""
        return self.kind is FieldKind.TEXT and self.matches is None and self.name != "crm_id"

    @property
    def help(self) -> str:
        """What the field takes, in a sentence for editors and docs."""
        limits = [
            self.about,
            f"at most {self.max_length} characters" if self.max_length else "",
            "" if self.asterisk_allowed else "no asterisk",
        ]
        sentence = ", ".join(filter(None, limits)) or self.title
        return f"{sentence[0].upper()}{sentence[1:]}.{' Required.' if self.required else ''}"


LEAD_FIELDS: Final = (
    LeadField(
        name="crm_id",
        slug="crm-id",
        title="CRM id",
        about="the id of the lead in your own system",
        required=True,
        max_length=128,
    ),
    LeadField(
        name="first_name",
        slug="first-name",
        title="first name",
        required=True,
        max_length=128,
        asterisk_allowed=False,
    ),
    LeadField(name="last_name", slug="last-name", title="last name", max_length=128, asterisk_allowed=False),
    LeadField(
        name="phone_number",
        slug="phone",
        title="phone number",
        about="becomes E.164",
        kind=FieldKind.PHONE,
        required=True,
    ),
    LeadField(
        name="opt_in_date",
        slug="opt-in-date",
        title="opt-in date",
        about="when the person agreed to be contacted; sent as seconds since 1970, or milliseconds with `unit: ms`",
        kind=FieldKind.EPOCH,
    ),
)

FIELDS_BY_NAME: Final = {field.name: field for field in LEAD_FIELDS}

USER_EMAIL_MAX_LENGTH: Final = 319
"""Characters of a user's e-mail (vendor's user page)."""

EVENT_NAME_MAX_LENGTH: Final = 256
"""Characters of an event's name (contract)."""

DISTINCT_ID_MAX_LENGTH: Final = 36
"""Characters of an event's `distinct_id` (contract): a UUID fits exactly."""
