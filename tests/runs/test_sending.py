"""The push as a state machine: what each answer makes of a row, in virtual time, on a real journal."""

import asyncio
import csv
import itertools
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from importer.crm.observation import Answer
from importer.crm.verdict import Stop
from importer.errors import LocalDiskError
from importer.exit_codes import ExitCode
from importer.journal import results
from importer.journal.database import FILE_NAME, transaction
from importer.journal.rows import StoredBatch, materialize, stored_batches
from importer.journal.runs import Journal
from importer.journal.writer import Change, Writer
from importer.model.operation import Kind
from importer.model.outcome import FollowUp, RowStatus
from importer.model.run import OnDuplicate
from importer.runs.finish import write_report
from importer.sending.dispatcher import Dispatcher
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import EXISTS, LOST, REFUSED, error
from tests.virtual_time import run_virtually


def calls(push: Push, kind: Kind) -> list[str]:
    return [crm_id for _, called, crm_id in push.crm.calls if called is kind]


def test_every_row_is_created_assigned_and_has_its_event(push: Push) -> None:
    push.plan([planned_row(number) for number in range(2, 32)])
    assert push.send() is None
    results = push.results()
    assert {r.status for r in results} == {RowStatus.CREATED}
    assert {(r.assign, r.events) for r in results} == {(FollowUp.ACCEPTED, FollowUp.ACCEPTED)}
    assert [r.row.number for r in results] == list(range(2, 32))
    assert set(push.crm.leads.values()) == {1}
    assert len(push.crm.owners) == len(push.crm.events) == 30
    assert results[0].lead_id == "id-L-2"


def test_the_first_creates_go_one_at_a_time(push: Push) -> None:
    push.crm.latency = 2.0
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 30)])
    push.send(rate=0.0, concurrency=8)
    times = [at for at, kind, _ in push.crm.calls if kind is Kind.CREATE]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert all(gap >= 2.0 for gap in gaps[:4])
    assert push.crm.most_in_flight == 8


def test_the_three_endpoints_run_side_by_side_at_their_own_rates(push: Push) -> None:
    push.plan([planned_row(number) for number in range(2, 202)])
    push.send(rate=10.0)
    for kind in Kind:
        times = [at for at, called, _ in push.crm.calls if called is kind]
        assert len(times) == 200
        assert (len(times) - 1) / (times[-1] - times[0]) == pytest.approx(10.0, rel=0.05)
    assert push.crm.calls[-1][0] - push.crm.calls[0][0] < 22.0


def test_a_lead_that_exists_is_a_duplicate_without_follow_ups(push: Push) -> None:
    push.crm.leads["L-3"] = 1
    push.plan([planned_row(2), planned_row(3)])
    push.send()
    created, duplicate = push.results()
    assert (created.status, duplicate.status) == (RowStatus.CREATED, RowStatus.DUPLICATE)
    assert (duplicate.assign, duplicate.events) == (FollowUp.NONE, FollowUp.NONE)
    assert calls(push, Kind.ASSIGN) == ["L-2"]
    assert not duplicate.needs_attention


def test_on_request_a_duplicate_gets_its_follow_ups(push: Push) -> None:
    push.crm.leads["L-2"] = 1
    push.plan([planned_row(2)])
    push.send(on_duplicate=OnDuplicate.FOLLOW_UP)
    (result,) = push.results()
    assert (result.status, result.assign, result.events) == ("duplicate", "accepted", "accepted")


def test_a_lost_answer_is_never_called_a_duplicate(push: Push) -> None:
    push.crm.script[Kind.CREATE].append(push.crm.stores_but_is_silent)
    push.plan([planned_row(2)])
    push.send(settle=60.0)
    (result,) = push.results()
    assert result.status is RowStatus.CREATED_UNCONFIRMED
    assert (result.assign, result.events) == (FollowUp.HELD, FollowUp.HELD)
    assert calls(push, Kind.ASSIGN) == []
    first, second = [at for at, _, _ in push.crm.calls]
    assert second - first >= 60.0


def test_a_lost_request_is_created_by_its_repetition(push: Push) -> None:
    push.crm.script[Kind.CREATE].append(LOST)
    push.plan([planned_row(2)])
    push.send()
    (result,) = push.results()
    assert (result.status, result.attempts, result.assign) == ("created", 2, "accepted")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_after_storing_leaves_the_row_unconfirmed(push: Push, status: int) -> None:
    def stores_then_fails(call: object) -> Answer:
        push.crm.behave(call)
        return error(status)

    push.crm.script[Kind.CREATE].append(stores_then_fails)
    push.plan([planned_row(2)])
    push.send()
    assert push.statuses() == ["created_unconfirmed"]


