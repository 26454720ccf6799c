"""Everything that can be wrong with a run: one clear message each, the right exit code, nothing lost."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import COLUMNS, FAST, KEY, PLAIN_MAPPING, CommandLine, Ended, lead, leads

SECONDS_TO_REFUSE = 50


def assert_refused(ended: Ended, code: int, *words: str) -> None:
    """One message that names what is wrong, a tip, and nothing on stdout that a program could take for a result."""
    assert ended.code == code, ended
    for word in words:
        assert word in ended.err, f"{word!r} is not in: {ended.err}"
    assert ended.err.count("error: ") == 1, ended.err
    assert "tip: " in ended.err, ended.err


@pytest.fixture
def ready(importer: CommandLine, sandbox: Sandbox) -> CommandLine:
    """A good mapping, a good list, a server that answers: each test spoils one of them."""
    importer.mapping()
    importer.table(leads(3))
    return importer


# the files

COMMANDS = ["check", "run"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_file(ready: CommandLine, sandbox: Sandbox, command: str) -> None:
    assert_refused(ready(command, "nowhere.csv", "-m", "m.yaml"), 2, "nowhere.csv")
    assert sandbox.state.snapshot()["requests"] == {}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_instead_of_a_file(ready: CommandLine, command: str) -> None:
    (ready.folder / "inbox.csv").mkdir()
    assert_refused(ready(command, "inbox.csv", "-m", "m.yaml"), 2, "inbox.csv", "folder")


def test_a_file_that_may_not_be_read(ready: CommandLine) -> None:
    """Root may read everything, so there it is a symbolic link to itself: open() refuses that for everybody."""
    path = ready.folder / "secret.csv"
    if os.geteuid() == 0:
        path.symlink_to("secret.csv")
    else:
        path.write_text("ID\n1\n")
        path.chmod(0)
    assert_refused(ready("check", "secret.csv", "-m", "m.yaml"), 2, "secret.csv")


@pytest.mark.parametrize("name", ["empty.csv", "empty.xlsx"])
def test_an_empty_file(ready: CommandLine, name: str) -> None:
    (ready.folder / name).touch()
    assert_refused(ready("check", name, "-m", "m.yaml"), 2, name, "empty")


def test_text_that_is_called_a_workbook_is_read_as_what_it_is_or_refused_by_name(ready: CommandLine) -> None:
    shutil.copy(ready.folder / "list.csv", ready.folder / "list.xlsx")
    ended = ready("check", "list.xlsx", "-m", "m.yaml")
    if ended.code == 0:
        assert ready.summary()["sources"][0]["format"] == "csv"
        assert ready.statuses() == ["valid"] * 3
    else:
        assert_refused(ended, 2, "list.xlsx")


def test_rubbish_that_is_called_a_workbook(ready: CommandLine) -> None:
    (ready.folder / "list.xlsx").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 4)
    assert_refused(ready("check", "list.xlsx", "-m", "m.yaml"), 2, "list.xlsx")


def test_an_unknown_sheet_names_those_that_are_there(ready: CommandLine) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Leads of March"
    for row in [("ID", "Name", "Phone", "City", "Owner", "Stage"), lead(1)]:
        book.active.append(row)
    book.save(ready.folder / "list.xlsx")
    ended = ready("check", "list.xlsx", "-m", "m.yaml", "--sheet", "April")
    assert_refused(ended, 2, "list.xlsx", "April", "Leads of March")


@pytest.mark.parametrize(("cell", "code"), [("=1+1", "formula-without-value"), (12345678901234567, "digits-lost")])
def test_a_row_whose_cell_holds_no_sound_value_is_not_sent(
    ready: CommandLine, sandbox: Sandbox, cell: object, code: str
) -> None:
    """Also where the field may well be blank: nobody knows what should stand there."""
    book = openpyxl.Workbook()
    for row in (COLUMNS, lead(1), [*lead(2)[:3], cell, *lead(2)[4:]]):
        book.active.append(row)
    book.save(ready.folder / "list.xlsx")
    assert ready("run", "list.xlsx", "-m", "m.yaml", *FAST).code == 1
    assert [(row["status"], row["problems"]) for row in ready.results()] == [("created", ""), ("invalid", code)]
    assert [row["crm_id"] for row in sandbox.state.snapshot()["leads"]] == ["L-0001"]


def test_a_file_without_a_header_names_the_missing_columns(ready: CommandLine) -> None:
    ready.table(leads(2)[1:], columns=lead(1))
    assert_refused(ready("check", "list.csv", "-m", "m.yaml"), 2, "list.csv", "ID")


def test_a_header_row_behind_the_end(ready: CommandLine) -> None:
    assert_refused(ready("check", "list.csv", "-m", "m.yaml", "--header-row", "99"), 2, "list.csv", "99")


def test_an_unknown_encoding(ready: CommandLine) -> None:
    assert_refused(ready("check", "list.csv", "-m", "m.yaml", "--encoding", "klingon"), 2, "klingon")


# the mapping


def test_a_missing_mapping(ready: CommandLine) -> None:
    assert_refused(ready("run", "list.csv", "-m", "nowhere.yaml"), 2, "nowhere.yaml")


def test_every_mistake_of_a_mapping_is_said_at_once_with_its_line(ready: CommandLine, sandbox: Sandbox) -> None:
    ready.mapping(
        """\
