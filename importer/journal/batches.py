"""Rows in columns: the cells of a run as they were read, and the rows of a check that are plainly valid.

A plain row is valid, has no problem and is not sent, so nothing ever happens to it. Of a million rows nearly all are
plain: in columns they cost a fiftieth of what a million records cost, in time and in space. Every row is in exactly
one place: in the table `rows`, or among the plain rows of its batch.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.aside import Aside
from importer.journal.encoding import dumps
from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.model.plan import PlannedBatch
from importer.model.texts import TEXT, large_texts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="lz4")
_OF_BATCH: Final = "run = ? AND source = ? AND first = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """Where a batch stands, and its rows that are plain: `number`, `line`, `crm_id`, `owner`, `event_calls`."""

    run: int
    source: int
    first: int
    last: int
    plain: pa.Table


def plain_table(batch: PlannedBatch) -> pa.Table:
    """The rows of a batch that are valid and have no problem."""
    numbers = batch.numbers
    told = pc.is_in(numbers, pa.array(batch.problems, pa.int64()))
    differing = pc.index_in(numbers, pa.array(batch.lines.keys(), pa.int64()))
    return pa.table(
        {
            "number": numbers,
            "line": pc.take(pa.array(batch.lines.values(), pa.int64()), differing),
            "crm_id": batch.crm_ids,
            "owner": batch.owners,
            "event_calls": batch.event_calls,
        }
    ).filter(pc.and_not(batch.valid, told))


def keep_batch(
    connection: sqlite3.Connection, run: int, batch: PlannedBatch, plain: pa.Table | None, aside: Aside
) -> None:
    """Write down the plain rows, and the cells of all others that are not filtered out.

    Cells of plain rows are set aside: they are wanted only if the whole file turns against their row.
    """
    first, last = int(batch.cells.index[0]), int(batch.cells.index[-1])
    key = (run, batch.source, first)
    cells = _cells(batch)
    if plain is not None:
        is_plain = pc.is_in(cells["number"], plain["number"])
        aside.put(key, _blob(cells.filter(is_plain)))
        cells = cells.filter(pc.invert(is_plain))
    connection.execute(
        "INSERT INTO batches (run, source, first, last, cells) VALUES (?, ?, ?, ?, ?)",
        (*key, last, _blob(cells) if len(cells) else None),
    )
    if plain is not None:
        _keep_plain(connection, key, plain)


def stored_batches(connection: sqlite3.Connection, run: int) -> Iterator[StoredBatch]:
    """The batches of a run in the order of its sources and rows, read as they are asked for."""
    # The places first and each batch by itself: whoever asks may change a batch before going on to the next.
    places = connection.execute(
        "SELECT source, first, last FROM batches WHERE run = ? ORDER BY source, first", (run,)
    ).fetchall()
    for source, first, last in places:
        (plain,) = connection.execute(f"SELECT plain FROM batches WHERE {_OF_BATCH}", (run, source, first)).fetchone()
        table = _table(plain) if plain else _no_plain_rows()
        yield StoredBatch(run=run, source=source, first=first, last=last, plain=table)


def cells_of(
    connection: sqlite3.Connection, batch: StoredBatch, numbers: Collection[int]
) -> dict[int, tuple[str, ...]]:
    """The source's cells of the rows, by number; rows whose cells were never kept or are purged are missing."""
    if not numbers:
        return {}
    stored = _stored_cells(connection, batch)
    if stored is None:
        return {}
    chosen = stored.filter(pc.is_in(stored["number"], pa.array(numbers, pa.int64())))
    found, *columns = (column.to_pylist() for column in chosen.columns)
    return dict(zip(found, zip(*columns, strict=True) if columns else [()] * len(found), strict=True))


def cell_columns(
    connection: sqlite3.Connection,
    batch: StoredBatch,
    numbers: NDArray[np.int64],
    of_rows: Mapping[int, Sequence[str]],
) -> pa.Table:
    """The source's cells of these rows, a column for each; null where they were never kept or are purged.

    `of_rows` are cells that the journal keeps elsewhere, by number.
    """
    if not len(numbers):
        return pa.table({})
    stored = _stored_cells(connection, batch)
    tables = [stored] if stored is not None else []
    if of_rows:
        width = max(map(len, of_rows.values()))
        filled = [[*cells, *[""] * (width - len(cells))] for cells in of_rows.values()]
        columns = [pa.array(column, TEXT) for column in zip(*filled, strict=True)]
        tables.append(pa.table([pa.array(of_rows, pa.int64()), *columns], names=["number", *map(str, range(width))]))
    if not tables:
        return pa.table({})
    table = pa.concat_tables(tables, promote_options="default")
    return table.take(pc.index_in(pa.array(numbers), table["number"])).drop_columns("number")


def keep_cells(connection: sqlite3.Connection, batch: StoredBatch, numbers: Collection[int]) -> None:
    """Forget the cells of all rows of the batch but these."""
    stored = _stored_cells(connection, batch)
    if stored is None:
        return
    kept = stored.filter(pc.is_in(stored["number"], pa.array(numbers, pa.int64())))
    if len(kept) < len(stored):
        connection.execute(
            f"UPDATE batches SET cells = ? WHERE {_OF_BATCH}",
            (_blob(kept) if len(kept) else None, batch.run, batch.source, batch.first),
        )


