"""What is written before a request leaves and after its answer, and what an interrupted process leaves behind."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from importer.journal.requests import OperationState
from importer.journal.run_totals import run_report
from importer.journal.sending import SendingJournal
from importer.model.operation import Kind, RowId
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from tests.journal.conftest import Book, planned


def states(book: Book) -> list[str]:
    found = book.journal.connection.execute("SELECT state FROM operations ORDER BY run, source, number, ordinal")
    return [row["state"] for row in found]


def create(status: RowStatus, **rest: Any) -> Any:
    follow_ups = {
        RowStatus.CREATED: OperationState.PLANNED,
        RowStatus.DUPLICATE: OperationState.DROPPED,
        RowStatus.REJECTED: OperationState.DROPPED,
    }.get(status, OperationState.HELD)

    async def do(sending: SendingJournal) -> list[Any]:
        first = await anext(sending.creates())
        await sending.intent(first.call)
        return await sending.create_settled(first.call, status, follow_ups=follow_ups, **rest)

    return do


async def killed_in_flight(sending: SendingJournal) -> None:
    """An intent, and no word afterwards: what SIGKILL leaves."""
    first = await anext(sending.creates())
    await sending.intent(first.call)


def test_a_batch_is_materialized_when_its_turn_comes(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with a warning have their records from the beginning; still no row comes before its turn."""
    monkeypatch.setattr("importer.journal.plan.MATERIALIZED_AT_ONCE", 2)
    warned = replace(planned(6), problems=(Problem(row=6, code="phone-repeated", detail="is", warning=True),))
    book.plan(planned(2), planned(3), planned(4), planned(5), warned, planned(7))

    def laid_out() -> list[int]:
        found = book.journal.connection.execute("SELECT number FROM rows ORDER BY number")
        return [number for (number,) in found]

    async def do(sending: SendingJournal) -> list[tuple[int, list[int]]]:
        return [(each.call.row.number, laid_out()) async for each in sending.creates()]

    assert book.sending(do) == [
        (2, [2, 3, 6]),
        (3, [2, 3, 6]),
        (4, [2, 3, 4, 5, 6]),
        (5, [2, 3, 4, 5, 6]),
        (6, [2, 3, 4, 5, 6, 7]),
        (7, [2, 3, 4, 5, 6, 7]),
    ]


def test_calls_come_in_source_order_page_by_page(book: Book) -> None:
    book.plan(*(planned(number) for number in (2, 3, 4, 5, 9)))
    assert [each.call.row for each in book.calls()] == [RowId(0, number) for number in (2, 3, 4, 5, 9)]
    assert book.calls(Kind.ASSIGN) == [], "an assignment waits for its create"
    assert states(book) == ["planned", "blocked", "blocked"] * 5


def test_an_intent_is_on_disk_before_it_returns(book: Book) -> None:
    book.plan(planned(2))
    book.sending(killed_in_flight)
    assert states(book)[0] == "intent"
    assert book.results()[0].attempts == 1


def test_recovering_turns_an_intent_into_doubt(book: Book) -> None:
    """From here on "already exists" is no proof of a duplicate any more."""
    book.plan(planned(2), planned(3))
    book.sending(killed_in_flight)
    at = book.time.isoformat(timespec="milliseconds")
    book.wait(3600)
    assert book.journal.recover() == 1
    first, second = book.calls()
    assert (first.call.possibly_sent, first.call.attempts) == (True, 1)
    assert at <= first.doubt_at <= book.time.isoformat(timespec="milliseconds")
    assert (second.call.possibly_sent, second.doubt_at) == (False, "")
    assert book.journal.recover() == 0, "a second time there is nothing to do"


def test_doubt_outlives_the_run_because_it_is_about_the_lead(book: Book) -> None:
    book.plan(planned(2))
    book.sending(killed_in_flight)
    book.journal.recover()
    book.plan(planned(2), name="run-2")
    (call,) = book.calls()
    assert call.call.possibly_sent
    book.plan(planned(2), name="run-3", origin="https://another.example")
    (elsewhere,) = book.calls()
    assert not elsewhere.call.possibly_sent, "another server knows nothing of it"


