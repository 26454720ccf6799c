"""results.csv: read back with the csv module."""

import csv
import tracemalloc
from pathlib import Path

import pytest

from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from importer.reporting import RESULT_COLUMNS
from tests.reporting.conftest import Reports


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_the_promised_ones() -> None:
    promised = (
        "source,sheet,number,crm_id,status,lead_id,assign,assigned_to,events,problems,warnings,"
        "message,hint,attempts,http_status,error_code,finished_at"
    )
    assert ",".join(RESULT_COLUMNS) == promised


def test_one_line_per_row_in_the_order_given(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(reports.source("in/a.csv"), reports.source("in/b.xlsx", sheet="März"))
    warning = Problem(row=2, code="row-too-short", detail="ends early", warning=True)
    rows = [
        reports.created(2, problems=(warning, warning), events=FollowUp.HELD),
        reports.invalid(3),
        reports.row(
            9, RowStatus.REJECTED, source=1, message="refused", hint="ask", http_status=422, error_code=4220001
        ),
    ]
    reports.write_results(tmp_path / "results.csv", run, reports.batches(rows))
    first, second, third = read(tmp_path / "results.csv")
    assert first == {
        "source": "a.csv",
        "sheet": "",
        "number": "2",
        "crm_id": "C-2",
        "status": "created",
        "lead_id": "6f1d0000-0000-4000-8000-000000000002",
        "assign": "accepted",
        "assigned_to": "asha@crm.example",
        "events": "held",
        "problems": "",
        "warnings": "row-too-short",
        "message": "ends early; ends early",
        "hint": "Check that no cell is missing in the middle of the row.",
        "attempts": "1",
        "http_status": "200",
        "error_code": "",
        "finished_at": "2026-11-22T15:04:06Z",
    }
    assert (second["status"], second["problems"], second["warnings"]) == ("invalid", "phone-invalid", "")
    assert second["message"] == "Phone: “12” is not a phone number"
    assert second["hint"]
    assert (third["source"], third["sheet"], third["number"]) == ("b.xlsx", "März", "9")
    assert (third["message"], third["hint"], third["http_status"], third["error_code"]) == (
        "refused",
        "ask",
        "422",
        "4220001",
    )


def test_bytes_are_utf8_without_bom_and_lines_end_in_a_line_feed(tmp_path: Path, reports: Reports) -> None:
    reports.write_results(
        tmp_path / "results.csv", reports.run(), reports.batches([reports.created(message='a "b",\nc')])
    )
    content = (tmp_path / "results.csv").read_bytes()
    assert content.startswith(b"source,sheet,")
    assert b"\r" not in content
    assert b'"a ""b"",\nc"' in content


def test_no_text_of_a_row_can_be_evaluated_and_none_breaks_the_line(tmp_path: Path, reports: Reports) -> None:
    nasty = '=HYPERLINK("http://x.example")'
    row = reports.row(
        2,
        crm_id=nasty,
        lead_id="+1-1",
        assigned_to="@a",
        message="\rb",
        hint="a\rb",
        finished_at="",
        status=RowStatus.UNKNOWN,
    )
    run = reports.run(reports.source("=a.csv", sheet="-s"))
    reports.write_results(tmp_path / "results.csv", run, reports.batches([row]))
    (line,) = read(tmp_path / "results.csv")
    assert line["crm_id"] == "'" + nasty
    assert [line[name] for name in ("lead_id", "assigned_to", "message", "hint", "source", "sheet")] == [
        "'+1-1",
        "'@a",
        "'\rb",
        "a\rb",
        "'=a.csv",
        "'-s",
    ]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, reports: Reports) -> None:
    run = reports.run()
    reports.write_results(tmp_path / "warm.csv", run, reports.batches([reports.created()]))
    tracemalloc.start()
    reports.write_results(tmp_path / "results.csv", run, reports.batches(map(reports.created, range(2, 10_002))))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000
    assert len(read(tmp_path / "results.csv")) == 10_000
