"""Request bodies, byte for byte: compact JSON in UTF-8, blanks left out. A column of texts at a time; null is blank.

Values that arrive as JSON literals are placed as they stand. Reading and writing them again could change them: a number
of 30 digits, `1e400`, an escaped half of a surrogate pair.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import Place, Target
from importer.model.fields import LEAD_FIELDS, FieldKind
from importer.model.mapping import Mapping
from importer.model.rules import TimeRule, ValueType
from importer.model.texts import TEXT, joined, large_texts, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

json_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Compact JSON, other scripts as they are."""

_EPOCH_FIELDS: Final = {field.name for field in LEAD_FIELDS if field.kind is FieldKind.EPOCH}
_TEXTS: Final = {ValueType.TEXT, ValueType.DATE, ValueType.DATETIME}
_ESCAPED: Final = r'["\\\x00-\x1f]'
"""What JSON does not allow within quotation marks as it stands (RFC 8259, section 7)."""

Shape = dict[str, "int | Shape"]
"""An object: its keys in order as JSON (`"city":`), and for each the position of its value or the object below it."""


def columns_as_json(frame: pd.DataFrame, targets: Sequence[Target], *, wrap: bool) -> list[pa.Array]:
    """The JSON of every target's values, null where they are blank.

    With `wrap`, attributes that are no objects become `{"value": …}`.
    """
    return [_as_json(large_texts(frame[target.label]), target, wrap=wrap) for target in targets]


def json_texts(column: pa.Array) -> pa.Array:
    """The texts as JSON strings, null where they are blank."""
    quoted = joined('"', column, '"')
    risky = pc.match_substring_regex(column, _ESCAPED)
    if pc.any(risky).as_py():
        written = [json_text(text) for text in column.filter(risky).to_pylist()]
        quoted = pc.replace_with_mask(quoted, risky, pa.array(written, TEXT))
    return _unless_blank(column, quoted)


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


def members(shape: Shape, values: Sequence[pa.Array]) -> list[pa.Array]:
    """The `"key":value` of every member, null where it is blank; an object without any member is blank itself."""
    return [
        member(key, values[below] if isinstance(below, int) else written(members(below, values)))
        for key, below in shape.items()
    ]


def member(key: str, values: pa.Array) -> pa.Array:
    """`"key":value` for a key that is JSON already (`"city":`), null where there is no value."""
    return joined(key, values)


def written(parts: Sequence[pa.Array]) -> pa.Array:
    """An object of the members that are not null; null where there is none."""
    # Arrow drops a row of which every part is null and is skipped, so each row begins with a part that is not.
    led = pc.binary_join_element_wise(scalar(""), *parts, scalar(","), null_handling="skip")
    return _unless_blank(led, joined("{", pc.utf8_slice_codeunits(led, start=1), "}"))


def wraps(mapping: Mapping) -> bool:
    """Whether the server insists on the contract's letter, by which every attribute is an object."""
    return mapping.attributes_as == "object"


def _as_json(column: pa.Array, target: Target, *, wrap: bool) -> pa.Array:
    found = _unless_blank(column, column) if _is_literal(target) else json_texts(column)
    if wrap and target.place in (Place.ATTRIBUTE, Place.EVENT_ATTRIBUTE):
        found = pc.if_else(pc.starts_with(found, "{"), found, joined('{"value":', found, "}"))
    return found


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


def _unless_blank(column: pa.Array, otherwise: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), scalar(None), otherwise)
