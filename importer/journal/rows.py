"""The rows of runs: the plan adds them, sending and reports read them. Only the journal sees how they are stored.

A row to which nothing has happened is stored in the columns of its batch (`batches`), where it costs a fiftieth of what
its record would cost, in time and in space. To rows of a check hardly anything ever happens: only the whole file can
show one to be wrong. Rows of a run that are valid and have no problem are materialized (a record for each in `rows`,
and one for each of its requests in `operations`) when the sending comes to their batch; the others get their record at
once, because a later run that imports corrected rejects looks for them one by one. Every row is in one place.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.encoding import blob_of, blob_of_any, dumps, problems_text, table_of
from importer.journal.planned_leads import keep_leads
from importer.journal.records import counts_of, insert_calls, insert_rows
from importer.journal.requests import OF_ROW, RowKey, has_follow_up
from importer.journal.spill_file import BatchKey, SpillFile
from importer.model.batch import PlannedBatch
from importer.model.operation import FOLLOW_UP_KINDS, Kind, RowId
from importer.model.outcome import NEEDS_A_PERSON, STATES_FOR_A_PERSON, RowStatus
from importer.model.problem import Problem
from importer.model.problems import Problems
from importer.model.texts import TEXT, large_texts, scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEEDS_FIXING: Final = f"r.status IN ({', '.join(repr(str(status)) for status in sorted(NEEDS_A_PERSON))})"
"""SQL: whether the row `r` is not in the CRM, or not for sure, until somebody has looked at it."""

NEEDS_ATTENTION: Final = f"({NEEDS_FIXING} OR {has_follow_up(STATES_FOR_A_PERSON)})"
"""SQL: whether somebody has to look at the row `r`."""

_OF_BATCH: Final = "run = ? AND source = ? AND first = ?"
_SENDABLE: Final = (str(RowStatus.VALID), str(RowStatus.PENDING))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBatch:
    """A batch, and those of its rows that have no record: `number`, `status`, `crm_id`, `owner`, and a column for each
    kind of follow-up with how many requests a row asks for.

    `to_send` says whether they are rows of a run; those of a check are never sent.
    """

    run: int
    source: int
    first: int
    last: int
    to_send: bool
    rows: pa.Table

    @property
    def key(self) -> BatchKey:
        """Its primary key."""
        return (self.run, self.source, self.first)

    @property
    def place(self) -> tuple[int, int, int, int]:
        """Where its rows with a record are: run, source, and the numbers of its first and last row."""
        return (self.run, self.source, self.first, self.last)

    @property
    def invalid(self) -> pa.ChunkedArray:
        """Which of the rows need attention."""
        return pc.equal(self.rows["status"], str(RowStatus.INVALID))

    @property
    def sendable(self) -> pa.Table:
        """The rows that can be sent."""
        return self.rows.filter(pc.is_in(self.rows["status"], pa.array(_SENDABLE, TEXT)))

    def follow_ups(self, kind: Kind) -> pa.ChunkedArray:
        """How many requests of this kind each row asks for."""
        return counts_of(self.rows, kind)


# adding


def add_checked(connection: sqlite3.Connection, run: int, batch: PlannedBatch, spill: SpillFile) -> None:
    """Keep a batch of a check: all rows, their problems, and the cells of those that a problem stops.

    The cells of valid rows go to the spill file: they are needed only if the whole file shows a row to be wrong.
    """
    cells = _cells(batch)
    is_valid = pc.is_in(cells["number"], pa.chunked_array([batch.numbers.filter(batch.valid)]))
    spill.put(_key(run, batch), blob_of(cells.filter(is_valid)))
    rows = _rows(batch, RowStatus.VALID)
    _add_batch(connection, run, batch, cells.filter(pc.invert(is_valid)), rows, None, batch.problems)


def add_planned(connection: sqlite3.Connection, run: int, batch: PlannedBatch, calls: pa.Table) -> None:
    """Keep a batch of a run: its rows, their calls, and the cells of all that are not filtered out."""
    rows = _rows(batch, RowStatus.PENDING)
    has_problems = pc.is_in(batch.numbers, pa.array(batch.problems.rows))
    stays = pc.and_not(batch.valid, has_problems)
    _add_batch(connection, run, batch, _cells(batch), rows.filter(stays), calls.filter(stays), Problems.none())
    others = pc.invert(stays)
    insert_rows(connection, run, batch.source, rows.filter(others), batch.problems)
    insert_calls(connection, run, batch.source, rows.filter(others)["number"], calls.filter(others))


def materialize_rows(connection: sqlite3.Connection, run: int, rows: Iterable[RowId], spill: SpillFile) -> None:
    """Give those of the rows that have no record one, because something is to be written about them."""
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        wanted[row.source].append(row.number)
    for batch in stored_batches(connection, run) if wanted else ():
        chosen = pc.is_in(batch.rows["number"], pa.array(wanted.get(batch.source, []), pa.int64()))
        if pc.any(chosen).as_py():
            materialize(connection, batch, chosen)
            if not batch.to_send:  # their cells are no longer those of a valid row
                spilled, stored = table_of(spill.get(batch.key)), _stored(connection, "cells", batch)
                own = spilled.filter(pc.is_in(spilled["number"], batch.rows["number"].filter(chosen)))
                cells = own if stored is None else pa.concat_tables([stored, own])
                connection.execute(f"UPDATE batches SET cells = ? WHERE {_OF_BATCH}", (blob_of(cells), *batch.key))


def materialize(connection: sqlite3.Connection, batch: StoredBatch, chosen: pa.ChunkedArray | None = None) -> None:
    """Give rows of the batch a record each, and one to each of their calls: the chosen rows, or all."""
    chosen = pc.is_valid(batch.rows["number"]) if chosen is None else chosen
    rest = pc.invert(chosen)
    rows, problems = batch.rows.filter(chosen), problems_of(connection, batch)
    of_chosen = np.asarray(pc.is_in(pa.array(problems.rows), rows["number"]))
    insert_rows(connection, batch.run, batch.source, rows, problems.where(of_chosen))
    calls = _stored(connection, "calls", batch)
    if batch.to_send and calls is None and len(rows):
        raise AssertionError(f"the calls of {len(rows)} planned rows are gone")
    if calls is not None:
        insert_calls(connection, batch.run, batch.source, rows["number"], calls.filter(chosen))
        calls = calls.filter(rest)
    _keep_columns(connection, batch.key, batch.rows.filter(rest), calls, problems.where(~of_chosen))


def append_problem(connection: sqlite3.Connection, row: RowKey, problem: Problem) -> None:
    """Add a problem to a row with a record."""
    connection.execute(
        "UPDATE rows SET problems = json_insert(coalesce(problems, '[]'), '$[#]', json_extract(?, '$[0]'))"
        f" WHERE {OF_ROW}",
        (problems_text((problem,)), *row),
    )


# reading


def stored_batches(connection: sqlite3.Connection, run: int) -> Iterator[StoredBatch]:
    """The batches of a run in the order of its sources and rows, read as they are asked for."""
    # The places first and each batch by itself: the caller may change a batch before going on to the next.
    places = connection.execute(
        "SELECT source, first, last, command = 'run' FROM batches JOIN runs ON runs.id = run"
        " WHERE run = ? ORDER BY source, first",
        (run,),
    ).fetchall()
    for source, first, last, to_send in places:
        (blob,) = connection.execute(f"SELECT rows FROM batches WHERE {_OF_BATCH}", (run, source, first)).fetchone()
        rows = _as_now(table_of(blob), to_send=to_send) if blob else _no_rows()
        yield StoredBatch(run=run, source=source, first=first, last=last, to_send=bool(to_send), rows=rows)


def problems_of(connection: sqlite3.Connection, batch: StoredBatch) -> Problems:
    """The problems of the rows of the batch that have no record; those of one row are in its order."""
    stored = _stored(connection, "problems", batch)
    return Problems.none() if stored is None else Problems.of_table(stored)


def cell_columns(
    connection: sqlite3.Connection,
    batch: StoredBatch,
    numbers: NDArray[np.int64],
    of_records: Mapping[int, Sequence[str]],
) -> pa.Table:
    """The source's cells of these rows, a column for each; null where they were never kept or are purged.

    `of_records` are cells by number that are stored with their rows, as they were before layout 5.
    """
    if not len(numbers):
        return pa.table({})
    stored = _stored(connection, "cells", batch)
    tables = [stored] if stored is not None else []
    if of_records:
        width = max(map(len, of_records.values()))
        filled = [[*cells, *[""] * (width - len(cells))] for cells in of_records.values()]
        columns = [pa.array(column, TEXT) for column in zip(*filled, strict=True)]
        names = ["number", *map(str, range(width))]
        tables.append(pa.table([pa.array(of_records, pa.int64()), *columns], names=names))
    if not tables:
        return pa.table({})
    table = pa.concat_tables(tables, promote_options="default")
    return table.take(pc.index_in(pa.array(numbers), table["number"])).drop_columns("number")


def status_counts(connection: sqlite3.Connection, run: int) -> dict[str, int]:
    """How many rows of the run have each status."""
    found = connection.execute(
        "SELECT status, sum(rows) FROM (SELECT status, count(*) AS rows FROM rows WHERE run = :run GROUP BY status"
        f" UNION ALL SELECT iif(command = 'run', '{RowStatus.PENDING}', '{RowStatus.VALID}'), sendable"
        " FROM batches JOIN runs ON runs.id = run WHERE run = :run"
        f" UNION ALL SELECT '{RowStatus.INVALID}', invalid FROM batches WHERE run = :run"
        f" UNION ALL SELECT '{RowStatus.FILTERED}', filtered FROM batches WHERE run = :run)"
        " GROUP BY status HAVING sum(rows)",
        {"run": run},
    )
    return dict(found.fetchall())


def request_counts(connection: sqlite3.Connection, run: int) -> dict[Kind, int]:
    """How many requests of each kind sending all sendable rows of the run takes."""
    counts = Counter(dict.fromkeys(Kind, 0))
    (counts[Kind.CREATE],) = connection.execute(
        f"SELECT count(*) FROM rows WHERE run = ? AND status IN {_SENDABLE}", (run,)
    ).fetchone()
    of_records = connection.execute(
        f"SELECT key, sum(value) FROM rows, json_each(follow_ups) WHERE run = ? AND status IN {_SENDABLE} GROUP BY key",
        (run,),
    )
    counts.update({Kind(kind): count for kind, count in of_records})
    for batch in stored_batches(connection, run):
        sendable = batch.sendable
        counts[Kind.CREATE] += len(sendable)
        for kind in FOLLOW_UP_KINDS:
            counts[kind] += pc.sum(counts_of(sendable, kind)).as_py() or 0
    return dict(counts)


def crm_ids(connection: sqlite3.Connection, run: int, *, status: RowStatus | None = None) -> list[str]:
    """The ids of the run's rows that have one: of all rows, or of those with this status."""
    found = connection.execute(
        "SELECT crm_id FROM rows WHERE run = ? AND crm_id != '' AND status = coalesce(?, status)", (run, status)
    )
    ids = [crm_id for (crm_id,) in found]
    for batch in stored_batches(connection, run):
        rows = batch.rows if status is None else batch.rows.filter(pc.equal(batch.rows["status"], str(status)))
        ids += rows["crm_id"].filter(pc.not_equal(rows["crm_id"], "")).to_pylist()
    return ids


