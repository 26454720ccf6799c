"""The last words of a run, letter by letter, and in 15 lines at most."""

import click
import pytest

from importer.cli.wording import conclusion
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import KINDS
from importer.model.run import Estimate, RunReport, RunState
from importer.runs.closing import Finished
from importer.runs.finish import Ended
from importer.sandbox import Sandbox
from tests.cli.command_line import PLAIN_MAPPING, CommandLine, lead, leads


def _finished(stop: Stop | None = None, **facts: object) -> Finished:
    known: dict[str, object] = {
        "run_id": "20261122-150405-weekly", "command": "run", "state": RunState.FINISHED, "exit_code": 1, "reason": "",
        "sources": (), "mapping_path": "m", "mapping_sha256": "", "org": "", "base_url": "", "started_at": "",
        "finished_at": "", "seconds": 512.0, "rows": 5000,
    }  # fmt: skip
    report = RunReport(**{**known, **facts})  # type: ignore[arg-type]
    return Finished(
        ended=Ended(report=report, files={"rejects.csv": "r/rejects.csv", "report.html": "r/x.html"}), stop=stop
    )


def test_a_finished_run() -> None:
    finished = _finished(
        counts={"created": 4912, "duplicate": 8, "invalid": 79, "rejected": 1},
        assign={"rejected": 2, "accepted": 4910},
        events={"accepted": 4910},
        problems={"phone-invalid": 70, "first-name-missing": 9},
    )
    assert (
        click.unstyle(conclusion(finished))
        == """\
Run 20261122-150405-weekly finished after 9 min: 5,000 rows
       79 invalid              needs a person
    4,912 created
        8 duplicate
        1 rejected             needs a person
  assignments: 4,910 accepted, 2 rejected
  events: 4,910 accepted
       70 × phone-invalid: Not a phone number
        9 × first-name-missing: No first name
Rows that need a person: r/rejects.csv
Report:                  r/x.html"""
    )


def test_a_stopped_run() -> None:
    stop = Stop(exit_code=ExitCode.OUTAGE, reason="the server is gone", tip="`importer resume` goes on.\nLater.")
    finished = _finished(stop, state=RunState.STOPPED, reason="the server is\x1b[2J gone", counts={"pending": 5000})
    assert (
        click.unstyle(conclusion(finished))
        == """\
Run 20261122-150405-weekly stopped after 9 min: 5,000 rows
    5,000 pending
  why: the server is\\x1b[2J gone
  tip: `importer resume` goes on.\\x0aLater.
Rows that need a person: r/rejects.csv
Report:                  r/x.html"""
    )


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("statuses", range(len(RowStatus) + 1))
def test_never_more_than_15_lines_and_every_count_is_said(command: str, statuses: int) -> None:
    finished = _finished(
        Stop(exit_code=ExitCode.OUTAGE, reason="gone", tip="wait"),
        command=command,
        reason="gone",
        counts={str(status): 1000 + n for n, status in enumerate(list(RowStatus)[:statuses])},
        assign={str(state): 7 for state in FollowUp if state},
        events={str(state): 7 for state in FollowUp if state},
        problems=dict.fromkeys(KINDS, 3),
        estimate=Estimate(rows_to_send=1, requests=1, seconds=1.0),
    )
    said = click.unstyle(conclusion(finished))
    assert len(said.splitlines()) <= 15
    for n, status in enumerate(list(RowStatus)[:statuses]):
        assert f"{1000 + n:,} {status}" in said
    assert "more rules; see the report" in said
    assert said.splitlines()[-1].endswith("r/x.html")


def test_the_problems_that_are_not_shown_are_counted() -> None:
    said = conclusion(_finished(problems=dict.fromkeys(list(KINDS)[:6], 3)))
    assert "and 2 more rules" in said
    assert "more rules" not in conclusion(_finished(problems=dict.fromkeys(list(KINDS)[:4], 3)))


def test_colours_are_for_a_terminal_that_wants_them(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[32m" in conclusion(_finished())
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    check = ("check", "list.csv", "-m", "m.yaml")
    assert "\x1b" not in importer(*check).out
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda stream, color=None: color is False)  # a terminal
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32m" in importer(*check).out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in importer(*check).out


def test_verbose_says_each_setting_and_where_it_came_from(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING + "source: {delimiter: ','}\n")
    importer.table([lead(1)])
    importer.write("importer.toml", "concurrency = 3\n")
    how = ("--rate", "0", "--yes", "--no-canary", "-v", "--header-row", "1")
    ended = importer("run", "list.csv", "-m", "m.yaml", *how)
    said = [" ".join(line.split()) for line in ended.err.splitlines()]
    assert {
        "setting org o1 (SALESCHAT_ORG_ID)",
        "setting rate 0.0 (--rate)",
        "setting concurrency 3 (importer.toml)",
        "setting timeout 60.0 (default)",
        "setting api_key_file not given (default)",
        "credential: api key from SALESCHAT_API_KEY",
        "list.csv: csv, encoding utf-8 (detected), delimiter ',' (mapping), header in row 1 (--header-row), 6 columns",
    } <= set(said)
    read, sent = (next(n for n, line in enumerate(said) if line.startswith(text)) for text in ("list.csv: ", "1 of 1 "))
    assert read < sent, "how the file is read is said before it is"
