"""How the model's types stand in the journal's JSON columns."""

import json
from dataclasses import asdict
from typing import Any

from importer.model.problem import Problem
from importer.model.source import SourceInfo


def dumps(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def problems_text(problems: tuple[Problem, ...]) -> str | None:
    """The problems of a row; `None` for none, so that a clean row costs nothing."""
    if not problems:
        return None
    return dumps([[p.code, p.detail, p.field, p.column, p.value, p.cure, int(p.warning)] for p in problems])


def problems_from(text: str | None, number: int) -> tuple[Problem, ...]:
    """The problems of a row as they were."""
    return tuple(
        Problem(
            row=number,
            code=code,
            detail=detail,
            field=field,
            column=column,
            value=value,
            cure=cure,
            warning=bool(warning),
        )
        for code, detail, field, column, value, cure, warning in (json.loads(text) if text else ())
    )


def source_text(info: SourceInfo) -> str:
    """A source as JSON."""
    return dumps(asdict(info))


def source_from(text: str) -> SourceInfo:
    """A source as it was."""
    fields = json.loads(text)
    for name in ("columns", "headers", "notes"):
        fields[name] = tuple(fields[name])
    return SourceInfo(**fields)
