"""What a shell is offered at Tab: commands, options, run ids, files; and that it is quick."""

import os
import subprocess
import sys

import pytest
from click.shell_completion import BashComplete

from importer.cli.program import importer as command
from tests.cli.command_line import PLAIN_MAPPING, ROOT, CommandLine, leads


@pytest.fixture
def run_ids(importer: CommandLine) -> list[str]:
    """Two checks of this folder and one of another, oldest first."""
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(1))
    for name, folder in (("weekly", "reports"), ("other", "reports"), ("far", "elsewhere")):
        importer("check", "list.csv", "-m", "m.yaml", "--run-name", name, "--reports-dir", folder)
    found = [*importer.folder.glob("reports/2*"), *importer.folder.glob("elsewhere/2*")]
    return [path.name for name in ("weekly", "other", "far") for path in found if path.name.endswith(name)]


def _offered(*words: str) -> list[str]:
    *before, incomplete = words
    machinery = BashComplete(command, {}, "importer", "_IMPORTER_COMPLETE")
    return [completion.value for completion in machinery.get_completions(list(before), incomplete)]


@pytest.mark.slow
@pytest.mark.parametrize("words", [("resume",), ("report",), ("resolve", "--as", "ours")])
def test_run_ids_by_their_beginning_newest_first(run_ids: list[str], words: tuple[str, ...]) -> None:
    weekly, other, _ = run_ids
    assert _offered(*words, "2") == [other, weekly]
    assert _offered(*words, weekly) == [weekly]
    assert _offered(*words, "l") == ["latest"]
    assert _offered(*words, "x") == []


def test_run_ids_of_the_folder_that_is_named(run_ids: list[str]) -> None:
    assert _offered("report", "--reports-dir", "elsewhere", "2") == run_ids[2:]


def test_run_ids_of_the_folder_of_the_settings(importer: CommandLine, run_ids: list[str]) -> None:
    importer.write("importer.toml", 'reports_dir = "elsewhere"\n')
    assert _offered("report", "2") == run_ids[2:]
    importer.write("importer.toml", "this is no TOML")
    assert _offered("report", "2") == [run_ids[1], run_ids[0]], "wrong settings are for the command to complain about"


def test_no_journal_is_no_error_and_none_is_made(importer: CommandLine) -> None:
    assert _offered("report", "2") == []
    assert not importer.reports.exists()


def test_a_damaged_journal_is_no_error(importer: CommandLine) -> None:
    importer.reports.mkdir()
    (importer.reports / "journal.sqlite3").write_bytes(b"this is no journal" * 100)
    assert _offered("report", "2") == []


def test_commands_options_and_words() -> None:
    assert _offered("re") == ["resume", "resolve", "report"]
    assert "--on-finish" in _offered("run", "list.csv", "--o")
    assert _offered("run", "list.csv", "--on-duplicate", "s") == ["skip"]


def test_files_are_left_to_the_shell() -> None:
    machinery = BashComplete(command, {}, "importer", "_IMPORTER_COMPLETE")
    assert [each.type for each in machinery.get_completions(["check"], "li")] == ["file"]
    assert [each.type for each in machinery.get_completions(["run", "list.csv", "-m"], "ma")] == ["file"]


def test_it_is_asked_as_a_shell_asks_it_and_loads_nothing_heavy(importer: CommandLine, run_ids: list[str]) -> None:
    heavy = "{'pandas', 'pyarrow', 'httpcore', 'pandera', 'openpyxl', 'pydantic', 'starlette', 'yaml'}"
    script = (
        "import atexit, sys; from importer.cli import main\n"
        f"atexit.register(lambda: print('LOADED', sorted({heavy} & set(sys.modules))))\n"
        "main([])"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "_IMPORTER_COMPLETE": "bash_complete",
        "COMP_WORDS": f"importer report {run_ids[0]}",
        "COMP_CWORD": "2",
    }
    ended = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=300, check=True
    )
    assert ended.stdout.splitlines() == [f"plain,{run_ids[0]}", "LOADED []"]


@pytest.mark.parametrize("shell", ["zsh_source", "fish_source"])
def test_the_script_for_the_shell(importer: CommandLine, shell: str) -> None:
    importer.environment["_IMPORTER_COMPLETE"] = shell
    ended = importer.process()
    assert ended.code == 0
    assert "_IMPORTER_COMPLETE" in ended.out
