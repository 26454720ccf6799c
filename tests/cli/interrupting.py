"""Interrupting a run while it is sending, at a moment that does not depend on the machine's speed."""

import os
import signal
from typing import Any

import pytest

from importer.journal.sending import SendingJournal


def interrupt_after(creates: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once so many creates of this process are settled, it gets a Ctrl-C. Later ones get none."""
    settled = SendingJournal.create_settled
    left = iter(range(creates, 0, -1))

    async def counted(*arguments: Any, **options: Any) -> Any:
        done = await settled(*arguments, **options)
        if next(left, None) == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return done

    monkeypatch.setattr(SendingJournal, "create_settled", counted)
