"""summary.json has every key of the contract, always."""

import json
from pathlib import Path

from importer.model.run import RunState
from importer.reporting import summary, write_summary
from tests.reporting.conftest import Reports

KEYS = [
    "run_id",
    "command",
    "state",
    "exit_code",
    "reason",
    "sources",
    "mapping",
    "org",
    "base_url",
    "rows",
    "counts",
    "assign",
    "events",
    "problems",
    "requests",
    "seconds",
    "started_at",
    "finished_at",
    "estimate",
    "files",
]


def test_every_key_is_there_and_the_file_says_the_same(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(rows=[reports.created(2), reports.invalid(3)])
    fields = summary(run, {"results": "reports/r/results.csv"})
    write_summary(tmp_path / "summary.json", run, {"results": "reports/r/results.csv"})
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8")) == fields
    assert list(fields) == KEYS
    assert (fields["state"], fields["exit_code"]) == ("finished", 1)
    assert fields["counts"] == {"created": 1, "invalid": 1}
    assert fields["problems"] == {"phone-invalid": 1}
    assert fields["requests"] == {"create": 3, "assign": 2, "event": 1, "throttled": 4, "retried": 5}
    assert fields["estimate"] == {"rows_to_send": 3, "requests": 6, "seconds": 0.6}
    assert fields["mapping"] == {"path": "mappings/webinar.yaml", "sha256": "cd" * 32}
    assert fields["sources"] == [
        {
            "path": "leads.csv",
            "sha256": "ab" * 32,
            "format": "csv",
            "encoding": "utf-8",
            "delimiter": ",",
            "sheet": "",
            "header_row": 1,
            "rows": 3,
        }
    ]


def test_a_run_that_ended_before_anything_was_read_has_every_key_too(tmp_path: Path, reports: Reports) -> None:
    run = reports.run(sources=(), rows=(), state=RunState.STOPPED, exit_code=2, org="", base_url="", finished_at="")
    assert list(summary(run, {})) == KEYS
    write_summary(tmp_path / "summary.json", run, {})
    fields = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert (fields["state"], fields["sources"], fields["counts"], fields["rows"]) == ("stopped", [], {}, 0)


def test_a_path_that_is_no_text_is_still_json(tmp_path: Path, reports: Reports) -> None:
    write_summary(tmp_path / "s.json", reports.run(reports.source("a\udce9.csv")), {})
    assert json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))["sources"][0]["path"] == "a\udce9.csv"
