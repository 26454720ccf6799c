"""A journal of an older layout is extended when it is opened; what it holds stays."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from importer.journal.database import FILE_NAME, open_database
from importer.journal.rows import request_counts
from importer.journal.run_totals import run_report
from importer.journal.runs import Journal
from importer.journal.schema import LAYOUTS, VERSION
from importer.model.operation import Kind
from tests.result_rows import result_rows


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


ROWS: dict[int, tuple[str, str, str, list[tuple[str, str, int]]]] = {
    # status, assign, events, and the operations behind them: kind, state, and whether there still is a body
    2: (
        "created",
        "accepted",
        "pending",
        [("create", "accepted", 0), ("assign", "accepted", 0), ("event", "planned", 1)],
    ),
    3: ("created", "rejected", "held", [("create", "accepted", 0), ("assign", "rejected", 1), ("event", "held", 1)]),
    4: ("unknown", "held", "held", [("create", "unknown", 1), ("assign", "held", 1), ("event", "held", 1)]),
    5: ("duplicate", "", "", [("create", "accepted", 0), ("assign", "dropped", 0), ("event", "dropped", 0)]),
    6: ("pending", "pending", "pending", [("create", "planned", 1), ("assign", "blocked", 1), ("event", "blocked", 1)]),
    7: ("invalid", "", "", []),
}


def journal_of_layout_8(folder: Path) -> None:
    request = '{"files": [], "options": {}, "on_duplicate": "skip", "mapping_path": "m", "mapping_text": ""}'
    with closing(sqlite3.connect(folder / FILE_NAME)) as older:
        for layout in LAYOUTS[:8]:
            older.executescript(layout)
        older.execute("INSERT INTO realms (origin, org) VALUES ('https://crm.example', 'o')")
        older.execute(
            "INSERT INTO runs (run_id, command, state, realm, request, started_at, planned_at)"
            " VALUES ('r', 'run', 'stopped', 1, ?, '', '')",
            (request,),
        )
        older.execute("INSERT INTO leads (realm, crm_id, maybe) VALUES (1, 'L-4', 1)")
        older.execute("INSERT INTO batches (run, source, first, last) VALUES (1, 0, 2, 7)")
        for number, (status, assign, events, operations) in ROWS.items():
            older.execute(
                "INSERT INTO rows (run, source, number, status, crm_id, owner, assigns, event_calls, assign, events)"
                " VALUES (1, 0, ?, ?, ?, 'a', ?, ?, ?, ?)",
                (number, status, f"L-{number}", bool(operations), bool(operations), assign, events),
            )
            older.executemany(
                "INSERT INTO operations (run, source, number, ordinal, kind, key, body, state)"
                " VALUES (1, 0, ?, ?, ?, 'k', iif(?, x'7b7d', NULL), ?)",
                [(number, place, kind, body, state) for place, (kind, state, body) in enumerate(operations)],
            )
        older.execute("PRAGMA user_version = 8")
        older.commit()


def test_follow_ups_that_had_columns_of_their_own_are_shown_from_their_requests(tmp_path: Path) -> None:
    journal_of_layout_8(tmp_path)
    with Journal(tmp_path, lambda: datetime(2026, 11, 22, tzinfo=UTC)) as journal:
        run = journal.run("r")
        shown = {r.row.number: (str(r.status), str(r.assign), str(r.events)) for r in result_rows(journal, run)}
        assert shown == {number: words[:3] for number, words in ROWS.items()}
        assert request_counts(journal.connection, run.id) == dict.fromkeys(Kind, 1)
        report = run_report(journal, run, mapping_sha256="")
        assert report.follow_ups == {
            Kind.ASSIGN: {"accepted": 1, "held": 1, "pending": 1, "rejected": 1},
            Kind.EVENT: {"held": 2, "pending": 2},
        }
        assert journal.tenant("https://crm.example", "o") == run.tenant
        assert journal.connection.execute("SELECT crm_id FROM leads WHERE possibly_sent").fetchone()[0] == "L-4"
        journal.retry_failed(run)
        shown = {r.row.number: (str(r.status), str(r.assign), str(r.events)) for r in result_rows(journal, run)}
        assert shown[3] == ("created", "pending", "pending")
        assert shown[4] == ("pending", "pending", "pending")
        states = journal.connection.execute("SELECT state FROM operations WHERE number = 3 ORDER BY ordinal")
        assert [state for (state,) in states] == ["accepted", "planned", "blocked"], "events wait for the assignment"


def test_no_table_names_a_kind_of_request(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as connection:
        found = connection.execute(
            "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
        ).fetchall()
    names = {(table, column) for table, column in found}
    assert ("operations", "kind") in names
    assert not [each for each in names if any(word in each[1] for word in ("assign", "event", "plain", "realm"))]