version: 1
name: five mistakes
lead:
  crm_id: ID
  frist_name: Name
  phone_number: {column: Phone, transform: shout}
  attributes:
    score: {column: City, type: integr}
    city: {colum: City}
unmaped: ignore
events:
  - {evnt: X}
"""
    )
    ended = ready("run", "list.csv", "-m", "m.yaml")
    assert_refused(ended, 2, "m.yaml", "mistakes", "frist_name", "shout", "integr", "unmaped", "evnt")
    for line in (5, 6, 8, 9, 10, 12):
        assert f"line {line}:" in ended.err, f"line {line}: {ended.err}"
    assert sandbox.state.snapshot()["requests"] == {}


def test_a_mapping_that_is_no_yaml(ready: CommandLine) -> None:
    ready.mapping("lead: [unclosed\n")
    assert_refused(ready("check", "list.csv", "-m", "m.yaml"), 2, "m.yaml", "line ")


def test_a_column_that_is_not_there_names_the_nearest(ready: CommandLine) -> None:
    ready.mapping(PLAIN_MAPPING.replace("phone_number: Phone", "phone_number: Phonne"))
    assert_refused(ready("check", "list.csv", "-m", "m.yaml"), 2, "Phonne", "Phone")


# settings and server


def test_a_missing_credential(ready: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALESCHAT_API_KEY")
    ended = ready("run", "list.csv", "-m", "m.yaml")
    assert_refused(ended, 2, "credential", "SALESCHAT_API_KEY")


def test_a_missing_organization(ready: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALESCHAT_ORG_ID")
    assert_refused(ready("run", "list.csv", "-m", "m.yaml"), 2, "organization", "SALESCHAT_ORG_ID")


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://crm.example", "https"),
        ("https://user:pw@crm.example", "user name"),
        ("crm.example", "host"),
        ("https://169.254.169.254", "link-local"),
    ],
)
def test_a_base_url_that_could_give_the_key_away(ready: CommandLine, url: str, word: str) -> None:
    assert_refused(ready("run", "list.csv", "-m", "m.yaml", "--base-url", url), 2, word)


def test_a_key_file_that_others_can_read(ready: CommandLine) -> None:
    key = ready.write("key", KEY)
    key.chmod(0o644)
    assert_refused(ready("run", "list.csv", "-m", "m.yaml", "--api-key-file", key), 2, "key", "chmod 600")


def test_a_key_file_that_is_missing(ready: CommandLine) -> None:
    assert_refused(ready("run", "list.csv", "-m", "m.yaml", "--api-key-file", "nokey"), 2, "nokey")


def test_a_credential_with_a_line_break(ready: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESCHAT_API_KEY", f"{KEY}\nx-evil: 1")
    assert_refused(ready("run", "list.csv", "-m", "m.yaml"), 2, "SALESCHAT_API_KEY")


def test_a_wrong_settings_file(ready: CommandLine) -> None:
    ready.write("importer.toml", 'api_key = "oops"\n')
    assert_refused(ready("run", "list.csv", "-m", "m.yaml"), 2, "importer.toml", "api_key")


def test_an_unknown_profile(ready: CommandLine) -> None:
    ready.write("importer.toml", "[profiles.test]\norg = 'o1'\n")
    assert_refused(ready("run", "list.csv", "-m", "m.yaml", "--profile", "prod"), 2, "prod", "test")


def assert_stopped_and_resumable(importer: CommandLine, ended: Ended, code: int, *words: str) -> None:
    assert ended.code == code, ended
    reason = importer.summary()["reason"]
    for word in words:
        assert word in reason, reason
    assert reason in ended.out
    assert importer.statuses() == ["pending"] * 3
    assert importer.summary()["state"] == "stopped"
    assert importer.summary()["exit_code"] == code
    assert len(importer.rejects()) == 0


def test_a_refused_credential_stops_the_run_and_the_right_one_goes_on(
    ready: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESCHAT_API_KEY", "not-the-key-at-all")
    ended = ready("run", "list.csv", "-m", "m.yaml", *FAST)
    assert_stopped_and_resumable(ready, ended, 3, "credential", "401")
    assert "resume" in ended.out
    assert sandbox.state.leads == ()
    monkeypatch.setenv("SALESCHAT_API_KEY", KEY)
    assert ready("resume", *FAST).code == 0
    assert ready.statuses() == ["created"] * 3


def test_an_unknown_organization(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(3))
    with Sandbox(rate=0, api_key=KEY, orgs=["another"]) as sandbox:
        importer.at(sandbox)
        ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert_stopped_and_resumable(importer, ended, 3, "organization", "404")


def test_an_unreachable_server(ready: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience is shortened; how long it really is, is tested with the breaker."""
    monkeypatch.setattr("importer.crm.circuit_breaker.FIRST_CONTACT", 0.5)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but nobody listens
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        ended = ready("run", "list.csv", "-m", "m.yaml", *FAST, "--base-url", url)
    assert_stopped_and_resumable(ready, ended, 4, "no answer")
    assert all(row["attempts"] != "0" for row in ready.results()[:1])


