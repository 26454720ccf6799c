"""Writing rows and their calls as records: one for each, with a state of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Final

import pyarrow as pa

from importer.journal.encoding import dumps, problems_text
from importer.journal.requests import OperationState
from importer.model.batch import OperationColumn
from importer.model.operation import FOLLOW_UP_KINDS, Kind
from importer.model.problems import Problems

_AT_ONCE: Final = 80
"""Rows of one INSERT: twelve columns each stay below the thousand parameters that SQLite once allowed."""


def calls_table(columns: Sequence[OperationColumn]) -> pa.Table:
    """The calls of rows, a row for each: by turns keys, called by their kind, and bodies."""
    names = [name for column in columns for name in (str(column.kind), "body")]
    return pa.table([array for column in columns for array in (column.keys, column.bodies)], names=names)


def counts_of(rows: pa.Table, kind: Kind) -> pa.ChunkedArray:
    """How many requests of this kind each row asks for; a batch that an older version stored knows no newer kind."""
    if str(kind) in rows.column_names:
        return rows[str(kind)]
    return pa.chunked_array([pa.repeat(pa.scalar(0, pa.int8()), len(rows))])


def insert_rows(connection: sqlite3.Connection, run: int, source: int, rows: pa.Table, problems: Problems) -> None:
    """A record for each of these rows."""
    # Columns of plain values: SQLite asks an adapter about every member of an enumeration.
    numbers, found = rows["number"].to_pylist(), problems.by_row()
    asked = list(zip(*(counts_of(rows, kind).to_pylist() for kind in FOLLOW_UP_KINDS), strict=True))
    texts = {
        counts: dumps({str(kind): count for kind, count in zip(FOLLOW_UP_KINDS, counts, strict=True) if count})
        for counts in set(asked)
    }
    insert_many(
        connection,
        "rows",
        ("run", "source", "number", "status", "crm_id", "owner", "problems", "follow_ups"),
        zip(
            repeat(run, len(numbers)),
            repeat(source, len(numbers)),
            numbers,
            *(rows[name].to_pylist() for name in ("status", "crm_id", "owner")),
            (problems_text(found.get(number, ())) for number in numbers),
            (texts[counts] for counts in asked),
            strict=True,
        ),
    )


def insert_calls(
    connection: sqlite3.Connection, run: int, source: int, numbers: pa.ChunkedArray, calls: pa.Table
) -> None:
    """A record for each call of the rows with these numbers: the first of a row may be sent, the others wait."""
    columns = [column.to_pylist() for column in calls.columns]
    kinds = calls.column_names[::2]
    pairs = [zip(keys, bodies, strict=True) for keys, bodies in zip(columns[::2], columns[1::2], strict=True)]
    planned, blocked = str(OperationState.PLANNED), str(OperationState.BLOCKED)

    def records() -> Iterator[tuple[object, ...]]:
        for number, *row in zip(numbers.to_pylist(), *pairs, strict=True):
            ordinal = 0
            for kind, (key, body) in zip(kinds, row, strict=True):
                if key is not None:
                    yield run, source, number, ordinal, kind, key, body, blocked if ordinal else planned
                    ordinal += 1

    names = ("run", "source", "number", "ordinal", "kind", "key", "body", "state")
    insert_many(connection, "operations", names, records())


def insert_many(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], records: Iterable[tuple[object, ...]]
) -> None:
    """Insert many records with a statement: with one for each they take half as long again."""
    record = f"({', '.join('?' * len(columns))})"
    coming = iter(records)
    while some := tuple(islice(coming, _AT_ONCE)):
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([record] * len(some))}"
        connection.execute(statement, tuple(chain.from_iterable(some)))
