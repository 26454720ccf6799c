"""Statuses, exit codes, settings, files and verdicts: the tables of docs/ against the code."""

import csv
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from importer.cli.program import importer
from importer.crm.conflict_or_throttle import Meaning, meaning_of
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.responses import judge
from importer.crm.verdict import Verdict
from importer.exit_codes import ExitCode
from importer.model.operation import Call, Kind, Operation, RowId
from importer.model.outcome import NEEDS_A_PERSON, STATES_FOR_A_PERSON, FollowUp, RowStatus
from importer.model.run import RunReport, RunState
from importer.reporting import REJECT_COLUMNS, RESULT_COLUMNS, results_csv, summary
from importer.runs.settings import SETTINGS, load_settings
from tests.docs.pages import ROOT, names, page, section, table

STATUSES = page("docs/statuses.md")
EXIT_CODES = page("docs/exit-codes.md")
SETTINGS_PAGE = page("docs/settings.md")
REPORTS = page("docs/reports.md")
RELIABILITY = page("docs/reliability.md")


# statuses


def test_every_row_status_is_explained_with_whether_it_needs_a_person() -> None:
    said = {names(row[0])[0]: row[2] for row in table(section(STATUSES, "## Rows"))}
    assert said == {str(status): "yes" if status in NEEDS_A_PERSON else "no" for status in RowStatus}


def test_every_follow_up_state_is_explained_with_whether_it_needs_a_person() -> None:
    said = {"".join(names(row[0])): row[2] for row in table(section(STATUSES, "## Assignments and events"))}
    assert said == {str(state): "yes" if state in STATES_FOR_A_PERSON else "no" for state in FollowUp}


def test_the_order_from_best_to_worst_is_the_codes() -> None:
    line = re.search(r"^From best to worst: empty, (.+)\.$", STATUSES, re.MULTILINE)
    assert line is not None
    states = [FollowUp.NONE, *map(FollowUp, names(line[1]))]
    assert set(states) == set(FollowUp)
    for better, worse in pairwise(states):
        assert FollowUp.worst([worse, better]) is worse


# exit codes


def test_every_exit_code_is_explained() -> None:
    assert [int(row[0]) for row in table(EXIT_CODES)] == [int(code) for code in ExitCode]


def test_exit_code_1_names_what_needs_a_person() -> None:
    (meaning,) = (row[1] for row in table(EXIT_CODES) if row[0] == "1")
    failed = {FollowUp.REJECTED, FollowUp.UNKNOWN, FollowUp.HELD}
    assert set(names(meaning)) == {str(word) for word in (*NEEDS_A_PERSON, *failed)}


# settings


def test_every_setting_has_the_flag_and_the_commands_that_its_entry_names() -> None:
    commands: dict[str, set[str]] = {entry.flag: set() for entry in SETTINGS.values()}
    for name, command in importer.commands.items():
        for flag in {flag for parameter in command.params for flag in parameter.opts} & commands.keys():
            commands[flag].add(name)
    commands["--rate"].remove("sandbox")  # how fast it answers
    sending = {"run", "resume"}
    used_by = {"all": importer.commands.keys(), "server": {*sending, "doctor"}, "sending": sending}
    for entry in SETTINGS.values():
        extra = {"check"} if entry.name in ("org", "base_url") else set()
        if entry.flag:
            assert commands[entry.flag] == used_by[entry.used_by] | extra, entry.name


def test_every_environment_variable_is_listed_and_read() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "importer").rglob("*.py"))
    in_code = set(re.findall(r"SALESCHAT_[A-Z_]+[A-Z]", source))
    assert set(re.findall(r"SALESCHAT_[A-Z_]+[A-Z]", SETTINGS_PAGE)) == in_code
    for key, entry in SETTINGS.items():
        if entry.variable:
            assert load_settings({}, environment={entry.variable: "https://x.example"}).source(key) == entry.variable


