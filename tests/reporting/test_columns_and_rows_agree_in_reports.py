"""rejects.csv and the overview are made of columns; here of rows, from the same journal."""

import csv
import random
from datetime import UTC, datetime

import pytest

from importer.journal.batches import lay_out, stored_batches
from importer.journal.results import result_batches, row_results
from importer.journal.store import Journal
from importer.model.operation import RowId
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import KINDS, Problem
from importer.model.run import RunRequest
from importer.model.source import SourceInfo
from importer.reporting import REJECT_COLUMNS, Overview, rejects_csv
from importer.reporting.neutral import neutral
from tests.planned import PlannedRow, add_rows

PIECES = ["a", "é", "=", "+", "-", "'", '"', ",", "\n", " ", "7"]
CODES = ["phone-invalid", "date-invalid", "crm-id-missing", "value-missing", "phone-repeated", "crm-id-repeated"]
HEADERS = (("Id", "Name", "Note"), ("Note", "More", "_importer_row", "Id"))


def text(dice):
    return "".join(dice.choices(PIECES, k=dice.randrange(5)))


def problem(number, dice):
    code = dice.choice(CODES)
    return Problem(row=number, code=code, detail=text(dice), column="Id", value=text(dice), warning=KINDS[code].warning)


def row(source, number, dice):
    found = tuple(problem(number, dice) for _ in range(dice.choice([0, 0, 1, 1, 2, 3])))
    status = RowStatus.INVALID if any(not each.warning for each in found) else RowStatus.VALID
    cells = tuple(text(dice) for _ in HEADERS[source])
    return PlannedRow(row=RowId(source, number), status=status, crm_id=f"L-{number}", cells=cells, problems=found)


def answered(journal, run, dice):
    """As if the valid rows had been sent, but for a batch that was not come to."""
    for batch in list(stored_batches(journal.connection, run.id))[:-1]:
        lay_out(journal.connection, batch)
    statuses = ["created", "rejected", "unknown", "created_unconfirmed", "duplicate"]
    for source, number in journal.connection.execute("SELECT source, number FROM rows WHERE status = 'pending'"):
        journal.connection.execute(
            "UPDATE rows SET status = ?, message = ?, hint = ?, http_status = ?, error_code = ?, assign = ?, events = ?"
            " WHERE source = ? AND number = ?",
            (
                *(dice.choice(statuses), dice.choice(["", text(dice)]), dice.choice(["", "Look."])),
                *(dice.choice([None, 400, 500]), dice.choice([None, 4_000_001])),
                *(str(dice.choice(list(FollowUp))), str(dice.choice(list(FollowUp))), source, number),
            ),
        )


@pytest.fixture(params=[(seed, command) for seed in range(6) for command in ("check", "run")], ids=str)
def finished(request, tmp_path):
    """A run over two sources in batches of 40 rows."""
    seed, command = request.param
    dice = random.Random(seed)
    with Journal(tmp_path / "reports", lambda: datetime(2026, 11, 22, tzinfo=UTC)) as journal:
        run = journal.begin("r", command, RunRequest(files=("a.csv",), mapping_path="m", mapping_text=""))
        plan = journal.plan(run, to_send=command == "run")
        for source, headers in enumerate(HEADERS):
            info = SourceInfo(path="a", sha256="f", format="csv", columns=headers, headers=headers, header_row=1)
            plan.add_source(source, info)
            for first in range(2, 202, 40):
                add_rows(
                    plan, [row(source, number, dice) for number in range(first, first + 40) if dice.random() < 0.9]
                )
        answered(journal, run, dice)
        yield journal, run


@pytest.mark.slow
@pytest.mark.parametrize("shown", [0, 50, 1_000])
def test_the_overview_is_the_same(finished, shown):
    by_row, by_column = Overview(shown=shown), Overview(shown=shown)
    for result in row_results(*finished):
        by_row.add(result)
    batches = list(result_batches(*finished, people=shown))
    for batch in batches:
        by_column.take(batch)
    assert by_column.groups == by_row.groups != []
    assert by_column.people == by_row.people
    assert by_column.people_count == by_row.people_count > 50
    if finished[1].command == "check":  # where every row that needs a person breaks a rule
        assert sum(len(batch.people) for batch in batches) == min(shown, by_row.people_count)


@pytest.mark.slow
def test_rejects_are_the_same_line_by_line(finished, reports, tmp_path):
    run = reports.run(reports.source(headers=HEADERS[0]), reports.source(headers=HEADERS[1]))
    with rejects_csv(tmp_path / "rejects.csv", run) as write:
        for batch in result_batches(*finished):
            write(batch)
    with (tmp_path / "expected.csv").open("w", encoding="utf-8-sig", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["Id", "Name", "Note", "More", *REJECT_COLUMNS])
        for result in row_results(*finished):
            if result.needs_a_person:
                cells = dict(zip(HEADERS[result.row.source], result.cells, strict=True))
                own = [cells.get(name, "") for name in ("Id", "Name", "Note", "More")]
                said = (neutral(result.explanation), neutral(result.cure))
                lines.writerow([*own, result.row.number, result.status, result.codes(warnings=False), *said])
    assert (tmp_path / "rejects.csv").read_bytes() == (tmp_path / "expected.csv").read_bytes()
