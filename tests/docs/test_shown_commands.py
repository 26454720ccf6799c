"""Every command that the pages show is run, in a folder that holds what it names, or is listed here with the reason."""

import os
import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import openpyxl
import pytest

from importer.cli import main
from importer.cli.program import importer
from importer.clock import SystemClock
from importer.journal.runs import Journal
from importer.model.run import RunState
from tests.docs.pages import ROOT, fenced, page, pages

pytestmark = pytest.mark.slow

NOT_RUN = {
    r"importer sandbox( .*)?": "serves until Ctrl-C; tests/sandbox does it",
    r"importer run .* --org 4711\b.*": "would send to the real server",
    r"importer run \S+ -m MAPPING.yaml": "would send to the real server",
    r"importer run inbox/\*\.xlsx .*--yes": "would send to the real server",
    r"importer (resume|resolve|report) (\d{8}-|RUN|latest --as).*": "names a run of the reader's own",
    r"importer \w+ --help": "shown in whole; test_generated_parts.py compares it",
    r"importer --help": "shown in whole; test_generated_parts.py compares it",
    r"importer doctor.*": "connects to the real server",
    r"importer resume .*--profile live": "would send to the real server",
    r"importer run rejects.xlsx -m MAPPING.yaml --org.*": "would send to the real server",
    r"make (demo|test)": "makes an environment, and runs these tests",
}
"""Patterns of commands that are not run, and why. Their options are parsed all the same."""

_ROWS = 6
_MAPPING = """\
version: 1
name: own
lead: {crm_id: ID, first_name: Name, phone_number: Phone}
assign: {user_email: Owner}
"""
_LIST = (
    ("ID", "Name", "Phone", "Owner"),
    ("L-1", "Asha", "+919000000001", "asha@x.example"),
    ("L-2", "Ben", "+919000000002", ""),
)


@dataclass(frozen=True)
class Shown:
    page: str
    command: str

    def __str__(self) -> str:
        return f"{self.page}: {self.command}"


def _shown() -> list[Shown]:
    """The commands of the pages, each once, without the words that explain them."""
    found: dict[str, Path] = {}
    for path in pages():
        for block in fenced(path.read_text(encoding="utf-8")):
            if "\n[" in block or re.match(r"\w+:", block):
                continue  # TOML and YAML
            for line in block.splitlines():
                command = re.sub(r"\s(?:#|   ).*", "", line.strip().removeprefix("$ ")).strip()
                if re.match(r"(importer|make) (?!\[)", command) and "[" not in command:
                    found.setdefault(command, Shown(str(path.relative_to(ROOT)), command))
    return list(found.values())


def _reason(command: str) -> str:
    return next((reason for pattern, reason in NOT_RUN.items() if re.fullmatch(pattern, command)), "")


