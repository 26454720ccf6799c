"""Every place where a mapping names a source column, and the column of a header that it means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from importer.errors import Mistake
from importer.model.batch import Place
from importer.model.column_template import template_pieces
from importer.model.mapping import OwnerBy
from importer.model.problem import shown
from importer.model.rules import AttributeRule, PhoneRule, Rule, attribute_rules
from importer.model.visible import shown_path
from importer.model.vocabulary import nearest
from importer.model.whitespace import IMPORTER_PREFIX, find_column, text_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.mapping.file.load import LoadedMapping
    from importer.model.batch import Target
    from importer.model.mapping import Mapping
    from importer.model.rules import Attributes
    from importer.model.source import SourceInfo
    from importer.model.visible import KeyPath

_SHOWN_COLUMNS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A column name, and the keys that lead to it in the mapping."""

    name: str
    keys: KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What one target is for, and by which rule; not yet bound to columns. `keys` lead to the rule in the mapping."""

    place: Place
    path: tuple[str, ...]
    rule: Rule | OwnerBy
    keys: KeyPath
    event: int | None = None

    @property
    def label(self) -> str:
        """The target's column in the mapped frame."""
        if self.place is Place.ASSIGN:
            return "assign"
        start = {Place.ATTRIBUTE: ("attributes",), Place.EVENT_ATTRIBUTE: (f"events[{self.event}]", "attributes")}
        return ".".join((*start.get(self.place, ()), *self.path))


def columns_of(mapping: Mapping) -> frozenset[str]:
    """Every source column that the mapping names, as it is written there."""
    return frozenset(reference.name for reference in references(mapping))


def references(mapping: Mapping) -> Iterator[Reference]:
    """Every mention of a source column, in the order of the file's sections."""
    for place, condition in enumerate(mapping.where):
        yield Reference(name=condition.column, keys=("where", place, "column"))
    for purpose in purposes(mapping):
        yield from _of_rule(purpose.rule, purpose.keys)
    for place, event in enumerate(mapping.events):
        if event.when is not None:
            yield Reference(name=event.when.column, keys=("events", place, "when", "column"))


def purposes(mapping: Mapping, unmapped: Sequence[str] = ()) -> Iterator[Purpose]:
    """What the targets of a mapping are for: lead fields, attributes, the owner, the events' attributes.

    `unmapped` are the columns of the source that become attributes of their own.
    """
    for name, rule in mapping.lead.rules.items():
        yield Purpose(place=Place.LEAD, path=(name,), rule=rule, keys=("lead", name))
    yield from _attributes(mapping.lead.attributes, Place.ATTRIBUTE, ("lead", "attributes"))
    for column in unmapped:
        rule = AttributeRule(column=column)
        yield Purpose(place=Place.ATTRIBUTE, path=(column,), rule=rule, keys=("unmapped",))
    for way in ("user_email", "user_id", "by"):
        owner = getattr(mapping.assign, way, None)
        if owner is not None:
            yield Purpose(place=Place.ASSIGN, path=(way,), rule=owner, keys=("assign", way))
    for place, event in enumerate(mapping.events):
        yield from _attributes(event.attributes, Place.EVENT_ATTRIBUTE, ("events", place, "attributes"), place)


def keys_of(target: Target) -> KeyPath:
    """The keys that lead to the target's rule in the mapping."""
    start: dict[Place, KeyPath] = {
        Place.LEAD: ("lead",),
        Place.ATTRIBUTE: ("lead", "attributes"),
        Place.ASSIGN: ("assign",),
        Place.EVENT_ATTRIBUTE: ("events", target.event or 0, "attributes"),
    }
    return (*start[target.place], *target.path)


def _attributes(attributes: Attributes, place: Place, keys: KeyPath, event: int | None = None) -> Iterator[Purpose]:
    for path, rule in attribute_rules(attributes):
        yield Purpose(place=place, path=path, rule=rule, keys=(*keys, *path), event=event)


def _of_rule(rule: Rule | OwnerBy, keys: KeyPath) -> Iterator[Reference]:
    if rule.column is not None:
        yield Reference(name=rule.column, keys=(*keys, "column"))
    if isinstance(rule, Rule):
        for origin, columns in (("columns", rule.columns), ("digest_of", rule.digest_of)):
            for place, name in enumerate(columns or ()):
                yield Reference(name=name, keys=(*keys, origin, place))
        for text, is_column in template_pieces(rule.template or ""):
            if is_column:
                yield Reference(name=text, keys=(*keys, "template"))
    if isinstance(rule, PhoneRule) and rule.region_column is not None:
        yield Reference(name=rule.region_column, keys=(*keys, "region_column"))


def resolved(loaded: LoadedMapping, info: SourceInfo) -> tuple[dict[str, str], list[Mistake]]:
    """Each name of the mapping with the column it means, and a mistake for each mention of a name that means none.

    A name without a column is kept as it is, so that other mistakes can be found.
    """
    columns: dict[str, str] = {}
    mistakes = []
    for reference in references(loaded.mapping):
        column = find_column(reference.name, info.columns)
        columns[reference.name] = column or reference.name
        if column is None:
            message, line = no_such_column(reference.name, info), loaded.line(reference.keys)
            mistakes.append(Mistake(line=line, key=shown_path(reference.keys), message=message))
    return columns, mistakes


def unmapped_columns(columns: dict[str, str], info: SourceInfo) -> list[str]:
    """The columns that the mapping does not name, in the order of the header."""
    named = set(columns.values())
    return [
        name for name in info.columns if name.strip() and name not in named and not name.startswith(IMPORTER_PREFIX)
    ]


def header_place(info: SourceInfo) -> str:
    """Where the header is, in words."""
    sheet = f" (sheet {info.sheet})" if info.sheet else ""
    return f"row {info.header_row} of {PurePath(info.path).name}{sheet}"


def header_columns(info: SourceInfo) -> str:
    """The columns of the header, in words."""
    more = len(info.columns) - _SHOWN_COLUMNS
    names = ", ".join(shown(name) for name in info.columns[:_SHOWN_COLUMNS])
    return f"{names} and {more} more" if more > 0 else names


def no_such_column(name: str, info: SourceInfo) -> str:
    """What is wrong with a name that means no column, and which one may be meant."""
    key = text_key(name)
    same = [f"“{shown(column)}”" for column in info.columns if text_key(column) == key]
    if same:
        return f"“{shown(name)}” could be {' or '.join(same)} in {header_place(info)}; write the right one exactly"
    close = nearest(key, info.columns, count=3)
    for column in info.columns:
        other = text_key(column)
        if column not in close and key and other and (key in other or other in key):
            close.append(column)
    guess = "; did you mean " + " or ".join(f"“{shown(column)}”" for column in close[:3]) + "?" if close else ""
    return f"there is no column “{shown(name)}” in {header_place(info)}{guess}"
