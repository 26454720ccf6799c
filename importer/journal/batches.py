"""Rows in columns: the cells of a run as they were read, and the rows to which nothing has happened yet.

Such rows are called plain. To those of a check hardly anything ever happens: only the whole file can turn against one.
Those of a run, which are valid and have no problem, are laid out (a record for itself and one for each call) when the
sending comes to their batch. In columns a row costs a fiftieth of what its record costs, in time and in space. Every
row is in exactly one place: in the table `rows`, or among the plain rows of its batch.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.blobs import blob_of, blob_of_any, table_of
from importer.journal.records import insert_calls, insert_records
from importer.journal.spill_file import Aside, BatchKey
from importer.model.batch import PlannedBatch
from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.model.problems import Problems
from importer.model.texts import TEXT, large_texts, scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OF_BATCH: Final = "run = ? AND source = ? AND first = ?"
_VALID: Final = pa.array([str(RowStatus.VALID), str(RowStatus.PENDING)], TEXT)
_LEFT_OUT: Final = (RowStatus.INVALID, RowStatus.FILTERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """Where a batch stands, and its plain rows: `number`, `line`, `status`, `crm_id`, `owner`, `event_calls`.

    `to_send` says whether they are rows of a run; those of a check are never sent.
    """

    run: int
    source: int
    first: int
    last: int
    to_send: bool
    plain: pa.Table

    @property
    def key(self) -> BatchKey:
        """By which its record is found."""
        return (self.run, self.source, self.first)


def keep_checked(connection: sqlite3.Connection, run: int, batch: PlannedBatch, aside: Aside) -> None:
    """Write down a batch of a check: all rows, their problems, and the cells of those that a problem stops.

    The cells of valid rows are set aside: they are wanted only if the whole file turns against their row.
    """
    cells = _cells(batch)
    is_valid = pc.is_in(cells["number"], pa.chunked_array([batch.numbers.filter(batch.valid)]))
    aside.put(_key(run, batch), blob_of(cells.filter(is_valid)))
    rows = _rows(batch, RowStatus.VALID)
    _keep(connection, run, batch, cells.filter(pc.invert(is_valid)), rows, None, batch.problems)


def keep_planned(connection: sqlite3.Connection, run: int, batch: PlannedBatch, calls: pa.Table) -> None:
    """Write down a batch of a run: its rows, their calls, and the cells of all that are not filtered out.

    Rows that are valid and have no problem are plain. The others get a record each, because a later run that mends them
    will ask for them one by one.
    """
    rows = _rows(batch, RowStatus.PENDING)
    has_problems = pc.is_in(batch.numbers, pa.array(batch.problems.rows))
    is_plain = pc.and_not(batch.valid, has_problems)
    _keep(connection, run, batch, _cells(batch), rows.filter(is_plain), calls.filter(is_plain), Problems.none())
    others = pc.invert(is_plain)
    records = rows.filter(others)
    insert_records(connection, run, batch.source, records, batch.problems)
    insert_calls(connection, run, batch.source, records["number"].to_pylist(), calls.filter(others))


def stored_batches(connection: sqlite3.Connection, run: int) -> Iterator[StoredBatch]:
    """The batches of a run in the order of its sources and rows, read as they are asked for."""
    # The places first and each batch by itself: whoever asks may change a batch before going on to the next.
    places = connection.execute(
        "SELECT source, first, last, command = 'run' FROM batches JOIN runs ON runs.id = run"
        " WHERE run = ? ORDER BY source, first",
        (run,),
    ).fetchall()
    for source, first, last, to_send in places:
        (plain,) = connection.execute(f"SELECT plain FROM batches WHERE {_OF_BATCH}", (run, source, first)).fetchone()
        table = table_of(plain) if plain else _no_plain_rows()
        if "status" not in table.column_names:  # before layout 7
            status = RowStatus.PENDING if to_send else RowStatus.VALID
            table = table.append_column("status", pa.repeat(scalar(str(status)), len(table)))
        yield StoredBatch(run=run, source=source, first=first, last=last, to_send=bool(to_send), plain=table)


def valid_rows(plain: pa.Table) -> pa.Table:
    """The plain rows that can be sent."""
    return plain.filter(pc.is_in(plain["status"], _VALID))


def problems_of(connection: sqlite3.Connection, batch: StoredBatch) -> Problems:
    """What is told of the plain rows of the batch; what is told of one row is in its order."""
    stored = _stored(connection, "problems", batch)
    return Problems.none() if stored is None else Problems.of_table(stored)


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
    stored = _stored(connection, "cells", batch)
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
    stored = _stored(connection, "cells", batch)
    if stored is None:
        return
    kept = stored.filter(pc.is_in(stored["number"], pa.array(numbers, pa.int64())))
    if len(kept) < len(stored):
        connection.execute(
            f"UPDATE batches SET cells = ? WHERE {_OF_BATCH}",
            (blob_of_any(kept), *batch.key),
        )


def take_out(connection: sqlite3.Connection, run: int, rows: Iterable[RowId], aside: Aside) -> None:
    """Move those of the rows that are plain into the table `rows`, because something is to be said of them."""
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        wanted[row.source].append(row.number)
    for batch in stored_batches(connection, run) if wanted else ():
        chosen = pc.is_in(batch.plain["number"], pa.array(wanted.get(batch.source, []), pa.int64()))
        if pc.any(chosen).as_py():
            lay_out(connection, batch, chosen)
            if not batch.to_send:
                _bring_cells_back(connection, batch, batch.plain["number"].filter(chosen), aside)


def lay_out(connection: sqlite3.Connection, batch: StoredBatch, chosen: pa.ChunkedArray | None = None) -> None:
    """Give plain rows of the batch a record each, and one to each of their calls: the chosen rows, or all."""
    chosen = pc.is_valid(batch.plain["number"]) if chosen is None else chosen
    rest = pc.invert(chosen)
    rows, problems = batch.plain.filter(chosen), problems_of(connection, batch)
    of_chosen = np.asarray(pc.is_in(pa.array(problems.rows), rows["number"]))
    insert_records(connection, batch.run, batch.source, rows, problems.where(of_chosen))
    calls = _stored(connection, "calls", batch)
    if batch.to_send and calls is None and len(rows):
        raise AssertionError(f"the calls of {len(rows)} planned rows are gone")
    if calls is not None:
        insert_calls(connection, batch.run, batch.source, rows["number"].to_pylist(), calls.filter(chosen))
        calls = calls.filter(rest)
    _keep_plain(connection, batch.key, batch.plain.filter(rest), calls, problems.where(~of_chosen))


def forget_batches(connection: sqlite3.Connection, run: int) -> None:
    """Forget cells, calls, problems, ids and owners; how many rows of which status there were stays."""
    for batch in stored_batches(connection, run):
        nothing = pa.array([""] * len(batch.plain), TEXT)
        plain = batch.plain
        for name in ("crm_id", "owner"):
            plain = plain.set_column(plain.schema.get_field_index(name), name, nothing)
        connection.execute(
            f"UPDATE batches SET cells = NULL, calls = NULL, problems = NULL, plain = ? WHERE {_OF_BATCH}",
            (blob_of_any(plain), *batch.key),
        )


def _bring_cells_back(
    connection: sqlite3.Connection, batch: StoredBatch, numbers: pa.ChunkedArray, aside: Aside
) -> None:
    """Write down the cells of these rows, which were set aside."""
    plain, stored = table_of(aside.get(batch.key)), _stored(connection, "cells", batch)
    wanted = plain.filter(pc.is_in(plain["number"], numbers))
    cells = wanted if stored is None else pa.concat_tables([stored, wanted])
    connection.execute(f"UPDATE batches SET cells = ? WHERE {_OF_BATCH}", (blob_of(cells), *batch.key))


def _key(run: int, batch: PlannedBatch) -> BatchKey:
    return (run, batch.source, int(batch.cells.index[0]))


def _rows(batch: PlannedBatch, valid: RowStatus) -> pa.Table:
    """The rows of a batch as plain rows are stored; `valid` is the status of those that can be sent."""
    statuses = pc.if_else(batch.invalid, scalar(str(RowStatus.INVALID)), scalar(str(valid)))
    differing = pc.index_in(batch.numbers, pa.array(batch.lines.keys(), pa.int64()))
    return pa.table(
        {
            "number": batch.numbers,
            "line": pc.take(pa.array(batch.lines.values(), pa.int64()), differing),
            "status": pc.if_else(batch.filtered, scalar(str(RowStatus.FILTERED)), statuses),
            "crm_id": batch.crm_ids,
            "owner": batch.owners,
            "event_calls": batch.event_calls,
        }
    )


def _keep(
    connection: sqlite3.Connection,
    run: int,
    batch: PlannedBatch,
    cells: pa.Table,
    plain: pa.Table,
    calls: pa.Table | None,
    problems: Problems,
) -> None:
    key, last = _key(run, batch), int(batch.cells.index[-1])
    connection.execute(
        "INSERT INTO batches (run, source, first, last, cells) VALUES (?, ?, ?, ?, ?)",
        (*key, last, blob_of_any(cells)),
    )
    _keep_plain(connection, key, plain, calls, problems)


def _keep_plain(
    connection: sqlite3.Connection, key: BatchKey, plain: pa.Table, calls: pa.Table | None, problems: Problems
) -> None:
    valid = valid_rows(plain)
    counts = {
        "plain_rows": len(valid),
        "plain_assigns": pc.sum(pc.not_equal(valid["owner"], "")).as_py() or 0,
        "plain_events": pc.sum(valid["event_calls"]).as_py() or 0,
        **{str(status): pc.sum(pc.equal(plain["status"], str(status))).as_py() or 0 for status in _LEFT_OUT},
    }
    connection.execute(
        f"UPDATE batches SET plain = ?, calls = ?, problems = ?, {', '.join(f'{name} = ?' for name in counts)}"
        f" WHERE {_OF_BATCH}",
        (*map(blob_of_any, (plain, calls, problems.table)), *counts.values(), *key),
    )


def _stored(connection: sqlite3.Connection, column: str, batch: StoredBatch) -> pa.Table | None:
    (blob,) = connection.execute(f"SELECT {column} FROM batches WHERE {_OF_BATCH}", batch.key).fetchone()
    return table_of(blob) if blob else None


def _cells(batch: PlannedBatch) -> pa.Table:
    columns = [large_texts(batch.cells.iloc[:, at]) for at in range(batch.cells.shape[1])]
    table = pa.table([batch.numbers, *columns], names=["number", *map(str, range(len(columns)))])
    return table.filter(pc.invert(batch.filtered)) if pc.any(batch.filtered).as_py() else table


@cache
def _no_plain_rows() -> pa.Table:
    """Made when it is asked for: making an Arrow array from nothing imports pandas."""
    return pa.table(
        {
            "number": pa.array([], pa.int64()),
            "line": pa.array([], pa.int64()),
            "status": pa.array([], TEXT),
            "crm_id": pa.array([], TEXT),
            "owner": pa.array([], TEXT),
            "event_calls": pa.array([], pa.int8()),
        }
    )
