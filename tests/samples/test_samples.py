"""The samples are what their README says: made by their generator, and with exactly these rows in each status."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import openpyxl
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
README = (SAMPLES / "README.md").read_text(encoding="utf-8")


def stated_counts() -> list[tuple[str, str, dict[str, int]]]:
    """Per sample: its mapping and its counts, as the first table of the README states them."""
    header, _, *lines = [cells_of(line) for line in README.split("\n\n## ")[0].splitlines() if line.startswith("|")]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    return [
        (row.pop("file").strip("`"), row.pop("mapping").strip("`"), {word: int(count) for word, count in row.items()})
        for row in rows
    ]


def stated_codes(sample: str) -> defaultdict[int, set[str]]:
    """The codes and statuses that the table of the sample's own section gives to row numbers."""
    section = README.split(f"\n## {sample}\n")[1].split("\n## ")[0]
    codes = defaultdict(set)
    for line in section.splitlines():
        cells = cells_of(line)
        if line.startswith("|") and re.fullmatch(r"\d+(, \d+)*", cells[0]):
            last = cells[2].split(" is ")
            rows = last[0] if len(last) == 2 else cells[0]
            for number in re.findall(r"\d+", rows):
                codes[int(number)].add(re.findall(r"`([\w-]+)`", last[-1])[-1])
    return codes


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows_as_a_spreadsheet_numbers_them(sample: str) -> list[int]:
    if sample.endswith(".xlsx"):
        sheet = openpyxl.load_workbook(SAMPLES / sample).worksheets[0]
        filled = [number for number, row in enumerate(sheet.iter_rows(values_only=True), start=1) if any(row)]
        return [number for number in filled if number > 4]
    with (SAMPLES / sample).open(encoding="cp1252", newline="") as file:
        return [number for number, _ in enumerate(csv.reader(file, delimiter=";"), start=1)][1:]


def check(file: Path, mapping: str, reports: Path, *options: Any) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The summary and the lines of results.csv."""
    environment = {name: text for name, text in os.environ.items() if not name.startswith("SALESCHAT_")}
    command = [sys.executable, "-m", "importer", "check", str(file), "-m", str(ROOT / "mappings" / mapping), "--json"]
    done = subprocess.run(
        [*command, "--reports-dir", str(reports), *options],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout)
    with Path(ROOT, summary["files"]["results.csv"]).open(encoding="utf-8", newline="") as lines:
        return summary, list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], list[Any]]]:
    """What the check says of each sample."""
    reports = tmp_path_factory.mktemp("reports")
    return {sample: check(SAMPLES / sample, mapping, reports) for sample, mapping, _ in stated_counts()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the samples as the generator makes them now."""
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, str(SAMPLES / "make_samples.py"), str(folder)], check=True)
    return folder


def test_the_generator_makes_the_csv_that_is_checked_in(made: Path) -> None:
    assert (made / "migration.csv").read_bytes() == (SAMPLES / "migration.csv").read_bytes()


def test_the_generator_makes_the_cells_that_are_checked_in(made: Path) -> None:
    # Not the bytes: another version of openpyxl or zlib may pack the same cells differently.
    assert cells_in(made / "weekly-webinar.xlsx") == cells_in(SAMPLES / "weekly-webinar.xlsx")


def cells_in(path: Path) -> dict[str, list[Any]]:
    book = openpyxl.load_workbook(path)
    return {
        sheet.title: [
            (cell.coordinate, cell.value, cell.data_type, cell.number_format) for row in sheet for cell in row
        ]
        for sheet in book
    }


def test_the_generator_makes_the_same_bytes_every_time(made: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(SAMPLES / "make_samples.py"), str(tmp_path)], check=True)
    assert contents(made) == contents(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize(("sample", "mapping", "stated"), stated_counts())
def test_a_sample_has_the_counts_that_its_readme_states(
    checked: dict[str, tuple[dict[str, Any], list[Any]]], sample: str, mapping: str, stated: dict[str, int]
) -> None:
    summary, results = checked[sample]
    rows = stated["rows"]
    counts = {status: count for status, count in stated.items() if status != "rows" and count}

    assert summary["rows"] == len(results) == rows
    assert summary["counts"] == counts
    assert Counter(line["status"] for line in results) == counts


@pytest.mark.parametrize("sample", [sample for sample, _, _ in stated_counts()])
def test_every_row_of_a_sample_is_in_the_results_once(
    checked: dict[str, tuple[dict[str, Any], list[Any]]], sample: str
) -> None:
    _, results = checked[sample]

    assert [int(line["number"]) for line in results] == rows_as_a_spreadsheet_numbers_them(sample)


@pytest.mark.parametrize("sample", [sample for sample, _, _ in stated_counts()])
def test_the_readme_names_every_row_that_is_out_of_the_ordinary(
    checked: dict[str, tuple[dict[str, Any], list[Any]]], sample: str
) -> None:
    _, results = checked[sample]
    stated = stated_codes(sample)
    found = {
        int(line["number"]): {line["status"], *line["problems"].split(";"), *line["warnings"].split(";")}
        for line in results
        if line["status"] not in {"valid", "filtered"} or line["warnings"]
    }

    assert found.keys() == stated.keys()
    assert {number: codes - found[number] for number, codes in stated.items() if codes - found[number]} == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sample", "mapping"),
    [("weekly-webinar.xlsx", "weekly-webinar.yaml"), ("migration.csv", "migration.yaml")],
)
def test_the_rejects_of_a_sample_are_read_with_the_same_mapping(
    checked: dict[str, tuple[dict[str, Any], list[Any]]], tmp_path: Path, sample: str, mapping: str
) -> None:
    summary, results = checked[sample]
    rejects = shutil.copy(ROOT / summary["files"]["rejects.csv"], tmp_path / "rejects.csv")
    again, _ = check(rejects, mapping, tmp_path / "reports")

    assert again["rows"] == sum(line["status"] in {"invalid", "conflict_in_file"} for line in results)
    assert again["counts"].get("filtered", 0) == 0
