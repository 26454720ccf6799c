"""The rules of the mapping: where a value comes from, and how it is changed and checked."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
    model_validator,
)

from importer.model.column_template import Template
from importer.model.fields import Pattern
from importer.model.lookup import Lookup
from importer.model.strict_model import Misuse, Strict
from importer.model.vocabulary import RE2, DateFormat, Region, Timezone, TransformName, nearest

ORIGINS: Final = ("column", "columns", "value", "template", "digest_of")
"""The keys of a rule of which exactly one says where the value comes from."""

ATTRIBUTE_ORIGINS: Final = (*ORIGINS, "provenance")
"""Those of an attribute, which can also say where its row comes from."""


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


def _texts(value: object) -> object:
    """A single text where a list of texts is meant."""
    return [value] if isinstance(value, str) else value


Words = Annotated[
    tuple[str, ...], Field(min_length=1), BeforeValidator(_texts, json_schema_input_type=str | tuple[str, ...])
]
"""One text or several; not none."""

ColumnName = Annotated[str, StringConstraints(min_length=1)]
ColumnNames = Annotated[
    tuple[ColumnName, ...],
    Field(min_length=1),
    BeforeValidator(_texts, json_schema_input_type=ColumnName | tuple[ColumnName, ...]),
]


def _exactly_one_of(origins: tuple[str, ...]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [origin]} for origin in origins]})


_BELONGS_TO: Final = {
    "prefix": ({"digest_of"}, "belongs to digest_of; for other texts use template"),
    "digest_as": ({"digest_of"}, "belongs to digest_of: it says what the digest is made of"),
    "otherwise": ({"map", "lookup"}, "belongs to map or lookup: it says what happens to a value that is not there"),
    "pattern_says": ({"pattern"}, "belongs to pattern: it says in words what the pattern allows"),
}
"""Keys of a rule that need one of others, and what to say without it."""


class Rule(Strict):
    """Where a field comes from (exactly one origin), and what is done with it, in this order."""

    model_config = _exactly_one_of(ORIGINS)

    origins: ClassVar[tuple[str, ...]] = ORIGINS

    column: ColumnName | None = None
    """The source column."""
    columns: ColumnNames | None = None
    """Source columns; the first that is not blank counts."""
    value: Annotated[str, StringConstraints(min_length=1)] | None = None
    """The same value for every row."""
    template: Template | None = None
    """A text with columns in braces: "{First} {Last}". Blank when all its cells are; {{ and }} are braces."""
    digest_of: ColumnNames | None = None
    """A stable id made from the cells of these columns."""
    digest_as: Literal["normalized"] | None = None
    """normalized: the digest is of what the cells mean, so that another spelling of a person has the same id."""
    prefix: str = ""
    """What a digest_of begins with."""

    part: Literal["first", "last"] | None = None
    """The first or the last part of a full name."""
    transform: Annotated[
        tuple[TransformName, ...], BeforeValidator(_texts, json_schema_input_type=str | tuple[str, ...])
    ] = ()
    """Named transforms, applied in order."""
    map: Annotated[dict[str, str], Field(min_length=1)] | None = None
    """Old value to new value."""
    lookup: Lookup | None = None
    """Old value to new value, from a file beside the mapping."""
    otherwise: Literal["keep", "blank", "problem"] = "problem"
    """What happens to a value that is not in map or lookup."""
    default: str = ""
    """The value when the cell is blank."""
    required: bool = False
    """A blank is a problem."""

    one_of: Words | None = None
    """The values that are allowed."""
    min_length: int | None = Field(default=None, ge=0)
    """The least number of characters."""
    max_length: int | None = Field(default=None, ge=0)
    """The largest number of characters."""
    minimum: float | None = Field(default=None, allow_inf_nan=False)
    """The smallest number."""
    maximum: float | None = Field(default=None, allow_inf_nan=False)
    """The largest number."""
    matches: Pattern | None = None
    """What the text must look like."""
    pattern: RE2 | None = None
    """A pattern of your own, in RE2 syntax, that the whole text must match."""
    pattern_says: Annotated[str, StringConstraints(min_length=1)] | None = None
    """What a message says instead of the pattern: a plan code such as AB1234."""
    on_problem: Literal["reject", "blank"] = "reject"
    """What a wrong value does: reject its row, or leave the value out with a warning (blank; of optional fields)."""

    @classmethod
    def misuses(cls, written: Mapping[str, Any]) -> Iterable[Misuse]:
        """Origins that are missing or contradict each other, and keys without the key that they need."""
        given = [key for key in cls.origins if key in written]
        if len(given) > 1:
            yield Misuse(given[1], f"needs exactly one of {', '.join(cls.origins)}; it has {' and '.join(given)}")
        elif not given and not any(_nearly_an_origin(key) for key in written):
            yield Misuse("", f"does not say where the value comes from: it needs one of {', '.join(cls.origins)}")
        for key, (others, message) in _BELONGS_TO.items():
            if key in written and not others & written.keys():
                yield Misuse(key, message)
        if {"map", "lookup"} <= written.keys():
            yield Misuse("lookup", "and map both say which value a cell becomes; keep one of them")
        if written.get("type") not in (ValueType.INTEGER, ValueType.NUMBER):
            for key in ("minimum", "maximum"):
                if key in written:
                    yield Misuse(key, "belongs to an attribute of type: integer or type: number")

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        for low, high in (("min_length", "max_length"), ("minimum", "maximum")):
            least, most = getattr(self, low), getattr(self, high)
            if least is not None and most is not None and least > most:
                raise ValueError(f"{low} {least:g} is more than {high} {most:g}, so no value can be right")
        return self

    @model_validator(mode="after")
    def _required_or_left_out(self) -> Self:
        if self.required and self.may_be_left_out:
            raise ValueError("required: true asks for a value, and on_problem: blank leaves wrong ones out; remove one")
        return self

    @property
    def may_be_left_out(self) -> bool:
        """Whether a wrong value is left out, so that the rest of its row is sent."""
        return self.on_problem == "blank"


class PhoneRule(Rule):
    """A rule for a phone number."""

    region: Region | None = None
    """The country of numbers without a country code, such as IN; instead of defaults.region."""
    region_column: ColumnName | None = None
    """The column that holds the country of each row."""


class TimeRule(Rule):
    """A rule for a date or a time."""

    format: Annotated[
        tuple[DateFormat, ...], BeforeValidator(_texts, json_schema_input_type=str | tuple[str, ...])
    ] = ()
    """How dates are written, as strptime directives: %d/%m/%Y. Several are tried in order."""
    unit: Literal["s", "ms"] | None = None
    """Send the time as seconds or milliseconds since 1970; opt_in_date: s when left out."""
    timezone: Timezone | None = None
    """The time zone of dates without an offset; instead of defaults.timezone."""


class AttributeRule(TimeRule):
    """A rule for an attribute, which also has a type."""

    model_config = _exactly_one_of(ATTRIBUTE_ORIGINS)

    origins: ClassVar[tuple[str, ...]] = ATTRIBUTE_ORIGINS

    provenance: Literal["run", "file", "sheet", "row", "date"] | None = None
    """Where the lead comes from: the run's id, the file's name, the sheet, the row number, or the run's day (UTC)."""
    type: ValueType = ValueType.TEXT
    """What the cell is read as and sent as."""
    separator: Annotated[str, StringConstraints(min_length=1)] = ","
    """What separates the elements of a list."""

    @classmethod
    def misuses(cls, written: Mapping[str, Any]) -> Iterable[Misuse]:
        """Also keys that another type needs."""
        yield from super().misuses(written)
        written_type = written.get("type", ValueType.TEXT)
        if written_type not in (ValueType.DATE, ValueType.DATETIME):
            for key in ("format", "unit", "timezone"):
                if key in written:
                    yield Misuse(key, "belongs to an attribute of type: date or type: datetime")
        if "pattern" in written and written_type in (ValueType.BOOLEAN, ValueType.LIST, ValueType.JSON):
            yield Misuse("pattern", f"checks one text, and an attribute of type: {written_type} is none")
        origin = written.get("provenance")
        if origin and written_type not in (ValueType.TEXT, *([ValueType.INTEGER] if origin == "row" else [])):
            yield Misuse("type", "must be text for a provenance, or integer for provenance: row")
        if "separator" in written and written_type != ValueType.LIST:
            yield Misuse("separator", "belongs to an attribute of type: list")


