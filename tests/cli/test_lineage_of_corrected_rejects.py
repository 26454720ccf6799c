"""A corrected rejects.csv is reported together with the run that left it."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import PLAIN_MAPPING, CommandLine, lead, leads

FAST = ("--rate", "0", "--settle", "0", "--yes")
STORY = "912 created at first, 80 after fixing, 8 left"


def corrected(importer: CommandLine, run: Path, name: str, *, rows: int) -> None:
    """The first `rows` rejects of a run with a name, the others as they were."""
    with (run / "rejects.csv").open(newline="", encoding="utf-8-sig") as file:
        header, *rejects = csv.reader(file)
    for reject in rejects[:rows]:
        reject[1] = "Asha Mended"
    importer.table(rejects, name, header)


def started(importer: CommandLine, name: str, *flags: str) -> Path:
    before = set(importer.reports.iterdir()) if importer.reports.exists() else set()
    importer("run", name, "-m", "m.yaml", *FAST, *flags)
    (run,) = (path for path in importer.reports.iterdir() if path.is_dir() and path not in before)
    return run


def listed(importer: CommandLine, run: Path) -> Any:
    """What `importer runs --json` says of a run; summary.json keeps to its contract."""
    return next(each for each in json.loads(importer("runs", "--json").out) if each["run_id"] == run.name)


@pytest.mark.slow
def test_a_thousand_rows_of_which_eighty_are_corrected(importer: CommandLine) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(number, Name="" if number > 912 else "Asha") for number in range(1, 1_001)])
    first = started(importer, "list.csv", "--sandbox")
    assert importer.summary(first)["counts"] == {"created": 912, "invalid": 88}
    assert listed(importer, first)["story"] == {}
    corrected(importer, first, "corrected.csv", rows=80)
    ended = importer("run", "corrected.csv", "-m", "m.yaml", *FAST, "--sandbox")
    second = max(path for path in importer.reports.iterdir() if path.is_dir() and path != first)
    summary = listed(importer, second)
    assert summary["mends"] == first.name
    assert summary["story"] == {"first": first.name, "rows": 1_000, "created": 912, "mended": 80, "left": 8}
    lineage = f"1,000 rows of run {first.name}: {STORY}"
    assert ended.out.count(lineage) == 1
    assert importer("runs").out.count(lineage) == 1
    newest, oldest = json.loads(importer("runs", "--json").out)
    assert (newest["mends"], oldest["mends"]) == (first.name, "")
    assert newest["story"] == summary["story"]
    assert lineage in (second / "report.html").read_text(encoding="utf-8")
    assert lineage not in (first / "report.html").read_text(encoding="utf-8")
    importer("report", first.name)
    assert lineage in (first / "report.html").read_text(encoding="utf-8"), "written again, it knows what came later"


def test_rows_corrected_twice_are_still_one_lineage(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([*leads(3), *(lead(number, Name="") for number in range(4, 9))])
    first = started(importer, "list.csv")
    corrected(importer, first, "corrected.csv", rows=3)
    second = started(importer, "corrected.csv")
    corrected(importer, second, "again.csv", rows=1)
    third = started(importer, "again.csv")
    assert listed(importer, third)["mends"] == second.name
    story = {"first": first.name, "rows": 8, "created": 3, "mended": 4, "left": 1}
    assert listed(importer, third)["story"] == story
    assert importer("runs").out.count("in all: ") == 1


def test_the_same_rejects_corrected_in_two_halves(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([*leads(3), *(lead(number, Name="") for number in range(4, 9))])
    first = started(importer, "list.csv")
    corrected(importer, first, "one.csv", rows=2)
    corrected(importer, first, "two.csv", rows=4)
    started(importer, "one.csv")
    story = listed(importer, started(importer, "two.csv"))["story"]
    assert (story["mended"], story["left"]) == (4, 1), "two of the four were there already, and count once"


def test_a_corrected_id_settles_the_row_that_had_none(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([*leads(2), lead(3, ID=""), lead(4, Name="")])
    first = started(importer, "list.csv")
    with (first / "rejects.csv").open(newline="", encoding="utf-8-sig") as file:
        header, no_id, no_name = csv.reader(file)
    importer.table([["L-0003", *no_id[1:]], no_name], "corrected.csv", header)
    story = listed(importer, started(importer, "corrected.csv"))["story"]
    assert (story["created"], story["mended"], story["left"]) == (2, 1, 1)


def test_an_ordinary_list_belongs_to_no_story(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([*leads(2), lead(3, Name="")])
    started(importer, "list.csv")
    importer.table(leads(3), "next.csv")
    assert listed(importer, started(importer, "next.csv", "--accept-drift"))["mends"] == ""
    assert "in all" not in importer("runs").out
