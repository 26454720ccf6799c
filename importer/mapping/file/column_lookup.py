"""The columns that a mapping names, looked up in the header of a source."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from importer.errors import Mistake
from importer.mapping.file.references import references
from importer.model.problem import shown
from importer.model.visible import shown_path
from importer.model.vocabulary import nearest
from importer.model.whitespace import IMPORTER_PREFIX, find_column, text_key

if TYPE_CHECKING:
    from importer.mapping.file.load import LoadedMapping
    from importer.model.source import SourceInfo

_SHOWN_COLUMNS = 40


def resolved(loaded: LoadedMapping, info: SourceInfo) -> tuple[dict[str, str], list[Mistake]]:
    """Each name of the mapping with the column it means, and a mistake for each mention of a name that means none.

    A name that means none stands for itself, so that other mistakes can be looked for.
    """
    columns: dict[str, str] = {}
    mistakes = []
    for reference in references(loaded.mapping):
        column = find_column(reference.name, info.columns)
        columns[reference.name] = column or reference.name
        if column is None:
            message, line = _message(reference.name, info), loaded.line(reference.keys)
            mistakes.append(Mistake(line=line, key=shown_path(reference.keys), message=message))
    return columns, mistakes


def unmapped_columns(columns: dict[str, str], info: SourceInfo) -> list[str]:
    """The columns that the mapping does not name, in the order of the header."""
    named = set(columns.values())
    return [
        name for name in info.columns if name.strip() and name not in named and not name.startswith(IMPORTER_PREFIX)
    ]


def header_place(info: SourceInfo) -> str:
    """Where the header stands, in words."""
    sheet = f" (sheet {info.sheet})" if info.sheet else ""
    return f"row {info.header_row} of {PurePath(info.path).name}{sheet}"


def header_columns(info: SourceInfo) -> str:
    """The columns of the header, in words."""
    more = len(info.columns) - _SHOWN_COLUMNS
    names = ", ".join(shown(name) for name in info.columns[:_SHOWN_COLUMNS])
    return f"{names} and {more} more" if more > 0 else names


def _message(name: str, info: SourceInfo) -> str:
    key = text_key(name)
    same = [f"“{shown(column)}”" for column in info.columns if text_key(column) == key]
    if same:
        return f"“{shown(name)}” could be {' or '.join(same)} in {header_place(info)}; write the right one exactly"
    close = nearest(key, info.columns, count=3)
    close += [column for column in info.columns if column not in close and _contains(text_key(column), key)]
    guess = "; did you mean " + " or ".join(f"“{shown(column)}”" for column in close[:3]) + "?" if close else ""
    return f"there is no column “{shown(name)}” in {header_place(info)}{guess}"


def _contains(one: str, other: str) -> bool:
    return bool(one and other) and (one in other or other in one)
