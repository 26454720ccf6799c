"""Lines of YAML that a person can paste into the mapping."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from importer.model.batch import Target

_LONGEST: Final = 160
_WIDE: Final = 10_000
_LINE_BREAKS: Final = frozenset("\x85\u2028\u2029")
"""Of YAML 1.1, beside the line feed and the carriage return."""


def flow(value: object) -> str:
    """A value as YAML on one line."""
    # PyYAML writes these as they stand, and reads them as blanks.
    is_plain = _LINE_BREAKS.isdisjoint(json.dumps(value, ensure_ascii=False))
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=is_plain, width=_WIDE, sort_keys=False)
    return text.removesuffix("\n").removesuffix("...").removesuffix("\n")


def rule_line(target: Target, **changes: Any) -> str:
    """The target's rule as it would stand in the mapping with these keys changed: `phone_number: {column: Mobile}`.

    Where the whole rule would be too long, only the changed keys.
    """
    rule = target.rule.model_dump(mode="json", exclude_unset=True, exclude_none=True) if target.rule is not None else {}
    whole = flow({target.path[-1]: {**rule, **changes}})[1:-1] if rule else ""
    return whole if 0 < len(whole) <= _LONGEST else flow(changes)[1:-1]


def no_line(advice: str) -> str:
    """What to do where no line of the mapping can help; a comment, so that it is YAML all the same."""
    return f"# no line of the mapping mends this: {advice}"