def test_the_example_of_a_settings_file_is_accepted(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", SETTINGS_PAGE, re.DOTALL)
    (tmp_path / "importer.toml").write_text(example, encoding="utf-8")
    live = load_settings({}, profile="live", environment={}, folder=tmp_path)
    assert (live["org"], live["rate"], live["concurrency"]) == ("4711", 8.0, 16)
    assert load_settings({}, profile="test", environment={}, folder=tmp_path).base_url() == "https://leads-test.example"


# the files of a run


def _report() -> RunReport:
    return RunReport(
        run_id="r", command="run", state=RunState.FINISHED, exit_code=0, reason="", sources=(), mapping_path="m",
        mapping_sha256="", org="", base_url="", started_at="", finished_at="", seconds=0.0, rows=0,
    )  # fmt: skip


def test_the_columns_of_results_csv(tmp_path: Path) -> None:
    with results_csv(tmp_path / "results.csv", _report()):
        pass
    with (tmp_path / "results.csv").open(encoding="utf-8") as file:
        (written,) = csv.reader(file)
    assert written == list(RESULT_COLUMNS)
    assert [names(row[0])[0] for row in table(section(REPORTS, "## results.csv"))] == written


def test_the_columns_that_rejects_csv_adds() -> None:
    said = table(section(REPORTS, "## rejects.csv"))
    assert [names(row[0])[0] for row in said] == list(REJECT_COLUMNS)


def test_the_keys_of_summary_json() -> None:
    written = json.loads(json.dumps(summary(_report(), {})))
    rows = table(section(REPORTS, "## summary.json"))
    assert {name for row in rows for name in names(row[0])} == written.keys()
    (requests,) = (names(row[1]) for row in rows if row[0] == "`requests`")
    assert set(requests) == written["requests"].keys()
    (estimate,) = (names(row[1]) for row in rows if row[0] == "`estimate`")
    assert set(estimate) == written["estimate"].keys()


# verdicts

BODY = {"crm_id": "L-1", "first_name": "Asha", "phone_number": "+919000000001", "attributes": {}}
EXISTS = "Lead with this crm_id already exists"
ACTIONS = {"accept", "exists", "reject", "doubt", "retry", "throttle", "unclear", "stop"}


def _answer(status: int, body: object = b"", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def _error(status: int, message: str = "no") -> Answer:
    return _answer(status, {"error_code": status * 10000, "error_message": message})


CREATE: dict[str, list[Observation]] = {
    "1": [NoAnswer(reason="x", sent=False)],
    "2": [NoAnswer(reason="x", sent=False, certificate=True)],
    "3": [NoAnswer(reason="x", sent=True)],
    "4": [_answer(200, {**BODY, "lead_id": "u"}), _answer(201, {"lead_id": "u"})],
    "5": [_answer(200, {**BODY, "crm_id": " l-1", "lead_id": "u"})],
    "6": [_answer(200, {**BODY, "crm_id": "L-2", "lead_id": "u"})],
    "7": [_answer(200), _answer(202, b"<html>"), _answer(200, BODY)],
    "8": [_answer(301), _answer(307)],
    "9": [_error(status) for status in (400, 413, 414, 415, 422, 431)],
    "10": [_error(401), _answer(401)],
    "11": [_error(403)],
    "12": [_answer(403, b"<html>")],
    "13": [_error(404)],
    "14": [_answer(404, b"<html>")],
    "15": [_answer(status) for status in (402, 405, 406, 407, 410, 423, 451, 501, 505, 418, 499, 600)],
    "16": [_answer(408)],
    "17": [_error(429, EXISTS), _error(409, EXISTS)],
    "18": [_error(429, EXISTS)],
    "19": [_error(429, "too many requests"), _answer(429, retry_after="3")],
    "20": [_answer(429), _answer(429, b"<html>")],
    "21": [_answer(500)],
    "22": [_answer(status) for status in (502, 503, 504, 520, 599)],
}
FOLLOW_UP: dict[str, list[Observation]] = {
    "4": [_answer(202)],
    "7": [_answer(200), _answer(204)],
    "13": [_error(404, "Org not found")],
    "14": [_error(404, "Lead not found")],
    "19": [_answer(429), _error(429, EXISTS)],
}


def _judged(seen: Observation, kind: Kind) -> Verdict:
    operation = Operation(kind=kind, key="k", body=json.dumps(BODY).encode())
    return judge(seen, Call(row=RowId(0, 5), ordinal=0, operation=operation, crm_id="L-1", attempts=1))


def _lines(heading: str) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {}
    for line in table(section(RELIABILITY, heading)):
        lines.setdefault(line[0], line)  # the second line of a number is about other statuses
    return lines


@pytest.mark.parametrize(("heading", "kinds", "seen"), [
    ("### Create", [Kind.CREATE], CREATE),
    ("### Assignment and event", [Kind.ASSIGN, Kind.EVENT], FOLLOW_UP),
])  # fmt: skip
def test_the_verdict_tables(heading: str, kinds: list[Kind], seen: dict[str, list[Observation]]) -> None:
    lines = _lines(heading)
    assert lines.keys() == seen.keys()
    doubt = {True: "set", False: "clear", None: "keep"}
    for number, observations in seen.items():
        _, _, action, maybe, tries, ending = lines[number]
        assert action in ACTIONS
        for observation in observations:
            for kind in kinds:
                verdict = _judged(observation, kind)
                assert (verdict.action, doubt[verdict.possibly_sent]) == (action, maybe), f"{heading} {number}"
                assert str(verdict.tries or "") == tries, f"{heading} {number}"
                if verdict.action in ("retry", "doubt", "unclear"):
                    assert f"`{verdict.ending}`" in ending, f"{heading} {number}"
                stop = verdict.stop or (verdict.streak.stop if verdict.streak else None)
                said = re.findall(r"exit (\d)", ending)
                assert [str(int(stop.exit_code))] == said if stop else not said, f"{heading} {number}"
                assert not ("counts as an outage" in ending and not verdict.outage), f"{heading} {number}"


def test_the_second_line_of_16_is_about_servers_behind_a_gateway() -> None:
    _, (_, statuses, action, maybe, tries, ending) = (
        line for line in table(section(RELIABILITY, "### Create")) if line[0] == "16"
    )
    assert (statuses, action, maybe, tries) == ("421, 425", "doubt", "set", "4")
    for status in (421, 425):
        verdict = _judged(_answer(status), Kind.CREATE)
        assert (verdict.action, verdict.possibly_sent, verdict.tries, verdict.outage) == ("doubt", True, 4, True)
        assert f"`{verdict.ending}`" in ending


def test_the_numbers_are_those_of_the_tests_of_replies() -> None:
    source = page("tests/crm/test_responses.py")
    tested = {
        number for name in re.findall(r"def test_([\d_]+(?:and_\d+)?)", source) for number in re.findall(r"\d+", name)
    }
    assert tested <= _lines("### Create").keys()


def test_the_evidence_of_a_429() -> None:
    said = [row[1] for row in table(section(RELIABILITY, "## Duplicate, or too fast?"))]
    assert [text.split(",")[0] for text in said] == [
        "duplicate",
        "rejected",
        "unclear",
        "duplicate",
        "throttle",
        "unclear",
    ]
    assert meaning_of(_error(429, "a lead with this phone number already exists"), "L-1") is Meaning.OTHER_RULE
    assert meaning_of(_error(429, EXISTS), "L-1") is Meaning.DUPLICATE
    assert (
        meaning_of(Answer(status=429, headers={"retry-after": "1"}, body=_error(429, EXISTS).body), "L-1")
        is Meaning.UNCLEAR
    )
    for words in ("rate limit", "too many", "quota"):
        assert meaning_of(_error(429, words), "L-1") is Meaning.THROTTLE
    for body in (b"", b"<html>", b"{}"):
        assert meaning_of(_answer(429, body), "L-1") is Meaning.UNCLEAR
