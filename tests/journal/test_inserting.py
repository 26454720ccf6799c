"""Many rows at a time: each arrives once, in its order, whatever their number."""

import sqlite3

import pytest

from importer.journal.records import insert_many


@pytest.mark.parametrize("count", [0, 1, 79, 80, 81, 160, 1_000])
def test_every_row_arrives_once_in_its_order(count: int) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE words (place INTEGER, word TEXT, body BLOB)")
    rows = [(place, f"word {place}", bytes([place % 256])) for place in range(count)]
    insert_many(connection, "words", ("place", "word", "body"), iter(rows))
    assert connection.execute("SELECT * FROM words ORDER BY rowid").fetchall() == rows
    connection.close()


def test_a_row_that_is_refused_is_an_error_that_names_the_rule() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE words (place INTEGER PRIMARY KEY)")
    with pytest.raises(sqlite3.IntegrityError, match=r"words\.place"):
        insert_many(connection, "words", ("place",), [(1,), (2,), (1,)])
    connection.close()