def test_a_run_never_goes_on_against_another_server_or_organization(ready: CommandLine) -> None:
    with Sandbox(rate=0, api_key="another-key-1") as other:
        ended = ready("run", "list.csv", "-m", "m.yaml", *FAST, "--base-url", other.base_url)
        assert ended.code == 3
        assert_refused(ready("resume", *FAST), 2, other.base_url)
        assert_refused(ready("resume", *FAST, "--base-url", other.base_url, "--org", "o2"), 2, "organization", "o2")
        assert other.state.leads == ()


# the disk


@pytest.fixture
def tiny_disk(tmp_path: Path) -> object:
    """A file system of one megabyte, where the tests may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a small file system")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no small file system can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_stops_before_anything_is_sent(ready: CommandLine, sandbox: Sandbox, tiny_disk: Path) -> None:
    (tiny_disk / "ballast").write_bytes(bytes(1 << 20))
    ended = ready("run", "list.csv", "-m", "m.yaml", *FAST, "--reports-dir", tiny_disk)
    assert_refused(ended, 5, str(tiny_disk))
    assert sandbox.state.snapshot()["requests"] == {}


def test_a_disk_that_fills_up_loses_no_row(ready: CommandLine, sandbox: Sandbox, tiny_disk: Path) -> None:
    """Whenever it fills up: the run stops with 5, and after room is made everything is created once."""
    ready.table(leads(400))
    reports = tiny_disk / "reports"
    (tiny_disk / "ballast").write_bytes(bytes(200 << 10))
    ended = ready("run", "list.csv", "-m", "m.yaml", *FAST, "--reports-dir", reports)
    assert ended.code == 5, ended
    assert "defect" not in ended.out
    assert 0 < len(sandbox.state.leads) < 400
    (tiny_disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=16m", tiny_disk], check=True)
    ended = ready("resume", *FAST, "--settle", "0", "--reports-dir", reports)
    assert ended.code in (0, 1), ended
    (run,) = (path for path in reports.iterdir() if path.is_dir())
    statuses = ready.statuses(run)
    assert len(statuses) == 400
    assert set(statuses) <= {"created", "created_unconfirmed"}
    assert {lead.creates for lead in sandbox.state.leads} == {1}


@pytest.fixture
def read_only(tmp_path: Path) -> object:
    """A folder in which nobody can write: a read-only mount for root, else a mode."""
    folder = tmp_path / "locked"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o500)
        yield folder
        folder.chmod(0o700)
        return
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"nothing can be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reports_folder_that_cannot_be_written(
    ready: CommandLine, sandbox: Sandbox, read_only: Path, command: str
) -> None:
    ended = ready(command, "list.csv", "-m", "m.yaml", "--reports-dir", read_only / "reports")
    assert_refused(ended, 5, "locked")
    assert sandbox.state.snapshot()["requests"] == {}


def test_a_reports_folder_that_is_a_file(ready: CommandLine) -> None:
    ready.write("reports", "not a folder")
    assert_refused(ready("run", "list.csv", "-m", "m.yaml"), 5, "reports")
    (ready.folder / "reports").unlink()


def test_a_journal_that_is_no_journal(ready: CommandLine, sandbox: Sandbox) -> None:
    ready.reports.mkdir()
    (ready.reports / "journal.sqlite3").write_bytes(b"not a database at all" * 100)
    assert_refused(ready("run", "list.csv", "-m", "m.yaml"), 5, "journal.sqlite3")
    assert sandbox.state.snapshot()["requests"] == {}


# the run itself


def test_a_second_process_is_refused_at_once_and_learns_who_is_sending(ready: CommandLine) -> None:
    ready.table(leads(1_000))
    sending = ready.start("run", "list.csv", "-m", "m.yaml", "--rate", "4", "--yes", "--run-name", "first")
    holder = ready.reports / ".sending.json"
    try:
        _wait_for(lambda: holder.exists() and holder.read_text().endswith("}"), sending)
        ready.table(leads(3, first=100), "other.csv")
        began = time.monotonic()
        ended = ready("run", "other.csv", "-m", "m.yaml", *FAST)
        assert time.monotonic() - began < SECONDS_TO_REFUSE
        assert ended.code == 2, ended
        said = ended.out + ended.err
        assert "another process is sending" in said
        assert "first" in said
        assert str(sending.pid) in said
        assert not list(ready.reports.glob("*-tiny")), "nothing was begun"
    finally:
        sending.send_signal(signal.SIGINT)
        first = ready.finished(sending)
    assert first.code == 130, first
    assert ready("run", "other.csv", "-m", "m.yaml", *FAST).code == 0, "the other one goes once the first has ended"


def _wait_for(ready: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while not ready():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_same_file_twice_is_refused_unless_asked_for(ready: CommandLine, sandbox: Sandbox) -> None:
    assert ready("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    first = ready.latest()
    shutil.copy(ready.folder / "list.csv", ready.folder / "renamed.csv")
    before = sandbox.state.snapshot()
    assert_refused(ready("run", "renamed.csv", "-m", "m.yaml", *FAST), 2, "renamed.csv", first.name, "--again")
    assert sandbox.state.snapshot() == before
    ended = ready("run", "renamed.csv", "-m", "m.yaml", *FAST, "--again", "--run-name", "zweite")
    assert ended.code == 0, "duplicates that were skipped as asked need nobody"
    assert ready.statuses(next(ready.reports.glob("*-zweite"))) == ["duplicate"] * 3
    assert all(each.repeats for each in sandbox.state.leads)


def test_the_guard_belongs_to_one_organization(ready: CommandLine, sandbox: Sandbox) -> None:
    assert ready("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    assert ready("run", "list.csv", "-m", "m.yaml", *FAST, "--org", "o2").code == 0
    assert len(sandbox.state.leads) == 6


def test_a_rehearsal_leaves_nothing_for_the_next_one(ready: CommandLine) -> None:
    for _ in range(2):
        assert ready("run", "list.csv", "-m", "m.yaml", "--sandbox", *FAST).code == 0
        assert ready.statuses() == ["created"] * 3
    assert ready("run", "list.csv", "-m", "m.yaml", *FAST).code == 0


@pytest.mark.parametrize(("limit", "code"), [("0", 2), ("1", 2), ("2", 1), ("49%", 2), ("50%", 1)])
def test_max_invalid(ready: CommandLine, sandbox: Sandbox, limit: str, code: int) -> None:
    ready.table([lead(1), lead(2, Phone="12"), lead(3, Name=""), lead(4)])
    ended = ready("run", "list.csv", "-m", "m.yaml", *FAST, "--max-invalid", limit)
    assert ended.code == code, ended
    assert len(sandbox.state.leads) == (2 if code == 1 else 0)
    assert [row["_importer_row"] for row in ready.rejects()] == ["3", "4"], "the report says which rows"
    if code == 2:
        assert "2 of 4 rows are invalid" in ended.out
        assert ready.statuses() == ["pending", "invalid", "invalid", "pending"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "list.csv", "-m", "m.yaml", "--fast"),
        ("run", "list.csv"),
        ("run", "-m", "m.yaml"),
        ("run", "list.csv", "-m", "m.yaml", "--rate", "-1"),
        ("run", "list.csv", "-m", "m.yaml", "--limit", "0"),
        ("run", "list.csv", "-m", "m.yaml", "--max-invalid", "many"),
        ("run", "list.csv", "-m", "m.yaml", "--max-invalid", "150%"),
        ("run", "list.csv", "-m", "m.yaml", "--run-name", "../up"),
        ("run", "list.csv", "-m", "m.yaml", "--delimiter", "ab"),
        ("run", "list.csv", "-m", "m.yaml", "--on-duplicate", "overwrite"),
        ("check", "list.csv", "-m", "m.yaml", "--yes"),
        ("rum",),
        ("report",),
    ],
)
def test_wrong_usage(ready: CommandLine, arguments: tuple[str, ...]) -> None:
    assert_refused(ready(*arguments), 2)


def test_resume_with_nothing_to_resume(importer: CommandLine) -> None:
    assert_refused(importer("resume"), 2, "unfinished")


def test_resume_of_a_run_that_is_not_there(importer: CommandLine) -> None:
    assert_refused(importer("resume", "20200101"), 2, "20200101")
    assert_refused(importer("report", "20200101"), 2, "20200101")


def test_resume_of_a_finished_run(ready: CommandLine) -> None:
    assert ready("run", "list.csv", "-m", "m.yaml", *FAST).code == 0
    assert_refused(ready("resume", ready.latest().name), 2, ready.latest().name, "finished", "--retry-failed")
    assert_refused(ready("resume"), 2, "unfinished")


def test_resume_of_a_check(ready: CommandLine) -> None:
    assert ready("check", "list.csv", "-m", "m.yaml").code == 0
    assert_refused(ready("resume", ready.latest().name), 2, "check")


# --json on every way out

WAYS_OUT = {
    "missing file": (("run", "nowhere.csv", "-m", "m.yaml"), 2),
    "missing mapping": (("check", "list.csv", "-m", "nowhere.yaml"), 2),
    "wrong mapping": (("check", "list.csv", "-m", "list.csv"), 2),
    "unknown option": (("run", "list.csv", "-m", "m.yaml", "--fast"), 2),
    "bad url": (("run", "list.csv", "-m", "m.yaml", "--base-url", "http://crm.example"), 2),
    "nothing to resume": (("resume",), 2),
    "no such run": (("report", "x"), 2),
    "too many invalid": (("run", "bad.csv", "-m", "m.yaml", "--max-invalid", "0"), 2),
    "wrong organization": (("run", "list.csv", "-m", "m.yaml", "--org", "nobody"), 3),
    "rows need a person": (("run", "bad.csv", "-m", "m.yaml"), 1),
    "done": (("run", "list.csv", "-m", "m.yaml"), 0),
    "checked": (("check", "list.csv", "-m", "m.yaml"), 0),
    "sandbox": (("run", "list.csv", "-m", "m.yaml", "--sandbox"), 0),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_json_prints_one_object_on_stdout_on_every_way_out(importer: CommandLine, way: str) -> None:
    arguments, code = WAYS_OUT[way]
    importer.mapping()
    importer.table(leads(2))
    importer.table([lead(1), lead(2, Name="")], "bad.csv")
    with Sandbox(rate=0, api_key=KEY, orgs=["o1", "sandbox"]) as sandbox:
        importer.at(sandbox)
        fast = ("--rate", "0", "--settle", "0") if arguments[0] in ("run", "resume") else ()
        ended = importer(*arguments, *fast, "--json")
    assert ended.code == code, ended
    assert ended.document["exit_code"] == code
    assert ended.document["state"] in ("finished", "stopped")
    assert code < 2 or ended.document["reason"]
    if (importer.reports / "journal.sqlite3").exists() and "run_id" in ended.document:
        assert ended.document == importer.summary()


def test_json_in_a_process_of_its_own(ready: CommandLine) -> None:
    """Nothing else gets to stdout: no progress, no announcement, no warning of a library."""
    ended = ready.process("run", "list.csv", "-m", "m.yaml", *FAST, "--json")
    assert ended.code == 0, ended
    assert ended.document["counts"] == {"created": 3}
    assert "3 of 3 rows" in ended.err


def test_a_pipe_that_is_closed_is_no_defect(ready: CommandLine) -> None:
    command = f"{sys.executable} -m importer runs --json | true"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=ready.folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.stderr == ""
