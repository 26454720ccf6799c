"""What the columns of a template are: for each column that a mapping reads, its rules in words, choices, an example."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from importer.errors import LocalDiskError, SettingsError
from importer.mapping import load_mapping
from importer.mapping.file.references import Purpose, purposes, references
from importer.mapping.values.date_formats import example, shape
from importer.model.batch import Place
from importer.model.fields import LEAD_FIELDS, FieldKind
from importer.model.mapping import Condition, OwnerBy
from importer.model.rules import AttributeRule, PhoneRule, Rule, TimeRule, ValueType
from importer.model.template import TemplateColumn
from importer.model.whitespace import text_key
from importer.runs.lookup_tables import with_lookups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.mapping import LoadedMapping
    from importer.mapping.file.references import Reference
    from importer.model.mapping import Mapping
ENDING: Final = ".xlsx"
_ANYTHING: Final = "Example"
MOST_COLUMNS: Final = 16_383
MOST_CHOICES: Final = 32_767
"""What a list shows at most; of a lookup with more values none are offered."""

_FIELDS: Final = {field.name: field for field in LEAD_FIELDS}
_EXAMPLES: Final = {
    "crm_id": "EXAMPLE-1",
    "first_name": "Asha",
    "last_name": "Rao",
    "user_email": "owner@example.com",
    "user_id": "owner-1",
    "email": "asha.rao@example.com",
    "e164": "+919876543210",
    "url": "https://www.example.com",
    "digits": "12345",
    "uuid": "6f1d0000-0000-4000-8000-000000000001",
    ValueType.BOOLEAN: "yes",
    ValueType.JSON: '{"key": "value"}',
}
_MATCHES: Final = {
    "email": "An e-mail address.",
    "e164": "A phone number with its country code, such as +919876543210.",
    "url": "A web address.",
    "digits": "Digits only.",
    "uuid": "A UUID.",
}
_TYPES: Final = {
    ValueType.INTEGER: "A whole number.",
    ValueType.NUMBER: "A number.",
    ValueType.BOOLEAN: "yes or no.",
    ValueType.JSON: "JSON.",
}
_NUMBERS: Final = (ValueType.INTEGER, ValueType.NUMBER)
_DATES: Final = (ValueType.DATE, ValueType.DATETIME)
_DAY, _MOMENT = date(2026, 11, 26), datetime(2026, 11, 26, 15, 4)  # noqa: DTZ001 - a workbook knows no zones
_OF_WORKBOOKS: Final = {"d": "dd", "m": "mm", "Y": "yyyy", "y": "yy", "H": "hh", "M": "mm", "S": "ss"}
"""How a workbook writes what a directive of a date format stands for."""


def write_template_for(mapping_path: Path, target: Path) -> list[TemplateColumn]:
    """Write an empty workbook for this mapping; returns its columns.

    Raises MappingError, SettingsError if there is such a file already, and LocalDiskError.
    """
    from importer.reporting.template_workbook import write_template

    columns = template_columns(with_lookups(load_mapping(mapping_path)))
    if target.suffix.lower() != ENDING:
        raise SettingsError(f"{target} does not end in {ENDING}", tip=f"Give a name such as -o {target.stem}{ENDING}.")
    if target.exists():
        raise SettingsError(f"{target} already exists", tip="Give another file with -o; people may have filled it in.")
    if len(columns) > MOST_COLUMNS:
        raise SettingsError(f"the mapping reads {len(columns):,} columns; a workbook has room for {MOST_COLUMNS:,}")
    if not target.parent.is_dir():
        raise LocalDiskError(
            f"{target} cannot be written: there is no folder {target.parent}", tip="Give another file with -o."
        )
    write_template(target, columns)
    return columns


def template_columns(loaded: LoadedMapping) -> list[TemplateColumn]:
    """The columns in the order of the mapping's fields; those that only decide about rows come last."""
    mapping = loaded.mapping
    by_keys = {purpose.keys: purpose for purpose in purposes(mapping)}
    found: dict[str, TemplateColumn] = {}
    mentions = sorted(references(mapping), key=lambda reference: reference.keys[0] == "where")
    for reference in mentions:
        key = text_key(reference.name)
        column = _column(reference, by_keys, loaded)
        found[key] = _merged(found[key], column) if key in found else column
    return list(found.values())