def rows_of_known_leads(connection: sqlite3.Connection, run: int, tenant: int) -> list[tuple[RowId, str]]:
    """The sendable rows whose lead an earlier run has seen, with that run's id."""
    if connection.execute("SELECT 1 FROM leads WHERE tenant = ? LIMIT 1", (tenant,)).fetchone() is None:
        return []
    of_records = connection.execute(
        "SELECT r.source, r.number, runs.run_id FROM rows r"
        " JOIN leads l ON l.tenant = ? AND l.crm_id = r.crm_id JOIN runs ON runs.id = l.seen_in"
        f" WHERE r.run = ? AND r.status IN {_SENDABLE}",
        (tenant, run),
    )
    known = [(RowId(source, number), run_id) for source, number, run_id in of_records]
    for batch in stored_batches(connection, run):
        numbers = batch.sendable["number"].to_pylist()
        found = connection.execute(
            "SELECT ids.key, runs.run_id FROM json_each(?) ids"
            " JOIN leads l ON l.tenant = ? AND l.crm_id = ids.value JOIN runs ON runs.id = l.seen_in",
            (dumps(batch.sendable["crm_id"].to_pylist()), tenant),
        )
        known += [(RowId(batch.source, numbers[position]), run_id) for position, run_id in found]
    return sorted(known)


