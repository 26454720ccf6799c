"""`importer run`, `check`, `resume`, `runs` and `report` as docs/command-line says."""

import stat
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import FAST, KEY, ORG, PLAIN_MAPPING, CommandLine, lead, leads, read_csv
from tests.cli.interrupting import interrupt_after

RESULT_COLUMNS = (
    "source,sheet,number,crm_id,status,lead_id,assign,assigned_to,events,problems,warnings,message,hint,attempts,"
    "http_status,error_code,finished_at"
)
REJECT_COLUMNS = ["_importer_row", "_importer_status", "_importer_problems", "_importer_message", "_importer_hint"]
SUMMARY_KEYS = [
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
MIXED_MAPPING = """\
version: 1
name: mixed
where: [{column: City, not_blank: true}]
lead: {crm_id: ID, first_name: Name, phone_number: Phone, attributes: {city: City}}
assign: {user_email: Owner, when_blank: skip}
events: [{event: LEAD_IMPORTED, when: {column: Stage, not_blank: true}}]
"""
MIXED = [
    lead(1),
    lead(2, Owner="", Stage=""),
    lead(3, Phone="12345"),
    lead(4, Name="", Phone="+91 98765"),
    lead(5, City=""),
    lead(1),
    lead(7, ID="TWIN"),
    lead(8, ID="TWIN"),
    lead(9, ID="L-0050"),
]
MIXED_STATUSES = [
    "created",
    "created",
    "invalid",
    "invalid",
    "filtered",
    "duplicate_in_file",
    "conflict_in_file",
    "conflict_in_file",
    "duplicate",
]


@pytest.fixture
def mixed(importer: CommandLine) -> CommandLine:
    importer.mapping(MIXED_MAPPING)
    importer.table(MIXED)
    return importer


@pytest.fixture
def half_known(mixed: CommandLine) -> object:
    with Sandbox(rate=0, api_key=KEY, existing=[(ORG, "before-50", "L-0050")]) as sandbox:
        mixed.at(sandbox)
        yield sandbox


# check


def test_check_reads_every_row_says_what_a_run_would_do_and_sends_nothing(
    mixed: CommandLine, half_known: Sandbox
) -> None:
    ended = mixed("check", "list.csv", "-m", "m.yaml")
    assert ended.code == 1
    would = ["valid" if status in ("created", "duplicate") else status for status in MIXED_STATUSES]
    assert mixed.statuses() == would
    assert half_known.state.snapshot()["requests"] == {}
    summary = mixed.summary()
    assert summary["estimate"] == {"rows_to_send": 3, "requests": 7, "seconds": pytest.approx(0.3)}
    assert "would send 3 rows in 7 requests" in ended.out
    assert summary["requests"] == {"create": 0, "assign": 0, "event": 0, "throttled": 0, "retried": 0}


def test_check_of_a_clean_file_exits_with_0(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    assert importer("check", "list.csv", "-m", "m.yaml").code == 0
    assert importer.rejects() == []


def test_check_needs_neither_organization_nor_credential_nor_server(mixed: CommandLine) -> None:
    assert mixed("check", "list.csv", "-m", "m.yaml").code == 1


@pytest.mark.parametrize("command", [("check",), ("run", *FAST)])
def test_limit_takes_the_first_rows_only(importer: CommandLine, sandbox: Sandbox, command: tuple[str, ...]) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(5))
    assert importer(command[0], "list.csv", "-m", "m.yaml", "--limit", "2", *command[1:]).code == 0
    assert [row["number"] for row in importer.results()] == ["2", "3"]
    assert importer.summary()["rows"] == 2
    assert len(sandbox.state.leads) == (0 if command[0] == "check" else 2)


def test_limit_counts_over_all_files(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(3), "a.csv")
    importer.table(leads(3, first=10), "b.csv")
    assert importer("check", "a.csv", "b.csv", "-m", "m.yaml", "--limit", "4").code == 0
    assert [(row["source"], row["number"]) for row in importer.results()] == [
        ("a.csv", "2"),
        ("a.csv", "3"),
        ("a.csv", "4"),
        ("b.csv", "2"),
    ]


def test_of_a_file_beyond_the_limit_no_row_is_read(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(3), "a.csv")
    importer.table([*leads(1_000, first=10), [*lead(2_000)[:-1], "x" * 1_100_000]], "b.csv")
    assert importer("check", "b.csv", "-m", "m.yaml").code == 2, "a cell that is refused when it is read"
    assert importer("check", "a.csv", "b.csv", "-m", "m.yaml", "--limit", "3").code == 0


def test_check_marks_the_leads_that_an_earlier_run_has_seen(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    importer.table(leads(3), "more.csv")
    same_server = sandbox.base_url + "/"
    assert importer("check", "more.csv", "-m", "m.yaml", "--run-name", "zz", "--base-url", same_server).code == 0
    checked = next(importer.reports.glob("*-zz"))
    assert [row["warnings"] for row in importer.results(checked)] == ["known-lead", "known-lead", ""]
    assert importer.statuses(checked) == ["valid"] * 3


# run


def test_every_row_has_one_line_in_source_order_with_its_status(mixed: CommandLine, half_known: Sandbox) -> None:
    ended = mixed("run", "list.csv", "-m", "m.yaml", *FAST)
    assert ended.code == 1
    results = mixed.results()
    assert (mixed.latest() / "results.csv").read_text().splitlines()[0] == RESULT_COLUMNS
    assert [row["number"] for row in results] == [str(number) for number in range(2, 11)]
    assert [row["status"] for row in results] == MIXED_STATUSES
    assert {row["source"] for row in results} == {"list.csv"}
    created, plain, invalid, two_problems, _, repeated, twin, _, known = results
    assert created["lead_id"] == half_known.state.lead(ORG, "L-0001").lead_id
    assert (created["assign"], created["assigned_to"], created["events"]) == (
        "accepted",
        "owner1@leads.example",
        "accepted",
    )
    assert (created["attempts"], created["http_status"], created["error_code"]) == ("1", "200", "")
    assert created["finished_at"].endswith("+00:00")
    assert (plain["assign"], plain["assigned_to"], plain["events"]) == ("", "", "")
    assert "12345" in invalid["message"]
    assert invalid["hint"]
    assert len(two_problems["problems"].split(";")) == 2
    assert "2" in repeated["message"], "it names the row that it repeats"
    assert twin["problems"] == "crm-id-conflict"
    assert (known["http_status"], known["lead_id"], known["assign"]) == ("429", "", "")
    assert half_known.state.lead(ORG, "L-0050").assignments == []


def test_the_summary_has_exactly_its_keys_and_adds_up(mixed: CommandLine, half_known: Sandbox) -> None:
    mixed("run", "list.csv", "-m", "m.yaml", *FAST)
    summary = mixed.summary()
    assert list(summary) == SUMMARY_KEYS
    assert summary["counts"] == Counter(MIXED_STATUSES)
    assert sum(summary["counts"].values()) == summary["rows"] == 9
    assert summary["assign"] == {"accepted": 1}
    assert summary["events"] == {"accepted": 1}
    requests = {endpoint: sum(half_known.state.answers(endpoint).values()) for endpoint in ("create", "assign")}
    assert summary["requests"]["create"] == requests["create"] == 4, "three leads and the canary"
    assert summary["requests"]["assign"] == requests["assign"] == 1
    assert (summary["command"], summary["state"], summary["exit_code"]) == ("run", "finished", 1)
    assert (summary["org"], summary["base_url"]) == (ORG, half_known.base_url)
    (source,) = summary["sources"]
    assert (source["path"], source["rows"], source["header_row"], source["delimiter"]) == ("list.csv", 9, 1, ",")
    for path in summary["files"].values():
        assert (mixed.folder / path).is_file()


def test_rejects_hold_the_sources_own_cells_and_what_is_wrong(mixed: CommandLine, half_known: Sandbox) -> None:
    mixed("run", "list.csv", "-m", "m.yaml", *FAST)
    rejects = mixed.rejects()
    assert list(rejects[0]) == ["ID", "Name", "Phone", "City", "Owner", "Stage", *REJECT_COLUMNS]
    assert [row["_importer_row"] for row in rejects] == ["4", "5", "8", "9"]
    assert [list(row.values())[:6] for row in rejects] == [MIXED[2], MIXED[3], MIXED[6], MIXED[7]]
    assert all(row["_importer_message"] and row["_importer_hint"] for row in rejects)


def test_rejects_corrected_by_a_script_import_as_they_are(mixed: CommandLine, half_known: Sandbox) -> None:
    assert mixed("run", "list.csv", "-m", "m.yaml", *FAST, "--run-name", "first").code == 1
    path = mixed.latest() / "rejects.csv"
    text = path.read_text(encoding="utf-8-sig")
    corrected = text.replace("12345", "+919876500003").replace("L-0004,,+91 98765", "L-0004,Mended,+919876500004")
    corrected = corrected.replace("TWIN", "TWIN-A", 1)
    path.write_text(corrected, encoding="utf-8-sig")
    mixed.mapping(MIXED_MAPPING.replace("mixed", "second"))
    ended = mixed("run", path, "-m", "m.yaml", *FAST)
    assert ended.code == 0, ended
    second = next(mixed.reports.glob("*-second"))
    assert mixed.statuses(second) == ["created"] * 4
    assert {row["assign"] for row in mixed.results(second)} == {"accepted"}
    assert {lead.crm_id for lead in half_known.state.leads if lead.creates} == {
        "L-0001", "L-0002", "L-0003", "L-0004", "TWIN", "TWIN-A",
    }  # fmt: skip


def test_everything_is_private_whatever_the_umask(mixed: CommandLine, half_known: Sandbox) -> None:
    mixed("run", "list.csv", "-m", "m.yaml", *FAST)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (mixed.reports, *mixed.reports.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}, modes
    assert {path.name for path in mixed.latest().iterdir()} >= {"results.csv", "rejects.csv", "summary.json"}


def test_the_run_id_sorts_by_time_and_bears_the_given_name(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    for _ in range(2):
        assert importer("check", "list.csv", "-m", "m.yaml", "--run-name", "Week_47.b").code == 0
    folders = sorted(path.name for path in importer.reports.iterdir() if path.is_dir())
    assert len(folders) == 2, "two runs in one second have two ids"
    for name in folders:
        day, second, rest = name.split("-", 2)
        assert (len(day), len(second)) == (8, 6)
        assert rest.startswith("Week_47.b")


def test_several_files_are_one_run(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2), "a.csv")
    (importer.folder / "sub").mkdir()
    importer.table([*leads(1), lead(3), lead(2, Name="Other")], "sub/b.csv")
    assert importer("run", "a.csv", "sub/b.csv", "-m", "m.yaml", *FAST).code == 1
    assert [(row["source"], row["number"], row["status"]) for row in importer.results()] == [
        ("a.csv", "2", "created"),
        ("a.csv", "3", "conflict_in_file"),
        ("b.csv", "2", "duplicate_in_file"),
        ("b.csv", "3", "created"),
        ("b.csv", "4", "conflict_in_file"),
    ]
    assert [source["rows"] for source in importer.summary()["sources"]] == [2, 3]


def test_follow_ups_for_duplicates_only_when_asked_for(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(2))
    existing = [(ORG, "before", "L-0001")]
    with Sandbox(rate=0, api_key=KEY, existing=existing) as sandbox:
        importer.at(sandbox)
        assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
        known = sandbox.state.lead(ORG, "L-0001")
        assert known is not None
        assert (known.assignments, known.events) == ([], [])
        ended = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--again", "--on-duplicate", "follow-up")
        assert ended.code == 0, ended
        assert known.owner == "owner1@leads.example"
        assert len(known.events) == 1
        ours = sandbox.state.lead(ORG, "L-0002")
        assert ours is not None
        assert (len(ours.events), ours.repeated_events) == (1, 1), "an event has the same distinct_id in every run"
    assert {row["status"] for row in importer.results()} == {"duplicate"}
    assert {(row["assign"], row["events"]) for row in importer.results()} == {("accepted", "accepted")}


def test_skip_known_sends_only_what_the_ledger_does_not_know(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    importer.table(leads(3), "more.csv")
    asked = sandbox.state.answers("create")
    ended = importer("run", "more.csv", "-m", "m.yaml", *FAST, "--skip-known", "--run-name", "zz")
    assert ended.code == 0
    assert importer.statuses(next(importer.reports.glob("*-zz"))) == ["skipped_known", "skipped_known", "created"]
    assert sum(sandbox.state.answers("create").values()) - sum(asked.values()) == 1, "no canary either: it is learnt"


@pytest.mark.slow
def test_nothing_is_sent_to_a_real_server_unless_somebody_says_yes(importer: CommandLine) -> None:
    """There is no terminal here, so nobody can say yes; the name ends in .example, so it could not be reached."""
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    importer.environment |= {"SALESCHAT_API_KEY": KEY, "SALESCHAT_ORG_ID": ORG}
    ended = importer.process("run", "list.csv", "-m", "m.yaml", "--base-url", "https://crm.example")
    assert ended.code == 2
    assert "To send: 2 of 2 rows to organization o1 on https://crm.example, 2 requests" in ended.err
    assert "sending was not confirmed" in ended.out
    assert importer.statuses() == ["pending"] * 2


def test_a_rejected_row_needs_a_person_and_can_be_tried_again(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(3))
    faults = Faults(error_before=1.0, error_status=422, attempts=1, endpoints=["create"])
    with Sandbox(rate=0, api_key=KEY, faults=faults) as sandbox:
        importer.at(sandbox)
        assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 1
        assert importer.statuses() == ["rejected"] * 3
        assert [row["http_status"] for row in importer.results()] == ["422"] * 3
        assert [row["_importer_status"] for row in importer.rejects()] == ["rejected"] * 3
        assert importer("resume", importer.latest().name, *FAST, "--retry-failed").code == 0
        assert importer.statuses() == ["created"] * 3
        assert importer.rejects() == []
        assert {len(each.events) for each in sandbox.state.leads} == {1}


def test_a_false_ok_is_never_called_created(importer: CommandLine) -> None:
    """A login page with status 200: the lead was not made, so the row must not say so."""
    importer.mapping()
    importer.table(leads(60))
    faults = Faults(seed=3, false_ok=0.2, attempts=1, endpoints=["create"])
    with Sandbox(rate=0, api_key=KEY, faults=faults) as sandbox:
        importer.at(sandbox)
        ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
        for _ in range(20):
            if ended.code in (0, 1):
                break
            assert ended.code == 3, ended  # two in a row: this does not answer like the API
            ended = importer("resume", *FAST)
        assert importer.statuses() == ["created"] * 60
        assert sandbox.state.snapshot()["faults"]["false_ok"] > 5
        assert all((each.creates, len(each.events)) == (1, 1) for each in sandbox.state.leads)


# resume, runs, report


def test_resume_sends_the_frozen_plan_whatever_became_of_the_files(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    monkeypatch.setenv("SALESCHAT_API_KEY", "the-wrong-key")
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 3
    importer.table([lead(1, Name="Changed"), lead(9)])
    (importer.folder / "m.yaml").unlink()
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    assert importer("resume", *FAST).code == 0
    assert {lead.crm_id: lead.fields["first_name"] for lead in sandbox.state.leads} == {
        "L-0001": "Asha Test1",
        "L-0002": "Asha Test2",
    }


def test_resume_asks_for_nothing_that_the_journal_knows(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    monkeypatch.delenv("SALESCHAT_ORG_ID")
    monkeypatch.delenv("SALESCHAT_BASE_URL")
    monkeypatch.setenv("SALESCHAT_API_KEY", "the-wrong-key")
    where = ("--org", ORG, "--base-url", sandbox.base_url)
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST, *where).code == 3
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    for name, value in (("SALESCHAT_ORG_ID", "o2"), ("SALESCHAT_BASE_URL", "https://elsewhere.example")):
        with monkeypatch.context() as other:
            other.setenv(name, value)
            ended = importer("resume", *FAST)
            assert ended.code == 2, "a run goes nowhere but where it began"
            assert f"Give the original ones: --org {ORG} --base-url {sandbox.base_url}" in ended.err
    ended = importer("resume", *FAST)
    assert ended.code == 0
    assert f"resuming run {importer.latest().name}: organization {ORG} on {sandbox.base_url}" in ended.err
    assert importer.statuses() == ["created"]
    assert {lead.org for lead in sandbox.state.leads} == {ORG}


def test_a_key_file_of_the_settings_does_not_go_where_a_journal_says(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    monkeypatch.setenv("SALESCHAT_API_KEY", "the-wrong-key")
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST).code == 3
    for name in ("SALESCHAT_ORG_ID", "SALESCHAT_BASE_URL", "SALESCHAT_API_KEY"):
        monkeypatch.delenv(name)
    importer.write("importer.toml", 'api_key_file = "key"\n')
    ended = importer("resume", *FAST)
    assert ended.code == 2
    assert "belongs to https://apis.saleschat.pro" in ended.error


@pytest.mark.slow
def test_resume_takes_the_beginning_of_an_id_and_says_when_it_is_not_enough(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    monkeypatch.setenv("SALESCHAT_API_KEY", "the-wrong-key")
    for name in ("one", "two"):
        assert importer("run", "list.csv", "-m", "m.yaml", *FAST, "--run-name", name).code == 3
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    ended = importer("resume", "20", *FAST)
    assert ended.code == 2
    assert "several runs" in ended.error
    assert importer("resume", importer.latest().name[:-1], *FAST).code == 0
    assert importer.statuses() == ["created"]


def test_resume_without_an_id_takes_the_latest_unfinished(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1), lead(2, Name="")])
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST, "--max-invalid", "0").code == 2
    assert importer("resume", *FAST).code == 2, "a plan that was held back is sent only when it is named"
    assert importer("resume", importer.latest().name, *FAST).code == 1
    assert importer.statuses() == ["created", "invalid"]


def test_a_rehearsal_can_be_resumed_too(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(30))
    interrupt_after(10, monkeypatch)
    assert importer("run", "list.csv", "-m", "m.yaml", "--sandbox", *FAST, "--concurrency", "2").code == 130
    statuses = Counter(importer.statuses())
    assert statuses["pending"] > 0
    assert importer("resume", *FAST).code == 0
    assert importer.statuses() == ["created"] * 30


def test_resume_completes_a_report_that_a_dead_process_left_unwritten(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    importer("run", "list.csv", "-m", "m.yaml", *FAST)
    (summary,) = importer.reports.glob("*/summary.json")
    before = summary.read_bytes()
    summary.unlink()
    assert importer("resume", *FAST).code == 0
    assert summary.read_bytes() == before
    assert importer("resume", *FAST).code == 2, "there is nothing left to do"


def test_runs_lists_newest_first(importer: CommandLine, sandbox: Sandbox) -> None:
    ended = importer("runs")
    assert (ended.code, ended.out) == (0, "")
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    importer("check", "list.csv", "-m", "m.yaml", "--run-name", "one")
    importer("run", "list.csv", "-m", "m.yaml", *FAST, "--run-name", "two")
    first, second = importer("runs").out.splitlines()
    assert first.split()[0].endswith("-two")
    assert first.split()[1:] == ["run", "finished", "2", "created"]
    assert second.split()[0].endswith("-one")
    assert second.split()[1:] == ["check", "finished", "2", "valid"]


def test_report_writes_the_very_same_files_again(mixed: CommandLine, half_known: Sandbox) -> None:
    mixed("run", "list.csv", "-m", "m.yaml", *FAST)
    folder = mixed.latest()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for path in folder.iterdir():
        if path.name != "importer.log":  # the only one that is not made from the journal
            path.unlink()
    (mixed.folder / "list.csv").unlink()
    ended = mixed("report", folder.name)
    assert ended.code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert all(Path(line).is_file() for line in ended.out.splitlines())
    assert mixed("report", "latest", "--json").document == mixed.summary()


def test_rejects_of_a_workbook_are_its_own_cells(importer: CommandLine, sandbox: Sandbox) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["List of March"], [], ["ID", "Name", "Phone"], ["A-1", "Asha", "+919876500001"], ["A-2", "", 12]):
        book.active.append(row)
    book.save(importer.folder / "list.xlsx")
    importer.mapping(PLAIN_MAPPING)
    assert importer("run", "list.xlsx", "-m", "m.yaml", *FAST).code == 1
    assert [(row["sheet"], row["number"], row["status"]) for row in importer.results()] == [
        ("Sheet", "4", "created"),
        ("Sheet", "5", "invalid"),
    ]
    (reject,) = read_csv(importer.latest() / "rejects.csv")
    assert (reject["ID"], reject["Phone"], reject["_importer_row"]) == ("A-2", "12", "5")
