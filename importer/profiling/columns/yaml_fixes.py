"""Lines of YAML that a person can paste into the mapping, and where they belong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml

from importer.mapping.file.references import keys_of

if TYPE_CHECKING:
    from importer.model.batch import Target
    from importer.model.mapping import Mapping
    from importer.model.visible import KeyPath

_LONGEST: Final = 160
_WIDE: Final = 10_000
_LINE_BREAKS: Final = frozenset("\x85\u2028\u2029")
"""Of YAML 1.1, besides the line feed and the carriage return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """A `line` of YAML that replaces what the mapping holds at `place`; `otherwise` is shown where it does not help.

    Without a place the line is a comment. A line with a place is shown only after it was tried on the rows.
    """

    line: str
    place: KeyPath = ()
    otherwise: str = ""


def flow(value: object) -> str:
    """A value as YAML on one line."""
    # PyYAML writes these unquoted, and reads them as spaces.
    is_plain = _LINE_BREAKS.isdisjoint(json.dumps(value, ensure_ascii=False))
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=is_plain, width=_WIDE, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")


def entry(key: object, value: object) -> str:
    """A key with its value as one line of YAML."""
    return flow({key: value})[1:-1]


def advice(text: str) -> Fix:
    """What to do where no line of the mapping helps; a comment, so that it is still YAML."""
    text = text.rstrip(".")
    return Fix(line=f"# {text[:1].upper()}{text[1:]}.")


def in_rule(target: Target, key: str, value: object, *, otherwise: str, remark: str = "") -> Fix:
    """The target's rule with one key changed: `phone_number: {column: Mobile, region: IN}`.

    Where the whole rule would be too long, only the changed key.
    """
    place = keys_of(target)
    rule = target.rule.model_dump(mode="json", exclude_unset=True, exclude_none=True) if target.rule is not None else {}
    whole = entry(place[-1], {**rule, key: value}) if rule else ""
    if not 0 < len(whole) <= _LONGEST:
        place, whole = (*place, key), entry(key, value)
    return Fix(line=whole + remark, place=place, otherwise=advice(otherwise).line)


def leaving_out(mapping: Mapping, **condition: Any) -> Fix:
    """The mapping's `where` with one condition more: a second `where` beside the first would be a mistake."""
    there = [each.model_dump(mode="json", exclude_unset=True, exclude_none=True) for each in mapping.where]
    return Fix(
        line=f"{entry('where', [*there, condition])}   # leaves these rows out",
        place=("where",),
        otherwise=advice("no condition matches exactly these rows; fix or remove them in the file").line,
    )
