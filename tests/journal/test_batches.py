"""Rows in columns while nothing has happened to them, and in one place each, whatever is settled, sent or forgotten."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from importer.journal.database import FILE_NAME, open_database
from importer.journal.plan import Plan
from importer.journal.results import rejected_numbers, result_batches
from importer.journal.retention import purge_run, scrub
from importer.journal.rows import materialize, problems_of, stored_batches
from importer.journal.run_lineage import corrected_run, link_corrected, story_of
from importer.journal.run_totals import needs_a_person, run_report
from importer.journal.runs import Journal, StoredRun
from importer.journal.schema import LAYOUTS
from importer.model.operation import Kind, Operation, RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.model.run import RunRequest, Story
from importer.model.source import SourceInfo
from tests.planned import PlannedRow, add_rows
from tests.result_rows import result_rows

INFO = SourceInfo(path="a.csv", sha256="f", format="csv", columns=("A", "B"), headers=("A", "B"), header_row=1)
REQUEST = RunRequest(files=("a.csv",), mapping_path="m.yaml", mapping_text="")
WRONG = "phone-invalid"


def row(
    number: int,
    status: RowStatus = RowStatus.VALID,
    *,
    problems: list[str] | tuple[str, ...] = (),
    owner: str = "asha@x.example",
    events: int = 1,
    line: int | None = None,
) -> PlannedRow:
    create = Operation(kind=Kind.CREATE, key=f"L-{number}", body=b'{"crm_id":"L-%d"}' % number)
    assign = [Operation(kind=Kind.ASSIGN, key=owner, body=b"{}")] if owner else []
    calls = [create, *assign, *[Operation(kind=Kind.EVENT, key="k", body=b"{}")] * events]
    problems_of_row = tuple(
        Problem(row=number, code=code, detail="is odd", column="A", value="v", warning=code != WRONG)
        for code in problems
    )
    cells = (f"a{number}", f"b{number}")
    return PlannedRow(
        row=RowId(0, number),
        status=status,
        crm_id=f"L-{number}",
        cells=cells,
        problems=problems_of_row,
        operations=tuple(calls) if status is RowStatus.VALID else (),
        owner=owner if status is RowStatus.VALID else "",
        line=line,
    )


def six_rows(journal: Journal, command: str) -> tuple[StoredRun, Plan]:
    """Planned in two batches: in a check all stay in columns, in a run 2, 3 and 6."""
    run = journal.begin(f"{command}-1", command, REQUEST)
    plan = journal.plan(run, to_send=command == "run")
    plan.add_source(0, INFO)
    add_rows(plan, [row(2, line=5), row(3, owner=""), row(4, RowStatus.INVALID, problems=[WRONG])])
    add_rows(plan, [row(5, problems=["phone-repeated"]), row(6, events=2), row(7, RowStatus.FILTERED)])
    return run, plan


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "reports", lambda: datetime(2026, 11, 22, tzinfo=UTC)) as opened:
        yield opened


@pytest.fixture
def check(journal: Journal) -> tuple[Journal, StoredRun, Plan]:
    return (journal, *six_rows(journal, "check"))


@pytest.fixture
def sending(journal: Journal) -> tuple[Journal, StoredRun, Plan]:
    _, plan = six_rows(journal, "run")
    plan.freeze(REQUEST, journal.tenant("https://crm.example", "o"), "2026-11-22T00:00:00+00:00")
    return journal, journal.run("run-1"), plan


def lay_all_out(journal: Journal, run: StoredRun) -> None:
    for batch in stored_batches(journal.connection, run.id):
        materialize(journal.connection, batch)


def places(journal: Journal, run: StoredRun) -> tuple[list[int], ...]:
    """The numbers of the rows with a record of their own, and of those that are still in columns."""
    stored = [number for (number,) in journal.connection.execute("SELECT number FROM rows ORDER BY number")]
    batches = stored_batches(journal.connection, run.id)
    in_columns = [number for batch in batches for number in batch.rows["number"].to_pylist()]
    return stored, in_columns


def to_fix(journal: Journal, run: StoredRun) -> dict[Any, Any]:
    """The rows that need attention, with their cells."""
    return {r.row.number: r.cells for r in result_rows(journal, run) if r.needs_attention}


def test_every_row_is_in_one_place_and_counted_once(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = check
    assert places(journal, run) == ([], [2, 3, 4, 5, 6, 7])
    assert plan.statuses() == {"valid": 4, "invalid": 1, "filtered": 1}
    assert plan.to_send() == {Kind.CREATE: 4, Kind.ASSIGN: 3, Kind.EVENT: 5}
    report = run_report(journal, run, mapping_sha256="")
    assert (report.rows, report.counts) == (6, {"valid": 4, "invalid": 1, "filtered": 1})
    assert report.problems == {WRONG: 1}
    assert [(owner.name, owner.rows) for owner in report.owners] == [("asha@x.example", 3)]
    assert [(user.name, user.rows) for user in report.assigned] == [("asha@x.example", 3)]


def test_results_are_in_the_order_of_their_numbers(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, _ = check
    assert [(r.row.number, r.status, r.crm_id) for r in result_rows(journal, run)] == [
        (2, "valid", "L-2"),
        (3, "valid", "L-3"),
        (4, "invalid", "L-4"),
        (5, "valid", "L-5"),
        (6, "valid", "L-6"),
        (7, "filtered", "L-7"),
    ]


def test_problems_of_rows_in_their_batch_and_of_rows_taken_out_are_not_mixed_up(journal: Journal) -> None:
    run = journal.begin("check-1", "check", REQUEST)
    plan = journal.plan(run, to_send=False)
    plan.add_source(0, INFO)
    invalid = [row(n, RowStatus.INVALID, problems=[WRONG]) for n in (2, 5, 6)]
    add_rows(plan, [invalid[0], row(3), row(4, problems=["phone-repeated"]), *invalid[1:]])
    warned = [Problem(row=n, code="crm-id-near-duplicate", detail=f"{n} is near", warning=True) for n in (3, 4)]
    plan.settle_all((RowId(0, problem.row), None, problem) for problem in warned)
    assert places(journal, run) == ([3, 4], [2, 5, 6])
    near = "crm-id-near-duplicate"
    assert [(r.row.number, r.problems, r.warnings) for r in result_rows(journal, run)] == [
        (2, WRONG, ""),
        (3, "", near),
        (4, "", f"phone-repeated;{near}"),
        (5, WRONG, ""),
        (6, WRONG, ""),
    ]
    (batch,) = result_batches(journal, run)
    assert [(p["number"], p["message"]) for p in batch.problems.to_pylist()] == [
        (2, "A: “v” is odd"),
        (3, "3 is near"),
        (4, "A: “v” is odd"),
        (4, "4 is near"),
        (5, "A: “v” is odd"),
        (6, "A: “v” is odd"),
    ]


def test_problems_are_counted_the_most_frequent_first(journal: Journal) -> None:
    run = journal.begin("check-1", "check", REQUEST)
    plan = journal.plan(run, to_send=False)
    plan.add_source(0, INFO)
    codes = {2: "phone-missing", 3: "crm-id-missing", 4: WRONG, 5: WRONG, 6: "date-invalid"}
    found = [Problem(row=number, code=code, detail="is odd") for number, code in codes.items()]
    add_rows(plan, [replace(row(p.row, RowStatus.INVALID), problems=(p,)) for p in found])
    plan.settle_all([(RowId(0, 6), RowStatus.CONFLICT_IN_FILE, None)])
    counts = run_report(journal, run, mapping_sha256="").problems
    assert list(counts.items()) == [(WRONG, 2), ("crm-id-missing", 1), ("date-invalid", 1), ("phone-missing", 1)]


def test_cells_are_read_of_rows_that_need_attention_alone(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, _ = check
    assert to_fix(journal, run) == {4: ("a4", "b4")}
    assert [batch.cells.to_pydict() for batch in result_batches(journal, run)] == [{"0": ["a4"], "1": ["b4"]}, {}]
    assert needs_a_person(journal, run)


def test_what_only_the_whole_file_can_tell_takes_a_row_out_of_its_batch(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = check
    conflict = Problem(row=6, code="crm-id-conflict", detail="differs")
    hint = Problem(row=5, code="crm-id-near-duplicate", detail="is near", warning=True)
    plan.settle_all([(RowId(0, 6), RowStatus.CONFLICT_IN_FILE, conflict), (RowId(0, 5), None, hint)])
    assert places(journal, run) == ([5, 6], [2, 3, 4, 7])
    assert [len(problems_of(journal.connection, batch)) for batch in stored_batches(journal.connection, run.id)] == [
        1,
        0,
    ]
    assert plan.statuses() == {"valid": 3, "invalid": 1, "conflict_in_file": 1, "filtered": 1}
    assert plan.to_send() == {Kind.CREATE: 3, Kind.ASSIGN: 2, Kind.EVENT: 3}
    by_number = {r.row.number: r for r in result_rows(journal, run)}
    assert by_number[6].cells == ("a6", "b6")
    assert (by_number[6].assigned_to, by_number[6].problems) == ("asha@x.example", "crm-id-conflict")
    assert by_number[5].warnings == "phone-repeated;crm-id-near-duplicate"


def test_a_row_of_a_check_that_is_taken_out_waits_for_nothing(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = check
    near = Problem(row=2, code="crm-id-near-duplicate", detail="is near", warning=True)
    plan.settle_all([(RowId(0, 2), None, near)])
    taken = result_rows(journal, run)[0]
    assert (taken.row.number, taken.status, taken.assign, taken.events) == (2, "valid", "", "")
    assert taken.warnings == "crm-id-near-duplicate"


def test_plain_rows_are_looked_up_in_the_ledger(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = check
    tenant = journal.tenant("https://crm.example", "o")
    assert plan.known_leads(tenant) == []
    for crm_id in ("L-2", "L-4", "L-5", "L-6"):
        journal.connection.execute(
            "INSERT INTO leads (tenant, crm_id, seen_in) VALUES (?, ?, ?)", (tenant, crm_id, run.id)
        )
    known = [(RowId(0, number), "check-1") for number in (2, 5, 6)]
    assert plan.known_leads(tenant) == known
    plan.settle_all((row, RowStatus.SKIPPED_KNOWN, None) for row, _ in known)
    assert plan.statuses() == {"valid": 1, "invalid": 1, "filtered": 1, "skipped_known": 3}


def test_a_purged_check_keeps_its_counts_and_nobodys_name(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = check
    purge_run(journal.connection, run.id)
    assert plan.statuses() == {"valid": 4, "invalid": 1, "filtered": 1}
    results = result_rows(journal, run)
    assert [r.row.number for r in results] == [2, 3, 4, 5, 6, 7]
    assert {r.crm_id for r in results} | {r.assigned_to for r in results} == {""}
    assert [(r.cells, r.problems, r.warnings) for r in results] == [((), "", "")] * 6
    assert run_report(journal, run, mapping_sha256="").problems == {}
    assert needs_a_person(journal, run)
    assert to_fix(journal, run) == {4: ()}


def test_no_row_of_a_good_check_needs_a_person(journal: Journal) -> None:
    run = journal.begin("check-1", "check", REQUEST)
    plan = journal.plan(run, to_send=False)
    plan.add_source(0, INFO)
    add_rows(plan, [row(2), row(3, problems=["phone-repeated"]), row(4, RowStatus.FILTERED)])
    assert not needs_a_person(journal, run)
    assert to_fix(journal, run) == {}


def test_owners_of_rows_that_are_not_sent_are_nobodys(journal: Journal) -> None:
    """But what is no owner at all is counted with the others."""
    run = journal.begin("check-1", "check", REQUEST)
    plan = journal.plan(run, to_send=False)
    plan.add_source(0, INFO)
    nobody = Problem(row=3, code="owner-invalid", detail="is not a user's id", field="assign", column="A", value="?")
    add_rows(plan, [row(2), replace(row(3, RowStatus.INVALID), owner="b@x.example", problems=(nobody,))])
    assert plan.to_send() == {Kind.CREATE: 1, Kind.ASSIGN: 1, Kind.EVENT: 1}
    report = run_report(journal, run, mapping_sha256="")
    assert [(owner.name, owner.rows) for owner in report.owners] == [("?", 1), ("asha@x.example", 1)]
    assert [(user.name, user.rows) for user in report.assigned] == [("asha@x.example", 1)]


@pytest.mark.parametrize("command", ["check", "run"])
def test_numbers_and_dates_of_rows_that_were_left_are_remembered(journal: Journal, command: str) -> None:
    run = journal.begin("one", command, REQUEST)
    plan = journal.plan(run, to_send=command == "run")
    plan.add_source(0, INFO)
    left = [replace(row(2, RowStatus.INVALID, problems=[WRONG]), cells=("+6591234567", "05/08/2026"))]
    left.append(replace(row(3, RowStatus.INVALID, problems=[WRONG]), cells=("2026-04-05 10:00", "call 6591234567")))
    fine = replace(row(4, problems=["phone-repeated"]), cells=("6591234568", "1/2/2026"))
    against = replace(row(5), cells=("6591234569", "٦٥٩١٢٣٤٥٦٩"))
    add_rows(plan, [*left, fine, against])
    plan.settle_all([(RowId(0, 5), RowStatus.CONFLICT_IN_FILE, None)])
    assert rejected_numbers(journal) == {"+6591234567", "05/08/2026", "2026-04-05 10:00", "6591234569"}


@pytest.mark.parametrize(("command", "status"), [("check", "valid"), ("run", "pending")])
def test_plain_rows_of_layout_6_say_nothing_of_their_status(journal: Journal, command: str, status: str) -> None:
    run, _ = six_rows(journal, command)
    older = rows_table_of([2, 3])
    journal.connection.execute("UPDATE batches SET rows = ?, problems = NULL WHERE first = 2", (older,))
    found = [(r.row.number, r.status) for r in result_rows(journal, run)]
    assert found[:2] == [(2, status), (3, status)]


def rows_table_of(numbers: list[int]) -> memoryview:
    """Plain rows as layouts 5 and 6 kept them."""
    texts = pa.array([f"L-{number}" for number in numbers], pa.large_string())
    columns = {"number": numbers, "line": pa.nulls(len(numbers), pa.int64()), "crm_id": texts, "owner": texts}
    table = pa.table({**columns, "event_calls": pa.array([0] * len(numbers), pa.int8())})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return memoryview(sink.getvalue())


def test_cells_of_valid_and_of_filtered_rows_are_never_written_down(check: tuple[Journal, StoredRun, Plan]) -> None:
    journal, _, _ = check
    (first,), (second,) = journal.connection.execute("SELECT cells FROM batches ORDER BY first")
    assert [cell in first for cell in (b"a2", b"a3", b"a4")] == [False, False, True]
    assert second is None
    assert {path.name for path in journal.folder.iterdir()} <= {FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"}


def test_plain_rows_of_a_run_are_pending_and_so_is_what_follows_them(sending: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = sending
    assert places(journal, run) == ([4, 5, 7], [2, 3, 6])
    assert plan.to_send() == {Kind.CREATE: 4, Kind.ASSIGN: 3, Kind.EVENT: 5}
    assert journal.progress_of(run) == (4, 0)
    report = run_report(journal, run, mapping_sha256="")
    assert report.counts == {"pending": 4, "invalid": 1, "filtered": 1}
    assert (report.follow_ups[Kind.ASSIGN], report.follow_ups[Kind.EVENT]) == ({"pending": 3}, {"pending": 4})
    assert [user.states for user in report.assigned] == [{"pending": 3}]


def test_a_row_reads_the_same_in_its_batch_and_materialized(sending: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = sending

    def said() -> Any:
        batches = [batch.table.to_pylist() for batch in result_batches(journal, run)]
        report = asdict(run_report(journal, run, mapping_sha256=""))
        return batches, report, plan.to_send(), journal.progress_of(run)

    before = said()
    lay_all_out(journal, run)
    assert places(journal, run) == ([2, 3, 4, 5, 6, 7], [])
    assert said() == before


def test_materialized_calls_are_the_planned_ones(sending: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, _ = sending
    lay_all_out(journal, run)
    found = journal.connection.execute(
        "SELECT number, ordinal, kind, key, body, state FROM operations WHERE number IN (3, 6) ORDER BY number, ordinal"
    )
    assert [tuple(call) for call in found] == [
        (3, 0, "create", "L-3", b'{"crm_id":"L-3"}', "planned"),
        (3, 1, "event", "k", b"{}", "blocked"),
        (6, 0, "create", "L-6", b'{"crm_id":"L-6"}', "planned"),
        (6, 1, "assign", "asha@x.example", b"{}", "blocked"),
        (6, 2, "event", "k", b"{}", "blocked"),
        (6, 3, "event", "k", b"{}", "blocked"),
    ]
    assert [tuple(left) for left in journal.connection.execute("SELECT rows, calls, sendable FROM batches")] == [
        (None, None, 0),
        (None, None, 0),
    ]


def test_what_the_whole_file_tells_of_a_run_takes_calls_with_it(sending: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = sending
    conflict = Problem(row=6, code="crm-id-conflict", detail="differs")
    plan.settle_all([(RowId(0, 6), RowStatus.CONFLICT_IN_FILE, conflict)])
    assert places(journal, run) == ([4, 5, 6, 7], [2, 3])
    assert plan.to_send() == {Kind.CREATE: 3, Kind.ASSIGN: 2, Kind.EVENT: 3}
    assert to_fix(journal, run)[6] == ("a6", "b6")
    lay_all_out(journal, run)
    calls = journal.connection.execute("SELECT DISTINCT number FROM operations ORDER BY number").fetchall()
    assert [number for (number,) in calls] == [2, 3, 5]


def test_cells_of_rows_that_are_not_sent_yet_survive_the_scrubbing(sending: tuple[Journal, StoredRun, Plan]) -> None:
    """After an interruption somebody may resume, and then a row may be rejected."""
    journal, run, _ = sending
    scrub(journal, run)
    lay_all_out(journal, run)
    journal.connection.execute("UPDATE rows SET status = 'rejected' WHERE number IN (3, 6)")
    assert to_fix(journal, run) == {3: ("a3", "b3"), 4: ("a4", "b4"), 6: ("a6", "b6")}


def test_a_purged_run_keeps_no_calls(sending: tuple[Journal, StoredRun, Plan]) -> None:
    journal, run, plan = sending
    purge_run(journal.connection, run.id)
    assert plan.statuses() == {"pending": 4, "invalid": 1, "filtered": 1}
    assert [calls for (calls,) in journal.connection.execute("SELECT calls FROM batches")] == [None, None]
    assert {r.crm_id for r in result_rows(journal, run)} == {""}
    report = run_report(journal, run, mapping_sha256="")
    assert (report.follow_ups[Kind.ASSIGN], report.follow_ups[Kind.EVENT]) == ({"pending": 3}, {"pending": 4})
    with pytest.raises(AssertionError, match="the calls of 2 planned rows are gone"):
        lay_all_out(journal, run)  # never: such a run cannot be sent


def test_a_long_batch_of_a_run_is_stored_in_parts(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importer.journal.plan.MATERIALIZED_AT_ONCE", 2)
    run = journal.begin("run-1", "run", REQUEST)
    plan = journal.plan(run, to_send=True)
    plan.add_source(0, INFO)
    rows = [row(2), row(3, RowStatus.INVALID, problems=[WRONG]), row(4, line=9), row(6)]
    add_rows(plan, [*rows, row(9, problems=["phone-repeated"])])
    batches = list(stored_batches(journal.connection, run.id))
    assert [(batch.first, batch.last) for batch in batches] == [(2, 3), (4, 6), (9, 9)]
    assert places(journal, run) == ([3, 9], [2, 4, 6])
    assert run_report(journal, run, mapping_sha256="").rows == 5
    lay_all_out(journal, run)
    assert [(r.row.number, r.warnings) for r in result_rows(journal, run)] == [
        (2, ""),
        (3, ""),
        (4, ""),
        (6, ""),
        (9, "phone-repeated"),
    ]
    calls = journal.connection.execute("SELECT number, count(*) FROM operations GROUP BY number").fetchall()
    assert [tuple(each) for each in calls] == [(2, 3), (4, 3), (6, 3), (9, 3)]


def test_plain_rows_take_up_what_an_earlier_run_left(sending: tuple[Journal, StoredRun, Plan]) -> None:
    journal, first, plan = sending
    lay_all_out(journal, first)
    journal.connection.execute("UPDATE rows SET status = 'rejected' WHERE number IN (2, 3)")
    journal.connection.execute("UPDATE rows SET status = 'created' WHERE number IN (5, 6)")
    tenant = journal.tenant("https://crm.example", "o")
    second = journal.begin("run-2", "run", REQUEST)
    plan = journal.plan(second, to_send=True)
    plan.add_source(0, INFO)
    add_rows(plan, [row(3), replace(row(4), crm_id="another id"), row(8, problems=[WRONG])])
    plan.freeze(REQUEST, tenant, "2026-11-22T00:00:00+00:00")
    link_corrected(journal, second, tenant)
    assert corrected_run(journal, second) == "run-1"
    # Of 2, 3 and 4 the second run imports 3, and the other two under new ids; its own three rows are not sent yet.
    story = Story(first="run-1", rows=6, created=2, mended=0, left=3)
    assert story_of(journal, second) == story
    third = journal.begin("run-3", "run", REQUEST)
    plan = journal.plan(third, to_send=True)
    plan.add_source(0, INFO)
    add_rows(plan, [row(3), replace(row(4), crm_id="another id")])
    plan.freeze(REQUEST, tenant, "2026-11-22T00:00:00+00:00")
    journal.connection.execute("UPDATE runs SET parent = ? WHERE id = ?", (second.id, third.id))
    again = replace(story, left=5)
    assert story_of(journal, third) == again
    lay_all_out(journal, second)
    assert story_of(journal, third) == again
    lay_all_out(journal, third)
    assert story_of(journal, third) == again


@pytest.mark.slow
def test_rows_of_an_older_journal_are_read_as_they_stand(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as older:
        for layout in LAYOUTS[:4]:
            older.executescript(layout)
        older.execute(
            "INSERT INTO runs (run_id, command, state, request, started_at) VALUES"
            ' (\'r\', \'run\', \'finished\', \'{"files": [], "options": {}, "on_duplicate": "skip",'
            ' "mapping_path": "m", "mapping_text": ""}\', \'\')'
        )
        older.executemany(
            "INSERT INTO rows (run, source, number, status, crm_id, owner, cells, assigns, event_calls)"
            " VALUES (1, 0, ?, ?, ?, '', ?, 0, 0)",
            [(n, "unknown" if n == 30_000 else "created", f"L-{n}", f'["a{n}"]') for n in range(2, 30_002)],
        )
        older.execute("PRAGMA user_version = 4")
        older.commit()
    open_database(tmp_path).close()
    with Journal(tmp_path, lambda: datetime(2026, 11, 22, tzinfo=UTC)) as journal:
        run = journal.run("r")
        assert [r.row.number for r in result_rows(journal, run)] == list(range(2, 30_002))
        assert [len(batch.table) for batch in result_batches(journal, run)] == [20_000, 10_000]
        assert to_fix(journal, run) == {30_000: ("a30000",)}
        assert [batch.cells.to_pydict() for batch in result_batches(journal, run)] == [{}, {"0": ["a30000"]}]
