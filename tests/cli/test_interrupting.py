"""Ctrl-C and SIGTERM: drained, journalled, report written, resumable."""

import signal
import time

import pytest

from importer.sandbox import Faults, Sandbox
from tests.cli.command_line import FAST, KEY, CommandLine, leads
from tests.cli.signals import interrupt_while_sending, wait_for

SLOWLY = ("--rate", "20", "--settle", "0", "--yes")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_one_signal_drains_and_leaves_a_report_that_is_true(
    importer: CommandLine, sandbox: Sandbox, number: signal.Signals, code: int
) -> None:
    importer.mapping()
    importer.table(leads(60))
    process = importer.start("run", "list.csv", "-m", "m.yaml", *SLOWLY)
    ended = interrupt_while_sending(importer, process, number)
    assert ended.code == code, ended
    assert "what is on its way is finished first" in ended.err
    assert number.name in ended.out
    assert "resume" in ended.out
    summary = importer.summary()
    assert (summary["state"], summary["exit_code"]) == ("interrupted", code)
    assert set(summary["counts"]) == {"created", "pending"}
    created = {row["crm_id"] for row in importer.results() if row["status"] == "created"}
    assert created == {lead.crm_id for lead in sandbox.state.leads}, "what was on its way is accounted for"
    assert importer("resume", *FAST).code == 0
    assert importer.statuses() == ["created"] * 60
    assert {(each.creates, len(each.events)) for each in sandbox.state.leads} == {(1, 1)}


def test_the_second_signal_stops_at_once_and_what_was_on_its_way_is_in_doubt(importer: CommandLine) -> None:
    importer.mapping()
    importer.table(leads(3))
    with Sandbox(rate=0, api_key=KEY, faults=Faults(hang_after=1.0, hang_seconds=60, attempts=1)) as sandbox:
        importer.at(sandbox)
        process = importer.start("run", "list.csv", "-m", "m.yaml", *FAST)
        wait_for(lambda: bool(sandbox.state.leads), process)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None, "the first one waits for the answer"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        ended = importer.finished(process)
        assert time.monotonic() - began < 5
        assert ended.code == 130, ended
        assert importer.statuses() == ["pending"] * 3
        # every request hangs the first time; the time-out of this command line counts, not that of the run
        began = time.monotonic()
        assert importer("resume", *FAST, "--timeout", "0.5").code in (0, 1)
        assert time.monotonic() - began < 30
    statuses = importer.statuses()
    assert statuses[0] == "created_unconfirmed", "its first request was stored and never answered"
    assert len(sandbox.state.leads) == 3


def test_a_signal_while_nothing_is_sent_yet(importer: CommandLine, sandbox: Sandbox) -> None:
    """While the rows are read nothing has happened: the run ends as interrupted and `run` starts it anew."""
    importer.mapping()
    importer.table(leads(150_000))
    process = importer.start("run", "list.csv", "-m", "m.yaml", *FAST)
    # The run's log is there when its rows are about to be read; before, a file may just be open without its owner.
    wait_for(lambda: any(importer.reports.glob("*/importer.log")), process)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    ended = importer.finished(process)
    assert ended.code == 130, ended
    assert sandbox.state.leads == ()


def test_json_is_printed_on_the_way_out_of_a_signal(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping()
    importer.table(leads(60))
    ended = interrupt_while_sending(importer, importer.start("run", "list.csv", "-m", "m.yaml", *SLOWLY, "--json"))
    assert ended.code == 130
    assert ended.document["exit_code"] == 130
    assert ended.document["state"] == "interrupted"