def test_four_lost_answers_end_as_unknown(push: Push) -> None:
    push.plan([planned_row(2), planned_row(3)])
    push.crm.always = lambda call: LOST if call.crm_id == "L-2" and call.operation.kind is Kind.CREATE else None
    push.send()
    unknown, created = push.results()
    assert (unknown.status, unknown.attempts, unknown.assign) == (RowStatus.UNKNOWN, 4, FollowUp.HELD)
    assert created.status is RowStatus.CREATED
    assert unknown.needs_attention


def test_a_throttle_costs_time_and_nothing_else(push: Push) -> None:
    push.crm.script[Kind.CREATE].extend([error(429, "Rate limit exceeded", retry_after="7")] * 6)
    push.plan([planned_row(2)])
    push.send()
    (result,) = push.results()
    assert (result.status, result.attempts) == (RowStatus.CREATED, 7)
    times = [at for at, kind, _ in push.crm.calls if kind is Kind.CREATE]
    assert all(later - earlier >= 7.0 for earlier, later in itertools.pairwise(times))


def test_an_unclear_refusal_ends_as_unknown_not_as_a_duplicate(push: Push) -> None:
    push.crm.script[Kind.CREATE].extend([Answer(status=429, headers={}, body=b"<html>429</html>")] * 3)
    push.plan([planned_row(2)])
    push.send()
    assert push.statuses() == ["unknown"]
    times = [at for at, kind, _ in push.crm.calls if kind is Kind.CREATE]
    assert len(times) == 3
    assert all(later - earlier >= 5.0 for earlier, later in itertools.pairwise(times))


def test_content_that_is_refused_is_the_rows_own_problem(push: Push) -> None:
    push.crm.script[Kind.CREATE].append(error(422, "phone_number is not valid"))
    push.plan([planned_row(2), planned_row(3)])
    assert push.send() is None
    rejected, created = push.results()
    assert (rejected.status, rejected.http_status, rejected.error_code) == ("rejected", 422, 4220001)
    assert "phone_number is not valid" in rejected.message
    assert (rejected.assign, rejected.events) == ("", "")
    assert created.status is RowStatus.CREATED


def test_twenty_refusals_from_the_start_stop_the_run(push: Push) -> None:
    push.crm.always = lambda _: error(422, "attributes.x must be an object")
    push.plan([planned_row(number) for number in range(2, 102)])
    stop = push.send()
    assert stop is not None
    assert stop.exit_code is ExitCode.STOPPED_BY_CRM
    counts = {word: push.statuses().count(word) for word in set(push.statuses())}
    assert counts["rejected"] >= 20
    assert counts["rejected"] + counts["pending"] == 100
    assert len(push.crm.calls) <= 36


@pytest.mark.parametrize(("status", "most"), [(401, 2), (403, 3)])
def test_a_refused_credential_stops_the_run_and_every_row_stays_pending(push: Push, status: int, most: int) -> None:
    push.crm.always = lambda _: error(status, "Authentication is required")
    push.plan([planned_row(number) for number in range(2, 12)])
    stop = push.send()
    assert stop is not None
    assert stop.exit_code is ExitCode.STOPPED_BY_CRM
    assert set(push.statuses()) == {"pending"}
    assert len(push.crm.calls) == most
    push.crm.always = lambda _: None
    assert push.send() is None
    assert set(push.statuses()) == {"created"}


def test_an_unknown_organization_stops_the_run(push: Push) -> None:
    push.crm.always = lambda _: error(404, "Org not found")
    push.plan([planned_row(2)])
    stop = push.send()
    assert stop is not None
    assert "organization was not found" in stop.reason
    assert push.statuses() == ["pending"]


def test_an_outage_costs_time_but_no_row(push: Push) -> None:
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 102)])

    def out_for_five_minutes(_: object) -> object:
        now = asyncio.get_running_loop().time()
        return REFUSED if 1005.0 <= now < 1305.0 else None

    push.crm.always = out_for_five_minutes  # type: ignore[assignment]
    assert push.send() is None
    assert set(push.statuses()) == {"created"}
    during = [at for at, _, _ in push.crm.calls if 1005.0 <= at + 0.05 < 1305.0]
    assert len(during) <= 25


def test_an_outage_without_end_stops_the_run_and_it_can_be_resumed(push: Push) -> None:
    push.plan([planned_row(number) for number in range(2, 22)])
    push.crm.always = lambda _: REFUSED if asyncio.get_running_loop().time() > 1001.0 else None
    stop = push.send()
    assert stop is not None
    assert stop.exit_code is ExitCode.OUTAGE
    assert "pending" in push.statuses()
    push.crm.always = lambda _: None
    assert push.send() is None
    assert set(push.statuses()) == {"created"}
    assert set(push.crm.leads.values()) == {1}


