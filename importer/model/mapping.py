"""The mapping file as types: how the columns of a spreadsheet become leads.

Every scalar of the file arrives as the text that was written, so that `NO`, `010` or `+12025550100` mean what they
look like; pydantic turns text into numbers and booleans only where a key asks for one.
"""

from collections.abc import Mapping as MappingABC
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from importer.model.fields import EVENT_NAME_MAX_LENGTH

ORIGINS = ("column", "columns", "value", "template", "digest_of")
"""The keys of a rule of which exactly one says where the value comes from."""


class ValueType(StrEnum):
    """What an attribute's text is read as."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    LIST = "list"
    JSON = "json"


class Strict(BaseModel):
    """A part of the mapping in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _texts(value: object) -> object:
    """A single text where a list of texts is meant."""
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Condition(Strict):
    """A row matches when its cell is one of the words (ignoring case), or is filled (or blank)."""

    column: str
    one_of: Texts | None = None
    not_blank: bool | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.one_of is None) == (self.not_blank is None):
            raise ValueError("needs exactly one of one_of, not_blank")
        return self


class Rule(Strict):
    """Where a field comes from (exactly one origin), and what is done with it, in this order."""

    column: str | None = None
    columns: Texts | None = None
    value: str | None = None
    template: str | None = None
    digest_of: Texts | None = None
    prefix: str = ""

    part: Literal["first", "last"] | None = None
    transform: Texts = ()
    map: dict[str, str] | None = None
    otherwise: Literal["keep", "blank", "problem"] = "problem"
    default: str = ""
    required: bool = False

    format: Texts = ()
    unit: Literal["s", "ms"] | None = None
    timezone: str | None = None
    region: str | None = None
    region_column: str | None = None

    one_of: Texts | None = None
    min_length: int | None = Field(default=None, ge=0)
    max_length: int | None = Field(default=None, ge=0)
    minimum: float | None = None
    maximum: float | None = None
    matches: Literal["email", "e164", "url", "digits", "uuid"] | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [key for key in ORIGINS if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(ORIGINS)}; it has {', '.join(given) or 'none'}")
        if self.prefix and self.digest_of is None:
            raise ValueError("prefix belongs to digest_of")
        return self


class AttributeRule(Rule):
    """A rule for an attribute, which also has a type."""

    type: ValueType = ValueType.TEXT
    separator: str = ","


def _column_is_short_for_rule(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


FieldRule = Annotated[Rule, BeforeValidator(_column_is_short_for_rule)]
"""A bare text is a column."""


def _rule_or_nested(value: object) -> object:
    """A mapping with an origin key is a rule; any other mapping nests attributes."""
    if isinstance(value, MappingABC) and not any(key in value for key in ORIGINS):
        return {"nested": value}
    return _column_is_short_for_rule(value)


class NestedAttributes(Strict):
    """Attributes below an attribute; written without the word `nested`."""

    nested: "Attributes"


AttributeSpec = Annotated[AttributeRule | NestedAttributes, BeforeValidator(_rule_or_nested)]
Attributes = dict[Annotated[str, StringConstraints(min_length=1)], AttributeSpec]


class LeadSpec(Strict):
    """The lead's fields and where each comes from."""

    crm_id: FieldRule
    first_name: FieldRule
    last_name: FieldRule | None = None
    phone_number: FieldRule
    opt_in_date: FieldRule | None = None
    attributes: Attributes = {}


class SourceSpec(Strict):
    """How to read the file; what is left out is detected."""

    sheet: str | None = None
    header_row: int | None = Field(default=None, ge=1)
    encoding: str | None = None
    delimiter: str | None = None


class Defaults(Strict):
    """What phones without a country code and dates without a time zone mean."""

    region: str | None = None
    timezone: str = "UTC"


def _user_is_short_for_share(value: object) -> object:
    return {"user": value} if isinstance(value, str) else value


class Share(Strict):
    """A user in a round robin, and how many turns they get in each round."""

    user: str
    weight: int = Field(default=1, ge=1, le=1000)


class OwnerBy(Strict):
    """The owner chosen by another column."""

    column: str
    map: dict[str, str]
    otherwise: str | None = None


class AssignSpec(Strict):
    """Who gets the lead: exactly one of the four. A user with `@` is an e-mail, any other an id."""

    user_email: FieldRule | None = None
    user_id: FieldRule | None = None
    round_robin: tuple[Annotated[Share, BeforeValidator(_user_is_short_for_share)], ...] | None = None
    by: OwnerBy | None = None
    when_blank: str = "skip"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = ("user_email", "user_id", "round_robin", "by")
        if sum(getattr(self, way) is not None for way in ways) != 1:
            raise ValueError(f"needs exactly one of {', '.join(ways)}")
        return self


class EventSpec(Strict):
    """An event that is recorded for each lead; `key` makes it a new one on a later run."""

    event: Annotated[str, StringConstraints(min_length=1, max_length=EVENT_NAME_MAX_LENGTH)]
    key: str = ""
    when: Condition | None = None
    attributes: Attributes = {}


class Duplicates(Strict):
    """What to do with rows of one crm_id, or of one phone number, within the files of a run."""

    in_file: Literal["report", "first", "last"] = "report"
    phone: Literal["warn", "problem", "allow"] = "warn"


class Mapping(Strict):
    """A whole mapping file."""

    version: Annotated[int, Field(ge=1, le=1)]
    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    source: SourceSpec = SourceSpec()
    defaults: Defaults = Defaults()
    where: tuple[Condition, ...] = ()
    lead: LeadSpec
    unmapped: Literal["ignore", "attributes"] = "ignore"
    attributes_as: Literal["plain", "object"] = "plain"
    assign: AssignSpec | None = None
    events: tuple[EventSpec, ...] = ()
    duplicates: Duplicates = Duplicates()


def attribute_rules(attributes: Attributes, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], AttributeRule]]:
    """Every rule below `attributes` with the path of keys that leads to it, in the order of the file."""
    rules: list[tuple[tuple[str, ...], AttributeRule]] = []
    for key, spec in attributes.items():
        below = (*path, key)
        if isinstance(spec, AttributeRule):
            rules.append((below, spec))
        else:
            rules.extend(attribute_rules(spec.nested, below))
    return rules


def parse(document: dict[str, Any]) -> Mapping:
    """The mapping of a loaded document; raises `pydantic.ValidationError` with every mistake."""
    return Mapping.model_validate(document)
