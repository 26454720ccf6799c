"""From a frozen plan to a finished or stopped push: lock, journal writer, client, signals, and the sender."""

import asyncio
import random
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from typing import Final

from importer import __version__
from importer.clock import Clock
from importer.crm.address import origin_of
from importer.crm.client import Deadlines, LeadsClient
from importer.crm.credential import Credential, CredentialKind
from importer.crm.meaning import Fingerprint
from importer.crm.pacing import API_KEY_RATE, TOKEN_RATE
from importer.crm.trust import Trust
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.journal.store import Journal, StoredRun
from importer.journal.writer import Writer
from importer.model.run import RunState
from importer.runs.canary import REMEMBERED_DAYS, fingerprint_from
from importer.runs.execute import Sender, SendOptions
from importer.runs.postponed import ENDING, handlers_kept
from importer.runs.progress import Progress

_DRAIN: Final = {ExitCode.INTERRUPTED: 30.0, ExitCode.TERMINATED: 10.0}
"""Seconds that calls in flight may still take after the first signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The server and organisation of a run. `origin` is what ledger and journal know it by."""

    base_url: str
    org: str
    credential: Callable[[], Credential]
    origin: str
    trust: Trust

    @classmethod
    def of(
        cls, base_url: str, org: str, credential: Callable[[], Credential], trust: Trust | None = None
    ) -> "Destination":
        """A server that outlives the run."""
        origin = origin_of(base_url)
        return cls(base_url=base_url, org=org, credential=credential, origin=origin, trust=trust or Trust())


def rate_of(asked: float | None, kind: CredentialKind) -> float:
    """Requests per second and endpoint: what was asked for, else what the vendor publishes for the credential."""
    if asked is not None:
        return asked
    return API_KEY_RATE if kind is CredentialKind.API_KEY else TOKEN_RATE


def send(
    journal: Journal, run: StoredRun, destination: Destination, *, clock: Clock, rng: random.Random, progress: Progress
) -> Stop | None:
    """Send what is open of the run; returns why it stopped early, or `None`. The caller holds the lock."""
    credential = destination.credential()
    journal.recover()
    journal.set_state(run, RunState.SENDING)
    with handlers_kept():
        return asyncio.run(_send(journal, run, destination, credential, clock, rng, progress))


async def _send(
    journal: Journal,
    run: StoredRun,
    destination: Destination,
    credential: Credential,
    clock: Clock,
    rng: random.Random,
    progress: Progress,
) -> Stop | None:
    request = run.request
    client = LeadsClient(
        base_url=destination.base_url,
        org=destination.org,
        credential=credential,
        deadlines=Deadlines.within(request.timeout),
        version=__version__,
        trust=destination.trust,
    )
    options = SendOptions(
        rate=rate_of(request.rate, credential.kind),
        concurrency=request.concurrency,
        settle=request.settle,
        assign_spacing=request.assign_spacing,
        assume_new=request.assume_new,
        on_duplicate=request.on_duplicate,
        canary=request.canary,
        learnt=_learnt(journal, run, clock.now(), progress),
    )
    async with client, Writer(journal.folder) as writer:
        with journal.sending(run, writer) as sending:
            sender = Sender(
                client=client,
                journal=sending,
                options=options,
                clock=clock,
                rng=rng,
                progress=progress,
                reread=destination.credential,
            )
            ticking = asyncio.create_task(_tick(progress))
            try:
                with _signals(sender, progress):
                    return await sender.run()
            finally:
                ticking.cancel()


async def _tick(progress: Progress) -> None:
    """Who waits for the server should see that the program is alive, and until when it waits."""
    while True:
        await asyncio.sleep(1.0)
        progress.tick()


def _learnt(journal: Journal, run: StoredRun, now: datetime, progress: Progress) -> Fingerprint | None:
    """The duplicate answer that an earlier run learnt, unless that is too long ago or was never proven."""
    assert run.realm is not None  # noqa: S101 - a planned run has one
    text, at = journal.learnt(run.realm)
    if not text:
        return None
    shape, is_proven = fingerprint_from(text)
    if not is_proven:
        if leads := journal.doubt_duplicates(run.realm, shape.status, shape.error_code):
            progress.note(
                f"an earlier version may have taken a rate limit for “already exists”: {leads} leads that it called "
                "duplicates are not known any more; import their files once more with --again"
            )
        return None
    return None if now - datetime.fromisoformat(at) > timedelta(days=REMEMBERED_DAYS) else shape


@contextmanager
def _signals(sender: Sender, progress: Progress) -> Iterator[None]:
    """First Ctrl-C (or SIGTERM, SIGHUP): drain. Second: stop at once. After the block they change nothing.

    What follows is ending what was sent: an exception there could be lost in a callback. `send` puts the handlers back.
    """
    loop = asyncio.get_running_loop()

    def received(number: signal.Signals) -> None:
        code = ExitCode.INTERRUPTED if number == signal.SIGINT else ExitCode.TERMINATED
        if sender.stop is not None:
            sender.abandon()
            return
        sender.interrupt(Stop(exit_code=code, reason=f"stopped by {number.name}", tip="`importer resume` goes on."))
        progress.note("stopping: no new rows; what is on its way is finished first (again to stop at once)")
        loop.call_later(_DRAIN[code], sender.abandon)

    def caught(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        loop.call_soon_threadsafe(received, signal.Signals(number))

    # Not loop.add_signal_handler: Windows has none.
    for number in ENDING:
        signal.signal(number, caught)
    try:
        yield
    finally:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN)
