"""Tables as they stand in the journal: one compressed block each."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.texts import TEXT

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_FEW_TEXTS: Final = frozenset({"status", "owner", "code", "detail", "field", "column", "fix"})
"""Columns in which the same texts stand again and again."""


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
