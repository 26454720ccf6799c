"""The requests of a batch, byte for byte: compact JSON in UTF-8, no blank values. A column at a time; null is blank.

Values that arrive as JSON literals are placed unchanged. Reading and writing them again could change them: a number of
30 digits, `1e400`, an escaped half of a surrogate pair.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import OperationColumn, Place, Target
from importer.model.fields import LEAD_FIELDS, FieldKind
from importer.model.operation import Kind
from importer.model.rules import TimeRule, ValueType
from importer.model.texts import TEXT, joined, large_texts, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from importer.model.batch import PlannedBatch
    from importer.model.mapping import AssignSpec, EventSpec, Mapping

json_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Compact JSON, other scripts as they are."""

_EPOCH_FIELDS: Final = {field.name for field in LEAD_FIELDS if field.kind is FieldKind.EPOCH}
_TEXTS: Final = {ValueType.TEXT, ValueType.DATE, ValueType.DATETIME}
_ESCAPED: Final = r'["\\\x00-\x1f]'
"""What JSON does not allow unescaped within quotation marks (RFC 8259, section 7)."""

Shape = dict[str, "int | Shape"]
"""An object: its keys in order as JSON (`"city":`), and for each the position of its value or the object below it."""


class Bodies:
    """The requests that rows ask for: the create first, then the assignment, then the events in the mapping's order."""

    def __init__(self, mapping: Mapping, targets: Sequence[Target], *, origin: str, org: str) -> None:
        self._mapping = mapping
        self._targets = targets
        self._origin = origin
        self._org = org
        places = {target.path[0]: at for at, target in enumerate(targets) if target.place is Place.LEAD}
        # In the order of the field table, whatever that of the targets is.
        self._lead: Shape = {_key(field.name): places[field.name] for field in LEAD_FIELDS if field.name in places}
        self._attributes = _attributes_shape(targets)
        self._events = [(spec, _attributes_shape(targets, event)) for event, spec in enumerate(mapping.events)]

    def columns(self, frame: pd.DataFrame, planned: PlannedBatch) -> tuple[OperationColumn, ...]:
        """The key and the exact body of each request, a column for each kind (one for each event)."""
        # A server that insists on the letter of the contract takes only objects as attributes.
        wrap = self._mapping.attributes_as == "object"
        values = [_as_json(large_texts(frame[target.label]), target, wrap=wrap) for target in self._targets]
        valid = planned.valid
        assigned = pc.and_(valid, pc.not_equal(planned.owners, ""))
        columns = [
            _column(Kind.CREATE, planned.crm_ids, self._creates(values, len(valid)), valid),
            _column(Kind.ASSIGN, planned.owners, _assignments(self._mapping.assign, planned.owners), assigned),
        ]
        for event, (spec, shape) in enumerate(self._events):
            wanted = pc.and_(valid, pa.array(frame[f"events[{event}]"].to_numpy(dtype=bool)))
            keys = self._event_keys(spec, planned.crm_ids, wanted)
            columns.append(_column(Kind.EVENT, keys, _event_bodies(spec, keys, _members(shape, values)), wanted))
        return tuple(columns)

    def leads(self, frame: pd.DataFrame, valid: pa.BooleanArray) -> pa.Table:
        """What the requests of the valid rows hold, to be looked at: their `number`, a column for each value of the
        create, and `events`, the names of their events, each with its key, joined with `;`.

        Of a text it is the text, of anything else its JSON, `""` where the request has none. The crm_id and the user of
        the assignment are not among them: they are known of every row.
        """
        wrap = self._mapping.attributes_as == "object"
        columns = {"number": pa.array(frame.index.to_numpy(dtype="int64"))}
        for target in self._targets:
            if target.place is Place.ATTRIBUTE or (target.place is Place.LEAD and target.label != "crm_id"):
                columns[target.label] = _shown(large_texts(frame[target.label]), target, wrap=wrap)
        names = [
            pc.if_else(
                pa.array(frame[f"events[{event}]"].to_numpy(dtype=bool)), scalar(_event_name(spec)), scalar(None)
            )
            for event, (spec, _) in enumerate(self._events)
        ]
        columns["events"] = _listed(names, ";") if names else pa.repeat(scalar(""), len(frame))
        leads = pa.table(columns)
        return leads if pc.all(valid).as_py() else leads.filter(valid)

    def _creates(self, values: Sequence[pa.Array], rows: int) -> pa.Array:
        blank = pa.repeat(scalar("{}"), rows)
        attributes = pc.coalesce(_object(_members(self._attributes, values)), blank) if self._attributes else blank
        return _object([*_members(self._lead, values), joined('"attributes":', attributes)])

    def _event_keys(self, spec: EventSpec, crm_ids: pa.Array, wanted: pa.Array) -> pa.Array:
        keys = [
            distinct_id(origin=self._origin, org=self._org, crm_id=crm_id, event=spec.event, key=spec.key)
            for crm_id in crm_ids.filter(wanted).to_pylist()
        ]
        return pc.replace_with_mask(pa.nulls(len(crm_ids), TEXT), wanted, pa.array(keys, TEXT))


