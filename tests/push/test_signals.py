"""Signals at every stage of a run. A server holds its answers back until the test lets it give them; nobody sleeps."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from importer.cli.signals import handled_signals
from importer.exit_codes import ExitCode
from importer.journal.plan import Plan
from importer.journal.writer import Writer
from importer.runs import finish, service
from importer.sandbox import Sandbox
from importer.sending.dispatcher import Dispatcher
from importer.sending.stop_request import Interrupted, StopRequest
from tests.cli.command_line import KEY, CommandLine, command_line, leads, sandbox
from tests.e2e.recording_server import Recorded, RecordingServer, behave, recording, reply

pytestmark = pytest.mark.slow

__all__ = ["command_line", "sandbox"]

ROWS = 40
CONCURRENCY = 4
SLOW_START = 5
SENDING = ("--settle", "0", "--rate", "0", "--concurrency", str(CONCURRENCY), "--yes", "--no-progress", "--no-canary")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}
REASONS = {signal.SIGINT: "You pressed Ctrl-C. ", signal.SIGTERM: "(SIGTERM). ", signal.SIGHUP: "(SIGHUP). "}
WITHIN = 300.0
"""Seconds after which a test gives up on a run that does not go on; nothing takes so long."""


@dataclass
class HoldingServer:
    """Stores leads. Answers to creates after the slow start are held back until `answer_now` is set."""

    creates: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    answer_now: threading.Event = field(default_factory=threading.Event)
    all_in_flight: threading.Event = field(default_factory=threading.Event)
    held: int = 0

    def __call__(self, request: Recorded) -> bytes:
        if request.method != "POST":
            self.events[request.target.split("/")[-2]] += request.target.endswith("/events")
            return behave(request)
        crm_id = request.document["crm_id"]
        if self.creates[crm_id]:
            return reply("429 Too Many Requests", {"error_message": "Lead with this crm_id already exists"})
        self.creates[crm_id] += 1
        if len(self.creates) > SLOW_START and not self.answer_now.is_set():
            self.held += 1
            if self.held == CONCURRENCY:
                self.all_in_flight.set()
            self.answer_now.wait(WITHIN)
        return behave(request)


@pytest.fixture
def holding(importer: CommandLine) -> Iterator[HoldingServer]:
    answers = HoldingServer()
    with recording(answers) as server:
        _name(importer, server)
        importer.mapping()
        importer.table(leads(ROWS))
        yield answers
        answers.answer_now.set()


def _name(importer: CommandLine, server: RecordingServer) -> None:
    importer.environment |= {
        "SALESCHAT_ORG_ID": "o1",
        "SALESCHAT_API_KEY": KEY,
        "SALESCHAT_BASE_URL": server.base_url,
    }
    os.environ.update(importer.environment)  # the fixture puts it back


class Calls:
    """A method that still does its work, and says when it has been called."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
        self.came = threading.Event()
        original = getattr(owner, name)

        def called(*arguments: Any) -> Any:
            done = original(*arguments)
            self.came.set()
            return done

        monkeypatch.setattr(owner, name, called)