# forgetting


def keep_cells(connection: sqlite3.Connection, batch: StoredBatch, numbers: Collection[int]) -> None:
    """Forget the cells of all rows of the batch but these."""
    stored = _stored(connection, "cells", batch)
    if stored is None:
        return
    kept = stored.filter(pc.is_in(stored["number"], pa.array(numbers, pa.int64())))
    if len(kept) < len(stored):
        connection.execute(f"UPDATE batches SET cells = ? WHERE {_OF_BATCH}", (blob_of_any(kept), *batch.key))


def forget_rows(connection: sqlite3.Connection, run: int) -> None:
    """Forget whom the run's rows are about; how many there are with which status and follow-ups stays."""
    connection.execute("UPDATE operations SET body = NULL, key = '' WHERE run = ?", (run,))
    connection.execute(
        "UPDATE rows SET cells = NULL, problems = NULL, crm_id = '', lead_id = '', owner = '', message = '', hint = ''"
        " WHERE run = ?",
        (run,),
    )
    for batch in stored_batches(connection, run):
        nothing = pa.array([""] * len(batch.rows), TEXT)
        rows = batch.rows
        for name in ("crm_id", "owner"):
            rows = rows.set_column(rows.schema.get_field_index(name), name, nothing)
        connection.execute(
            f"UPDATE batches SET cells = NULL, calls = NULL, problems = NULL, rows = ? WHERE {_OF_BATCH}",
            (blob_of_any(rows), *batch.key),
        )


