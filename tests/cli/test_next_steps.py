"""What a person types next: commands that can be pasted, words of other programs, and files that are not meant."""

import shlex
from pathlib import Path

import openpyxl
import pytest

from importer.cli.program import OTHER_WORDS
from importer.cli.program import importer as group
from tests.cli.command_line import PLAIN_MAPPING, CommandLine, leads

NAMES = [
    "Webinar 26 Nov FINAL.csv",
    "it's.csv",
    "a&b.csv",
    "a;b.csv",
    "$HOME.csv",
    "`id`.csv",
    "!x*.csv",
    "#1.csv",
    "-f.csv",
    "(1).csv",
    '"q".csv',
]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_next_steps_can_be_pasted_into_a_shell(importer: CommandLine, name: str) -> None:
    importer.table(leads(2), name=name)
    target = f"{name} map.yaml"
    ended = importer("init", "-o", f"./{target}", "--", name)
    assert ended.code == 0, ended.err
    (step,) = (line.partition(":  ")[2] for line in ended.out.splitlines() if "importer check" in line)
    text = Path(target).read_text(encoding="utf-8")
    (comment,) = (line.removeprefix("#   ") for line in text.splitlines() if "importer check" in line)
    for command in (step, comment):
        words = shlex.split(command)
        assert words[:2] == ["importer", "check"]
        assert importer(*words[1:]).code in (0, 1), command


def test_importer_alone_prints_the_help(importer: CommandLine) -> None:
    ended = importer()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == importer("--help").out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("import", "list.csv"), "importer run"),
        (("validate", "list.csv"), "importer check"),
        (("Validate",), "importer check"),
        (("rum",), "importer run"),
        (("chekc",), "importer check"),
        (("zzz",), "`importer --help` shows every option"),
        (("run", "list.csv", "-m", "m.yaml", "--dry-run"), "`importer check` does that, and sends nothing"),
        (("run", "list.csv", "-m", "m.yaml", "-y"), "The option is --yes"),
        (("check", "list.csv", "-m", "m.yaml", "--yes"), "--yes is an option of: run, resume"),
        (("run", "list.csv", "-m", "m.yaml", "--api-key", "x"), "give --api-key-file"),
        (("run", "list.csv", "-m", "m.yaml", "--zzz"), "`importer run --help` shows every option"),
    ],
)
def test_words_of_other_programs_lead_to_the_right_one(
    importer: CommandLine, words: tuple[str, ...], expected: str
) -> None:
    ended = importer(*words)
    assert ended.code == 2
    assert expected in ended.err


def test_every_word_that_is_pointed_to_exists() -> None:
    for word, meant in OTHER_WORDS.items():
        assert word not in group.commands
        named = meant.split()[1]
        assert named in group.commands or named in ("--help", "--version")


def _lock(owner: str, *, wide: bool = True) -> bytes:
    """Excel's lock file: the name in the code page of the machine, and in UTF-16."""
    narrow = owner.encode("cp1252", "replace")
    first = bytes([len(narrow)]) + narrow.ljust(54, b" ")
    second = len(owner).to_bytes(2, "little") + owner.encode("utf-16-le") if wide else bytes(2)
    return (first + second).ljust(165, b"\0")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_lock("Priya Nair"), "Priya Nair has b.xlsx open"),
        (_lock("प्रिया"), "प्रिया has b.xlsx open"),
        (_lock("José", wide=False), "José has b.xlsx open"),
        (b"", "Somebody has b.xlsx open"),
        (bytes(165), "Somebody has b.xlsx open"),
    ],
)
def test_lock_files_of_excel_are_skipped(importer: CommandLine, content: bytes, expected: str) -> None:
    importer.mapping(PLAIN_MAPPING)
    inbox = importer.folder / "inbox"
    inbox.mkdir()
    importer.table(leads(2), name="inbox/a.csv")
    (inbox / "~$b.xlsx").write_bytes(content)
    ended = importer("check", *sorted(inbox.iterdir()), "-m", "m.yaml")
    assert ended.code == 0
    assert expected in ended.err
    assert len(importer.results()) == 2


def test_lock_files_alone_are_refused_and_a_workbook_of_such_a_name_is_read(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    (importer.folder / "~$b.xlsx").write_bytes(_lock("Priya"))
    ended = importer("check", "~$b.xlsx", "-m", "m.yaml")
    assert ended.code == 2
    assert "Give the workbook itself, without ~$ in front" in ended.err
    book = openpyxl.Workbook()
    for row in (("ID", "Name", "Phone"), ("L-1", "Asha", "+919000000001")):
        book.worksheets[0].append(row)
    book.save(importer.folder / "~$b.xlsx")
    assert importer("check", "~$b.xlsx", "-m", "m.yaml").code == 0
