"""The Python API: what goes in, what comes out, and how it ends."""

import dataclasses
import datetime
import io
import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

import importer
from importer.mapping import load_mapping
from tests.canary import CANARY

MAPPING = {"version": 1, "name": "weekly", "lead": {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone"}}
YAML = "version: 1\nname: weekly\nlead: {crm_id: ID, first_name: Name, phone_number: Phone}\n"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("API_KEY", "TOKEN", "ORG_ID", "BASE_URL"):
        monkeypatch.delenv(f"SALESCHAT_{name}", raising=False)
    Path("m.yaml").write_text(YAML)
    Path("list.csv").write_text(csv(12) + "L-99,,=1+1\n")
    return tmp_path


@pytest.fixture
def server() -> Iterator[importer.Sandbox]:
    with importer.sandbox(rate=0) as running:
        yield running


def csv(rows: int) -> str:
    return "ID,Name,Phone\n" + "".join(f"L-{number},Asha,+9198765{number:05}\n" for number in range(rows))


# what comes out


@pytest.mark.slow
def test_a_report_has_what_its_files_have(folder: Path) -> None:
    report = importer.check("list.csv", mapping="m.yaml")
    assert report.folder == Path("reports") / report.run_id
    assert (report.command, report.state, report.exit_code, report.reason) == ("check", "finished", 1, "")
    assert report.counts == {"valid": 12, "invalid": 1}
    assert report.summary == json.loads(report.files["summary.json"].read_text())
    assert report.rows.columns.tolist() == report.files["results.csv"].read_text().splitlines()[0].split(",")
    assert report.rows["number"].tolist() == [*range(2, 15)]
    assert (report.rows["lead_id"] == "").all()
    assert all(path.exists() for path in report.files.values())
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.state = "stopped"  # type: ignore[misc]


def test_problems_and_leads_are_frames_with_the_columns_of_their_files() -> None:
    report = importer.check("list.csv", mapping="m.yaml", write=False)
    assert report.problems.columns.tolist() == (
        ["source", "sheet", "number", "column", "cell", "field", "code", "severity", "value", "message", "hint"]
    )
    assert {*report.problems["number"]} == {14}
    assert "=1+1" in report.problems["value"].tolist(), "as it stands in the file, without an apostrophe"
    assert report.leads["phone_number"].tolist() == [f"+9198765{number:05}" for number in range(12)]


def test_without_writing_nothing_stays(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    report = importer.check("list.csv", mapping="m.yaml", write=False)
    assert (report.folder, report.files, report.summary["files"]) == (None, {}, {})
    assert report.rows["status"].value_counts().to_dict() == report.counts
    importer.suggest("list.csv")
    assert importer.history() == []
    assert sorted(folder.rglob("*")) == before


def test_a_pipeline_may_want_to_stop() -> None:
    with pytest.raises(importer.ProblemsFound, match="1 invalid") as caught:
        importer.check("list.csv", mapping="m.yaml").raise_for_problems()
    assert caught.value.exit_code == 1
    assert caught.value.report.counts["invalid"] == 1
    assert "rejects.csv" in caught.value.tip
    Path("good.csv").write_text(csv(2))
    importer.check("good.csv", mapping="m.yaml").raise_for_problems()


def test_a_proposal_can_be_checked_with_and_is_what_a_check_uses_without_a_mapping() -> None:
    proposal = importer.suggest("list.csv")
    assert {column.name: column.becomes for column in proposal.columns}["Phone"] == "phone_number"
    assert all(todo.startswith("line ") for todo in proposal.todos)
    proposed, without = (importer.check("list.csv", each, write=False) for each in (proposal, None))
    assert proposed.counts == without.counts == importer.check("list.csv", proposal.mapping, write=False).counts
    assert proposed.summary["mapping"]["sha256"] == without.summary["mapping"]["sha256"]


def test_a_proposal_is_never_sent(server: importer.Sandbox) -> None:
    with pytest.raises(importer.MappingError, match="never sent"):
        importer.run("list.csv", importer.suggest("list.csv"), base_url=server.url)


# what goes in


@pytest.mark.parametrize(
    "mapping", [lambda: MAPPING, lambda: YAML, lambda: Path("m.yaml"), lambda: load_mapping(Path("m.yaml")).mapping]
)
def test_every_kind_of_mapping(mapping: Callable[[], Any]) -> None:
    assert importer.check("list.csv", mapping(), write=False).counts == {"valid": 12, "invalid": 1}


@pytest.mark.parametrize("path", sorted((ROOT / "mappings").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_mapping_object_says_the_same_as_its_file(path: Path) -> None:
    from importer.runs.given_inputs import given_mapping

    assert given_mapping(load_mapping(path).mapping).mapping == load_mapping(path).mapping


def test_mistakes_of_a_dictionary_are_named() -> None:
    with pytest.raises(importer.MappingError, match="phone") as caught:
        importer.check("list.csv", {**MAPPING, "lead": {"crm_id": "ID", "phone": "Phone"}})
    assert len(caught.value.mistakes) >= 2
    with pytest.raises(importer.MappingError, match="only text, numbers"):
        importer.check("list.csv", {**MAPPING, "name": object()})


def workbook() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for line in csv(12).splitlines():
        book.worksheets[0].append(line.split(","))
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("content", [csv(12).encode(), workbook()], ids=["csv", "xlsx"])
def test_an_open_file(content: bytes) -> None:
    assert importer.check(io.BytesIO(content), mapping="m.yaml", write=False).counts == {"valid": 12}


def test_an_open_file_keeps_its_name_and_leaves_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    with Path("list.csv").open("rb") as file:
        report = importer.check(file, mapping="m.yaml")
    assert {*report.rows["source"]} == {"(list.csv)"}
    assert [source["path"] for source in report.summary["sources"]] == ["(list.csv)"]
    assert [*(tmp_path / "temporary").iterdir()] == []


def test_several_sources_are_one_check() -> None:
    Path("more.csv").write_text(csv(1))
    table = pd.DataFrame([{"ID": "L-50", "Name": "Ben", "Phone": "+919876500050"}])
    report = importer.check(["list.csv", Path("more.csv"), table], mapping="m.yaml", write=False)
    assert report.counts == {"valid": 13, "invalid": 1, "duplicate_in_file": 1}
    assert report.rows["source"].unique().tolist() == ["list.csv", "more.csv", "(table 3)"]


@pytest.mark.parametrize("of", [pd.DataFrame, lambda columns: pa.table(columns)], ids=["pandas", "arrow"])
def test_rows_of_a_table_are_numbered_from_1(of: Callable[[Any], Any]) -> None:
    table = of({"ID": ["a", None, "c"], "Name": ["A", None, "C"], "Phone": ["+919876500001", None, "+919876500003"]})
    report = importer.check(table, mapping=MAPPING, write=False)
    assert report.rows[["number", "crm_id"]].to_numpy().tolist() == [[1, "a"], [3, "c"]]
    assert report.summary["sources"][0]["format"] == "table"


def test_a_table_that_knows_only_the_interface_of_arrow() -> None:
    class Other:
        def __arrow_c_stream__(self, schema: object = None) -> object:
            return pa.table({"ID": ["a"], "Name": ["A"], "Phone": ["+919876500001"]}).__arrow_c_stream__(schema)

    assert importer.check(Other(), mapping=MAPPING, write=False).counts == {"valid": 1}


VALUES: dict[str, Any] = {
    "text": ["x", "x"],
    "whole": [12, "12"],
    "float": [919876500001.0, "919876500001"],
    "part": [1.5, "1.5"],
    "nothing": [float("nan"), ""],
    "yes": [True, "TRUE"],
    "day": [datetime.date(2026, 1, 2), "2026-01-02"],
    "moment": [pd.Timestamp("2026-01-02 03:04:05"), "2026-01-02 03:04:05"],
    "midnight": [pd.Timestamp("2026-01-02"), "2026-01-02"],
    "aware": [pd.Timestamp("2026-01-02 03:04:05.25", tz="Asia/Kolkata"), "2026-01-02T03:04:05.250000+05:30"],
    "price": [Decimal("12.50"), "12.50"],
    "uuid": [UUID(int=1), "00000000-0000-0000-0000-000000000001"],
    "none": [None, ""],
}


def test_values_become_the_text_that_people_see(tmp_path: Path) -> None:
    from importer.model.source import ReadOptions
    from importer.reading.opening import open_tables
    from importer.reading.text_table import write_text_table

    typed = pd.DataFrame({name: [value] for name, (value, _) in VALUES.items()})
    typed["kind"] = pd.Categorical(["gold"])
    typed[7] = "a column without a text for a name"
    mixed = typed.astype(object)
    mixed.loc[1] = ["x"] * len(mixed.columns)  # no column has one type any more
    for number, frame in enumerate((typed, mixed)):
        write_text_table(frame, tmp_path / str(number))
        (table,) = open_tables(tmp_path / str(number), ReadOptions())
        (batch,) = table.batches()
        row = batch.frame.loc[1].to_dict()
        assert row == {name: text for name, (_, text) in VALUES.items()} | {
            "kind": "gold",
            "7": "a column without a text for a name",
        }


def test_digits_that_a_float_has_lost_are_a_problem() -> None:
    table = pd.DataFrame({"ID": ["a"], "Name": ["A"], "Phone": [9.1987650000112345e15]})
    assert importer.check(table, mapping=MAPPING, write=False).rows["problems"].tolist() == ["digits-lost"]


def test_two_columns_of_one_name_are_told_apart_as_in_a_file() -> None:
    table = pd.DataFrame([["a", "A", "", "+919876500001"]], columns=["ID", "Name", "Phone", "Phone"])
    mapping = {**MAPPING, "lead": {"crm_id": "ID", "first_name": "Name", "phone_number": "Phone (2)"}}
    assert importer.check(table, mapping=mapping, write=False).counts == {"valid": 1}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (7, "a int is no source"),
        ([], "no source is given"),
        (io.StringIO("ID"), "open as text"),
        (pd.DataFrame({"ID": [["a"]]}), "column 'ID' holds a list"),
        (pa.table({"ID": [{"a": 1}]}), "column 'ID' holds a dict"),
        (pd.DataFrame(), "table: the table has no columns"),
        ("nowhere.csv", "nowhere.csv: file not found"),
    ],
)
def test_a_source_that_is_none(source: Any, message: str) -> None:
    with pytest.raises(importer.SourceError, match=message) as caught:
        importer.check(source, mapping="m.yaml", write=False)
    assert caught.value.tip
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"ID": pa.array(["a"], pa.large_string())}),
        pa.table({"ID": pa.array(["a"], pa.string())}).replace_schema_metadata({"importer": "text columns"}),
    ],
    ids=["without our mark", "of other types"],
)
def test_arrow_files_of_others_are_refused(table: pa.Table, folder: Path) -> None:
    with pa.OSFile(str(folder / "theirs.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(importer.SourceError, match="an Arrow file"):
        importer.check("theirs.arrow", mapping="m.yaml")
    Path("cut.arrow").write_bytes((folder / "theirs.arrow").read_bytes()[:100])
    with pytest.raises(importer.SourceError, match="damaged"):
        importer.check("cut.arrow", mapping="m.yaml")


def test_an_option_that_does_not_exist_is_an_error_of_the_program() -> None:
    with pytest.raises(TypeError, match="unknown option 'rat'"):
        importer.run("list.csv", "m.yaml", rat=1)  # type: ignore[call-arg]


# running


def test_a_run_its_history_and_its_report(server: importer.Sandbox) -> None:
    result = importer.run("list.csv", mapping="m.yaml", base_url=server.url, rate=0)
    assert result.counts == {"created": 12, "invalid": 1}
    assert (result.rows["lead_id"] != "").sum() == 12
    (past,) = importer.history()
    assert (past.run_id, past.state, past.counts, past.folder) == (
        result.run_id,
        "finished",
        result.counts,
        result.folder,
    )
    result.files["results.csv"].unlink()
    assert importer.report().rows.equals(result.rows)


def test_a_file_that_was_imported_before_is_refused(server: importer.Sandbox) -> None:
    importer.run("list.csv", mapping="m.yaml", base_url=server.url, rate=0)
    with pytest.raises(importer.RunError, match="already imported"):
        importer.run("list.csv", mapping="m.yaml", base_url=server.url, rate=0)
    again = importer.run("list.csv", mapping="m.yaml", base_url=server.url, rate=0, again=True)
    assert again.counts == {"duplicate": 12, "invalid": 1}


def test_a_rehearsal_starts_its_own_sandbox() -> None:
    assert importer.run("list.csv", "m.yaml", sandbox=True, rate=0).counts == {"created": 12, "invalid": 1}


@pytest.mark.parametrize(("option", "header"), [("api_key", "x-org-api-key"), ("token", "authorization")])
def test_a_key_is_used_and_stands_nowhere(option: str, header: str, folder: Path) -> None:
    with importer.sandbox(rate=0, api_key=CANARY) as server:
        given: Any = {option: CANARY, "org": "4711", "base_url": server.url}
        result = importer.run("list.csv", "m.yaml", rate=0, **given)
    assert result.counts["created"] == 12  # that no file holds it is what conftest.py looks for
    assert given[option] == CANARY, "the program's own dictionary is left alone"


@pytest.mark.slow
def test_a_wrong_key_stops_the_run_and_the_error_has_the_report(server: importer.Sandbox) -> None:
    with pytest.raises(importer.StoppedByCrm) as caught:
        importer.run("list.csv", "m.yaml", org="4711", base_url=server.url, api_key="wrong-key-12345", rate=0)
    error = caught.value
    assert (error.exit_code, error.report.exit_code, error.report.state) == (3, 3, "stopped")
    assert error.tip
    assert importer.resume(error.report.run_id).counts == {"created": 12, "invalid": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"api_key": "k" * 20, "token": "t" * 20}, "more than one of"),
        ({"api_key": ""}, "is empty"),
        ({}, "no organization"),
        ({"org": "1", "base_url": "http://127.0.0.1:1", "api_key": "a b"}, "not well-formed"),
        ({"rate": -1.0}, "must be a number"),
    ],
)
def test_settings_that_are_wrong(given: Any, message: str) -> None:
    with pytest.raises(importer.SettingsError, match=message):
        importer.run("list.csv", "m.yaml", **given)