def test_an_intent_of_a_follow_up_puts_no_lead_in_doubt(book: Book) -> None:
    book.plan(planned(2))

    async def assigned_without_answer(sending: SendingJournal) -> None:
        (assign,) = await create(RowStatus.CREATED, lead_id="u-1")(sending)
        await sending.intent(assign)

    book.sending(assigned_without_answer)
    assert book.journal.recover() == 1
    (assign,) = book.calls(Kind.ASSIGN)
    assert (assign.call.lead_id, assign.call.possibly_sent) == ("u-1", True)
    assert book.journal.connection.execute("SELECT possibly_sent FROM leads").fetchone()["possibly_sent"] == 0


def test_a_created_lead_clears_doubt_and_releases_its_assignment_first(book: Book) -> None:
    book.plan(planned(2, events=2))

    async def in_doubt_then_created(sending: SendingJournal) -> list[Any]:
        await sending.in_doubt((await anext(sending.creates())).call)
        return list(await create(RowStatus.CREATED, lead_id="u-1", http_status=200)(sending))

    released = book.sending(in_doubt_then_created)
    assert [each.operation.kind for each in released] == [Kind.ASSIGN]
    assert states(book) == ["accepted", "planned", "blocked", "blocked"]
    ledger = book.journal.connection.execute("SELECT possibly_sent, lead_id FROM leads").fetchone()
    assert (ledger["possibly_sent"], ledger["lead_id"]) == (0, "u-1")
    (row,) = book.results()
    assert (row.status, row.lead_id, row.assign, row.events) == ("created", "u-1", "pending", "pending")


@pytest.mark.parametrize(
    ("state", "events", "words"),
    [
        (FollowUp.ACCEPTED, "planned", ("accepted", "pending")),
        (FollowUp.REJECTED, "held", ("rejected", "held")),
        (FollowUp.UNKNOWN, "held", ("unknown", "held")),
    ],
)
def test_events_follow_an_accepted_assignment_only(
    book: Book, state: FollowUp, events: str, words: tuple[str, str]
) -> None:
    book.plan(planned(2, events=2))

    async def do(sending: SendingJournal) -> None:
        (assign,) = await create(RowStatus.CREATED, lead_id="u-1")(sending)
        await sending.intent(assign)
        released = await sending.follow_up_settled(assign, state, message="" if state is FollowUp.ACCEPTED else "no")
        assert [(each.operation.kind, each.lead_id) for each in released] == (
            [(Kind.EVENT, "u-1")] * 2 if events == "planned" else []
        )

    book.sending(do)
    assert states(book)[2:] == [events, events]
    (row,) = book.results()
    assert (row.assign, row.events) == words


def test_several_events_show_the_worst(book: Book) -> None:
    book.plan(planned(2, assign=False, events=3))

    async def do(sending: SendingJournal) -> None:
        first, second, third = await create(RowStatus.CREATED, lead_id="u-1")(sending)
        assert await sending.follow_up_settled(first, FollowUp.ACCEPTED) == [], "the others were released before"
        await sending.follow_up_settled(second, FollowUp.REJECTED, message="event rejected: 422", http_status=422)
        await sending.follow_up_settled(third, FollowUp.ACCEPTED)

    book.sending(do)
    (row,) = book.results()
    assert (row.events, row.message, row.http_status) == ("rejected", "event rejected: 422", 422)
    assert row.needs_attention


@pytest.mark.parametrize(
    ("status", "follow_up", "word"),
    [
        (RowStatus.DUPLICATE, "dropped", ""),
        (RowStatus.REJECTED, "dropped", ""),
        (RowStatus.CREATED_UNCONFIRMED, "held", "held"),
        (RowStatus.UNKNOWN, "held", "held"),
    ],
)
def test_a_row_that_was_not_created_gets_no_follow_up(book: Book, status: RowStatus, follow_up: str, word: str) -> None:
    book.plan(planned(2))
    assert book.sending(create(status)) == []
    assert states(book)[1:] == [follow_up, follow_up]
    (row,) = book.results()
    assert (row.status, row.assign, row.events) == (status, word, word)


