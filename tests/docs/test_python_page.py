"""docs/python.md: every example runs, prints what it says, and is correct for a strict type checker."""

import ast
import asyncio
import inspect
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import openpyxl
import pytest

import importer
from importer.errors import ImporterError
from tests.docs.pages import ROOT, names, page, section, table

PAGE: Final = page("docs/python.md")
EXAMPLES: Final = {
    heading: re.findall(r"^```python\n(.*?)^```", section(PAGE, f"## {heading}"), re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
}
ROWS: Final = (
    ("ID", "Name", "Phone"),
    ("L-1", "Asha Rao", "+919876500001"),
    ("L-2", "Ben", "+919876500002"),
    ("L-3", "", "+919876500003"),
    ("L-4", "Cara", "+919876500004"),
)
MAPPING: Final = "version: 1\nname: weekly\nlead:\n  crm_id: ID\n  first_name: Name\n  phone_number: Phone\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    book = openpyxl.Workbook()
    for row in ROWS:
        book.worksheets[0].append(row)
    book.save("leads.xlsx")
    Path("weekly.yaml").write_text(MAPPING)
    return tmp_path


def example(heading: str) -> str:
    (code,) = EXAMPLES[heading]
    return code


def carried_out(code: str, **given: Any) -> dict[str, Any]:
    """The names that an example leaves; it may await, as the cells of a notebook may."""
    names: dict[str, Any] = {"__name__": "example", **given}
    compiled = compile(code, "docs/python.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    made = types.FunctionType(compiled, names)()
    if inspect.iscoroutine(made):
        asyncio.run(made)
    return names


@pytest.mark.parametrize(
    "heading",
    ["Propose, check, look", "Sources and mappings", "Run", "Progress, stopping, resuming", "Errors", "In a notebook"],
)
@pytest.mark.slow
def test_the_example_runs_and_prints_what_it_says(heading: str, capsys: pytest.CaptureFixture[str]) -> None:
    carried_out(example(heading))
    printed = capsys.readouterr().out
    for said in re.findall(r"print\(.*\) +# (\S.*)$", example(heading), re.MULTILINE):
        if said.startswith(("{", "interrupted", "finished", "nowhere", "Check")):
            assert said in printed


def test_no_example_is_forgotten() -> None:
    marks = test_the_example_runs_and_prints_what_it_says.pytestmark  # type: ignore[attr-defined]
    tested = {heading for mark in marks if mark.name == "parametrize" for heading in mark.args[1]}
    assert {heading for heading, found in EXAMPLES.items() if found} == tested | {
        "In an Airflow task",
        "A test that guards a weekly file",
    }


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one name of Airflow that the example needs."""
    sdk = types.ModuleType("airflow.sdk")
    sdk.task = lambda **_: lambda function: function  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "airflow", types.ModuleType("airflow"))
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    yield


@pytest.mark.slow
@pytest.mark.usefixtures("airflow")
def test_the_airflow_task(monkeypatch: pytest.MonkeyPatch) -> None:
    task: Callable[[str], dict[str, int]] = carried_out(example("In an Airflow task"))["import_leads"]
    with pytest.raises(importer.ProblemsFound, match="1 invalid"):
        task("leads.xlsx")
    Path("good.csv").write_text("ID,Name,Phone\nL-1,Asha,+919876500001\n")
    with importer.sandbox(rate=0) as server:
        address, key = server.url, server.api_key
        port = int(address.rpartition(":")[2])
    for name, value in {"BASE_URL": address, "ORG_ID": "4711", "API_KEY": key}.items():
        monkeypatch.setenv(f"SALESCHAT_{name}", value)
    with pytest.raises(importer.Outage):  # nobody is there
        task("good.csv")
    with importer.sandbox(rate=0, port=port, api_key=key):
        assert task("good.csv") == {"created": 1}
    assert [past.command for past in importer.history()] == ["run"], "the second attempt has resumed the first"


@pytest.mark.slow
def test_the_test_of_a_weekly_file(folder: Path) -> None:
    (folder / "inbox").mkdir()
    (folder / "inbox" / "good.csv").write_text("ID,Name,Phone\nL-1,Asha,+919876500001\n")
    (folder / "inbox" / "wrong.csv").write_text("ID,Name,Phone\nL-1,Asha,n/a\n")
    (folder / "test_weekly.py").write_text(example("A test that guards a weekly file"))
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_weekly.py"],
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "1 failed, 1 passed" in ended.stdout, ended.stdout
    assert "phone-invalid" in ended.stdout


@pytest.mark.slow
def test_a_strict_type_checker_accepts_the_examples(folder: Path) -> None:
    """mypy sees the package as it is installed: with `py.typed`, and no settings of ours."""
    for number, (heading, found) in enumerate(EXAMPLES.items()):
        for code in found:
            if heading == "In a notebook":  # awaits at its top level
                code = "async def cell() -> None:\n" + re.sub("^", "    ", code, flags=re.MULTILINE)
            (folder / f"example_{number}.py").write_text(code)
    (folder / "wrong.py").write_text(
        'import importer\n\nimporter.check(1)\nimporter.run("a", "b", rat=1)\nimporter.nothing\n'
    )
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--cache-dir",
            str(folder / ".mypy"),
            *map(str, folder.glob("*.py")),
        ],
        env={"PATH": "/usr/bin:/bin", "MYPYPATH": ""},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    wrong = re.findall(r"^(\w+)\.py:(\d+): error: .*\[([\w-]+)\]$", ended.stdout, re.MULTILINE)
    assert [found for found in wrong if found[0] == "wrong"] == [
        ("wrong", "3", "arg-type"),
        ("wrong", "4", "call-arg"),
        ("wrong", "5", "attr-defined"),
    ], ended.stdout
    assert {found[2] for found in wrong if found[0] != "wrong"} <= {"import-not-found", "untyped-decorator"}, (
        ended.stdout
    )


def test_the_table_of_exceptions_is_complete() -> None:
    listed = {
        name: int(code) for cell, code in table(section(PAGE, "## Errors")) for name in names(cell) if name[0].isupper()
    }
    assert listed == {each.__name__: each.exit_code for each in ImporterError.__subclasses__()}
    assert {*listed, "ImporterError"} <= {*importer.__all__}
