"""The scripts of docs/weekly-lists.md as they stand there, and the arithmetic of docs/migration-playbook.md."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import openpyxl
import pytest

from importer.cli.messages import duration
from importer.sandbox import Sandbox
from tests.docs.pages import ROOT, fenced, page, section, table

WEEKLY = page("docs/weekly-lists.md")
WEEKLY_SH = next(block for block in fenced(WEEKLY) if "running/*.xlsx" in block)
TELL_SH = next(block for block in fenced(WEEKLY) if "mail -s" in block)
TELL_PY = next(block for block in fenced(WEEKLY) if "import urllib" in block)
KEY = "weekly-Key.81c2"
SUMMARY = {
    "run_id": "r1",
    "state": "finished",
    "exit_code": 1,
    "reason": "",
    "counts": {"created": 1200, "invalid": 3},
}


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The folder of the job: a list lies in inbox/, and `importer`, `sleep` and `mail` are ours."""
    for name in ("inbox", "running", "done", "mappings", "bin"):
        (tmp_path / name).mkdir()
    _executable(tmp_path / "weekly.sh", WEEKLY_SH)
    _executable(tmp_path / "notify.sh", TELL_SH)
    _executable(tmp_path / "bin" / "mail", '#!/bin/sh\nprintf "%s\\n" "$@" > mail.to\ncat > mail.body\n')
    _executable(tmp_path / "bin" / "sleep", "#!/bin/sh\necho slept >> calls\n")
    (tmp_path / "inbox" / "monday.xlsx").write_bytes(b"")
    return tmp_path


def _executable(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def _run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SALESCHAT_")}
    kept |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=300, check=False)


def _ending_with(folder: Path, *codes: int) -> None:
    """An `importer` that writes down its words and ends with these codes, one after the other."""
    (folder / "codes").write_text("".join(f"{code}\n" for code in codes))
    _executable(
        folder / "bin" / "importer",
        '#!/bin/sh\necho "$1" "$2" >> calls\ncode=$(head -n 1 codes)\nsed -i 1d codes\nexit "$code"\n',
    )


def _where(folder: Path) -> str:
    (found,) = [path.parent.name for path in folder.glob("*/monday.xlsx")]
    return found


@pytest.mark.parametrize(
    ("codes", "ends", "place"),
    [
        ((0,), 0, "done"),
        ((1,), 1, "done"),
        ((2,), 2, "inbox"),
        ((3,), 3, "running"),
        ((143,), 143, "running"),
        ((4, 4, 0), 0, "done"),
        ((4,) * 9, 4, "running"),
        ((4, 1), 1, "done"),
    ],
)
def test_what_the_job_makes_of_each_exit_code(job: Path, codes: tuple[int, ...], ends: int, place: str) -> None:
    _ending_with(job, *codes)
    assert _run(job, "./weekly.sh").returncode == ends
    assert _where(job) == place
    calls = (job / "calls").read_text().splitlines()
    assert calls == ["run running/monday.xlsx", *["slept", "resume --profile"] * (len(codes) - 1)]


def test_the_next_job_resumes_what_was_begun(job: Path) -> None:
    _ending_with(job, 143, 0)
    _run(job, "./weekly.sh")
    assert _run(job, "./weekly.sh").returncode == 0
    assert (job / "calls").read_text().splitlines() == ["run running/monday.xlsx", "resume --profile"]
    assert _where(job) == "done"


@pytest.mark.parametrize("code", [6, 70])
def test_after_something_bad_nothing_goes_on_until_a_person_says_so(job: Path, code: int) -> None:
    _ending_with(job, code, 0)
    assert _run(job, "./weekly.sh").returncode == code
    assert _run(job, "./weekly.sh").returncode == 6
    assert len((job / "calls").read_text().splitlines()) == 1
    (job / "stopped").unlink()
    assert _run(job, "./weekly.sh").returncode == 0


def test_an_empty_inbox_is_no_work(job: Path) -> None:
    (job / "inbox" / "monday.xlsx").unlink()
    _ending_with(job)
    assert _run(job, "./weekly.sh").returncode == 0
    assert not (job / "calls").exists()