def _merged(one: TemplateColumn, other: TemplateColumn) -> TemplateColumn:
    """A column that is used twice: all of its rules, and what the use asks that leaves the least choice."""
    lead = max((one, other), key=lambda use: (use.is_closed, bool(use.choices), use.example not in ("", _ANYTHING)))
    return replace(lead, name=one.name, rules=tuple(dict.fromkeys((*one.rules, *other.rules))))


def _column(reference: Reference, by_keys: dict[Any, Purpose], loaded: LoadedMapping) -> TemplateColumn:
    """What one mention of a column asks of it."""
    keys, mapping = reference.keys, loaded.mapping
    if keys[0] == "where":
        return _of_condition(reference.name, mapping.where[int(keys[1])], "Decides whether the row is imported")
    if keys[0] == "events" and keys[2] == "when":
        event = mapping.events[int(keys[1])]
        assert event.when is not None  # noqa: S101 - the mention is in it
        return _of_condition(reference.name, event.when, f"Decides whether the event {event.event} is recorded")
    at = next(at for at in range(len(keys), 0, -1) if keys[:at] in by_keys)
    purpose, how = by_keys[keys[:at]], str(keys[at])
    if how == "region_column":
        region = mapping.defaults.region or "IN"
        says = (f"The country of the phone number: a code or a name, such as {region}.",)
        return TemplateColumn(name=reference.name, rules=says, example=str(region))
    if isinstance(purpose.rule, OwnerBy):
        return _of_owner(reference.name, purpose.rule)
    if how not in ("column", "columns"):
        return TemplateColumn(name=reference.name, rules=(f"Part of {_title(purpose)}.",), example=_ANYTHING)
    return _of_rule(reference.name, purpose, purpose.rule, loaded)


def _of_condition(name: str, condition: Condition, what: str) -> TemplateColumn:
    if condition.one_of:
        words = ", ".join(condition.one_of)
        says = f"{what}: only with one of {words}."
        return TemplateColumn(name=name, rules=(says,), choices=condition.one_of, example=condition.one_of[0])
    says = f"{what}: only if it is {'filled' if condition.not_blank else 'blank'}."
    return TemplateColumn(name=name, rules=(says,), example=_ANYTHING if condition.not_blank else "")


def _of_owner(name: str, by: OwnerBy) -> TemplateColumn:
    rest = f"All others: {by.otherwise}." if by.otherwise else "No other value is right."
    choices = tuple(by.map)
    says = ("Decides who gets the lead.", rest)
    return TemplateColumn(name=name, rules=says, choices=choices, is_closed=not by.otherwise, example=choices[0])


def _of_rule(name: str, purpose: Purpose, rule: Rule, loaded: LoadedMapping) -> TemplateColumn:
    table = loaded.lookups[rule.lookup].values if rule.lookup else rule.map
    choices = tuple(word for word in (table or rule.one_of or ()) if word)
    if len(choices) > MOST_CHOICES:
        choices = ()
    is_closed = bool(choices) and not rule.transform and (not table or rule.otherwise == "problem")
    column = TemplateColumn(
        name=name,
        rules=tuple(_rules(purpose, rule, loaded.mapping)),
        choices=choices,
        is_closed=is_closed and not rule.may_be_left_out,
        example=choices[0] if choices else _example(purpose, rule),
    )
    if choices:
        return column
    if _is_date(purpose, rule):
        assert isinstance(rule, TimeRule)  # noqa: S101 - `_is_date` says so
        number_format = _of_workbook(rule, with_time=_has_time(rule))
        return replace(column, number_format=number_format, example=_MOMENT if _has_time(rule) else _DAY)
    if isinstance(rule, AttributeRule) and rule.type in _NUMBERS:
        return replace(column, number_format="General", example=_number(rule))
    return column


def _title(purpose: Purpose) -> str:
    if purpose.place is Place.LEAD:
        return _FIELDS[purpose.path[0]].title
    if purpose.place is Place.ASSIGN:
        return "the owner"
    return f"“{'.'.join(purpose.path)}”"


