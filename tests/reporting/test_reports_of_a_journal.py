"""rejects.csv and the overview of runs with many rows, against what was planned and answered."""

import csv
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from importer.journal.results import result_batches
from importer.journal.rows import materialize, stored_batches
from importer.journal.runs import Journal
from importer.model.operation import Kind, RowId
from importer.model.outcome import NEEDS_A_PERSON, STATES_FOR_A_PERSON, FollowUp, RowStatus
from importer.model.problem import KINDS, Problem
from importer.model.run import RunRequest
from importer.model.source import SourceInfo
from importer.reporting import REJECT_COLUMNS, Overview, rejects_csv
from importer.reporting.csv_columns import neutral
from tests.planned import PlannedRow, add_rows
from tests.problem_words import hint_of, message_of
from tests.reporting.conftest import ReportRow, Reports

PIECES = ["a", "é", "=", "+", "-", "'", '"', ",", "\n", " ", "7"]
CODES = ["phone-invalid", "date-invalid", "crm-id-missing", "value-missing", "phone-repeated", "crm-id-repeated"]
SHOWN_AS = {FollowUp.NONE: "dropped", FollowUp.PENDING: "planned"}
HEADERS = (("Id", "Name", "Note"), ("Note", "More", "_importer_row", "Id"))


def text(dice: random.Random) -> str:
    return "".join(dice.choices(PIECES, k=dice.randrange(5)))


def problem(number: int, dice: random.Random) -> Problem:
    code = dice.choice(CODES)
    return Problem(row=number, code=code, detail=text(dice), column="Id", value=text(dice), warning=KINDS[code].warning)


def planned(source: int, number: int, dice: random.Random) -> PlannedRow:
    found = tuple(problem(number, dice) for _ in range(dice.choice([0, 0, 1, 1, 2, 3])))
    status = RowStatus.INVALID if any(not each.warning for each in found) else RowStatus.VALID
    cells = tuple(text(dice) for _ in HEADERS[source])
    return PlannedRow(row=RowId(source, number), status=status, crm_id=f"L-{number}", cells=cells, problems=found)


def answers(journal: Journal, run: Any, dice: random.Random) -> dict[tuple[int, int], dict[str, Any]]:
    """As if the valid rows had been sent, but for a batch that was not come to."""
    for batch in list(stored_batches(journal.connection, run.id))[:-1]:
        materialize(journal.connection, batch)
    statuses = ["created", "rejected", "unknown", "created_unconfirmed", "duplicate"]
    given = {}
    for source, number in journal.connection.execute("SELECT source, number FROM rows WHERE status = 'pending'"):
        answer = {
            "status": dice.choice(statuses),
            "message": dice.choice(["", text(dice)]),
            "hint": dice.choice(["", "Look."]),
            "http_status": dice.choice([None, 400, 500]),
            "error_code": dice.choice([None, 4_000_001]),
        }
        journal.connection.execute(
            f"UPDATE rows SET {', '.join(f'{name} = ?' for name in answer)} WHERE source = ? AND number = ?",
            (*answer.values(), source, number),
        )
        states = {kind: dice.choice(list(FollowUp)) for kind in (Kind.ASSIGN, Kind.EVENT)}
        journal.connection.executemany(
            "INSERT INTO operations (run, source, number, ordinal, kind, key, state) VALUES (?, ?, ?, ?, ?, '', ?)",
            [
                (run.id, source, number, ordinal, kind, SHOWN_AS.get(state, state))
                for ordinal, (kind, state) in enumerate(states.items(), start=1)
            ],
        )
        given[source, number] = answer | {kind.about.column: state for kind, state in states.items()}
    return given


@pytest.fixture(params=[(seed, command) for seed in range(4) for command in ("check", "run")], ids=str)
def finished(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A run over two sources in batches of 40 rows, and what is expected of each of its rows."""
    seed, command = request.param
    dice = random.Random(seed)
    with Journal(tmp_path / "reports", lambda: datetime(2026, 11, 22, tzinfo=UTC)) as journal:
        run = journal.begin("r", command, RunRequest(files=("a.csv",), mapping_path="m", mapping_text=""))
        plan = journal.plan(run, to_send=command == "run")
        rows = []
        for source, headers in enumerate(HEADERS):
            info = SourceInfo(path="a", sha256="f", format="csv", columns=headers, headers=headers, header_row=1)
            plan.add_source(source, info)
            for first in range(2, 202, 40):
                batch = [planned(source, number, dice) for number in range(first, first + 40) if dice.random() < 0.9]
                add_rows(plan, batch)
                rows += batch
        given = answers(journal, run, dice)
        expected = []
        for row in rows:
            own = {"crm_id": row.crm_id, "problems": row.problems, "cells": row.cells, "status": row.status}
            answer = given.get((row.row.source, row.row.number), {})
            expected.append(ReportRow(row=row.row, **(own | answer)))
        yield journal, run, expected


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 50, 1_000])
def test_the_overview_counts_each_rule_and_each_answer_once_a_row(finished: Any, limit: int) -> None:
    journal, run, rows = finished
    overview = Overview(limit=limit)
    for batch in result_batches(journal, run):
        overview.add(batch)
    to_fix = [row for row in rows if row.needs_attention]
    assert overview.attention_count == len(to_fix) > 50
    assert [shown.row for shown in overview.shown] == [row.row for row in to_fix][:limit]
    counts: Counter[str] = Counter()
    examples: defaultdict[str, list[RowId]] = defaultdict(list)
    for row in rows:
        codes = {each.code for each in row.problems} | (set() if row.codes(warning=False) else reasons(row))
        counts.update(codes)
        for code in codes:
            examples[code].append(row.row)
    assert {group.code: group.rows for group in overview.groups} == counts
    for group in overview.groups:
        assert [example.row for example in group.examples] == examples[group.code][:5]
        assert group.warning is (KINDS[group.code].warning if group.code in KINDS else False)


def reasons(row: ReportRow) -> Any:
    found = {f"assign-{row.assign}"} if row.assign in STATES_FOR_A_PERSON else set()
    found |= {f"events-{row.events}"} if row.events in STATES_FOR_A_PERSON else set()
    if row.status in NEEDS_A_PERSON:
        found.add("-".join(str(part) for part in (row.status, row.error_code or row.http_status) if part))
    return found


@pytest.mark.slow
def test_rejects_hold_the_rows_that_need_attention_line_by_line(
    finished: Any, reports: Reports, tmp_path: Path
) -> None:
    journal, run, rows = finished
    report = reports.run(reports.source(headers=HEADERS[0]), reports.source(headers=HEADERS[1]))
    with rejects_csv(tmp_path / "rejects.csv", report) as write:
        for batch in result_batches(journal, run):
            write(batch)
    with (tmp_path / "expected.csv").open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["Id", "Name", "Note", "More", *REJECT_COLUMNS])
        for row in rows:
            if row.needs_attention:
                cells = dict(zip(HEADERS[row.row.source], row.cells, strict=True))
                own = [cells.get(name, "") for name in ("Id", "Name", "Note", "More")]
                message = row.message or "; ".join(message_of(problem) for problem in row.described)
                hint = row.hint or " ".join(dict.fromkeys(hint_of(problem) for problem in row.described))
                lines.writerow(
                    [*own, row.row.number, row.status, row.codes(warning=False), neutral(message), neutral(hint)]
                )
    assert (tmp_path / "rejects.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