def test_a_server_that_never_answered_is_given_up_soon(push: Push) -> None:
    push.crm.always = lambda _: REFUSED
    push.plan([planned_row(2)])
    stop = push.send()
    assert stop is not None
    assert stop.exit_code is ExitCode.OUTAGE
    assert push.crm.calls[-1][0] - push.crm.calls[0][0] < 30.0


def test_somebody_elses_answer_stops_the_run(push: Push) -> None:
    body = b'{"lead_id": "x", "crm_id": "L-99"}'
    push.crm.script[Kind.CREATE].append(Answer(status=200, headers={}, body=body))
    push.plan([planned_row(2), planned_row(3)])
    stop = push.send()
    assert stop is not None
    assert stop.exit_code is ExitCode.CONTRACT_BROKEN
    assert push.statuses() == ["unknown", "pending"]


def test_a_failed_assignment_holds_the_events(push: Push) -> None:
    push.crm.script[Kind.ASSIGN].append(error(422, "no such user"))
    push.plan([planned_row(2, events=2)])
    push.send()
    (result,) = push.results()
    assert (result.status, result.assign, result.events) == ("created", "rejected", "held")
    assert "no such user" in result.message
    assert result.needs_attention
    assert not push.crm.events


def test_a_follow_up_that_answers_late_is_asked_again(push: Push) -> None:
    push.crm.script[Kind.ASSIGN].extend([error(404, "Lead not found"), error(500), LOST])
    push.crm.script[Kind.EVENT].append(push.crm.stores_but_is_silent)
    push.plan([planned_row(2)])
    push.send()
    (result,) = push.results()
    assert (result.assign, result.events) == ("accepted", "accepted")
    assert calls(push, Kind.ASSIGN) == ["L-2"] * 4
    assert sum(push.crm.events.values()) == 1


def test_two_leads_for_one_id_stop_the_run(push: Push) -> None:
    second = Answer(status=200, headers={}, body=b'{"lead_id": "another", "crm_id": "L-2"}')
    push.crm.script[Kind.CREATE].extend([push.crm.behave, second])
    push.plan([planned_row(2), planned_row(3)])
    stop = push.send(canary=True)
    assert stop is not None
    assert stop.exit_code is ExitCode.CONTRACT_BROKEN
    assert "another" in stop.reason
    assert push.statuses()[1] == "pending"


def test_the_first_signal_drains_and_leaves_no_doubt(push: Push) -> None:
    push.crm.latency = 3.0
    push.plan([planned_row(number) for number in range(2, 52)])

    def interrupt_later(sender: Dispatcher) -> None:
        stop = Stop(exit_code=ExitCode.INTERRUPTED, reason="Ctrl-C")
        asyncio.get_running_loop().call_later(21.0, sender.interrupt, stop)

    stop = push.send(interrupt_later)
    assert stop is not None
    assert stop.exit_code is ExitCode.INTERRUPTED
    with Journal(push.folder, push.clock.now) as journal:
        assert journal.recover() == 0
    assert len(calls(push, Kind.CREATE)) == push.statuses().count("created")
    assert push.send() is None
    assert set(push.statuses()) == {"created"}
    assert set(push.crm.leads.values()) == {1}


def test_the_second_signal_leaves_what_was_in_flight_in_doubt(push: Push) -> None:
    push.crm.latency = 3.0
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 52)])

    def interrupt_and_abandon(sender: Dispatcher) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(21.0, sender.interrupt, Stop(exit_code=ExitCode.INTERRUPTED, reason="Ctrl-C"))
        loop.call_later(21.1, sender.abandon)

    push.send(interrupt_and_abandon)
    assert set(push.statuses()) == {"created", "pending"}
    with Journal(push.folder, push.clock.now) as journal:
        assert 1 <= journal.recover() <= 16
    assert push.send(settle=1.0) is None
    assert set(push.statuses()) == {"created"}


def test_what_a_dead_process_was_sending_is_in_doubt(push: Push) -> None:
    """The answer was on its way when the process died: the row is unconfirmed, never a duplicate."""
    push.plan([planned_row(2)])

    async def die_after_storing() -> None:
        task = asyncio.create_task(push.sending())
        while not push.crm.leads["L-2"]:  # noqa: ASYNC110 - the fake has no event to wait for
            await asyncio.sleep(0.01)
        assert push.sender is not None
        push.sender.abandon()
        push.sender.interrupt(Stop(exit_code=ExitCode.INTERRUPTED, reason="died"))
        await task

    def stores_and_hangs(call: object) -> Answer:
        push.crm.behave(call)
        raise asyncio.CancelledError

    push.crm.script[Kind.CREATE].append(stores_and_hangs)
    run_virtually(die_after_storing())
    assert push.statuses() == ["pending"]
    assert push.send(settle=0.0) is None
    assert push.statuses() == ["created_unconfirmed"]


