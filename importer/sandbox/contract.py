"""What a request's body must look like; drawn from the lead field table and the published contract."""

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, model_validator
from pydantic_core import from_json

from importer.model.fields import (
    DISTINCT_ID_MAX_LENGTH,
    EVENT_NAME_MAX_LENGTH,
    LEAD_FIELDS,
    USER_EMAIL_MAX_LENGTH,
    FieldKind,
    LeadField,
    Pattern,
)
from importer.sandbox.endpoints import Endpoint

AttributesAs = Literal["plain", "object"]
"""Whether attributes may hold any value, or (the letter of the contract) objects only."""

_INT64: Final = 2**63
_PATTERNS: Final[dict[Pattern, str]] = {
    "e164": r"^\+[1-9][0-9]{1,14}$",
    "email": r"^[^@\s]+@[^@\s]+$",
    "url": r"^https?://[^\s/]+",
    "digits": r"^[0-9]+$",
    "uuid": r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
}
"""The sandbox's own idea of each, on purpose simpler than the importer's: one mistake must not hide in both."""

_NO_ASTERISK: Final = r"^[^*]*$"


class InvalidBodyError(ValueError):
    """A body that the API answers with 422; says every rule that it breaks."""


class _Body(BaseModel):
    """A request's body: types are exact, unknown fields are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _AssignBody(_Body):
    user_id: str = ""
    user_email: Annotated[str, Field(max_length=USER_EMAIL_MAX_LENGTH)] = ""

    @model_validator(mode="after")
    def _names_a_user(self) -> Self:
        if not (self.user_id or self.user_email):
            raise ValueError("needs user_id or user_email")
        return self


class _EventBody(_Body):
    event: Annotated[str, Field(max_length=EVENT_NAME_MAX_LENGTH)]
    distinct_id: Annotated[str, Field(max_length=DISTINCT_ID_MAX_LENGTH)] = ""
    attributes: dict[str, Any] = {}


class _EventBodyOfObjects(_EventBody):
    attributes: dict[str, dict[str, Any]] = {}


class Contract:
    """Reads bodies by the contract."""

    def __init__(self, *, attributes: AttributesAs = "plain") -> None:
        plain = attributes == "plain"
        self._bodies: dict[Endpoint, type[BaseModel]] = {
            Endpoint.CREATE: _create_body(dict[str, Any] if plain else dict[str, dict[str, Any]]),
            Endpoint.ASSIGN: _AssignBody,
            Endpoint.EVENT: _EventBody if plain else _EventBodyOfObjects,
        }

    def read(self, endpoint: Endpoint, body: bytes) -> dict[str, Any]:
        """The known fields that were sent; raises `InvalidBodyError`."""
        try:
            document = from_json(body)
            # Refuses NaN and Infinity (a spreadsheet's blanks may turn into them), and 1e999, which is read as one.
            json.dumps(document, allow_nan=False)
        except ValueError as error:
            raise InvalidBodyError(f"not valid JSON: {error}") from None
        try:
            return self._bodies[endpoint].model_validate(document).model_dump(exclude_unset=True)
        except ValidationError as error:
            raise InvalidBodyError("; ".join(_mistakes(error))) from None


def _create_body(attributes: object) -> type[BaseModel]:
    fields: dict[str, Any] = {field.name: _definition(field) for field in LEAD_FIELDS}
    fields["attributes"] = (attributes, ...)
    return create_model("_CreateBody", __base__=_Body, **fields)


def _definition(field: LeadField) -> tuple[object, object]:
    """The field as pydantic defines it: a type with its limits, and what it is when left out."""
    left_out: object = ... if field.required else None
    if field.kind is FieldKind.EPOCH:
        return Annotated[int, Field(ge=-_INT64, lt=_INT64)], left_out
    limits = Field(min_length=1 if field.required else None, max_length=field.max_length)
    patterns = [
        _PATTERNS["e164"] if field.kind is FieldKind.PHONE else "",
        "" if field.asterisk_allowed else _NO_ASTERISK,
        _PATTERNS[field.matches] if field.matches else "",
    ]
    return Annotated[str, limits, *(Field(pattern=pattern) for pattern in patterns if pattern)], left_out


def _mistakes(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in mistake['loc']) or 'body'}: {mistake['msg']}"
        for mistake in error.errors(include_url=False, include_input=False)
    ]