def _key(run: int, batch: PlannedBatch) -> BatchKey:
    return (run, batch.source, int(batch.cells.index[0]))


def _rows(batch: PlannedBatch, valid: RowStatus) -> pa.Table:
    """The rows of a batch as they are stored; `valid` is the status of those that can be sent."""
    statuses = pc.if_else(batch.invalid, scalar(str(RowStatus.INVALID)), scalar(str(valid)))
    return pa.table(
        {
            "number": batch.numbers,
            "status": pc.if_else(batch.filtered, scalar(str(RowStatus.FILTERED)), statuses),
            "crm_id": batch.crm_ids,
            "owner": batch.owners,
            **{str(kind): counts for kind, counts in batch.follow_ups.items()},
        }
    )


def _as_now(rows: pa.Table, *, to_send: bool) -> pa.Table:
    """Rows of a batch as this version stores them."""
    if "status" not in rows.column_names:  # before layout 7
        status = RowStatus.PENDING if to_send else RowStatus.VALID
        rows = rows.append_column("status", pa.repeat(scalar(str(status)), len(rows)))
    if "event_calls" in rows.column_names:  # before layout 9
        assigns = pc.not_equal(rows["owner"], "").cast(pa.int8())
        rows = rows.append_column(str(Kind.ASSIGN), assigns).append_column(str(Kind.EVENT), rows["event_calls"])
        rows = rows.drop_columns(["line", "event_calls"])
    return rows


def _no_rows() -> pa.Table:
    return pa.schema({"number": pa.int64(), "status": TEXT, "crm_id": TEXT, "owner": TEXT}).empty_table()


def _add_batch(
    connection: sqlite3.Connection,
    run: int,
    batch: PlannedBatch,
    cells: pa.Table,
    rows: pa.Table,
    calls: pa.Table | None,
    problems: Problems,
) -> None:
    key, last = _key(run, batch), int(batch.cells.index[-1])
    connection.execute(
        "INSERT INTO batches (run, source, first, last, cells) VALUES (?, ?, ?, ?, ?)",
        (*key, last, blob_of_any(cells)),
    )
    _keep_columns(connection, key, rows, calls, problems)
    keep_leads(connection, key, batch.leads, batch.previews)


def _keep_columns(
    connection: sqlite3.Connection, key: BatchKey, rows: pa.Table, calls: pa.Table | None, problems: Problems
) -> None:
    counts = Counter(rows["status"].to_pylist())
    connection.execute(
        f"UPDATE batches SET rows = ?, calls = ?, problems = ?, sendable = ?, invalid = ?, filtered = ?"
        f" WHERE {_OF_BATCH}",
        (
            *map(blob_of_any, (rows, calls, problems.table)),
            sum(counts[status] for status in _SENDABLE),
            counts[str(RowStatus.INVALID)],
            counts[str(RowStatus.FILTERED)],
            *key,
        ),
    )


def _stored(connection: sqlite3.Connection, column: str, batch: StoredBatch) -> pa.Table | None:
    (blob,) = connection.execute(f"SELECT {column} FROM batches WHERE {_OF_BATCH}", batch.key).fetchone()
    return table_of(blob) if blob else None


def _cells(batch: PlannedBatch) -> pa.Table:
    columns = [large_texts(batch.cells.iloc[:, at]) for at in range(batch.cells.shape[1])]
    table = pa.table([batch.numbers, *columns], names=["number", *map(str, range(len(columns)))])
    return table.filter(pc.invert(batch.filtered)) if pc.any(batch.filtered).as_py() else table
