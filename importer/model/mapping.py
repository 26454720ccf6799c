"""The mapping file as types: how the columns of a spreadsheet become leads.

Every scalar of the file arrives as the text that was written, so that `NO`, `010` or `+12025550100` mean what they
look like; pydantic turns text into numbers and booleans only where a key asks for one.
"""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingABC
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, create_model

from importer.model.fields import EVENT_NAME_MAX_LENGTH, LEAD_FIELDS, USER_EMAIL_MAX_LENGTH, FieldKind, LeadField
from importer.model.rules import (
    Attributes,
    ColumnName,
    FieldRule,
    PhoneFieldRule,
    Rule,
    TimeFieldRule,
    Words,
)
from importer.model.strict_model import Misuse, Strict
from importer.model.vocabulary import Known, Region, Timezone, nearest


def _blank_is(empty: object) -> Callable[[object], object]:
    """A section whose lines are all commented out arrives as a blank text, and counts as left out."""
    return lambda value: empty if value == "" else value


AttributesSection = Annotated[Attributes, BeforeValidator(_blank_is({}), json_schema_input_type=Attributes | None)]


class Condition(Strict):
    """A row matches when its cell is one of the words (ignoring case), or is filled (or blank)."""

    column: ColumnName
    """The source column to look at."""
    one_of: Words | None = None
    """The words that match, ignoring case and spaces around."""
    not_blank: bool | None = None
    """true: the cell is filled; false: it is blank."""

    @classmethod
    def misuses(cls, written: MappingABC[str, Any]) -> Iterable[Misuse]:
        """A condition has exactly one question."""
        given = [key for key in ("one_of", "not_blank") if key in written]
        if len(given) != 1:
            yield Misuse("", f"needs exactly one of one_of, not_blank; it has {' and '.join(given) or 'neither'}")


_FIELD_RULES: Final[dict[FieldKind, Any]] = {
    FieldKind.TEXT: FieldRule,
    FieldKind.PHONE: PhoneFieldRule,
    FieldKind.EPOCH: TimeFieldRule,
}


def _lead_key(field: LeadField) -> Any:
    """A lead field as a key of the mapping: its type, and what it is when left out."""
    rule = _FIELD_RULES[field.kind]
    if field.required:
        return rule, Field(description=field.help)
    return rule | None, Field(default=None, description=field.help)


_LeadFields = create_model("_LeadFields", __base__=Strict, **{field.name: _lead_key(field) for field in LEAD_FIELDS})


def _leaves_out(rule: object) -> bool:
    return isinstance(rule, dict) and rule.get("on_problem") == "blank"


class LeadSpec(_LeadFields):  # type: ignore[valid-type, misc]
    """The lead's fields and where each comes from."""

    attributes: AttributesSection = Field(default_factory=dict)
    """Everything else that the CRM should know about the lead."""

    @classmethod
    def misuses(cls, written: MappingABC[str, Any]) -> Iterable[Misuse]:
        """An id that cannot tell one row from another, and required fields that would be left out."""
        crm_id = written.get("crm_id")
        if isinstance(crm_id, dict) and "value" in crm_id:
            yield Misuse("crm_id", "a constant value would give every row the same id; name a column")
        for field in LEAD_FIELDS:
            if field.required and _leaves_out(written.get(field.name)):
                yield Misuse(
                    field.name, f"blank is for optional fields, and every lead needs a {field.name}", "on_problem"
                )

    @property
    def rules(self) -> dict[str, Rule]:
        """The rule of each lead field that the mapping fills, in the order of the field table."""
        rules = {field.name: getattr(self, field.name) for field in LEAD_FIELDS}
        return {name: rule for name, rule in rules.items() if rule is not None}


class SourceSpec(Strict):
    """How to read the file; what is left out is detected."""

    sheet: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The sheet's name, its position from 1, or "*" for all sheets with this header."""
    header_row: int | None = Field(default=None, ge=1)
    """The row of the header, as the spreadsheet numbers it."""
    encoding: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The encoding of a CSV file, such as utf-8 or cp1252."""
    delimiter: Annotated[str, StringConstraints(min_length=1)] | None = None
    """What separates the cells of a CSV file."""


class Defaults(Strict):
    """What phones without a country code and dates without a time zone mean."""

    region: Region | None = None
    """The country of numbers without a country code, such as IN."""
    timezone: Timezone = "UTC"
    """The time zone of dates without an offset, such as Asia/Kolkata."""


User = Annotated[str, StringConstraints(min_length=1, max_length=USER_EMAIL_MAX_LENGTH)]


class Share(Strict):
    """A user in a round robin, and how many turns they get in each round."""

    user: User
    """The user's e-mail address or id."""
    weight: int = Field(default=1, ge=1, le=1000)
    """How many leads in each round."""


def _user_is_short_for_share(value: object) -> object:
    return {"user": value} if isinstance(value, str) else value