def meanwhile(act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


@pytest.mark.parametrize("number", list(CODES))
def test_the_first_signal_drains_and_leaves_nothing_in_doubt(
    importer: CommandLine, holding: HoldingServer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    drains = Calls(monkeypatch, Dispatcher, "interrupt")

    def act() -> None:
        assert holding.all_in_flight.wait(WITHIN)
        os.kill(os.getpid(), number)
        assert drains.came.wait(WITHIN)
        holding.answer_now.set()

    acting = meanwhile(act)
    ended = importer("run", "list.csv", "-m", "m.yaml", *SENDING)
    acting.join()
    assert ended.code == CODES[number], ended
    assert "waiting for requests in flight" in ended.err
    assert REASONS[number] in ended.out
    statuses = Counter(importer.statuses())
    assert statuses == {"created": SLOW_START + CONCURRENCY, "pending": ROWS - SLOW_START - CONCURRENCY}
    assert {row["crm_id"] for row in importer.results() if row["status"] == "created"} == set(holding.creates)
    assert importer("resume", *SENDING).code == 0
    assert importer.statuses() == ["created"] * ROWS
    assert set(holding.creates.values()) == {1}
    assert len(holding.events) == ROWS


@pytest.mark.parametrize("number", list(CODES))
def test_the_second_signal_stops_at_once_and_only_what_was_in_flight_is_in_doubt(
    importer: CommandLine, holding: HoldingServer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    drains = Calls(monkeypatch, Dispatcher, "interrupt")

    def act() -> None:
        assert holding.all_in_flight.wait(WITHIN)
        os.kill(os.getpid(), number)
        assert drains.came.wait(WITHIN)
        os.kill(os.getpid(), number)

    acting = meanwhile(act)
    ended = importer("run", "list.csv", "-m", "m.yaml", *SENDING)
    acting.join()
    assert ended.code == CODES[number], ended
    assert Counter(importer.statuses()) == {"created": SLOW_START, "pending": ROWS - SLOW_START}
    holding.answer_now.set()
    assert importer("resume", *SENDING).code == 1
    assert Counter(importer.statuses()) == {"created": ROWS - CONCURRENCY, "created_unconfirmed": CONCURRENCY}
    assert set(holding.creates.values()) == {1}
    assert len(holding.events) == ROWS - CONCURRENCY


@pytest.mark.parametrize("number", list(CODES))
def test_a_signal_while_rows_are_checked_ends_the_run_before_anything_is_sent(
    importer: CommandLine, holding: HoldingServer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    add = Plan.add

    def interrupted(*arguments: Any) -> None:
        os.kill(os.getpid(), number)
        add(*arguments)

    monkeypatch.setattr(Plan, "add", interrupted)
    ended = importer("run", "list.csv", "-m", "m.yaml", *SENDING, "--json")
    assert ended.code == CODES[number], ended
    assert ended.document["exit_code"] == CODES[number]
    assert ended.document["state"] == "interrupted"
    assert ended.document["reason"] == "stopped before anything was sent"
    assert holding.creates == {}


def test_a_signal_that_comes_within_a_callback_is_not_lost(
    importer: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a handler raises in a `__del__` reaches nobody; what it notes is found."""

    class Thing:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    importer.mapping()
    importer.table(leads(3))
    add = Plan.add

    def interrupted(*arguments: Any) -> None:
        Thing()
        add(*arguments)

    monkeypatch.setattr(Plan, "add", interrupted)
    assert importer("check", "list.csv", "-m", "m.yaml").code == 143


def test_a_signal_just_before_the_sending_begins_is_found_when_it_begins(
    importer: CommandLine, holding: HoldingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze = Plan.freeze

    def interrupted(*arguments: Any) -> None:
        freeze(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patched:
        patched.setattr(Plan, "freeze", interrupted)
        ended = importer("run", "list.csv", "-m", "m.yaml", *SENDING)
    assert ended.code == 130
    assert len(holding.creates) <= 1
    holding.answer_now.set()
    assert importer("resume", *SENDING).code == 0
    assert set(holding.creates.values()) == {1}


def test_a_signal_while_the_report_is_written_does_not_cost_the_report(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.mapping()
    importer.table(leads(3))
    end_run = finish.end_run

    def interrupted(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return end_run(*arguments, **options)

    monkeypatch.setattr(finish, "end_run", interrupted)
    assert importer("run", "list.csv", "-m", "m.yaml", *SENDING).code == 0
    assert importer.statuses() == ["created"] * 3


def test_a_hasty_second_signal_does_not_cost_the_report(importer: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    importer.mapping()
    importer.table(leads(3))
    add, end_run = Plan.add, finish.end_run

    def interrupted(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        add(*arguments)

    def interrupted_again(*arguments: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return end_run(*arguments, **options)

    monkeypatch.setattr(Plan, "add", interrupted)
    monkeypatch.setattr(finish, "end_run", interrupted_again)
    assert importer("check", "list.csv", "-m", "m.yaml").code == 130
    assert importer.summary()["state"] == "interrupted"


@pytest.mark.parametrize("number", list(CODES))
@pytest.mark.parametrize("when", ["as the journal is left", "when all is sent"])
def test_a_signal_when_all_is_sent_changes_nothing(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, when: str
) -> None:
    """Between the last answer and the report: nothing is left that could be stopped."""
    importer.mapping()
    importer.table(leads(3))
    leave, send = Writer.__aexit__, service.send  # type: ignore[attr-defined]

    async def interrupted_leaving(*arguments: Any) -> None:
        os.kill(os.getpid(), number)
        await leave(*arguments)

    async def interrupted_after(*arguments: Any, **options: Any) -> Any:
        stop = await send(*arguments, **options)
        os.kill(os.getpid(), number)
        return stop

    if when == "when all is sent":
        monkeypatch.setattr(service, "send", interrupted_after)
    else:
        monkeypatch.setattr(Writer, "__aexit__", interrupted_leaving)
    assert importer("run", "list.csv", "-m", "m.yaml", *SENDING).code == 0
    assert importer.statuses() == ["created"] * 3


def test_a_signal_that_is_ignored_stays_ignored(
    importer: CommandLine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nohup importer run …`: the terminal may end, the run goes on."""
    importer.mapping()
    importer.table(leads(3))
    add = Plan.add

    def interrupted(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        add(*arguments)

    monkeypatch.setattr(Plan, "add", interrupted)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert importer("run", "list.csv", "-m", "m.yaml", *SENDING).code == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert importer.statuses() == ["created"] * 3


@pytest.mark.parametrize("number", list(CODES))
def test_a_question_on_the_terminal_ends_with_the_first_signal(
    importer: CommandLine, holding: HoldingServer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def asked(*_: object) -> bool:
        os.kill(os.getpid(), number)
        raise AssertionError("the question went on")

    monkeypatch.setattr("importer.cli.session.Session._confirm", asked)
    assert importer("run", "list.csv", "-m", "m.yaml", *SENDING).code == CODES[number]
    assert holding.creates == {}


class TestStopRequest:
    """The note itself, without a command around it."""

    def test_a_second_signal_is_raised_where_the_first_is_noted(self) -> None:
        with handled_signals() as stop:
            with pytest.raises(Interrupted), stop.noting():
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGTERM)
                raise AssertionError("the second one was only noted")
            with pytest.raises(Interrupted) as looked:
                stop.look()
        assert looked.value.exit_code is ExitCode.TERMINATED

    def test_outside_of_a_run_the_first_one_is_raised(self) -> None:
        with handled_signals(), pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    def test_handlers_are_put_back(self) -> None:
        before = [signal.getsignal(number) for number in CODES]
        with handled_signals():
            assert [signal.getsignal(number) for number in CODES] != before
        assert [signal.getsignal(number) for number in CODES] == before

    def test_in_another_thread_nothing_is_handled(self) -> None:
        seen = []

        def work() -> None:
            with handled_signals() as stop:
                seen.append(stop)

        meanwhile(work).join()
        assert len(seen) == 1

    def test_who_waits_wakes_up_though_the_exception_was_lost(self) -> None:
        class Thing:
            def __del__(self) -> None:
                os.kill(os.getpid(), signal.SIGINT)

        with handled_signals() as stop, pytest.MonkeyPatch.context() as patched:
            patched.setattr("sys.unraisablehook", lambda _: None)
            Thing()
            stop.wait()

    def test_a_listener_hears_of_what_came_before_it(self) -> None:
        heard: list[Any] = []
        stop = StopRequest()
        with stop.noting():
            assert stop.note(Interrupted("SIGINT", ExitCode.INTERRUPTED))
        with stop.listening(heard.append):
            assert stop.note(Interrupted("SIGTERM", ExitCode.TERMINATED))
        assert [request.name for request in heard] == ["SIGINT", "SIGTERM"]


def unread_pipe() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def close_both() -> None:
    os.close(1)
    os.close(2)


@pytest.mark.parametrize("state", ["nobody reads", "full", "closed"])
def test_a_run_does_not_depend_on_somebody_reading(importer: CommandLine, sandbox: Sandbox, state: str) -> None:
    """`2>&1 | head`, a full disk, a terminal that is gone: the rows and the report matter more."""
    importer.mapping()
    importer.table(leads(10))
    broken = os.open("/dev/full", os.O_WRONLY) if state == "full" else unread_pipe()
    process = importer.start(
        *("run", "list.csv", "-m", "m.yaml", *SENDING, "-v", "--json"),
        stdout=broken,
        stderr=broken,
        preexec_fn=close_both if state == "closed" else None,
    )
    os.close(broken)
    try:
        assert process.wait(WITHIN) == 0
    finally:
        process.kill()
    assert importer.statuses() == ["created"] * 10


def test_what_cannot_be_written_costs_no_traceback_at_the_end(importer: CommandLine, sandbox: Sandbox) -> None:
    importer.mapping()
    importer.table(leads(3))
    unread = unread_pipe()
    process = importer.start("run", "list.csv", "-m", "m.yaml", *SENDING, "--json", stdout=unread)
    os.close(unread)
    try:
        _, errors = process.communicate(timeout=WITHIN)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "Exception ignored" not in errors
    assert "Broken" not in errors