def distinct_id(*, origin: str, org: str, crm_id: str, event: str, key: str) -> str:
    """The `distinct_id` of an event of a lead, its idempotency key: 36 characters, the contract's limit.

    A pure function of what the event is, and of nothing that a second run or a retry would change (no run, row, attempt
    or attributes), so that the CRM recognizes an event that it already has. `origin` is the server, `key` the mapping's
    occurrence key. The first 16 bytes of the SHA-256 of a compact JSON array, printed as a UUID.
    """
    name = json_text(["importer-v1", origin, org, crm_id, event, key])
    return str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16]))


def _assignments(assign: AssignSpec | None, users: pa.Array) -> pa.Array:
    """`user_email` or `user_id`: as the mapping names the column, else by the `@`; null for nobody."""
    email, user_id = scalar('"user_email":'), scalar('"user_id":')
    if assign is not None and assign.user_email is not None:
        keys = email
    elif assign is not None and assign.user_id is not None:
        keys = user_id
    else:
        keys = pc.if_else(pc.match_substring(users, "@"), email, user_id)
    return _object([joined(keys, _json_texts(users))])


def _event_bodies(spec: EventSpec, keys: pa.Array, attributes: Sequence[pa.Array]) -> pa.Array:
    name = pa.repeat(scalar(f'"event":{json_text(spec.event)}'), len(keys))
    parts = [name, joined('"distinct_id":', _json_texts(keys))]
    return _object([*parts, joined('"attributes":', _object(attributes))] if attributes else parts)


def _column(kind: Kind, keys: pa.Array, bodies: pa.Array, wanted: pa.Array) -> OperationColumn:
    nothing = scalar(None)
    return OperationColumn(
        kind=kind,
        keys=pc.if_else(wanted, keys, nothing),
        bodies=pc.if_else(wanted, bodies, nothing).cast(pa.large_binary()),
    )


def _attributes_shape(targets: Sequence[Target], event: int | None = None) -> Shape:
    """The attributes of the lead, or of an event, nested by their paths."""
    place = Place.ATTRIBUTE if event is None else Place.EVENT_ATTRIBUTE
    shape: Shape = {}
    for at, target in enumerate(targets):
        if target.place is place and target.event == event:
            below = shape
            for key in target.path[:-1]:
                group = below.setdefault(_key(key), {})
                if isinstance(group, int):
                    raise TypeError(f"{key} is both an attribute and a group of attributes")
                below = group
            below[_key(target.path[-1])] = at
    return shape


def _key(name: str) -> str:
    return f"{json_text(name)}:"


def _as_json(column: pa.Array, target: Target, *, wrap: bool) -> pa.Array:
    """The JSON of a target's values. With `wrap`, attributes that are no objects become `{"value": …}`."""
    found = _unless_blank(column, column) if _is_literal(target) else _json_texts(column)
    if wrap and target.place in (Place.ATTRIBUTE, Place.EVENT_ATTRIBUTE):
        found = pc.if_else(pc.starts_with(found, "{"), found, joined('{"value":', found, "}"))
    return found


def _shown(column: pa.Array, target: Target, *, wrap: bool) -> pa.Array:
    """The values of `_as_json` with texts as they are: without the quotation marks and escapes of JSON."""
    if wrap and target.place is Place.ATTRIBUTE:
        return pc.fill_null(_as_json(column, target, wrap=True), "")
    return column


def _event_name(spec: EventSpec) -> str:
    return f"{spec.event}:{spec.key}" if spec.key else spec.event


def _is_literal(target: Target) -> bool:
    """Whether the mapped text is JSON already: everything typed, and dates that a unit turned into epoch digits."""
    if target.place is Place.LEAD:
        return target.path[0] in _EPOCH_FIELDS
    if target.type in (ValueType.DATE, ValueType.DATETIME):
        return isinstance(target.rule, TimeRule) and target.rule.unit is not None
    return target.type not in _TEXTS


def _json_texts(column: pa.Array) -> pa.Array:
    """The texts as JSON strings, null where they are blank."""
    quoted = joined('"', column, '"')
    risky = pc.match_substring_regex(column, _ESCAPED)
    if pc.any(risky).as_py():
        escaped = [json_text(text) for text in column.filter(risky).to_pylist()]
        quoted = pc.replace_with_mask(quoted, risky, pa.array(escaped, TEXT))
    return _unless_blank(column, quoted)


def _members(shape: Shape, values: Sequence[pa.Array]) -> list[pa.Array]:
    """The `"key":value` of every member, null where it is blank; an object without any member is blank itself."""
    return [
        joined(key, values[below] if isinstance(below, int) else _object(_members(below, values)))
        for key, below in shape.items()
    ]


def _object(members: Sequence[pa.Array]) -> pa.Array:
    """An object of the members that are not null; null where there is none."""
    listed = _listed(members, ",")
    return _unless_blank(listed, joined("{", listed, "}"))


def _listed(parts: Sequence[pa.Array], between: str) -> pa.Array:
    """The parts of each row that are not null, with a character between them."""
    # Arrow drops a row of which every part is null and is skipped, so each row begins with a part that is not.
    led = pc.binary_join_element_wise(scalar(""), *parts, scalar(between), null_handling="skip")
    return pc.utf8_slice_codeunits(led, start=1)


def _unless_blank(column: pa.Array, otherwise: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), scalar(None), otherwise)