def _rules(purpose: Purpose, rule: Rule, mapping: Mapping) -> Iterator[str]:
    """The rules in words, those that matter most first."""
    field = _FIELDS.get(purpose.path[0]) if purpose.place is Place.LEAD else None
    title = _title(purpose)
    part = f", the {rule.part} name of a full name" if rule.part else ""
    yield f"{title[0].upper()}{title[1:]}{part}."
    if rule.required or (field is not None and field.required and not rule.default):
        others = " or ".join(rule.columns or ())
        yield f"Required: {others}." if rule.columns and len(rule.columns) > 1 else "Required."
    if isinstance(rule, PhoneRule):
        yield _MATCHES["e164"]
        if region := rule.region or mapping.defaults.region:
            yield f"Without a country code it is a number of {region}."
    elif _is_date(purpose, rule):
        assert isinstance(rule, TimeRule)  # noqa: S101 - `_is_date` says so
        formats = [f"{shape(each)}, for example {example(each)}" for each in rule.format]
        yield f"A date: {' or '.join(formats) or 'YYYY-MM-DD, for example 2026-11-26'}."
    if isinstance(rule, AttributeRule):
        yield from filter(None, (_TYPES.get(rule.type, ""),))
        if rule.type is ValueType.LIST:
            yield f"A list, separated by “{rule.separator}”."
    yield from _limits(rule, field.max_length if field else None)
    if field is not None and not field.asterisk_allowed:
        yield "No asterisk (*)."


def _limits(rule: Rule, longest: int | None) -> Iterator[str]:
    if rule.map or rule.one_of or rule.lookup:
        yield "Choose a value of the list."
    if rule.matches:
        yield _MATCHES[rule.matches]
    if rule.pattern:
        yield f"It must be {rule.pattern_says or rule.pattern}."
    if rule.minimum is not None:
        yield f"At least {rule.minimum:g}."
    if rule.maximum is not None:
        yield f"At most {rule.maximum:g}."
    if rule.min_length:
        yield f"At least {rule.min_length} characters."
    if most := min((length for length in (rule.max_length, longest) if length is not None), default=0):
        yield f"At most {most} characters."
    if rule.default:
        yield f"Blank means “{rule.default}”."
    if rule.may_be_left_out:
        yield "A wrong value is left out; the lead is imported without it."


def _is_date(purpose: Purpose, rule: Rule) -> bool:
    if purpose.place is Place.LEAD:
        return _FIELDS[purpose.path[0]].kind is FieldKind.EPOCH
    return isinstance(rule, AttributeRule) and rule.type in _DATES


def _has_time(rule: TimeRule) -> bool:
    if rule.format:
        return bool(re.search("%[HI]", rule.format[0]))
    return isinstance(rule, AttributeRule) and rule.type is ValueType.DATETIME


def _of_workbook(rule: TimeRule, *, with_time: bool) -> str:
    """The number format that shows a date as the mapping's first format has it; ISO where a workbook knows no such."""
    first = rule.format[0] if rule.format else ""
    if first and all(name in _OF_WORKBOOKS for name in re.findall("%(.)", first)):
        return re.sub("%(.)", lambda found: _OF_WORKBOOKS[found[1]], first)
    return "yyyy-mm-dd hh:mm" if with_time else "yyyy-mm-dd"


def _number(rule: AttributeRule) -> float:
    number = max(1.0, rule.minimum or 1.0) if rule.maximum is None else min(max(1.0, rule.minimum or 1.0), rule.maximum)
    return int(number) if number == int(number) else number


def _example(purpose: Purpose, rule: Rule) -> str:
    if rule.part:
        return "Asha Rao"
    if isinstance(rule, PhoneRule):
        return _EXAMPLES["e164"]
    if rule.pattern:
        return ""
    kind = rule.type if isinstance(rule, AttributeRule) else ""
    if kind is ValueType.LIST and isinstance(rule, AttributeRule):
        return f"one{rule.separator}two"
    return next((_EXAMPLES[key] for key in (rule.matches, kind, purpose.path[-1]) if key in _EXAMPLES), _ANYTHING)
