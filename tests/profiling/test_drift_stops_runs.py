"""A run whose columns differ from those of the last run of its mapping waits for a person."""

import pytest

from importer.cli.console import Console
from importer.sandbox import Sandbox
from tests.cli.command_line import COLUMNS, CommandLine, Ended, lead, leads

FAST = ("--rate", "0", "--settle", "0")
MORE = (*COLUMNS, "Consent")


def without_cities(first: int) -> list[list[str]]:
    return [lead(number, City="") for number in range(first, first + 20)]


@pytest.fixture
def weekly(importer: CommandLine, sandbox: Sandbox) -> CommandLine:
    """A first week that was sent, and a second one without its cities."""
    importer.mapping()
    importer.table(leads(20))
    first = importer("run", "list.csv", "-m", "m.yaml", *FAST, "--yes")
    assert first.code == 0, first.err
    assert "Changed since" not in first.err
    importer.table(without_cities(100), name="second.csv")
    return importer


def run(importer: CommandLine, file: str = "second.csv", *more: str) -> Ended:
    return importer("run", file, "-m", "m.yaml", *FAST, "--yes", *more)


def test_drift_stops_an_unattended_run_before_anything_is_sent(weekly: CommandLine) -> None:
    ended = run(weekly)
    assert ended.code == 2
    assert "column “City” is blank in 100% of the rows; it was 0%" in ended.err
    assert "why: the file differs" in ended.out
    assert "--accept-drift" in ended.out
    assert weekly.summary()["requests"]["create"] == 0
    assert "column “City” is blank" in (weekly.latest() / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_accepted_drift_is_sent_and_asked_about_once(weekly: CommandLine) -> None:
    assert run(weekly, "second.csv", "--accept-drift").code == 0
    weekly.table(without_cities(200), name="third.csv")
    assert run(weekly, "third.csv").code == 0


def test_a_person_is_asked_even_with_yes_and_on_loopback(weekly: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(Console, "ask", lambda _self, question: asked.append(question) or True)
    assert run(weekly).code == 0
    assert asked == ["The columns have changed. Send anyway?"]


def test_a_stopped_run_can_be_resumed_by_its_name(weekly: CommandLine) -> None:
    assert run(weekly).code == 2
    ended = weekly("resume", weekly.latest().name, *FAST, "--yes")
    assert ended.code == 0, ended.err
    assert weekly.statuses() == ["created"] * 20


def test_columns_that_the_mapping_ignores_stop_nothing(weekly: CommandLine) -> None:
    weekly.table([[*row, "yes"] for row in leads(20, first=300)], name="more.csv", columns=MORE)
    ended = run(weekly, "more.csv")
    assert ended.code == 0
    assert "column “Consent” is new" in ended.err


def test_a_check_tells_drift_and_stops_nothing(weekly: CommandLine) -> None:
    ended = weekly("check", "second.csv", "-m", "m.yaml")
    assert ended.code == 0
    assert "column “City” is blank in 100% of the rows; it was 0%" in ended.out
    assert run(weekly).code == 2  # a check is not an answer


def test_checks_are_compared_with_each_other_until_a_run_was_sent(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(20))
    assert "Changed since" not in importer("check", "list.csv", "-m", "m.yaml").out
    importer.table([[*row, "yes"] for row in leads(20)], columns=MORE)
    assert "column “Consent” is new" in importer("check", "list.csv", "-m", "m.yaml").out


@pytest.mark.slow
def test_a_rehearsal_is_not_stopped_and_is_nothing_to_compare_with(weekly: CommandLine) -> None:
    ended = run(weekly, "second.csv", "--sandbox")
    assert ended.code == 0
    assert "column “City” is blank in 100% of the rows; it was 0%" in ended.err
    assert run(weekly).code == 2


def test_a_stopped_run_is_nothing_to_compare_with(weekly: CommandLine) -> None:
    assert [run(weekly).code, run(weekly).code] == [2, 2]


@pytest.mark.slow
def test_the_first_run_is_not_compared_with_a_check(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping()
    importer.table(leads(20))
    assert importer("check", "list.csv", "-m", "m.yaml").code == 0
    importer.table(without_cities(1))
    assert run(importer, "list.csv").code == 0


def test_another_mapping_is_another_list(weekly: CommandLine) -> None:
    text = (weekly.folder / "m.yaml").read_text(encoding="utf-8").replace("name: tiny", "name: other")
    weekly.mapping(text)
    assert run(weekly).code == 0


@pytest.mark.slow
def test_a_corrected_rejects_file_is_neither_stopped_nor_compared_with(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping()
    importer.table([*leads(20), *(lead(number, Phone="12", City="") for number in range(50, 60))])
    assert run(importer, "list.csv").code == 1
    rows = importer.rejects()
    columns = list(rows[0])
    mended = [{**row, "Phone": f"+9198765{at:05}"} for at, row in enumerate(rows, start=900)]
    importer.table([list(row.values()) for row in mended], name="mended.csv", columns=columns)
    assert run(importer, "mended.csv").code == 0  # its cities are all blank; in the list a third was

    importer.table([lead(number, City="" if number % 3 else "Pune") for number in range(500, 530)], name="next.csv")
    ended = run(importer, "next.csv")
    assert ended.code == 2
    assert "is blank in 67% of the rows; it was 33%" in ended.err


def test_a_report_written_again_shows_the_same(weekly: CommandLine) -> None:
    assert run(weekly).code == 2
    page = weekly.latest() / "report.html"
    before = page.read_text(encoding="utf-8")
    page.unlink()
    assert weekly("report", weekly.latest().name).code == 0
    assert page.read_text(encoding="utf-8") == before
