"""Every attempt that ended is counted once, by endpoint, ending and time, also when the process dies."""

from collections import Counter
from dataclasses import replace

import pytest

from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.journal.run_totals import run_report
from importer.journal.runs import Journal
from importer.model.operation import Kind
from importer.model.run import OnDuplicate, RunReport
from importer.sending.dispatcher import Dispatcher
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import LOST, error

STOP = Stop(exit_code=ExitCode.INTERRUPTED, reason="test", tip="")


def reported(push: Push) -> RunReport:
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        return run_report(journal, journal.run(push.run.run_id), mapping_sha256="")


def endings(report: RunReport, kind: Kind) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for each in report.traffic:
        if each.kind == kind:
            counts.update(settled=each.settled, throttled=each.throttled, repeated=each.repeated)
    return {ending: count for ending, count in counts.items() if count}


@pytest.mark.slow
def test_each_attempt_counts_once_and_in_its_ten_seconds(push: Push) -> None:
    push.crm.script[Kind.CREATE].extend([LOST, error(429, "Too many requests", retry_after="2")])
    push.crm.script[Kind.EVENT].append(error(503))
    push.plan([planned_row(number) for number in range(2, 302)])
    assert push.send() is None
    report = reported(push)
    assert endings(report, Kind.CREATE) == {"settled": 300, "throttled": 1, "repeated": 1}
    assert endings(report, Kind.ASSIGN) == {"settled": 300}
    assert endings(report, Kind.EVENT) == {"settled": 300, "repeated": 1}
    creates = [each for each in report.traffic if each.kind == Kind.CREATE]
    assert [each.at for each in creates] == sorted({each.at for each in creates})
    assert all(each.at.endswith("0") and each.settled <= 110 for each in creates)
    assert report.requests.sent["create"] == 302


def test_a_process_that_dies_loses_no_count_of_what_it_wrote_down(push: Push) -> None:
    push.crm.latency = 0.5
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 102)])

    def abandon(sender: Dispatcher) -> None:
        push.crm.always = lambda _: (sender.interrupt(STOP), sender.abandon())[0] if len(push.crm.calls) == 40 else None

    push.send(abandon)
    so_far = endings(reported(push), Kind.CREATE)["settled"]
    assert so_far == push.statuses().count("created")
    assert 0 < so_far < 100


def test_what_is_held_back_is_no_attempt(push: Push) -> None:
    push.crm.leads["a/b"] = 1  # no address can be made of it, and "exists already" brings no lead_id
    push.plan([replace(planned_row(2), crm_id="a/b")])
    push.send(on_duplicate=OnDuplicate.FOLLOW_UP)
    report = reported(push)
    assert report.follow_ups[Kind.ASSIGN] == {"held": 1}
    assert [(each.kind, each.settled) for each in report.traffic] == [("create", 1)]
