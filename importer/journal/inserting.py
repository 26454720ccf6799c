"""Many rows into one table."""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import Final

_AT_ONCE: Final = 80
"""Rows of one statement: twelve columns each stay below the thousand parameters that SQLite once allowed."""


def insert_rows(
    connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]
) -> None:
    """Insert rows many at a time: with a statement for each they take half as long again."""
    row = f"({', '.join('?' * len(columns))})"
    coming = iter(rows)
    while some := tuple(islice(coming, _AT_ONCE)):
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * len(some))}"
        connection.execute(statement, tuple(chain.from_iterable(some)))
