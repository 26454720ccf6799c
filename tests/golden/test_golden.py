"""The public contract does not change: exit codes, results.csv, rejects.csv, summary.json and request bodies.

A file of `expected/` changes only together with a line in CHANGELOG.md that says so: delete it and run the test, which
then writes it anew and fails once.
"""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.command_line import FAST, PLAIN_MAPPING, CommandLine, lead, leads
from tests.cli.interrupting import interrupt_after
from tests.golden.scenarios import SCENARIOS, outcome

EXPECTED = Path(__file__).parent / "expected"


WAITING = {"duplicates-followed-up", "refusals"}  # for a server that is too busy at first


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in WAITING else []) for name in SCENARIOS]
)
def test_the_same_list_has_the_same_result(importer: CommandLine, name: str) -> None:
    seen = outcome(importer, SCENARIOS[name])
    path = EXPECTED / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(seen, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        pytest.fail(f"{path.name} was not there; it is written now, so look at it and commit it")
    expected = json.loads(path.read_text(encoding="utf-8"))
    for part in expected:
        assert seen[part] == expected[part], part


JOURNAL = EXPECTED / "interrupted-rehearsal.sql"
"""A journal of 12 rows, one of them invalid, whose run got a Ctrl-C after four creates."""


def write_journal(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([*leads(11), lead(12, Name="")])
    interrupt_after(4, monkeypatch)
    assert importer("run", "list.csv", "-m", "m.yaml", "--sandbox", *FAST, "--concurrency", "1").code == 130
    with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as journal:
        version = journal.execute("PRAGMA user_version").fetchone()[0]
        dump = "\n".join(journal.iterdump())
    JOURNAL.write_text(f"{dump}\nPRAGMA user_version = {version};\n", encoding="utf-8")


def test_a_journal_of_today_is_reported_and_resumed_by_every_later_version(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not JOURNAL.exists():
        write_journal(importer, monkeypatch)
        pytest.fail(f"{JOURNAL.name} was not there; it is written now, so look at it and commit it")
    importer.reports.mkdir()
    with closing(sqlite3.connect(importer.reports / "journal.sqlite3")) as journal:
        journal.executescript(JOURNAL.read_text(encoding="utf-8"))
    assert importer("report", "latest").code == 0
    before = Counter(importer.statuses())
    assert (before["invalid"], before["created"] + before["pending"]) == (1, 11)
    assert before["created"] >= 4
    assert importer("resume", *FAST).code == 1
    assert Counter(importer.statuses()) == {"created": 11, "invalid": 1}
    assert [row["number"] for row in importer.results()] == [str(number) for number in range(2, 14)]