def _column_is_short_for_rule(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


FieldRule = Annotated[Rule, BeforeValidator(_column_is_short_for_rule, json_schema_input_type=ColumnName | Rule)]
"""A bare text is a column."""

PhoneFieldRule = Annotated[
    PhoneRule, BeforeValidator(_column_is_short_for_rule, json_schema_input_type=ColumnName | PhoneRule)
]
TimeFieldRule = Annotated[
    TimeRule, BeforeValidator(_column_is_short_for_rule, json_schema_input_type=ColumnName | TimeRule)
]

RULE_TAG: Final = "<rule>"
NESTED_TAG: Final = "<nested>"


def _nearly_an_origin(key: str) -> bool:
    return any(abs(len(key) - len(origin)) <= 1 for origin in nearest(key, ATTRIBUTE_ORIGINS, cutoff=0.8))


def _rule_or_nested(value: object) -> str | None:
    """A text is a column; a mapping that has an origin is a rule, any other mapping nests attributes.

    A mapping with a misspelled origin, or with nothing but a rule's keys, is taken for a rule, so that the mistake is
    found. Nested attributes of such names are written in full: `value: {column: Amount}`.
    """
    if isinstance(value, str):
        return RULE_TAG
    if not isinstance(value, Mapping):
        return None
    plain = [key for key, written in value.items() if not isinstance(written, Mapping)]
    if any(_nearly_an_origin(key) for key in plain) or (plain and value.keys() <= AttributeRule.model_fields.keys()):
        return RULE_TAG
    return NESTED_TAG


def _nested_schema(schema: dict[str, Any]) -> None:
    """The same distinction as in `_rule_or_nested`, for editors: a mapping with a plain origin is a rule."""
    schema["not"] = {
        "anyOf": [
            {"required": [origin], "properties": {origin: {"not": {"type": "object"}}}} for origin in ATTRIBUTE_ORIGINS
        ]
    }


class NestedAttributes(RootModel["Attributes"]):
    """Attributes below an attribute."""

    model_config = ConfigDict(frozen=True, json_schema_extra=_nested_schema)

    root: Annotated["Attributes", Field(min_length=1)]

    @property
    def nested(self) -> "Attributes":
        """The attributes by their keys."""
        return self.root


AttributeSpec = Annotated[
    Annotated[
        AttributeRule,
        BeforeValidator(_column_is_short_for_rule, json_schema_input_type=ColumnName | AttributeRule),
        Tag(RULE_TAG),
    ]
    | Annotated[NestedAttributes, Tag(NESTED_TAG)],
    Discriminator(_rule_or_nested),
]
Attributes = dict[Annotated[str, StringConstraints(min_length=1)], AttributeSpec]
NestedAttributes.model_rebuild()


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
