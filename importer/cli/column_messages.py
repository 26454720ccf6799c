"""What a person is told about the columns of a run: symptoms with what helps, changes since the last run, owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.model.examination import FIRST_ROWS
from importer.model.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.model.examination import Examination, OwnerCount, Symptom

SYMPTOMS_SHOWN: Final = 12
_CHANGES: Final = 8
_OWNERS: Final = 10
_DOUBTFUL: Final = 5


def symptom_lines(symptoms: Sequence[Symptom], *, several_sources: bool) -> list[str]:
    """What was found where, and the line of YAML that helps, with its place in the mapping."""
    lines = ["Columns, with fixes for the mapping:"] if symptoms else []
    for symptom in symptoms[:SYMPTOMS_SHOWN]:
        where = _rows(symptom, several_sources=several_sources)
        lines.append(_line(f"  {symptom.column}: {symptom.count:,} × {symptom.title}; {where}"))
        if symptom.place:
            lines.append(_line(f"      In the mapping, set {symptom.key}:"))
        lines.append(_line(f"      {symptom.fix}"))
    return lines + _more(len(symptoms) - SYMPTOMS_SHOWN, "in the report")


def change_lines(examination: Examination) -> list[str]:
    """What differs from the last run of the mapping."""
    changes = examination.changes
    lines = [f"Changed since {examination.compared_with}:"] if changes else []
    lines += [_line(f"  {change.sentence}") for change in changes[:_CHANGES]]
    return lines + _more(len(changes) - _CHANGES, "in the report")


def owner_lines(owners: Sequence[OwnerCount]) -> list[str]:
    """Who gets how many rows, and the names that look like nobody."""
    if not owners:
        return []
    named = ", ".join(f"{owner.name} {owner.rows:,}" for owner in owners[:_OWNERS])
    rest = len(owners) - _OWNERS
    lines = [_line(f"Owners: {named}" + (f", and {rest} more" if rest > 0 else ""))]
    doubtful = [owner for owner in owners if owner.is_doubtful]
    if doubtful:
        names = ", ".join(f"“{owner.name}” ({owner.rows:,})" for owner in doubtful[:_DOUBTFUL])
        more = f" and {len(doubtful) - _DOUBTFUL} more" if len(doubtful) > _DOUBTFUL else ""
        lines.append(_line(f"  probably neither an e-mail address nor an id: {names}{more}"))
    return lines


def _rows(symptom: Symptom, *, several_sources: bool) -> str:
    numbers = ", ".join(map(str, symptom.rows))
    more = " …" if symptom.count > FIRST_ROWS else ""
    source = f" of file {symptom.source + 1}" if several_sources else ""
    return f"{'row' if symptom.count == 1 else 'rows'} {numbers}{more}{source}"


def _more(rest: int, where: str) -> list[str]:
    return [f"  and {rest} more {where}"] if rest > 0 else []


def _line(text: str) -> str:
    return visible(text)
