"""The benchmark's command measures ours without a peer, says what it reached, and goes on where it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import leads
from benchmarks.contest import Goal
from benchmarks.measuring import Command, Failed, measured
from benchmarks.settings import Settings

ROOT = Path(__file__).parents[2]


def benchmarks(tmp_path: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "benchmarks", "--rows", "200", "--repeat", "1", *arguments]
    places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results.md")]
    done = subprocess.run([*command, *places], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_the_short_version_measures_ours_and_is_not_measured_twice(tmp_path: Path) -> None:
    benchmarks(tmp_path, "--only", "ours,csv")
    results = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "| importer check | 1 |" in results
    assert "our peak memory: **" in results
    assert "frictionless ÷ ours: not measured" in results
    assert "measured before" in benchmarks(tmp_path, "--only", "ours,csv")


def test_a_process_is_measured_with_its_children(tmp_path: Path) -> None:
    child = "import sys; kept = bytearray(60 << 20); sum(range(3_000_000)); sys.stdin.readline()"
    parent = (
        "import subprocess, sys, time; kept = bytearray(60 << 20);"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=subprocess.PIPE);"
        "time.sleep(1.5); child.communicate(b'x')"
    )
    found = measured(Command(arguments=[sys.executable, "-c", parent]), tmp_path / "log", longest=30)
    assert found.peak > 115, "both at once"
    assert 0.02 < found.cpu < found.wall * 2
    assert found.cpu_between(found.began, found.began + found.wall) <= found.cpu + 0.05


def test_who_fails_or_takes_too_long_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="exit code 1: ValueError: no such peer"):
        code = "raise ValueError('no such peer')"
        measured(Command(arguments=[sys.executable, "-c", code]), tmp_path / "log", longest=30)
    with pytest.raises(Failed, match="given up after 0 s"):
        code = "import time; time.sleep(30)"
        measured(Command(arguments=[sys.executable, "-c", code]), tmp_path / "log", longest=0.2)


def test_a_goal_says_whether_it_is_met() -> None:
    assert Goal(text="x", value=1.5, limit=2).line() == "- x: **1.5** (at most 2: met)"
    assert "MISSED" in Goal(text="x", value=1.5, limit=2, at_least=True).line()
    assert "met" not in Goal(text="x", value=1.5, limit=2).line(holds=False)
    assert Goal(text="x", value=None, limit=2).line() == "- x: not measured"


def test_the_lists_hold_what_they_promise(tmp_path: Path) -> None:
    rows = list(leads.rows(1340))
    assert sum(any(row[k] == v for bad in leads.BAD for k, v in bad.items()) for row in rows) == 20
    assert len({row["Mobile"] for row in rows if row["Mobile"] != "12345"}) > 1300
    assert {row["Country"] for row in rows} == {"IN", "US", "GB", "AE", "SG", "DE"}
    assert any("\n" in row["Notes"] for row in rows)
    assert leads.csv_of(tmp_path, 10).read_bytes() == leads.csv_of(tmp_path / "again", 10).read_bytes()


def test_only_names_parts_and_who_takes_part(tmp_path: Path) -> None:
    def wants(*words: str) -> list[str]:
        settings = Settings(
            rows=(1,), repeat=1, only=frozenset(words), cache=tmp_path, minutes=1, longest=1, push_rows=1,
            rate_seconds=1, repository=ROOT,
        )  # fmt: skip
        return [word for word in ("ours", "peers", "csv", "push") if settings.wants(word)]

    assert wants() == ["ours", "peers", "csv", "push"]
    assert wants("ours") == ["ours", "csv", "push"]
    assert wants("csv") == ["ours", "peers", "csv"]
    assert wants("ours", "push") == ["ours", "push"]