def test_a_lead_that_an_earlier_run_saw_is_a_duplicate_even_after_a_lost_answer(push: Push) -> None:
    push.plan([planned_row(2)])
    push.send()
    push.plan([planned_row(2)], name="run-2")
    push.crm.script[Kind.CREATE].append(LOST)
    push.send()
    (result,) = push.results()
    assert result.status is RowStatus.DUPLICATE
    assert "run-1" in result.message


def test_doubt_is_inherited_by_a_later_run_over_another_file(push: Push) -> None:
    push.crm.leads["L-2"] = 1
    push.crm.always = lambda call: LOST if call.crm_id == "L-2" else None
    push.plan([planned_row(2), planned_row(3)])
    push.send()
    assert push.statuses() == ["unknown", "created"]
    push.crm.always = lambda _: None
    push.plan([planned_row(2)], name="run-2")
    push.send()
    assert push.statuses() == ["created_unconfirmed"]


def test_nothing_is_sent_when_the_journal_refuses(push: Push) -> None:
    push.plan([planned_row(2)])

    def break_the_disk(sender: Dispatcher) -> None:
        def refuse(*_: object) -> None:
            raise OSError(28, "No space left on device")

        sender.journal._writer._apply = refuse  # type: ignore[assignment,method-assign]

    with pytest.raises(LocalDiskError):
        push.send(break_the_disk)
    assert push.crm.calls == []
    assert push.statuses() == ["pending"]


def test_failed_rows_can_be_retried(push: Push) -> None:
    push.crm.script[Kind.CREATE].extend([error(422), push.crm.behave])
    push.crm.script[Kind.ASSIGN].append(error(422))
    push.plan([planned_row(2), planned_row(3)])
    push.send()
    assert [(r.status, r.assign, r.events) for r in push.results()] == [
        ("rejected", "", ""),
        ("created", "rejected", "held"),
    ]
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        journal.retry_failed(push.run)
    push.send()
    assert [(r.status, r.assign, r.events) for r in push.results()] == [("created", "accepted", "accepted")] * 2


def test_bodies_are_scrubbed_once_they_are_not_needed(push: Push) -> None:
    push.crm.script[Kind.CREATE].extend([push.crm.behave, EXISTS, error(422)])
    push.plan([planned_row(2), planned_row(3), planned_row(4)])
    push.send()
    with Journal(push.folder, push.clock.now) as journal:
        kept = journal.connection.execute("SELECT DISTINCT number FROM operations WHERE body IS NOT NULL").fetchall()
    assert [row["number"] for row in kept] == [4]


def test_after_a_crash_no_more_calls_are_in_doubt_than_there_are_places(push: Push) -> None:
    """A place is free once the answer has come, but its next request leaves only when that outcome is on disk."""
    push.crm.latency = 0.05
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 80)])
    in_doubt: list[int] = []

    def look(_: object) -> None:
        with closing(sqlite3.connect(push.folder / FILE_NAME)) as other:
            in_doubt.extend(other.execute("SELECT count(*) FROM operations WHERE state = 'intent'").fetchone())

    push.crm.always = look
    assert push.send(rate=0.0, concurrency=4) is None
    assert len(in_doubt) == 78
    assert max(in_doubt) == 4
    assert push.crm.most_in_flight == 4


def test_a_report_that_is_written_while_the_run_is_sent_is_of_one_moment(
    push: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading the plain rows of a batch and its records, another process lays the batch out."""
    push.plan([planned_row(number) for number in range(2, 12)])
    read = results._records

    def meanwhile(connection: sqlite3.Connection, batch: StoredBatch) -> Any:
        with Journal(push.folder, push.clock.now) as other, transaction(other.connection):
            for each in stored_batches(other.connection, batch.run):
                materialize(other.connection, each)
        return read(connection, batch)

    monkeypatch.setattr(results, "_records", meanwhile)
    assert push.run is not None
    with Journal(push.folder, push.clock.now) as journal:
        ended = write_report(journal, push.run)
        assert [len(batch.rows) for batch in stored_batches(journal.connection, push.run.id)] == [0]
    with Path(ended.files["results.csv"]).open(encoding="utf-8", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == [str(number) for number in range(2, 12)]


def test_an_outcome_and_the_next_intent_share_a_commit(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[int] = []
    write = Writer._write

    async def counted(self: Writer, changes: list[Change]) -> None:
        commits.append(len(changes))
        await write(self, changes)

    monkeypatch.setattr(Writer, "_write", counted)
    push.plan([planned_row(number, assign=False, events=0) for number in range(2, 42)])
    assert push.send(rate=0.0, concurrency=1) is None
    # The batch is laid out. The first five creates are settled one by one; each of the others begins with the outcome
    # of the one before.
    assert commits == [1] + [1] * 2 * 5 + [1] + [2] * 34 + [1]
