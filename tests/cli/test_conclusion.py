"""The last words of a run, letter by letter, and in 16 lines at most."""

import re

import click
import pytest

from importer.cli.run_summary import conclusion
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.model.examination import Examination, Symptom
from importer.model.operation import Kind
from importer.model.outcome import STATUSES, FollowUp, RowStatus
from importer.model.problem import KINDS
from importer.model.run import Estimate, RunReport, RunState, Story
from importer.runs.finish import Ended, Finished
from importer.sandbox import Sandbox
from tests.cli.command_line import PLAIN_MAPPING, CommandLine, lead, leads


def _finished(
    stop: Stop | None = None, *, rejects: int = 0, warnings: dict[str, int] | None = None, **facts: object
) -> Finished:
    known: dict[str, object] = {
        "run_id": "20261122-150405-weekly", "command": "run", "state": RunState.FINISHED, "exit_code": 1, "reason": "",
        "sources": (), "mapping_path": "m", "mapping_sha256": "", "org": "", "base_url": "", "started_at": "",
        "finished_at": "", "seconds": 512.0, "rows": 5000,
    }  # fmt: skip
    report = RunReport(**{**known, **facts})
    files = {"rejects.csv": "r/rejects.csv", "report.html": "r/x.html"}
    return Finished(ended=Ended(report=report, files=files, rejects=rejects, warnings=warnings or {}), stop=stop)


def test_a_finished_run() -> None:
    finished = _finished(
        rejects=82,
        warnings={"phone-repeated": 2},
        counts={"created": 4912, "duplicate": 8, "invalid": 79, "rejected": 1},
        follow_ups={Kind.ASSIGN: {"rejected": 2, "accepted": 4910}, Kind.EVENT: {"accepted": 4910}},
        problems={"phone-invalid": 70, "first-name-missing": 9},
    )
    assert (
        click.unstyle(conclusion(finished))
        == """\
Run 20261122-150405-weekly finished after 9 min: 5,000 rows
       79 invalid              need fixing
    4,912 created
        8 duplicate
        1 rejected             needs fixing
  assignments: 4,910 accepted, 2 rejected
  events: 4,910 accepted
       70 × phone-invalid: Not a phone number
        9 × first-name-missing: No first name
  warnings: 2 × phone-repeated (One phone number on several rows)
Rows to fix:  r/rejects.csv
Report:       r/x.html"""
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
Report:       r/x.html"""
    )


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("statuses", range(len(RowStatus) + 1))
def test_never_more_than_16_lines_and_every_count_is_there(command: str, statuses: int) -> None:
    finished = _finished(
        Stop(exit_code=ExitCode.OUTAGE, reason="gone", tip="wait"),
        rejects=1,
        warnings=dict.fromkeys(KINDS, 3),
        command=command,
        reason="gone",
        counts={str(status): 1000 + n for n, status in enumerate(list(RowStatus)[:statuses])},
        follow_ups={kind: {str(state): 7 for state in FollowUp if state} for kind in (Kind.ASSIGN, Kind.EVENT)},
        problems=dict.fromkeys(KINDS, 3),
        estimate=Estimate(rows_to_send=1, requests=1, seconds=1.0),
    )
    output = click.unstyle(conclusion(finished))
    assert len(output.splitlines()) <= 16
    for n, status in enumerate(list(RowStatus)[:statuses]):
        assert f"{1000 + n:,} {status}" in output
    assert "more rules; see the report" in output
    assert output.splitlines()[-1].endswith("r/x.html")


def test_the_problems_that_are_not_shown_are_counted() -> None:
    output = conclusion(_finished(problems=dict.fromkeys(list(KINDS)[:6], 3)))
    assert "and 2 more rules" in output
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
    output = [" ".join(line.split()) for line in ended.err.splitlines()]
    assert {
        "setting org o1 (SALESCHAT_ORG_ID)",
        "setting rate 0.0 (--rate)",
        "setting concurrency 3 (importer.toml)",
        "setting timeout 60.0 (default)",
        "setting api_key_file not given (default)",
        "credential: api key from SALESCHAT_API_KEY",
        "list.csv: csv, encoding utf-8 (detected), delimiter ',' (mapping), header in row 1 (--header-row), 6 columns",
    } <= set(output)
    read, sent = (
        next(n for n, line in enumerate(output) if line.startswith(text)) for text in ("list.csv: ", "To send: ")
    )
    assert read < sent, "how the file is read is printed before it is"


def test_no_file_is_named_that_holds_no_row(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    run = ("run", "list.csv", "-m", "m.yaml", "--yes", "--rate", "0", "--settle", "0")
    for command in (("check", *run[1:4]), run):
        ended = importer(*command)
        assert ended.code == 0
        assert "rejects.csv" not in ended.out
        assert "No row needs fixing." in ended.out
    importer.table([lead(3, Phone="12")])
    ended = importer(*run)
    assert ended.code == 1
    assert "rejects.csv" in ended.out
    assert "No row needs fixing." not in ended.out
    ended = importer("check", "nowhere.csv", "-m", "m.yaml")
    assert "No row needs fixing." not in ended.out, "nothing was read"


def test_a_finding_is_reported_once() -> None:
    blank = Symptom(code="blank-but-required", column="ID", count=3, rows=(2, 3, 4), fix="# look")
    serials = Symptom(code="dates-as-serials", column="Joined", count=1, rows=(5,), fix="# look")
    unread = Symptom(code="dates-unread", column="Joined", count=1, rows=(6,), fix="# look")
    problems = {"crm-id-missing": 3, "date-invalid": 2, "phone-invalid": 1}
    examination = Examination(symptoms=(blank, serials, unread))
    output = conclusion(_finished(command="check", problems=problems, examination=examination))
    assert "crm-id-missing" not in output
    assert "date-invalid" not in output
    assert "phone-invalid" in output
    more = conclusion(_finished(command="check", problems={**problems, "crm-id-missing": 4}, examination=examination))
    assert "4 × crm-id-missing" in more, "the column does not say all of it"


@pytest.mark.parametrize("created", [0, 145])
@pytest.mark.parametrize("mended", [0, 2, 9])
@pytest.mark.parametrize("left", [0, 1, 3])
def test_the_story_adds_up(created: int, mended: int, left: int) -> None:
    story = Story(first="r", rows=150, created=created, mended=mended, left=left)
    rows, *parts = (int(number) for number in re.findall(r"(?<![-\w])\d+(?= )", story.sentence))
    new = parts.pop() if "new in later files" in story.sentence else 0
    assert rows + new == sum(parts)


def test_nothing_that_a_check_says_sounds_as_if_something_had_been_sent() -> None:
    for wording in STATUSES.values():
        assert not re.search(r"\b(was|were) (not )?sent\b", wording.meaning)