@pytest.mark.slow
def test_the_job_for_real(job: Path) -> None:
    """Two files, one run, one lead that needs a person, one mail."""
    for name, row in (("monday", ("L-1", "Asha", "+919000000001")), ("tuesday", ("L-2", "", "+919000000002"))):
        book = openpyxl.Workbook()
        for cells in (("ID", "Name", "Phone"), row):
            book.worksheets[0].append(cells)
        book.save(job / "inbox" / f"{name}.xlsx")
    mapping = "version: 1\nname: weekly\nlead: {crm_id: ID, first_name: Name, phone_number: Phone}\n"
    (job / "mappings" / "weekly.yaml").write_text(mapping)
    (job / "saleschat.key").write_text(KEY)
    (job / "saleschat.key").chmod(0o600)
    _executable(job / "bin" / "importer", f'#!/bin/sh\nexec "{sys.executable}" -m importer "$@"\n')
    weekly = (job / "weekly.sh").read_text()
    _executable(job / "weekly.sh", weekly.replace("--max-invalid 10%", "--max-invalid 50%"))
    with Sandbox(rate=0, api_key=KEY) as sandbox:
        (job / "importer.toml").write_text(
            f'[profiles.live]\norg = "o1"\napi_key_file = "saleschat.key"\nbase_url = "{sandbox.base_url}"\n'
        )
        ended = _run(job, "./weekly.sh")
    assert ended.returncode == 1, ended.stderr
    assert sorted(path.name for path in (job / "done").iterdir()) == ["monday.xlsx", "tuesday.xlsx"]
    (report,) = (path for path in (job / "reports").iterdir() if path.is_dir())
    assert (job / "mail.to").read_text().splitlines() == [
        "-s",
        f"Leads: {report.name} finished, exit code 1",
        "crm@your-company.example",
    ]
    assert json.loads((job / "mail.body").read_text())["counts"] == {"created": 1, "invalid": 1}


def test_no_mail_when_nothing_needs_a_person(job: Path) -> None:
    assert _run(job, "./notify.sh", IMPORTER_EXIT_CODE="0").returncode == 0
    assert not (job / "mail.to").exists()


class _Webhook(BaseHTTPRequestHandler):
    posted: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.posted.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The address of a webhook, and what was posted to it."""
    _Webhook.posted = []
    with HTTPServer(("127.0.0.1", 0), _Webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/hook", _Webhook.posted
        server.shutdown()
        thread.join()


def test_the_message_to_slack(tmp_path: Path, webhook: tuple[str, list[tuple[str, bytes]]]) -> None:
    address, posted = webhook
    (tmp_path / "notify.py").write_text(TELL_PY)
    (tmp_path / "slack.url").write_text(f"{address}\n")
    subprocess.run(
        [sys.executable, "notify.py"], cwd=tmp_path, input=json.dumps(SUMMARY), text=True, timeout=300, check=True
    )
    ((path, body),) = posted
    assert path == "/hook"
    assert json.loads(body) == {"text": "r1 finished, exit code 1: 1,200 created, 3 invalid. "}


def test_the_hours_of_a_migration() -> None:
    rows = table(section(page("docs/migration-playbook.md"), "## The arithmetic"))
    assert len(rows) == 7
    for count, one_each, two_events, token in rows:
        leads = int(count.replace(",", ""))
        assert (one_each, two_events, token) == (duration(leads / 10), duration(2 * leads / 10), duration(leads / 5))


def test_every_message_that_troubleshooting_quotes_is_a_message() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "importer").rglob("*.py"))
    text = page("docs/troubleshooting.md")
    quoted = [
        quote for row in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for quote in re.findall(r"`([^`]+)`", row)
    ]
    parts = [part.strip() for quote in quoted for part in quote.split("…") if len(part.split()) > 2]
    assert len(parts) >= 7
    assert [part for part in parts if part not in source] == []


def test_every_setting_of_the_completion_is_understood() -> None:
    lines = re.findall(r"_IMPORTER_COMPLETE=(\w+)", section(page("docs/command-line.md"), "## Completion"))
    assert lines == ["bash_source", "zsh_source", "fish_source"]
