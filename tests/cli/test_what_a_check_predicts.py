"""A check says what a run of the same files would do; what it cannot know, it says."""

from collections.abc import Sequence

import pytest

from importer.sandbox import Sandbox
from tests.cli.command_line import COLUMNS, FAST, ORG, PLAIN_MAPPING, CommandLine, lead, leads

CHECK = ("check", "list.csv", "-m", "m.yaml")
RUN = ("run", "list.csv", "-m", "m.yaml", *FAST)


@pytest.fixture
def imported(importer: CommandLine, sandbox: Sandbox) -> CommandLine:
    """A list of 30 leads that was imported."""
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(30))
    assert importer(*RUN).code == 0
    return importer


def test_a_check_says_that_a_run_would_refuse_an_imported_file(imported: CommandLine) -> None:
    run_id = imported.latest().name
    ended = imported(*CHECK, "--org", ORG)
    assert f"A run would stop: run {run_id} already imported list.csv. Give --again to send it again." in ended.out
    assert "Otherwise it would send 30 rows in 30 requests" in ended.out
    assert imported(*RUN).code == 2
    assert "would stop" not in imported(*CHECK, "--org", "another").out
    assert imported(*RUN, "--org", "another").code == 0


def test_without_an_organization_a_check_says_what_it_depends_on(
    imported: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = imported.latest().name
    monkeypatch.delenv("SALESCHAT_ORG_ID")
    output = imported(*CHECK).out
    assert (
        f"A run into organization {ORG} would stop: run {run_id} imported list.csv. Give --org ID to check for one."
        in output
    )
    imported.table(leads(3, first=90))
    assert "would stop" not in imported(*CHECK).out


def test_a_check_names_every_reason_why_a_run_would_stop(imported: CommandLine) -> None:
    imported.table([lead(n, Phone="12") for n in range(31, 41)])
    output = imported(*CHECK, "--max-invalid", "3").out
    assert "A run would stop: 10 of 10 rows are invalid, more than --max-invalid 3 allows." in output
    assert "A run would stop: the file differs from that of" in output
    assert "A run would send nothing." in output


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (("--base-url", "ftp://x"), "--base-url: the base URL 'ftp://x' cannot be used: it is not https"),
        (("--base-url", "https://10.0.0.1"), "(--allow-private allows it)"),
        (("--base-url", "https://"), "it has no host"),
        (("--org", ".."), "the organization '..' cannot be part of a URL"),
    ],
)
def test_a_check_says_that_a_run_would_refuse_the_server_or_the_organization(
    importer: CommandLine, sandbox: Sandbox, option: tuple[str, ...], why: str
) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table(leads(2))
    refused = importer(*RUN, *option)
    assert refused.code == 2
    assert why in refused.err
    output = importer(*CHECK, *option).out
    assert "A run would stop: " in output
    assert why in output
    assert "Otherwise it would send 2 rows" in output


def test_warnings_reach_the_terminal(imported: CommandLine) -> None:
    imported.table([lead(1), lead(31), lead(32, Phone=lead(31)[2])])
    output = imported(*CHECK, "--org", ORG).out
    assert "known-lead (A lead that is known from an earlier run)" in output
    assert "2 × phone-repeated (One phone number on several rows)" in output
    assert "2 × phone-repeated" in imported(*RUN).out
    imported.table(leads(2, first=50))
    assert "warnings:" not in imported(*CHECK, "--org", ORG).out


def test_the_first_rows_of_a_list_are_no_drift(imported: CommandLine) -> None:
    imported.table([lead(n, Name="" if n < 40 else "Asha") for n in range(31, 131)])
    output = imported(*CHECK, "--limit", "20").out
    assert "is blank in" not in output
    assert "has a problem in" not in output
    assert "would stop" not in output
    imported.table([[*lead(n), "x"] for n in range(200, 230)], columns=(*COLUMNS, "Campaign"))
    assert "“Campaign” is new" in imported(*CHECK, "--limit", "20").out, "a column is new from the first row on"


def test_the_first_rows_are_not_what_later_files_are_compared_with(imported: CommandLine) -> None:
    imported.table([lead(n, Name="" if n > 250 else "Asha") for n in range(231, 331)])
    assert imported(*RUN, "--limit", "10").code == 0
    assert "has a problem in 80% of the rows; it was 0%" in imported(*CHECK).out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "change"),
    [
        ((*COLUMNS, "Campaign"), "column “Campaign” is new"),
        (COLUMNS[:5], "column “Stage” is gone"),
        ((*COLUMNS[:5], "Stages"), "column “Stage” is gone; “Stages” is new"),
    ],
)
def test_a_column_that_the_mapping_ignores_stops_no_run(
    imported: CommandLine, columns: Sequence[str], change: str
) -> None:
    imported.table([[*lead(n), "x"][: len(columns)] for n in range(41, 45)], columns=columns)
    output = imported(*CHECK)
    assert change in output.out
    assert "would stop" not in output.out
    ended = imported(*RUN)
    assert ended.code == 0
    assert change in ended.err


def test_a_run_that_was_not_allowed_to_send_is_the_same_for_every_command(imported: CommandLine) -> None:
    imported.table([lead(n, Name="" if n % 5 else "Asha") for n in range(31, 61)])
    stopped = imported(*RUN)
    assert stopped.code == 2
    run_id = imported.latest().name
    assert f"`importer resume {run_id}` sends it anyway" in stopped.out
    ended = imported("resume", *FAST)
    assert ended.code == 2, "a resume that runs by itself must not send what nobody has allowed"
    assert f"{run_id} was stopped before it sent anything: the file differs from that of" in ended.error
    assert f"`importer resume {run_id}` sends it anyway" in ended.err
    assert "nothing was sent: the file differs from that of" in imported("runs").out
    assert imported("resume", run_id, *FAST).code == 1
    assert imported.statuses().count("created") == 6


def test_no_tip_promises_to_send_where_no_row_can_be_sent(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping(PLAIN_MAPPING)
    importer.table([lead(1, Phone="12"), lead(2, Phone="12")])
    stopped = importer(*RUN, "--max-invalid", "0")
    ended = importer("resume", *FAST)
    for output in (stopped.out + stopped.err, ended.err):
        assert "No row can be sent: correct the file, then run it again." in output
        assert "sends it anyway" not in output


def test_no_tip_names_a_run_where_there_is_none(importer: CommandLine) -> None:
    ended = importer("resume")
    assert ended.code == 2
    assert "Start one with `importer run`" in ended.err
    assert "importer runs" not in ended.err