SHOWN = _shown()
RUN = [shown for shown in SHOWN if not _reason(shown.command)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files that the pages name; what a command does to the process is undone."""
    monkeypatch.chdir(tmp_path)
    for name in ("SALESCHAT_ORG_ID", "SALESCHAT_BASE_URL", "SALESCHAT_API_KEY", "SALESCHAT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    mask = os.umask(0o077)
    _make_files(tmp_path)
    yield tmp_path
    os.umask(mask)
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _make_files(folder: Path) -> None:
    for name in ("samples", "mappings", "inbox"):
        (folder / name).mkdir()
    for path in (ROOT / "mappings").iterdir():
        (folder / "mappings" / path.name).write_bytes(path.read_bytes())
    for name in ("MAPPING.yaml", "mapping.yaml", "leads.mapping.yaml", "weekly.yaml", "mappings/weekly.yaml"):
        (folder / name).write_text(_MAPPING, encoding="utf-8")
    book = openpyxl.Workbook()
    for row in _LIST:
        book.worksheets[0].append(row)
    for name in ("LIST.xlsx", "leads.xlsx", "rejects.xlsx", "collected.xlsx", "inbox/monday.xlsx"):
        book.save(folder / name)
    text = "\n".join(",".join(row) for row in _LIST)
    for name in ("leads.csv", "rejects.csv"):
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("list.csv", "export.csv"):
        (folder / name).write_text(text.replace(",", ";"), encoding="cp1252")
    _make_short_samples(folder / "samples")
    (folder / "importer.toml").write_text('[profiles.live]\norg = "4711"\n', encoding="utf-8")


def _make_short_samples(folder: Path) -> None:
    """The samples themselves, but few rows: the sandbox takes ten a second."""
    book = openpyxl.load_workbook(ROOT / "samples" / "weekly-webinar.xlsx")
    sheet = book["Registrations"]
    sheet.delete_rows(5 + _ROWS, sheet.max_row)
    book.save(folder / "weekly-webinar.xlsx")
    lines = (ROOT / "samples" / "migration.csv").read_bytes().splitlines(keepends=True)
    (folder / "migration.csv").write_bytes(b"".join(lines[: 1 + _ROWS]))
    shutil.copytree(ROOT / "samples" / "exports", folder / "exports")


def _arguments(command: str, folder: Path) -> list[str]:
    """The words of a command after `importer`, with the wildcards of the shell resolved."""
    words = shlex.split(command)[1:]
    return [found for word in words for found in (sorted(map(str, folder.glob(word))) if "*" in word else [word])]


def _leave_a_run_unfinished(folder: Path) -> None:
    """A run whose process died after its last row and before its report."""
    assert main(["run", "LIST.xlsx", "-m", "MAPPING.yaml", "--sandbox", "--quiet"]) == 0
    with Journal(folder / "reports", SystemClock().now) as journal:
        journal.set_state(journal.run("latest"), RunState.SENDING)


@pytest.mark.parametrize("shown", [shown for shown in RUN if shown.command.startswith("importer ")], ids=str)
def test_it_runs(shown: Shown, folder: Path) -> None:
    if re.match(r"importer (resume|report|runs|purge)", shown.command):
        _leave_a_run_unfinished(folder)
    if shown.command.startswith("importer init"):
        for name in ("MAPPING.yaml", "leads.mapping.yaml", "mappings/weekly.yaml"):
            (folder / name).unlink()
    assert main(_arguments(shown.command, folder)) in (0, 1)


@pytest.mark.parametrize("shown", [shown for shown in SHOWN if shown.command.startswith("importer ")], ids=str)
def test_its_options_are_understood(shown: Shown, folder: Path) -> None:
    (folder / "faults.yaml").write_text("seed: 7\n", encoding="utf-8")
    words = _arguments(shown.command, folder)
    words = [word for word in words if word != "--help"]
    command = importer.commands.get(words[0]) if words else importer
    assert command is not None, f"there is no command {words[0]}"
    if "--help" not in shown.command:
        with click.Context(importer, info_name="importer") as parent:
            command.make_context(words[0], words[1:], parent=parent)


@pytest.mark.parametrize("shown", [shown for shown in SHOWN if shown.command.startswith("make ")], ids=str)
def test_its_target_exists(shown: Shown) -> None:
    makefile = page("Makefile")
    for target in (word for word in shown.command.split()[1:] if "=" not in word):
        assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), target


def test_every_target_and_command_within_a_sentence_exists() -> None:
    makefile = page("Makefile")
    for path in pages():
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r"`make ([\w-]+)`", text):
            assert re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE), f"{path.name}: make {target}"
        for words in re.findall(r"`importer ([a-z]+)\b[^`]*`", text):
            assert words in importer.commands, f"{path.name}: importer {words}"


def test_the_readme_opens_with_the_two_commands() -> None:
    assert re.match(r"# .+\n\n```sh\nmake demo\b.*\nmake test\b.*\n```\n", page("README.md"))


def test_every_reason_is_still_needed() -> None:
    for pattern in NOT_RUN:
        assert any(re.fullmatch(pattern, shown.command) for shown in SHOWN), pattern
