"""`--on-finish`: what the command gets, and that nothing it does changes the run."""

import json
import os
import signal
import stat
import time
from pathlib import Path

import pytest

from importer.cli.console import Console
from importer.cli.hook import call_hook
from importer.model.run import RunReport, RunState
from importer.runs.finish import Ended
from importer.sandbox import Sandbox
from importer.sending.stop_request import StopRequest
from tests.cli.command_line import KEY, PLAIN_MAPPING, CommandLine, lead, leads

FAST = ("--rate", "0", "--settle", "0", "--yes", "--no-canary")


@pytest.fixture
def run(importer: CommandLine, sandbox: Sandbox) -> tuple[str, ...]:
    """A run of two rows, of which one needs a person."""
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1), lead(2, Name="")])
    return ("run", "list.csv", "-m", "m.yaml", *FAST)


def _script(importer: CommandLine, text: str) -> str:
    path = importer.write("notify.sh", f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return "./notify.sh"


def test_it_gets_the_summary_on_stdin(importer: CommandLine, run: tuple[str, ...]) -> None:
    ended = importer(*run, "--on-finish", _script(importer, "cat > got.json; test -s reports/*/rejects.csv"))
    assert ended.code == 1
    assert "warning" not in ended.err, "the report is there before the command is called"
    assert (importer.folder / "got.json").read_bytes() == (importer.latest() / "summary.json").read_bytes()


def test_its_words_are_split_without_a_shell(importer: CommandLine, run: tuple[str, ...]) -> None:
    script = _script(importer, 'printf "%s\\n" "$@" > words')
    importer(*run, "--on-finish", f"{script} 'two words' $HOME ; *")
    assert (importer.folder / "words").read_text().splitlines() == ["two words", "$HOME", ";", "*"]


def test_its_environment_describes_the_run_and_holds_no_credential(
    importer: CommandLine, run: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALESCHAT_TOKEN", "token-4711")
    monkeypatch.setenv("KEPT", "yes")
    importer(*run, "--on-finish", _script(importer, "env > environment"))
    lines = (importer.folder / "environment").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if "=" in line)
    assert variables["IMPORTER_RUN_ID"] == importer.latest().name
    assert (variables["IMPORTER_EXIT_CODE"], variables["IMPORTER_STATE"], variables["KEPT"]) == ("1", "finished", "yes")
    assert not {"SALESCHAT_API_KEY", "SALESCHAT_TOKEN"} & variables.keys()
    assert KEY not in "".join(lines)
    assert "token-4711" not in "".join(lines)
    assert os.environ["SALESCHAT_API_KEY"] == KEY, "the importer's own environment is left as it is"


def test_a_command_that_fails_is_reported_and_changes_nothing(importer: CommandLine, run: tuple[str, ...]) -> None:
    ended = importer(*run, "--quiet", "--on-finish", _script(importer, "exit 7"))
    assert ended.code == 1
    assert ended.err == "warning: --on-finish ./notify.sh failed with exit code 7\n"
    assert importer.summary()["exit_code"] == 1


def test_a_command_that_is_not_there_is_reported_and_changes_nothing(
    importer: CommandLine, run: tuple[str, ...]
) -> None:
    ended = importer(*run, "--on-finish", "./nowhere.sh")
    assert ended.code == 1
    assert "warning: --on-finish ./nowhere.sh cannot be started: No such file or directory" in ended.err


def test_a_command_that_hangs_is_ended_with_all_it_has_started(
    importer: CommandLine, capfd: pytest.CaptureFixture[str]
) -> None:
    summary = importer.write("summary.json", "{}")
    script = _script(importer, "sleep 600 & echo $! > child; wait")
    began = time.monotonic()
    call_hook((script,), _ended(summary), Console(), StopRequest(), patience=1.0)
    assert time.monotonic() - began < 300, "it waited for the command"
    assert "--on-finish ./notify.sh did not end within 1 s and was stopped" in capfd.readouterr().err
    child = int((importer.folder / "child").read_text())
    for _ in range(1200):
        if not _is_running(child):
            break
        time.sleep(0.05)
    assert not _is_running(child)


@pytest.mark.slow
def test_ctrl_c_gives_up_the_command_and_not_the_result(importer: CommandLine, run: tuple[str, ...]) -> None:
    script = _script(importer, "touch started; sleep 600")
    process = importer.start(*run, "--on-finish", script)
    deadline = time.monotonic() + 300
    while not (importer.folder / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    ended = importer.finished(process, within=300)
    assert ended.code == 1
    assert "--on-finish ./notify.sh was interrupted" in ended.err


def _is_running(pid: int) -> bool:
    """An orphan that nobody has waited for is a zombie, which runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _ended(summary: Path) -> Ended:
    report = RunReport(
        run_id="r", command="run", state=RunState.FINISHED, exit_code=0, reason="", sources=(), mapping_path="m",
        mapping_sha256="", org="", base_url="", started_at="", finished_at="", seconds=0.0, rows=0,
    )  # fmt: skip
    return Ended(report=report, files={"summary.json": str(summary)})


@pytest.mark.slow
def test_what_it_prints_does_not_disturb_the_json(importer: CommandLine, run: tuple[str, ...]) -> None:
    del importer.environment["SALESCHAT_API_KEY"]
    ended = importer.process(*run, "--sandbox", "--json", "--on-finish", _script(importer, "echo told"))
    assert ended.document["exit_code"] == 1
    assert "told" in ended.err


def test_check_and_resume_call_it_too(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    hook = ("--on-finish", _script(importer, 'cat > got.json; echo "$IMPORTER_STATE" > state'))
    assert importer("check", "list.csv", "-m", "m.yaml", *hook).code == 0
    assert json.loads((importer.folder / "got.json").read_text())["command"] == "check"
    assert importer("run", "list.csv", "-m", "m.yaml", "--max-invalid", "0", "--org", "none", *FAST).code == 0
    assert importer("resume", "latest", "--org", "none", "--retry-failed", *hook, "--yes").code == 0
    assert json.loads((importer.folder / "got.json").read_text())["command"] == "run"
    assert (importer.folder / "state").read_text() == "finished\n"


@pytest.mark.parametrize("command", ["", "  ", "tell 'me"])
def test_a_command_that_cannot_be_split_is_refused_before_anything(importer: CommandLine, command: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    ended = importer("check", "list.csv", "-m", "m.yaml", "--on-finish", command)
    assert ended.code == 2
    assert not importer.reports.exists()