def take_out(connection: sqlite3.Connection, run: int, rows: Iterable[RowId], aside: Aside) -> None:
    """Move those of the rows that are plain into the table `rows`, because something is to be said of them."""
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        wanted[row.source].append(row.number)
    for batch in stored_batches(connection, run) if wanted else ():
        chosen = pc.is_in(batch.plain["number"], pa.array(wanted.get(batch.source, []), pa.int64()))
        if pc.any(chosen).as_py():
            _insert(connection, batch, batch.plain.filter(chosen))
            _keep_plain(connection, (run, batch.source, batch.first), batch.plain.filter(pc.invert(chosen)))
            _bring_cells_back(connection, batch, batch.plain["number"].filter(chosen), aside)


def known_plain_rows(connection: sqlite3.Connection, run: int, realm: int) -> Iterator[tuple[RowId, str]]:
    """The plain rows whose lead an earlier run has seen in the realm, with that run's id."""
    if connection.execute("SELECT 1 FROM leads WHERE realm = ? LIMIT 1", (realm,)).fetchone() is None:
        return
    for batch in stored_batches(connection, run):
        numbers = batch.plain["number"].to_pylist()
        found = connection.execute(
            "SELECT ids.key, runs.run_id FROM json_each(?) ids"
            " JOIN leads l ON l.realm = ? AND l.crm_id = ids.value JOIN runs ON runs.id = l.seen_in ORDER BY ids.key",
            (dumps(batch.plain["crm_id"].to_pylist()), realm),
        )
        yield from ((RowId(batch.source, numbers[position]), run_id) for position, run_id in found)


def plain_owners(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """How many plain rows name each owner."""
    counts: defaultdict[str, int] = defaultdict(int)
    for batch in stored_batches(connection, run):
        for counted in pc.value_counts(batch.plain["owner"]).to_pylist():
            counts[counted["values"]] += counted["counts"]
    return {owner: count for owner, count in counts.items() if owner}


def forget_batches(connection: sqlite3.Connection, run: int) -> None:
    """Forget the cells, ids and owners; how many rows there were, and their numbers, stay."""
    for batch in stored_batches(connection, run):
        nothing = pa.array([""] * len(batch.plain), TEXT)
        plain = batch.plain
        for name in ("crm_id", "owner"):
            plain = plain.set_column(plain.schema.get_field_index(name), name, nothing)
        connection.execute(
            f"UPDATE batches SET cells = NULL, plain = ? WHERE {_OF_BATCH}",
            (_blob(plain), run, batch.source, batch.first),
        )


def _insert(connection: sqlite3.Connection, batch: StoredBatch, rows: pa.Table) -> None:
    connection.executemany(
        "INSERT INTO rows (run, source, number, line, status, crm_id, owner, assigns, event_calls)"
        f" VALUES ({batch.run}, {batch.source}, ?, ?, '{RowStatus.VALID}', ?, ?, ?, ?)",
        [
            (row["number"], row["line"], row["crm_id"], row["owner"], int(row["owner"] != ""), row["event_calls"])
            for row in rows.to_pylist()
        ],
    )


def _bring_cells_back(
    connection: sqlite3.Connection, batch: StoredBatch, numbers: pa.ChunkedArray, aside: Aside
) -> None:
    """Write down the cells of these rows, which were set aside."""
    key = (batch.run, batch.source, batch.first)
    plain, stored = _table(aside.get(key)), _stored_cells(connection, batch)
    wanted = plain.filter(pc.is_in(plain["number"], numbers))
    cells = wanted if stored is None else pa.concat_tables([stored, wanted])
    connection.execute(f"UPDATE batches SET cells = ? WHERE {_OF_BATCH}", (_blob(cells), *key))


def _keep_plain(connection: sqlite3.Connection, key: tuple[int, int, int], plain: pa.Table) -> None:
    assigns = pc.sum(pc.not_equal(plain["owner"], "")).as_py()
    events = pc.sum(plain["event_calls"]).as_py()
    connection.execute(
        f"UPDATE batches SET plain = ?, plain_rows = ?, plain_assigns = ?, plain_events = ? WHERE {_OF_BATCH}",
        (_blob(plain), len(plain), assigns or 0, events or 0, *key),
    )


def _stored_cells(connection: sqlite3.Connection, batch: StoredBatch) -> pa.Table | None:
    (blob,) = connection.execute(
        f"SELECT cells FROM batches WHERE {_OF_BATCH}", (batch.run, batch.source, batch.first)
    ).fetchone()
    return _table(blob) if blob else None


def _cells(batch: PlannedBatch) -> pa.Table:
    columns = [large_texts(batch.cells.iloc[:, at]) for at in range(batch.cells.shape[1])]
    table = pa.table([batch.numbers, *columns], names=["number", *map(str, range(len(columns)))])
    return table.filter(pc.invert(batch.filtered)) if pc.any(batch.filtered).as_py() else table


def _blob(table: pa.Table) -> memoryview:
    """Arrow's stream format, compressed: other programs can read it, and reading it runs nothing."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def _table(blob: bytes) -> pa.Table:
    return pa.ipc.open_stream(pa.py_buffer(blob)).read_all()


@cache
def _no_plain_rows() -> pa.Table:
    """Made when it is asked for: making an Arrow array from nothing imports pandas."""
    return pa.table(
        {
            "number": pa.array([], pa.int64()),
            "line": pa.array([], pa.int64()),
            "crm_id": pa.array([], TEXT),
            "owner": pa.array([], TEXT),
            "event_calls": pa.array([], pa.int8()),
        }
    )
