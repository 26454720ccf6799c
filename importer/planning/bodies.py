"""Request bodies, byte for byte: compact JSON in UTF-8, blanks left out.

Values that arrive as JSON literals are placed as they stand. Reading and writing them again could change them: a number
of 30 digits, `1e400`, an escaped half of a surrogate pair.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from importer.model.batch import Place, Target
from importer.model.fields import LEAD_FIELDS, FieldKind
from importer.model.mapping import Mapping
from importer.model.rules import TimeRule, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

json_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Compact JSON, other scripts as they are."""

_EPOCH_FIELDS: Final = {field.name for field in LEAD_FIELDS if field.kind is FieldKind.EPOCH}
_TEXTS: Final = {ValueType.TEXT, ValueType.DATE, ValueType.DATETIME}

Shape = dict[str, "int | Shape"]
"""An object: its keys in order as JSON (`"city":`), and for each the position of its value or the object below it."""


def columns_as_json(frame: pd.DataFrame, targets: Sequence[Target], *, wrap: bool) -> Iterator[tuple[str, ...]]:
    """Per row, the JSON of every target's value, `""` where it is blank.

    With `wrap`, attributes that are no objects become `{"value": …}`.
    """
    columns = [_as_json(frame[target.label].tolist(), target, wrap=wrap) for target in targets]
    return zip(*columns, strict=True)


def lead_shape(targets: Sequence[Target]) -> Shape:
    """The create's body without `attributes`, in the order of the field table."""
    places = {target.path[0]: at for at, target in enumerate(targets) if target.place is Place.LEAD}
    return {_key(field.name): places[field.name] for field in LEAD_FIELDS if field.name in places}


def attributes_shape(targets: Sequence[Target], event: int | None = None) -> Shape:
    """The attributes of the lead, or of an event, nested as their paths say."""
    place = Place.ATTRIBUTE if event is None else Place.EVENT_ATTRIBUTE
    shape: Shape = {}
    for at, target in enumerate(targets):
        if target.place is place and target.event == event:
            _place(shape, target.path, at)
    return shape


def members(shape: Shape, values: Sequence[str]) -> list[str]:
    """The `"key":value` of every member that is not blank; an object without any is blank itself."""
    parts = []
    for key, below in shape.items():
        text = values[below] if isinstance(below, int) else written(members(below, values), empty="")
        if text:
            parts.append(key + text)
    return parts


def written(parts: Iterable[str], *, empty: str = "{}") -> str:
    """An object of the members; `empty` if there are none."""
    inside = ",".join(parts)
    return "{" + inside + "}" if inside else empty


def wraps(mapping: Mapping) -> bool:
    """Whether the server insists on the contract's letter, by which every attribute is an object."""
    return mapping.attributes_as == "object"


def _as_json(texts: list[str], target: Target, *, wrap: bool) -> list[str]:
    if not _is_literal(target):
        texts = [json_text(text) if text else "" for text in texts]
    if wrap and target.place in (Place.ATTRIBUTE, Place.EVENT_ATTRIBUTE):
        texts = [f'{{"value":{text}}}' if text and not text.startswith("{") else text for text in texts]
    return texts


def _is_literal(target: Target) -> bool:
    """Whether the mapped text already is JSON: everything typed, and dates that a unit turned into epoch digits."""
    if target.place is Place.LEAD:
        return target.path[0] in _EPOCH_FIELDS
    if target.type in (ValueType.DATE, ValueType.DATETIME):
        return isinstance(target.rule, TimeRule) and target.rule.unit is not None
    return target.type not in _TEXTS


def _place(shape: Shape, path: tuple[str, ...], at: int) -> None:
    for key in path[:-1]:
        below = shape.setdefault(_key(key), {})
        if isinstance(below, int):
            raise TypeError(f"{key} is both an attribute and a group of attributes")
        shape = below
    shape[_key(path[-1])] = at


def _key(name: str) -> str:
    return f"{json_text(name)}:"