def test_too_many_invalid_rows_stop_a_run_before_it_sends(server: importer.Sandbox) -> None:
    with pytest.raises(importer.RunError, match="1 of 13 rows") as caught:
        importer.run("list.csv", "m.yaml", base_url=server.url, max_invalid=0)
    assert "Nothing was sent" in caught.value.tip
    assert caught.value.report.counts == {"pending": 12, "invalid": 1}
    assert len(server.state.leads) == 0


# progress and stopping


def test_progress_counts_up_to_the_end(server: importer.Sandbox) -> None:
    seen: list[importer.Progress] = []
    importer.run("list.csv", "m.yaml", base_url=server.url, rate=0, on_progress=seen.append)
    checking, sending = ([each for each in seen if each.phase == phase] for phase in ("checking", "sending"))
    assert (checking[-1].done, checking[-1].total) == (13, None)
    assert [(each.done, each.total) for each in (sending[0], sending[-1])] == [(0, 12), (12, 12)]
    assert sending[-1].counts == {"created": 12}
    assert sending[-1].rate > 0
    assert sending[-1].estimate == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        seen[0].done = 1  # type: ignore[misc]


def test_a_callback_that_raises_stops_the_run_as_ctrl_c_does(server: importer.Sandbox) -> None:
    calls = []

    def callback(progress: importer.Progress) -> None:
        calls.append(progress)
        if progress.phase == "sending" and progress.done == 3:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough") as caught:
        importer.run("list.csv", "m.yaml", base_url=server.url, on_progress=callback, canary=False)
    assert calls[-1].done == 3, "it is not called again"
    (past,) = importer.history()
    assert past.run_id in caught.value.__notes__[0]
    assert (past.state, past.exit_code) == ("interrupted", 130)
    assert 3 <= past.counts["created"] < 12
    assert importer.resume(past.run_id).counts == {"created": 12, "invalid": 1}