@pytest.mark.parametrize("status", [RowStatus.CREATED_UNCONFIRMED, RowStatus.DUPLICATE])
def test_that_a_lead_exists_does_not_clear_doubt(book: Book, status: RowStatus) -> None:
    book.plan(planned(2))

    async def do(sending: SendingJournal) -> None:
        await sending.in_doubt((await anext(sending.creates())).call)
        await create(status)(sending)

    book.sending(do)
    assert book.journal.connection.execute("SELECT possibly_sent FROM leads").fetchone()["possibly_sent"] == 1


def test_a_lead_that_was_once_certain_can_come_into_doubt_again(book: Book) -> None:
    """Somebody may have deleted it since, and then the new request is the one that made it."""
    book.plan(planned(2))
    book.sending(create(RowStatus.CREATED, lead_id="u-1"))
    book.plan(planned(2), name="run-2")
    assert [each.call.possibly_sent for each in book.calls()] == [False]
    book.sending(killed_in_flight)
    book.journal.recover()
    (call,) = book.calls()
    assert (call.call.possibly_sent, call.seen_in) == (True, "run-1")


def test_bodies_are_scrubbed_once_they_can_never_be_sent_again(book: Book) -> None:
    book.plan(planned(2), planned(3), planned(4))

    async def do(sending: SendingJournal) -> None:
        (assign,) = await create(RowStatus.CREATED, lead_id="u-1")(sending)
        (event,) = await sending.follow_up_settled(assign, FollowUp.ACCEPTED)
        assert await sending.follow_up_settled(event, FollowUp.ACCEPTED) == []
        await create(RowStatus.DUPLICATE)(sending)
        await create(RowStatus.REJECTED)(sending)

    book.sending(do)
    bodies = [row["body"] for row in book.journal.connection.execute("SELECT body FROM operations ORDER BY number")]
    assert bodies[:6] == [None] * 6
    assert all(bodies[6:]), "a refused row may be tried again"


def test_what_is_written_together_has_one_time_and_what_comes_later_a_later_one(book: Book) -> None:
    """The time is that of the commit: never before what it tells of, whatever the disk was waiting for."""
    book.plan(planned(2), planned(3), planned(4))

    async def do(sending: SendingJournal) -> None:
        first, second, third = [each.call async for each in sending.creates()]
        together = asyncio.gather(sending.intent(first), sending.intent(second))
        book.wait(1)
        await together
        book.wait(60)
        await sending.in_doubt(first)
        await sending.create_settled(third, RowStatus.REJECTED, follow_ups=OperationState.DROPPED)

    book.sending(do)
    found = book.journal.connection.execute(
        "SELECT intent_at, doubt_at FROM operations WHERE kind = 'create' ORDER BY number"
    )
    begun, ended = "2026-11-22T15:04:06.000+00:00", "2026-11-22T15:05:06.000+00:00"
    assert [tuple(row) for row in found] == [(begun, ended), (begun, None), (None, None)]
    assert [row.finished_at for row in book.results()] == ["", "", ended]


def test_retry_failed_opens_failed_rows_and_nothing_else(book: Book) -> None:
    book.plan(*(planned(number) for number in (2, 3, 4, 5)))
    for status in (RowStatus.CREATED, RowStatus.REJECTED, RowStatus.UNKNOWN, RowStatus.CREATED_UNCONFIRMED):
        book.sending(create(status, message="why" if status is not RowStatus.CREATED else ""))
    book.journal.retry_failed(book.run)
    assert [row.status for row in book.results()] == ["created", "pending", "pending", "created_unconfirmed"]
    assert [each.call.row.number for each in book.calls()] == [3, 4]
    assert [row.message for row in book.results()] == ["", "", "", "why"]
    assert [row.assign for row in book.results()] == ["pending", "pending", "pending", "held"]


def test_throttled_and_repeated_requests_are_counted(book: Book) -> None:
    book.plan(planned(2))

    async def do(sending: SendingJournal) -> None:
        call = (await anext(sending.creates())).call
        await sending.intent(call)
        await sending.retry(call, throttled=True)
        await sending.intent(call)
        await sending.in_doubt(call)
        await create(RowStatus.CREATED, lead_id="u-1")(sending)
        await sending.canary_sent()

    book.sending(do)
    requests = run_report(book.journal, book.run, mapping_sha256="").requests
    assert (requests.sent[Kind.CREATE], requests.throttled) == (4, 1)
    assert requests.retried >= 1
