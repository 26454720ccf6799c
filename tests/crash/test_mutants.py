"""Each wrong importer of `mutants.py` does visible harm on a schedule made for it, and the right one does none.

Time is virtual and nothing is left to chance. `make crash-test` lets the mutants loose at random moments as well.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from importer.crm import responses
from importer.crm.client import LeadsClient
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.journal import database
from importer.journal.runs import Journal
from importer.journal.sending import SendingJournal
from importer.model.operation import Call, Kind
from importer.sending import dispatcher
from importer.sending.dispatcher import Dispatcher
from tests.crash.mutants import MUTANTS
from tests.runs.conftest import Push, planned_row
from tests.runs.fake_crm import EXISTS, FakeCrm, error
from tests.virtual_time import VirtualClock

LOGIN_PAGE = Answer(status=200, headers={"content-type": "text/html"}, body=b"<html>Log in</html>")


class Died(BaseException):
    """The process ends here; nothing of it runs on."""


@pytest.fixture
def push(tmp_path: Path) -> Push:
    return Push(folder=tmp_path / "reports", clock=VirtualClock(), crm=FakeCrm())


@pytest.fixture
def undone() -> Iterator[None]:
    """Whatever a mutant replaces is put back."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (dispatcher, "judge"),
            (responses, "meaning_of"),
            (SendingJournal, "intent"),
            (SendingJournal, "create_settled"),
            (LeadsClient, "send"),
            (Journal, "recover"),
            (Dispatcher, "_wait"),
            (database, "_create_private"),
        ):
            patch.setattr(owner, name, getattr(owner, name))
        yield


def told(push: Push) -> dict[str, tuple[str, str, str]]:
    """What the report says of each lead: status, assignment, events."""
    return {result.crm_id: (str(result.status), str(result.assign), str(result.events)) for result in push.results()}


def lost(push: Push, answer: Observation) -> list[str]:
    """A create has its effect, but its answer does not say so."""
    push.plan([planned_row(2)])

    def stores(call: Call) -> Observation:
        push.crm.behave(call)
        return answer

    push.crm.script[Kind.CREATE].append(stores)
    push.send()
    return [
        *_unless(told(push) == {"L-2": ("created_unconfirmed", "held", "held")}, f"it is called {told(push)}"),
        *_unless(not push.crm.owners and not push.crm.events, "an owner or an event of a lead that may be somebody's"),
    ]


def page_on_create(push: Push) -> list[str]:
    push.plan([planned_row(2)])
    push.crm.script[Kind.CREATE].append(LOGIN_PAGE)
    push.send()
    return _unless(push.crm.leads["L-2"] == 1, f"{told(push)}, but no lead exists")


def page_on_follow_up(push: Push, kind: Kind) -> list[str]:
    push.plan([planned_row(2)])
    push.crm.script[kind].append(LOGIN_PAGE)
    push.send()
    done = push.crm.owners if kind is Kind.ASSIGN else push.crm.events
    return _unless(bool(done), f"{told(push)}, but nothing was done")


def throttled(push: Push) -> list[str]:
    push.plan([planned_row(2)])
    push.crm.script[Kind.CREATE].append(error(429, "too many requests", retry_after="1"))
    push.send()
    return _unless(push.crm.leads["L-2"] == 1, f"{told(push)}, but no lead exists")


def existing(push: Push) -> list[str]:
    push.plan([planned_row(2)])
    push.crm.leads["L-2"] = 1
    push.send()
    return _unless(told(push)["L-2"][0] == "duplicate", f"it is called {told(push)}")


def late(push: Push) -> list[str]:
    """A server that checks, and inserts five seconds later, when its client is long gone."""
    push.plan([planned_row(2)])
    inserted: Counter[str] = Counter()

    def always(call: Call) -> Observation | None:
        if call.operation.kind is not Kind.CREATE:
            return None
        if inserted[call.crm_id]:
            return EXISTS
        asyncio.get_running_loop().call_later(5.0, inserted.update, [call.crm_id])
        return NoAnswer(reason="ReadError", sent=True)

    push.crm.always = always
    push.send(settle=60.0)
    return _unless(inserted["L-2"] == 1, f"inserted {inserted['L-2']} times")


def dies_before(push: Push, kind: Kind, *, stores: bool) -> list[str]:
    """The process dies while the answer to its first request of a kind is on its way; another one takes the run up."""
    push.plan([planned_row(2)])

    def die(call: Call) -> Observation:
        if stores:
            push.crm.behave(call)
        raise Died

    push.crm.script[kind].append(die)
    with pytest.raises(Died):
        push.send()
    push.send()
    if kind is Kind.CREATE:
        return _unless(told(push)["L-2"][0] == "created_unconfirmed", f"it is called {told(push)}")
    return _unless(bool(push.crm.owners), f"{told(push)}, but nobody was assigned")


def event_answer_lost(push: Push) -> list[str]:
    """An event is recorded, its answer is lost, and it is sent again: the server must know it by its id."""
    push.plan([planned_row(2)])
    push.crm.script[Kind.EVENT].append(push.crm.stores_but_is_silent)
    push.send()
    ids = {distinct_id for _, distinct_id in push.crm.events}
    return _unless(len(ids) == 1, f"the event has the ids {ids}")


def _unless(fine: bool, harm: str) -> list[str]:
    return [] if fine else [harm]


SCHEDULES: dict[str, Callable[[Push], list[str]]] = {
    "no-intent": lambda push: dies_before(push, Kind.CREATE, stores=True),
    "resume-ignores-intents": lambda push: dies_before(push, Kind.CREATE, stores=True),
    "timeout-is-clean": lambda push: lost(push, NoAnswer(reason="no answer within 60 s", sent=True)),
    "reset-is-clean": lambda push: lost(push, NoAnswer(reason="ReadError", sent=True)),
    "500-is-clean": lambda push: lost(push, error(500)),
    "502-to-504-are-clean": lambda push: lost(push, error(503)),
    "any-2xx-trusted-on-post": page_on_create,
    "any-2xx-trusted-on-put": lambda push: page_on_follow_up(push, Kind.ASSIGN),
    "every-429-is-a-duplicate": throttled,
    "every-429-is-a-throttle": existing,
    "exists-says-created": lambda push: lost(push, NoAnswer(reason="ReadError", sent=True)),
    "exists-always-says-duplicate": lambda push: lost(push, NoAnswer(reason="ReadError", sent=True)),
    "unconfirmed-proceeds": lambda push: lost(push, NoAnswer(reason="ReadError", sent=True)),
    "marked-before-sent": lambda push: dies_before(push, Kind.ASSIGN, stores=False),
    "no-settle-on-a-racy-server": late,
}

ELSEWHERE = {
    "intent-after-send": "it wraps the real client: make crash-test",
    "random-distinct-id": "it wraps the real client: make crash-test",
    "journal-locks-dropped": "test_in_doubt.py::test_reading_the_journal_does_not_remove_its_wal",
}


def test_every_mutant_has_its_schedule() -> None:
    assert {*SCHEDULES, *ELSEWHERE} == set(MUTANTS)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_right_importer_does_no_harm(push: Push, name: str) -> None:
    assert SCHEDULES[name](push) == []


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_wrong_one_is_caught(push: Push, undone: None, name: str) -> None:
    MUTANTS[name]()
    assert SCHEDULES[name](push) != []


def test_an_event_that_is_sent_again_keeps_its_id(push: Push) -> None:
    assert event_answer_lost(push) == []
