"""A journal of an older layout is extended when it is opened; what it holds stays."""

import sqlite3
from contextlib import closing
from pathlib import Path

from importer.journal.database import FILE_NAME, open_database
from importer.journal.schema import LAYOUTS, VERSION


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_journal_of_the_first_layout_is_extended(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as first:
        first.executescript(LAYOUTS[0])
        first.execute(
            "INSERT INTO runs (run_id, command, state, request, started_at) VALUES ('r', 'run', 'finished', '{}', '')"
        )
        first.execute("PRAGMA user_version = 1")
        first.commit()
    with closing(open_database(tmp_path)) as connection:
        assert {"examinations", "traffic"} <= tables(connection)
        assert connection.execute("SELECT parent FROM runs").fetchone()[0] is None
        assert connection.execute("PRAGMA user_version").fetchone()[0] == VERSION
        assert connection.execute("SELECT run_id FROM runs").fetchone()[0] == "r"
    with closing(open_database(tmp_path)) as connection:
        assert "examinations" in tables(connection)
