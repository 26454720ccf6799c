"""A first mapping for a file: proposed from its header and its values, for people to decide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from importer.errors import SourceError
from importer.mapping.file.load import parse_mapping
from importer.mapping.file.references import references
from importer.mapping.values.converted import trimmed
from importer.model.proposal import Look
from importer.profiling.column_profile import Column
from importer.profiling.header_words import all_words
from importer.profiling.suggest.exports import recognized
from importer.profiling.suggest.mapping_text import written
from importer.profiling.suggest.proposed_fields import Proposal
from importer.profiling.suggest.roles import find_roles, region_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from importer.mapping.file.load import LoadedMapping
    from importer.model.source import ReadOptions, SourceInfo
    from importer.model.visible import KeyPath

__all__ = ["Look", "SeenColumn", "Suggestion", "all_words", "suggest"]

_SAMPLES: Final = 3
_LONGEST_COLUMN_NAME: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenColumn:
    """A column as `init` shows it: how many cells are filled, some values, and the field it `becomes` (`""`: none)."""

    name: str
    filled: int
    samples: tuple[str, ...]
    becomes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A proposed mapping. `text` loads; `export` is the program that the file comes from, `""` if it is not known."""

    text: str
    export: str
    ready_mapping: str
    rows: int
    columns: tuple[SeenColumn, ...]
    looks: tuple[Look, ...]


def suggest(info: SourceInfo, frame: pd.DataFrame, *, given: ReadOptions, source: str, target: str) -> Suggestion:
    """A mapping for the rows of a source. `given` are the options that were needed to read it; they become `source:`.

    `source` and `target` are what the file and its mapping are called in the text. Raises `SourceError` if no column
    has a name.
    """
    names = [name for name in info.columns if len(name) <= _LONGEST_COLUMN_NAME]
    columns = tuple(
        Column(name=name, position=position, texts=trimmed(frame[name]))
        for position, name in enumerate(names)
        if name.strip()
    )
    if not columns:
        raise SourceError(
            f"{info.path}: no column has a name", tip="Give the row that holds the column names: --header-row."
        )
    export = recognized(column.name for column in columns)
    roles = find_roles(columns, export)
    region, by_country = region_of(roles)
    proposal = Proposal(
        source=source,
        target=target,
        name=run_name(target),
        rows=len(frame),
        columns=columns,
        roles=roles,
        region=region,
        by_country=by_country,
        export=export,
        given=given,
    )
    page = written(proposal)
    loaded = parse_mapping(page.text, target)
    return Suggestion(
        text=page.text,
        export=export.name if export else "",
        ready_mapping=f"mappings/{export.slug}.yaml" if export else "",
        rows=len(frame),
        columns=_seen(columns, loaded),
        looks=tuple(page.looks),
    )


def run_name(target: str) -> str:
    """A name for runs, from the name of the mapping file."""
    stem = PurePath(target).name.split(".")[0]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")
    return plain[:40].strip("-_") or "leads"


def _seen(columns: Sequence[Column], loaded: LoadedMapping) -> tuple[SeenColumn, ...]:
    becomes: dict[str, list[str]] = {}
    for reference in references(loaded.mapping):
        becomes.setdefault(reference.name, []).append(_field(reference.keys))
    return tuple(
        SeenColumn(
            name=column.name,
            filled=len(column.values),
            samples=tuple(column.values.head(1000).drop_duplicates().head(_SAMPLES)),
            becomes=", ".join(becomes.get(column.name, [])),
        )
        for column in columns
    )


def _field(keys: KeyPath) -> str:
    """What a mapping's place is about, in one word: `crm_id`, `attributes.city`, `assign`."""
    section, *below = (str(key) for key in keys)
    if section != "lead":
        return section
    return ".".join(below[:2]) if below[0] == "attributes" else below[0]
