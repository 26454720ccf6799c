"""Accelerators are fast paths and nothing else: with `IMPORTER_EXACT=1` a copy without their files reports the same."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter

from importer import accelerators

PACKAGE = Path(__file__).parents[2] / "importer"
CALLS = {
    "importer.reading.csv.arrow_reader": {"reading/csv/delimited.py"},
    "importer.reading.xlsx.fast_rows": {"reading/xlsx/open_xml.py", "reading/xlsx/shared_strings.py"},
    "importer.mapping.values.numbering": {"mapping/values/phone.py"},
}
"""Each accelerator, and the files that hold its calls: one each."""

MAPPING = """\
version: 1
name: exact
lead: {crm_id: ID, first_name: Name, phone_number: {column: Phone, region: IN}, attributes: {note: Note}}
"""
ROWS = [
    ["ID", "Name", "Phone", "Note"],
    *([f"L{n}", f"Asha {n}", f"98765 {n:05}", f'said "{n}"\nand left' if n % 7 else ""] for n in range(120)),
    ["L-a", "Li*", "12", "#N/A"],
    ["", "Bo", "+44 20 7946 0958", "  spaces  "],
]
RUN = """\
import sys
sys.path.insert(0, {package!r})
import importer.cli
assert importer.__file__.startswith({package!r})
sys.exit(importer.cli.entry())
"""
"""The command by the package in a folder, which the process that reads a workbook finds there, too."""


def write_files(folder: Path) -> None:
    (folder / "exact.yaml").write_text(MAPPING)
    quoted = (",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in ROWS)
    (folder / "list.csv").write_text("\n".join(quoted))
    with xlsxwriter.Workbook(folder / "list.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(ROWS):
            sheet.write_row(number, 0, row)


def without(tmp_path: Path) -> Path:
    """A copy of the package from which each accelerator is deleted."""
    copy = tmp_path / "copy" / "importer"
    shutil.copytree(PACKAGE, copy)
    for name in CALLS:
        place = copy.parent.joinpath(*name.split("."))
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.with_suffix(".py").unlink(missing_ok=True)
    return copy.parent


def check(package: Path, folder: Path, **environment: str) -> str:
    """What `importer check` reports, by the package that stands in a folder."""
    kept = {name: text for name, text in os.environ.items() if name != accelerators.EXACT}
    ended = subprocess.run(
        [sys.executable, "-c", RUN.format(package=str(package)), "check", "list.csv", "list.xlsx", "-m", "exact.yaml"],
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    (results,) = folder.glob("reports/*/results.csv")
    text = results.read_text()
    shutil.rmtree(folder / "reports")
    return text


@pytest.mark.slow
def test_without_their_files_the_report_is_the_same(tmp_path: Path) -> None:
    write_files(tmp_path)
    fast = check(PACKAGE.parent, tmp_path)
    assert fast.count("\n") > 240
    assert "phone-invalid" in fast
    assert check(without(tmp_path), tmp_path, **{accelerators.EXACT: "1"}) == fast


@pytest.mark.slow
def test_each_has_one_call() -> None:
    """From outside their own folders; the accelerators themselves know one another, if at all, by folder."""
    found = [
        (node.module, path.relative_to(PACKAGE).as_posix())
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module
    ]
    for folder, files in CALLS.items():
        inside = folder.partition(".")[2].replace(".", "/") + "/"
        calls = {(module, path) for module, path in found if module.startswith(folder) and not path.startswith(inside)}
        assert calls == {(folder, path) for path in files}


@pytest.mark.parametrize(("value", "on"), [(None, True), ("", True), ("0", True), ("1", False), ("yes", False)])
def test_the_switch(monkeypatch: pytest.MonkeyPatch, value: str | None, on: bool) -> None:
    monkeypatch.delenv(accelerators.EXACT, raising=False)
    if value is not None:
        monkeypatch.setenv(accelerators.EXACT, value)
    assert accelerators.are_on() is on
