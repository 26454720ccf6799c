"""results.csv is written a column at a time; the expected file a row at a time with `csv`, every byte."""

import csv
import random
from pathlib import Path

import pyarrow as pa
import pytest

from importer.model.outcome import ResultBatch
from importer.reporting import RESULT_COLUMNS
from importer.reporting.csv_columns import neutral
from tests.reporting.conftest import Reports
from tests.sizes import MANY

TEXTS = ("crm_id", "lead_id", "assigned_to", "message", "hint")
PIECES = ["a", "é", "北", "=", "+", "-", "@", "|", "'", '"', ",", "\n", "\r", "\t", " ", "\u200b", "\ufeff", "＝", "1"]


def text(dice: random.Random) -> str:
    return dice.choice(["", "+919876543210", "".join(dice.choices(PIECES, k=dice.randrange(1, 7)))])


@pytest.mark.slow
def test_every_line_is_the_one_that_csv_writes(tmp_path: Path, reports: Reports) -> None:
    dice = random.Random(7)
    rows = [{name: text(dice) for name in TEXTS} for _ in range(MANY)]
    fields = {name: pa.array([row[name] for row in rows], pa.large_string()) for name in TEXTS}
    own = ("status", "assign", "events", "problems", "warnings", "finished_at")
    fields |= {name: pa.array(["valid"] * MANY, pa.large_string()) for name in own}
    fields |= {name: pa.array(range(MANY), pa.int64()) for name in ("number", "attempts", "http_status")}
    table = pa.table(fields | {"error_code": pa.nulls(MANY, pa.int64())})
    nothing = pa.table({})
    batches = (
        ResultBatch(source=0, table=table.slice(at, 20_000), problems=nothing, cells=nothing, leads=nothing)
        for at in range(0, MANY, 20_000)
    )
    reports.write_results(tmp_path / "results.csv", reports.run(reports.source("=a.csv")), batches)
    with (tmp_path / "expected.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(RESULT_COLUMNS)
        for number, row in enumerate(rows):
            crm_id, lead_id, owner, message, hint = (quotable(neutral(row[name])) for name in TEXTS)
            outcome = (crm_id, "valid", lead_id, "valid", owner, "valid", "valid", "valid", message, hint)
            lines.writerow(["'=a.csv", "", number, *outcome, number, number, "", "valid"])
    expected = (tmp_path / "expected.csv").read_bytes().decode().replace(CR, "\r")
    assert (tmp_path / "results.csv").read_bytes().decode() == expected


CR = ",\n\x01"


def quotable(cell: str) -> str:
    """Before Python 3.13 `csv` leaves a lone carriage return unquoted; this stand-in is quoted by all."""
    return cell.replace("\r", CR)
