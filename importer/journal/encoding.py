"""How the model's types are kept: as JSON, and tables as one compressed block each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problem import Problem
from importer.model.source import SourceInfo
from importer.model.texts import TEXT

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_FEW_TEXTS: Final = frozenset({"status", "owner", "code", "detail", "field", "column", "fix", "events"})
"""Columns with few different texts."""


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
    for name, value in fields.items():
        if isinstance(value, list):
            fields[name] = tuple(value)
    return SourceInfo(**fields)


def blob_of(table: pa.Table) -> memoryview:
    """Arrow's stream format, compressed: other programs can read it, and reading it runs nothing."""
    for name in _FEW_TEXTS.intersection(table.column_names):
        table = table.set_column(table.schema.get_field_index(name), name, pc.dictionary_encode(table[name]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def blob_of_any(table: pa.Table | None) -> memoryview | None:
    """Nothing at all for no rows."""
    return blob_of(table) if table is not None and len(table) else None


def table_of(blob: bytes) -> pa.Table:
    """The table as it was."""
    table = pa.ipc.open_stream(pa.py_buffer(blob)).read_all()
    for at, column in enumerate(table.columns):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(at, table.column_names[at], column.cast(TEXT))
    return table
