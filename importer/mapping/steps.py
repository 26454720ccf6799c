"""What is done with the texts of a target, step by step, and how the steps are run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from importer.mapping.origins import Cells, Normalize
from importer.mapping.values.converted import Converted, text_series
from importer.mapping.values.date_column import DateRule, dates
from importer.mapping.values.phone_column import phones
from importer.mapping.values.transforms import TRANSFORMS, name_part, normalized_text, trimmed
from importer.mapping.values.typed_values import booleans, integers, jsons, lists, numbers, translated
from importer.model.mapping import AttributeRule, PhoneRule, TimeRule, ValueType
from importer.model.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from importer.model.mapping import Defaults, OwnerBy, Rule
    from importer.model.mapping import Mapping as MappingFile

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


def preparing_steps(rule: Rule) -> list[Step]:
    """Part, transforms, map and default, in this order."""
    steps: list[Step] = []
    part = rule.part
    if part is not None:
        steps.append(_text_step(lambda texts: name_part(texts, part)))
    steps += [_text_step(TRANSFORMS[name]) for name in rule.transform]
    if rule.map is not None:
        steps.append(_map_step(rule.map, rule.otherwise))
    if rule.default:
        steps.append(_filling_step(rule.default))
    return steps


def conversion(rule: Rule, defaults: Defaults, columns: Mapping[str, str], now: datetime) -> Step | None:
    """The step that reads the text as what the target holds; none for plain text."""
    if isinstance(rule, PhoneRule):
        return _phone_step(rule, defaults, columns)
    if isinstance(rule, AttributeRule):
        return _typed_step(rule, defaults, now)
    if isinstance(rule, TimeRule):
        return _opt_in_step(rule, defaults, now)
    return None


def normalizer(mapping: MappingFile, columns: Mapping[str, str]) -> Normalize:
    """How `digest_as: normalized` reads the cells of a column.

    The columns that a phone field reads hold numbers, which are read as that field reads them. A number that it cannot
    read counts by its digits. Everything else is a name or an e-mail address.
    """
    steps: dict[str, list[Step]] = {}
    for rule in mapping.lead.rules.values():
        if isinstance(rule, PhoneRule):
            reading = preparing_steps(rule.model_copy(update={"default": ""}))
            reading.append(_phone_step(rule, mapping.defaults, columns))
            names = (rule.column,) if rule.column is not None else rule.columns or ()
            steps |= {columns[name]: reading for name in names}

    def normalized(column: str, cells: Cells) -> pd.Series[str]:
        texts = cells[column]
        if column not in steps:
            return text_series(texts.map({text: normalized_text(text) for text in texts.unique()}), texts.index)
        read = carried_out(steps[column], texts, cells).values
        return read.where(read != "", TRANSFORMS["digits"](texts))

    return normalized


def _text_step(change: Callable[[pd.Series[str]], pd.Series[str]]) -> Step:
    return lambda texts, _cells: Converted(values=trimmed(change(texts)))


def _map_step(table: dict[str, str], otherwise: Literal["keep", "blank", "problem"]) -> Step:
    return lambda texts, _cells: translated(texts, table, otherwise)


def _filling_step(text: str) -> Step:
    return lambda texts, _cells: Converted(values=texts.mask(texts == "", text))


def _phone_step(rule: PhoneRule, defaults: Defaults, columns: Mapping[str, str]) -> Step:
    region = rule.region or defaults.region
    column = columns[rule.region_column] if rule.region_column is not None else None
    return lambda texts, cells: phones(texts, region, cells[column] if column is not None else None)


def _opt_in_step(rule: TimeRule, defaults: Defaults, now: datetime) -> Step:
    date_rule = DateRule(
        formats=rule.format,
        timezone=rule.timezone or defaults.timezone,
        unit=rule.unit or "s",
        earliest=_EARLIEST,
        latest=now + _INTO_THE_FUTURE,
    )
    return lambda texts, _cells: dates(texts, date_rule)


_BY_TYPE: dict[ValueType, Callable[[pd.Series[str]], Converted]] = {
    ValueType.INTEGER: integers,
    ValueType.NUMBER: numbers,
    ValueType.BOOLEAN: booleans,
    ValueType.JSON: jsons,
}


def _typed_step(rule: AttributeRule, defaults: Defaults, now: datetime) -> Step | None:
    if rule.type is ValueType.TEXT:
        return None
    if rule.type is ValueType.LIST:
        return lambda texts, _cells: lists(texts, rule.separator)
    if rule.type in _BY_TYPE:
        convert = _BY_TYPE[rule.type]
        return lambda texts, _cells: convert(texts)
    date_rule = DateRule(
        formats=rule.format,
        timezone=rule.timezone or defaults.timezone,
        unit=rule.unit,
        date_only=rule.type is ValueType.DATE,
        now=now,
    )
    return lambda texts, _cells: dates(texts, date_rule)


def owner_steps(by: OwnerBy | None, when_blank: str) -> list[Step]:
    """The owner that another column chooses, and what becomes of rows without an owner."""
    steps: list[Step] = []
    if by is not None:
        steps.append(_chosen_step(by))
    if when_blank == "problem":
        steps.append(_missing_owner)
    elif when_blank != "skip":
        steps.append(_filling_step(when_blank))
    return steps


def _chosen_step(by: OwnerBy) -> Step:
    def chosen(texts: pd.Series[str], _cells: Cells) -> Converted:
        known = translated(texts, by.map, "problem" if by.otherwise is None else "blank")
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
