"""A table that a program hands over: written as text columns into an Arrow file, and read from it as any source.

The file holds plain text and nothing else, so to open one takes no more memory than it has bytes. Arrow files of other
programs are refused.
"""

from __future__ import annotations

import math
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.errors import SourceError
from importer.model.source import SourceInfo
from importer.model.texts import TEXT
from importer.reading.cell_text import LARGEST_EXACT, Cell, text_of
from importer.reading.file_kind import SAVE_AS, sha256_of
from importer.reading.header import find_header
from importer.reading.record import Record, all_blank
from importer.reading.table import BATCH_SIZE, Table, block_of, rows_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from importer.model.source import ReadOptions
    from importer.reading.header import Header
    from importer.reading.table import Block

_MAGIC: Final = b"ARROW1"
_MARK: Final = {b"importer": b"text columns"}
_SAMPLE: Final = 200


def write_text_table(table: pd.DataFrame | pa.Table, path: Path) -> None:
    """Write the table's columns as the text that a spreadsheet would show; raises `SourceError` for other values."""
    named = _columns(table)
    if not named:
        raise SourceError(f"{path.name}: the table has no columns", tip="Give a table with one column per field.")
    arrays = [_texts(values, name, path.name) for name, values in named]
    # Two columns may have one name; the header tells them apart.
    texts = pa.Table.from_arrays(arrays, names=[name for name, _ in named]).replace_schema_metadata(_MARK)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, texts.schema) as writer:
        writer.write_table(texts, max_chunksize=BATCH_SIZE)


def is_arrow_file(head: bytes) -> bool:
    """Whether a file with these first bytes is an Arrow file."""
    return head.startswith(_MAGIC)


def open_text_table(path: Path, options: ReadOptions) -> Table:
    """The table that `write_text_table` wrote; its rows are numbered from 1. Raises `SourceError` for other files."""
    texts = _read(path)
    names = [name.strip() or f"Column {at}" for at, name in enumerate(texts.column_names, start=1)]
    header = find_header([Record(number=0, line=0, cells=names), *_sample(texts)], frozenset(), 0, path.name)
    unused = [name.replace("_", " ") for name in options.__slots__ if getattr(options, name) is not None]
    notes = [f"a table of a program has no {', no '.join(unused)}: that is ignored"] if unused else []
    info = SourceInfo(
        path=str(path),
        sha256=sha256_of(path),
        format="table",
        columns=header.columns,
        headers=header.headers,
        header_row=0,
        notes=(*notes, *header.notes),
    )
    return Table(path=path, info=info, header=header, blocks=partial(_blocks, texts, header))


def _read(path: Path) -> pa.Table:
    """The columns, mapped into memory. Nothing in the file is trusted before it was looked at."""
    try:
        with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as reader:
            if (reader.schema.metadata or {}) | _MARK != reader.schema.metadata or {*reader.schema.types} - {TEXT}:
                raise SourceError(f"{path}: an Arrow file, not a spreadsheet that can be read", tip=SAVE_AS)
            texts = reader.read_all()
            texts.validate(full=True)
            return texts
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{path}: the Arrow file is damaged", tip="Hand the table over again.") from error


def _sample(texts: pa.Table) -> Iterator[Record]:
    rows = zip(*(column[:_SAMPLE].to_pylist() for column in texts.columns), strict=True)
    return (Record(number=number, line=number, cells=[*row]) for number, row in enumerate(rows, start=1))


def _blocks(texts: pa.Table, header: Header) -> Iterator[Block]:
    """The filled rows; blank ones keep their numbers."""
    size = rows_at_once(header, BATCH_SIZE)
    for start in range(0, texts.num_rows, size):
        rows = texts.slice(start, size)
        kept = _filled(rows)
        numbers = kept.astype(np.int64) + start + 1
        columns = rows.select(list(header.positions)).rename_columns(list(header.columns)).take(pa.array(kept))
        yield block_of(columns, numbers, numbers, ())


def _filled(rows: pa.Table) -> NDArray[np.intp]:
    """The positions of the rows in which something stands."""
    visible = np.zeros(rows.num_rows, dtype=bool)
    for column in rows.columns:
        visible |= np.asarray(pc.match_substring_regex(column, "[!-~]"))
    unclear = np.flatnonzero(~visible)
    cells = zip(*(column.take(pa.array(unclear)).to_pylist() for column in rows.columns), strict=True)
    visible[[at for at, row in zip(unclear, cells, strict=True) if not all_blank(row)]] = True
    return np.flatnonzero(visible)


def _columns(table: pd.DataFrame | pa.Table) -> list[tuple[str, Any]]:
    if isinstance(table, pa.Table):
        return [*zip(table.column_names, table.columns, strict=True)]
    # By position: two columns of a frame may have one name.
    return [(str(name), _array(table.iloc[:, at])) for at, name in enumerate(table.columns)]


def _array(values: pd.Series[Any]) -> Any:
    """The column in Arrow; or, where its values have no common type, as they are."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return [None if pd.api.types.is_scalar(value) and pd.isna(value) else value for value in values]


def _texts(values: Any, name: str, place: str) -> pa.ChunkedArray:
    """The cells as text; blank where there is none."""
    if isinstance(values, list):
        return pa.chunked_array([pa.array([_text(value, name, place) for value in values], TEXT)])
    column = values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([values])
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(pc.cast(column, kind.value_type), name, place)
    if pa.types.is_boolean(kind):
        column = pc.if_else(column, "TRUE", "FALSE")
    elif pa.types.is_timestamp(kind):  # finer ones would become objects of pandas
        column = pc.cast(column, pa.timestamp("us", kind.tz), safe=False)
        return _texts(column.to_pylist(), name, place)
    elif not _is_exact(kind):
        return _texts(column.to_pylist(), name, place)
    return pc.fill_null(pc.cast(column, TEXT), "")


def _is_exact(kind: pa.DataType) -> bool:
    """Whether a cast gives the text that people expect."""
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return bool(is_text or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))


def _text(value: Any, name: str, place: str) -> str:
    """The text of a value as the reader of workbooks writes it. A number whose last digits may be lost shows that."""
    if value is None:
        return ""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and LARGEST_EXACT <= abs(value) < math.inf:
        return f"{value:.15G}"
    if getattr(value, "tzinfo", None) is not None:
        return str(value.isoformat())
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Cell):
        return text_of(value)
    raise SourceError(
        f"{place}: column {name!r} holds a {type(value).__name__}, which is not text, a number, a date or yes/no",
        tip=f"Make it text first, for example: table[{name!r}] = table[{name!r}].map(str)",
    )