def _each_once(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    users = [share.user for share in shares]
    twice = next((user for user in users if users.count(user) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is listed twice; name each user once and give it a weight")
    return shares


class OwnerBy(Strict):
    """The owner chosen by another column."""

    column: ColumnName
    """The column whose value chooses the user."""
    map: Annotated[dict[str, User], Field(min_length=1)]
    """The column's value to the user."""
    otherwise: User | None = None
    """The user for all other values; without it they are a problem."""


WAYS: Final = ("user_email", "user_id", "round_robin", "by")
"""The keys of `assign` of which exactly one says who gets the lead."""


class AssignSpec(Strict):
    """Who gets the lead: exactly one of the four. A user with `@` is an e-mail, any other an id."""

    user_email: FieldRule | None = None
    """The user's e-mail address: a column or a rule."""
    user_id: FieldRule | None = None
    """The user's id: a column or a rule."""
    round_robin: (
        Annotated[
            tuple[
                Annotated[Share, BeforeValidator(_user_is_short_for_share, json_schema_input_type=User | Share)], ...
            ],
            Field(min_length=1),
            AfterValidator(_each_once),
        ]
        | None
    ) = None
    """Users who get the leads in turn."""
    by: OwnerBy | None = None
    """The user chosen by another column."""
    when_blank: User = "skip"
    """What happens when no user is found: skip (no assignment), problem, or a user."""

    @classmethod
    def misuses(cls, written: MappingABC[str, Any]) -> Iterable[Misuse]:
        """One way only, and users of the kind that this way sends."""
        given = [way for way in WAYS if way in written]
        if len(given) != 1:
            yield Misuse("", f"needs exactly one of {', '.join(WAYS)}; it has {' and '.join(given) or 'none'}")
            return
        yield from _misused_when_blank(str(written.get("when_blank", "skip")), given[0])
        rule = written[given[0]]
        if _leaves_out(rule):
            yield Misuse(given[0], "blank is for fields of the lead; when_blank says who gets a lead", "on_problem")
        for key in ("value", "default"):
            user = rule.get(key, "") if isinstance(rule, dict) else ""
            if isinstance(user, str) and user and (message := _wrong_kind(user, given[0])):
                yield Misuse(given[0], f"{key}: {message}")


def _misused_when_blank(user: str, way: str) -> Iterable[Misuse]:
    if user in {"skip", "problem"}:
        return
    if "@" not in user and (close := nearest(user, ("skip", "problem"), cutoff=0.7)):
        yield Misuse("when_blank", f"“{user}” is taken for a user; did you mean {close[0]}?")
    elif message := _wrong_kind(user, way):
        yield Misuse("when_blank", message)


def _wrong_kind(user: str, way: str) -> str:
    if way == "user_email" and "@" not in user:
        return f"“{user}” is not an e-mail address, and user_email sends e-mail addresses"
    if way == "user_id" and "@" in user:
        return f"“{user}” is an e-mail address, and user_id sends ids; use user_email"
    return ""


class EventSpec(Strict):
    """An event that is recorded for each lead; `key` makes it a new one on a later run."""

    event: Annotated[str, StringConstraints(min_length=1, max_length=EVENT_NAME_MAX_LENGTH)]
    """The event's name, at most 256 characters."""
    key: str = ""
    """What makes this event a new one on a later run; blank: once per lead, forever."""
    when: Condition | None = None
    """Which rows have the event; left out: all."""
    attributes: AttributesSection = Field(default_factory=dict)
    """The event's attributes."""


class Duplicates(Strict):
    """What to do with rows of one crm_id, or of one phone number, within the files of a run."""

    in_file: Literal["report", "first", "last"] = "report"
    """Rows of one crm_id that differ: report sends none of them, first or last sends that one."""
    phone: Literal["warn", "problem", "allow"] = "warn"
    """Leads with one phone number."""


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class Mapping(Strict):
    """A whole mapping file."""

    version: Annotated[int, Field(ge=1, le=1)]
    """The version of this format: 1."""
    name: Name
    """A short name that becomes part of the run id."""
    source: Annotated[SourceSpec, BeforeValidator(_blank_is({}), json_schema_input_type=SourceSpec | None)] = (
        SourceSpec()
    )
    """How to read the file; what is left out is detected."""
    defaults: Annotated[Defaults, BeforeValidator(_blank_is({}), json_schema_input_type=Defaults | None)] = Defaults()
    """What phones without a country code and dates without a time zone mean."""
    where: Annotated[
        tuple[Condition, ...], BeforeValidator(_blank_is(()), json_schema_input_type=tuple[Condition, ...] | None)
    ] = ()
    """Rows that do not match all of these are filtered: not sent, not checked."""
    lead: LeadSpec
    """The lead's fields and where each comes from."""
    unmapped: Literal["ignore", "attributes"] = "ignore"
    """What happens to columns that the mapping does not name: nothing, or a text attribute each."""
    attributes_as: Literal["plain", "object"] = "plain"
    """How attribute values are sent: as they are, or each as an object {"value": …}."""
    assign: Annotated[AssignSpec | None, BeforeValidator(_blank_is(None))] = None
    """Who gets the lead."""
    events: Annotated[
        tuple[EventSpec, ...], BeforeValidator(_blank_is(()), json_schema_input_type=tuple[EventSpec, ...] | None)
    ] = ()
    """Events to record for each lead."""
    duplicates: Annotated[Duplicates, BeforeValidator(_blank_is({}), json_schema_input_type=Duplicates | None)] = (
        Duplicates()
    )
    """What to do with rows of one crm_id, or of one phone number."""


def parse(document: dict[str, Any], known: Known | None = None) -> Mapping:
    """The mapping of a loaded document; raises `pydantic.ValidationError` with every mistake.

    Names of transforms and regions are checked only if `known` has them.
    """
    return Mapping.model_validate(document, context=known)
