"""What is done with the texts of a target: part, transforms, map, default, and reading them as a value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from importer.mapping.origins import Cells, Normalize
from importer.mapping.values.converted import Broken, Converted, converted_by_value, each_text, trimmed
from importer.mapping.values.date_column import DateRule, dates
from importer.mapping.values.phone import phones
from importer.mapping.values.transforms import TRANSFORMS, name_parts, normalized_text
from importer.mapping.values.typed_values import READERS, map_reader, read_list
from importer.model.problems import Problems
from importer.model.rules import AttributeRule, PhoneRule, TimeRule, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.model.lookup import Lookup, LookupTable
    from importer.model.mapping import Defaults, OwnerBy
    from importer.model.mapping import Mapping as MappingFile
    from importer.model.rules import Rule

Step = Callable[["pd.Series[str]", Cells], Converted]
"""Makes texts of texts; it may look at other cells of the rows."""

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_INTO_THE_FUTURE = timedelta(days=1)


def carried_out(steps: Iterable[Step], texts: pd.Series[str], cells: Cells) -> Converted:
    """Run the steps one after the other. A cell that one step calls broken is `""` from there on, with one finding."""
    findings: list[Problems] = []
    broken = np.zeros(0, dtype=np.int64)
    for step in steps:
        converted = step(texts, cells)
        texts, found = converted.values, converted.findings
        if len(found):
            findings.append(found.where(~np.isin(found.rows, broken)))
            broken = np.append(broken, found.rows[found.stops])
        if len(broken):
            texts = texts.mask(texts.index.isin(broken), "")
    return Converted(values=texts, findings=Problems.together(findings))


def steps_of(
    rule: Rule,
    defaults: Defaults,
    columns: Mapping[str, str],
    now: datetime,
    lookups: Mapping[Lookup, LookupTable],
) -> list[Step]:
    """Part, transforms, map or lookup, default, and reading the text as what the target holds, in this order."""
    steps: list[Step] = []
    part = rule.part
    if part is not None:
        steps.append(lambda texts, _cells: Converted(values=trimmed(name_parts(texts, part))))
    steps += [_transforming(TRANSFORMS[name]) for name in rule.transform]
    if rule.map is not None:
        steps.append(_reading(map_reader(rule.map, rule.otherwise)))
    if rule.lookup is not None:
        steps.append(_reading(_lookup_reader(rule.lookup, lookups[rule.lookup].values, rule.otherwise)))
    if rule.default:
        steps.append(_filling(rule.default))
    if isinstance(rule, PhoneRule):
        region, column = rule.region or defaults.region, columns.get(rule.region_column or "")
        steps.append(lambda texts, cells: phones(texts, region, cells[column] if column is not None else None))
    elif isinstance(rule, AttributeRule) and rule.type is ValueType.LIST:
        steps.append(_reading(lambda text: read_list(text, rule.separator)))
    elif isinstance(rule, AttributeRule) and rule.type in READERS:
        steps.append(_reading(READERS[rule.type]))
    elif isinstance(rule, TimeRule) and (date_rule := _date_rule(rule, defaults, now)):
        steps.append(lambda texts, _cells: dates(texts, date_rule))
    return steps


def _date_rule(rule: TimeRule, defaults: Defaults, now: datetime) -> DateRule | None:
    """How the dates of a rule are read; `None` for an attribute that is no date."""
    timezone = rule.timezone or defaults.timezone
    if not isinstance(rule, AttributeRule):
        latest = now + _INTO_THE_FUTURE
        return DateRule(
            formats=rule.format, timezone=timezone, unit=rule.unit or "s", earliest=_EARLIEST, latest=latest
        )
    if rule.type not in (ValueType.DATE, ValueType.DATETIME):
        return None
    date_only = rule.type is ValueType.DATE
    return DateRule(formats=rule.format, timezone=timezone, unit=rule.unit, date_only=date_only, now=now)


def normalizer(
    mapping: MappingFile, columns: Mapping[str, str], now: datetime, lookups: Mapping[Lookup, LookupTable]
) -> Normalize:
    """How `digest_as: normalized` reads the cells of a column.

    The columns that a phone field reads hold numbers, which are read as that field reads them. A number that it cannot
    read counts by its digits. Everything else is a name or an e-mail address.
    """
    steps: dict[str, list[Step]] = {}
    for rule in mapping.lead.rules.values():
        if isinstance(rule, PhoneRule):
            reading = steps_of(rule.model_copy(update={"default": ""}), mapping.defaults, columns, now, lookups)
            names = (rule.column,) if rule.column is not None else rule.columns or ()
            steps |= {columns[name]: reading for name in names}

    def normalized(column: str, cells: Cells) -> pd.Series[str]:
        texts = cells[column]
        if column not in steps:
            return each_text(texts, normalized_text)
        read = carried_out(steps[column], texts, cells).values
        return read.where(read != "", each_text(texts, TRANSFORMS["digits"]))

    return normalized


def owner_steps(by: OwnerBy | None, when_blank: str) -> list[Step]:
    """The owner that another column chooses, and what is done with rows without an owner."""
    steps: list[Step] = []
    if by is not None:
        steps.append(_choosing(by))
    if when_blank == "problem":
        steps.append(_missing_owner)
    elif when_blank != "skip":
        steps.append(_filling(when_blank))
    return steps


def _transforming(change: Callable[[str], str]) -> Step:
    return lambda texts, _cells: Converted(values=trimmed(each_text(texts, change)))


def _reading(read: Callable[[str], str | Broken]) -> Step:
    return lambda texts, _cells: converted_by_value(texts, read)


def _lookup_reader(
    lookup: Lookup, values: Mapping[str, str], otherwise: Literal["keep", "blank", "problem"]
) -> Callable[[str], str | Broken]:
    detail = f"is not in the column {lookup.key} of {lookup.file}"
    fix = f"Add the value to {lookup.file}, or set otherwise in the mapping."
    return map_reader(values, otherwise, Broken(code="value-not-in-lookup", detail=detail, fix=fix))


def _filling(text: str) -> Step:
    return lambda texts, _cells: Converted(values=texts.mask(texts == "", text))


def _choosing(by: OwnerBy) -> Step:
    read = map_reader(by.map, "problem" if by.otherwise is None else "blank")

    def chosen(texts: pd.Series[str], _cells: Cells) -> Converted:
        known = converted_by_value(texts, read)
        values = known.values
        if by.otherwise is not None:
            values = values.mask((values == "") & (texts != ""), by.otherwise)
        findings = known.findings.having(code="owner-not-in-map", detail="has no user in assign.by.map")
        return Converted(values=values, findings=findings)

    return chosen


def _missing_owner(texts: pd.Series[str], _cells: Cells) -> Converted:
    blank = texts.index[texts == ""].to_numpy(dtype="int64")
    findings = Problems.in_columns(blank, code="owner-missing", detail="names no owner for the lead")
    return Converted(values=texts, findings=findings)
