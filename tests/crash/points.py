"""Named points at which a process dies by its own hand, at the n-th time that it comes by.

The product has no hooks for this: the launcher wraps its functions from outside.
"""

import os
import signal
from collections.abc import Callable
from typing import Any

from importer.crm.client import LeadsClient
from importer.crm.connections import Guard
from importer.journal import rows
from importer.journal.plan import Plan
from importer.journal.sending import SendingJournal
from importer.journal.writer import Writer
from importer.runs import finish

Die = Callable[[], None]


def _before(owner: Any, name: str) -> Callable[[Die], None]:
    """Die before the function is called."""

    def install(die: Die) -> None:
        function = getattr(owner, name)

        def wrapped(*values: Any, **named: Any) -> Any:
            die()
            return function(*values, **named)

        setattr(owner, name, wrapped)

    return install


def _after(owner: Any, *names: str) -> Callable[[Die], None]:
    """Die when the coroutine is done and nobody has seen its result yet."""

    def install(die: Die) -> None:
        for name in names:
            setattr(owner, name, _wrapped(getattr(owner, name), die))

    def _wrapped(function: Any, die: Die) -> Any:
        async def wrapped(*values: Any, **named: Any) -> Any:
            result = await function(*values, **named)
            die()
            return result

        return wrapped

    return install


def _after_plan(die: Die) -> None:
    freeze = Plan.freeze

    def wrapped(*values: Any) -> None:
        freeze(*values)
        die()

    Plan.freeze = wrapped


def _in_commit(die: Die) -> None:
    """All statements of a group of changes are executed, the commit is not."""

    apply = Writer._apply

    def wrapped(*values: Any) -> None:
        apply(*values)
        die()

    Writer._apply = wrapped


def _bytes_sent(die: Die) -> None:
    """The last byte of a request has left, no answer has been read."""
    watch = Guard.watch

    async def watched(self: Guard, event: str, seen: dict[str, Any]) -> None:
        await watch(self, event, seen)
        if event == "http11.send_request_body.complete":
            die()

    Guard.watch = watched


POINTS: dict[str, Callable[[Die], None]] = {
    "before-plan": _before(Plan, "freeze"),
    "after-plan": _after_plan,
    "in-laying-out": _before(rows, "insert_calls"),
    "before-intent": _before(SendingJournal, "intent"),
    "in-commit": _in_commit,
    "after-intent": _after(SendingJournal, "intent"),
    "bytes-sent": _bytes_sent,
    "after-answer": _after(LeadsClient, "send"),
    "after-outcome": _after(SendingJournal, "create_settled", "follow_up_settled", "in_doubt", "retry"),
    "in-report": _before(finish, "write_html"),
}

ONCE = frozenset({"before-plan", "after-plan", "in-report"})
"""Points that a process passes once."""


def arm(name: str, hit: int) -> None:
    """Make this process kill itself at the `hit`-th passage of the point."""
    left = hit

    def die() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    POINTS[name](die)
