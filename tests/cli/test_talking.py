"""What a person sees, and where: progress and messages on stderr, results on stdout."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import FAST, KEY, ORG, PLAIN_MAPPING, ROOT, CommandLine, lead, leads

COMMANDS = ["check", "run", "resume", "runs", "report", "sandbox"]


def test_help_imports_none_of_the_heavy_libraries() -> None:
    script = (
        "import sys; from importer.cli import main; main(['--help']); main(['run', '--help'])\n"
        "heavy = {'pandas', 'pyarrow', 'httpcore', 'pandera', 'openpyxl', 'pydantic', 'starlette', 'uvicorn', 'yaml'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "LOADED []" in ended.stdout


def test_the_allocator_that_is_asked_for_is_there() -> None:
    """Else Arrow complains on stderr, and takes another one."""
    script = (
        "import os; from contextlib import suppress; from importer.cli import error_boundary\n"
        "error_boundary.main = lambda argv: 0\n"
        "with suppress(SystemExit): error_boundary.entry()\n"
        "import pyarrow; print(pyarrow.default_memory_pool().backend_name == os.environ['ARROW_DEFAULT_MEMORY_POOL'])"
    )
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("ARROW_", "JE_ARROW_"))}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == ("True\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(importer: CommandLine, command: str) -> None:
    ended = importer(command, "--help")
    assert ended.code == 0
    assert f"importer {command}" in ended.out
    assert command in importer("--help").out


def test_version(importer: CommandLine) -> None:
    assert re.fullmatch(r"importer, version \d+\.\d+\.\d+\S*\n", importer("--version").out)


def test_the_last_lines_say_where_rejects_and_report_are(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1), lead(2, Name="")])
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    *_, rejects, report = ended.out.splitlines()
    assert Path(rejects.partition(": ")[2].strip()).name == "rejects.csv"
    assert Path(rejects.partition(": ")[2].strip()).is_file()
    assert Path(report.partition(": ")[2].strip()).is_file()
    assert len(ended.out.splitlines()) <= 15


def test_one_row_is_no_plural(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    assert f"To send: 1 of 1 row to organization {ORG} on {sandbox.base_url}, 1 request\n" in ended.err
    assert re.search(r"finished after \d+ s: 1 row\n", ended.out)


def test_the_announcement_comes_before_the_first_request(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping()
    importer.table([*leads(2), lead(3, Name="")])
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--rate", "50")
    assert f"To send: 2 of 3 rows to organization {ORG} on {sandbox.base_url}, 6 requests, about 0 s\n" in ended.err
    calls = "2 to create leads, 2 to assign leads to 2 owners, 2 to record events"
    assert f"  {calls}; at most 50 of each a second\n" in ended.err


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_quiet_says_nothing_but_the_result(importer: CommandLine, sandbox: Sandbox, quiet: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST, quiet)
    assert ended.code == 0
    assert ended.err == ""
    assert "2 created" in ended.out
    assert importer("run", "nowhere.csv", "-m", "m.yaml", quiet).error, "errors are printed anyway"


def test_verbose_says_what_was_detected(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.write("list.csv", "List of March;;\n;;\nID;Name;Phone\nA-1;Zoë;+919876500001\n")
    plain, verbose = (importer("check", "list.csv", "-m", "m.yaml", *flag) for flag in ((), ("-v",)))
    assert len(verbose.err) > len(plain.err)
    assert "list.csv: " in verbose.err


@pytest.mark.slow
def test_no_colour_and_no_control_character_on_a_pipe(importer: CommandLine) -> None:
    importer.environment["NO_COLOR"] = "1"
    ended = importer.process("check", "nowhere.csv", "-m", "m.yaml")
    assert ended.code == 2
    assert "\x1b" not in ended.err


def test_text_from_a_cell_reaches_the_terminal_escaped(importer: CommandLine) -> None:
    evil = "\x1b]0;owned\x07evil\u202ename.csv"
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1), evil)
    ended = importer("check", evil, "-m", "m.yaml", "--sheet", "\x1b[2Jx")
    output = ended.out + ended.err
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "\u202e" not in output


@pytest.mark.parametrize("flag", [(), ("--no-progress",)])
def test_on_a_pipe_progress_is_a_line_now_and_then(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, flag: tuple[str, ...]
) -> None:
    monkeypatch.setattr("importer.cli.console._LINE_EVERY", 0.1)
    importer.mapping()
    importer.table(leads(12))
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--rate", "20", "--no-canary", *flag)
    lines = [line for line in ended.err.splitlines() if line.startswith("sending: ")]
    assert bool(lines) is not bool(flag)
    for line in lines:
        assert re.match(r"sending: \d+ of 12 rows, [\d.]+ rows/s\b", line), line
        assert "\r" not in line


def test_progress_counts_rows_and_never_more_than_there_are(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importer.cli.console._LINE_EVERY", 0.0)
    importer.mapping()
    importer.table(leads(12))
    ended = importer("run", "list.csv", "-m", "m.yaml", *FAST)
    counts = [int(count) for count in re.findall(r"^sending: (\d+) of 12 rows", ended.err, re.MULTILINE)]
    assert counts == sorted(counts)
    assert counts[-1] == 12
    assert "created 12" in ended.err


def test_settings_of_a_profile_and_which_goes_before_which(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    importer.write(
        "importer.toml", 'org = "base"\nrate = 0\n[profiles.test]\norg = "from-profile"\nreports_dir = "elsewhere"\n'
    )
    run = ("run", "list.csv", "-m", "m.yaml", "--profile", "test", "--yes", "--again", "--json")
    assert importer(*run, "--org", "from-flag").document["org"] == "from-flag"
    assert importer(*run).document["org"] == ORG, "the environment goes before the file"
    monkeypatch.delenv("SALESCHAT_ORG_ID")
    assert importer(*run).document["org"] == "from-profile"
    assert (importer.folder / "elsewhere" / "journal.sqlite3").is_file()
    assert importer(*run[:4], "--yes", "--json").document["org"] == "base"


def test_the_key_from_a_file(importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALESCHAT_API_KEY")
    key = importer.write("key", f"{KEY}\n")
    key.chmod(0o600)
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    assert importer("run", "list.csv", "-m", "m.yaml", *FAST, "--api-key-file", key).code == 0
