"""How the model's types stand in the journal's JSON columns."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from importer.model.problem import Problem
from importer.model.source import SourceInfo

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.dumps` would make one for every row."""


def dumps(value: Any) -> str:
    """Compact JSON."""
    return _ENCODER.encode(value)


def problems_text(problems: tuple[Problem, ...]) -> str | None:
    """The problems of a row: of each its members behind `row`, in their order, `warning` as 0 or 1; `None` for none."""
    if not problems:
        return None
    return dumps([[p.code, p.detail, p.field, p.column, p.value, p.fix, int(p.warning)] for p in problems])


def problem_fields(texts: Sequence[str | None]) -> list[list[list[Any]]]:
    """For each of these rows its problems, and of each problem its members behind `row`, in their order."""
    # As one document: by itself each takes three times as long.
    rows: list[list[list[Any]]] = json.loads(f"[{','.join([text or '[]' for text in texts])}]")
    return rows


def source_text(info: SourceInfo) -> str:
    """A source as JSON."""
    return dumps(asdict(info))


def source_from(text: str) -> SourceInfo:
    """A source as it was."""
    fields = json.loads(text)
    for name in ("columns", "headers", "notes"):
        fields[name] = tuple(fields[name])
    return SourceInfo(**fields)