def test_an_event_stops_the_run_and_it_can_be_resumed(server: importer.Sandbox) -> None:
    stop = threading.Event()

    def callback(progress: importer.Progress) -> None:
        if progress.phase == "sending" and progress.done:
            stop.set()

    result = importer.run("list.csv", "m.yaml", base_url=server.url, on_progress=callback, stop=stop, canary=False)
    assert (result.state, result.exit_code) == ("interrupted", 130)
    assert 0 < result.counts["pending"] < 12
    with pytest.raises(importer.RunInterrupted, match="pending"):
        result.raise_for_problems()
    assert importer.resume(result.run_id).counts == {"created": 12, "invalid": 1}


def test_an_event_that_is_set_already_sends_nothing(server: importer.Sandbox) -> None:
    stop = threading.Event()
    stop.set()
    Path("long.csv").write_text(csv(120_000))
    result = importer.run("long.csv", "m.yaml", base_url=server.url, stop=stop)
    assert result.state == "interrupted"
    assert len(server.state.leads) == 0


# the package


def test_the_package_imports_nothing_until_it_is_needed() -> None:
    code = (
        "import sys, importer; importer.ImporterError; importer.__version__; dir(importer); "
        "print(sorted({'pandas', 'pyarrow', 'pandera', 'httpx', 'click'} & {*sys.modules}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.strip() == "[]"


@pytest.mark.slow
def test_every_name_is_there_in_every_order() -> None:
    code = (
        "import importer; made = importer.sandbox(rate=0)\n"
        "from importer.sandbox import Sandbox; import importer.sandbox as room\n"
        "assert importer.sandbox is room and isinstance(made, Sandbox) and importer.Sandbox is Sandbox\n"
        "print([name for name in importer.__all__ if not hasattr(importer, name)], hasattr(importer, 'nothing'))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.strip() == "[] False"
    assert (ROOT / "importer" / "py.typed").exists()


def test_the_journal_holds_no_path_of_a_copy_that_is_gone_as_a_mapping(server: importer.Sandbox) -> None:
    importer.run("list.csv", MAPPING, base_url=server.url, rate=0)
    with sqlite3.connect("reports/journal.sqlite3") as journal:
        ((request,),) = journal.execute("SELECT request FROM runs").fetchall()
    journal.close()
    assert json.loads(request)["mapping_path"] == "(given by the program)"
