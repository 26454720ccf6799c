"""From a frozen plan to a finished or stopped push: client, journal writer, requests to stop, and the dispatcher."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from importer.clock import Clock
from importer.crm.address import origin_of
from importer.crm.client import Deadlines, LeadsClient
from importer.crm.conflict_or_throttle import Fingerprint
from importer.crm.credential import Credential
from importer.crm.endpoints import request_rates
from importer.crm.route import Proxy, Trust
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.journal.runs import Journal, StoredRun
from importer.journal.writer import Writer
from importer.model.run import RunState
from importer.sending.canary import REMEMBERED_DAYS, fingerprint_from
from importer.sending.dispatcher import Dispatcher
from importer.sending.progress import Progress
from importer.sending.run_health import RunHealth
from importer.sending.stop_request import Interrupted, StopRequest
from importer.version import __version__

_ASKED: Final = {
    "SIGINT": "you pressed Ctrl-C",
    "SIGTERM": "the process was asked to stop (SIGTERM)",
    "SIGHUP": "the terminal was closed (SIGHUP)",
}
_DRAIN: Final = {ExitCode.INTERRUPTED: 30.0, ExitCode.TERMINATED: 10.0}
"""Seconds that calls in flight may still take after the first signal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """The server and organization of a run. `origin` is what ledger and journal know it by."""

    base_url: str
    org: str
    credential: Callable[[], Credential]
    origin: str
    trust: Trust
    proxy: Proxy | None = None

    @classmethod
    def of(
        cls,
        base_url: str,
        org: str,
        credential: Callable[[], Credential],
        trust: Trust | None = None,
        proxy: Proxy | None = None,
    ) -> "Destination":
        """A server that outlives the run."""
        origin = origin_of(base_url)
        return cls(
            base_url=base_url, org=org, credential=credential, origin=origin, trust=trust or Trust(), proxy=proxy
        )


async def send(
    journal: Journal,
    run: StoredRun,
    destination: Destination,
    *,
    clock: Clock,
    rng: random.Random,
    progress: Progress,
    stop_request: StopRequest,
) -> Stop | None:
    """Send what is open of the run; returns why it stopped early, or `None`. The caller holds the lock."""
    request, credential = run.request, destination.credential()
    journal.recover()
    journal.set_state(run, RunState.SENDING)
    client = LeadsClient(
        base_url=destination.base_url,
        org=destination.org,
        credential=credential,
        deadlines=Deadlines.within(request.timeout),
        version=__version__,
        trust=destination.trust,
        proxy=destination.proxy,
    )
    async with client, Writer(journal.folder) as writer:
        with journal.sending(run, writer) as sending:
            health = RunHealth(
                client=client,
                journal=sending,
                rates=request_rates(request.rate, credential.kind),
                clock=clock,
                rng=rng,
                progress=progress,
                canary=request.canary,
                learnt=_learnt(journal, run, clock.now(), progress),
                reread=destination.credential,
            )
            dispatcher = Dispatcher(
                client=client,
                journal=sending,
                health=health,
                request=request,
                clock=clock,
                rng=rng,
                progress=progress,
            )
            ticking = asyncio.create_task(_tick(progress))
            try:
                with stop_request.listening(_interrupting(dispatcher, progress)):
                    return await dispatcher.run()
            finally:
                ticking.cancel()


async def _tick(progress: Progress) -> None:
    """While the server makes the run wait, people should see that the program is alive, and until when it waits."""
    while True:
        await asyncio.sleep(1.0)
        progress.tick()


def _learnt(journal: Journal, run: StoredRun, now: datetime, progress: Progress) -> Fingerprint | None:
    """The duplicate answer that an earlier run learnt, unless that is too long ago or was another version's."""
    assert run.tenant is not None  # noqa: S101 - a planned run has one
    examine_learnt(journal, run.tenant, progress)
    text, at = journal.learnt(run.tenant)
    if not text or now - datetime.fromisoformat(at) > timedelta(days=REMEMBERED_DAYS):
        return None
    shape, is_current = fingerprint_from(text)
    return shape if is_current else None  # the canary learns it again


def examine_learnt(journal: Journal, tenant: int, progress: Progress) -> None:
    """Forget what an earlier version learnt without proof, and the leads that are known by it alone."""
    text, _ = journal.learnt(tenant)
    if not text:
        return
    shape, is_current = fingerprint_from(text)
    if is_current or shape.proves:
        return
    if leads := journal.doubt_duplicates(tenant, shape.status, shape.error_code):
        progress.note(
            f"an earlier version may have mistaken a rate limit for “already exists”: {leads} of its duplicates are no "
            "longer trusted; import their files again with --again"
        )


def _interrupting(dispatcher: Dispatcher, progress: Progress) -> Callable[[Interrupted], None]:
    """What a request to stop does while the run sends: the first waits for answers, the second does not."""
    loop, context = asyncio.get_running_loop(), copy_context()  # the context knows the log of this run

    def received(request: Interrupted) -> None:
        if dispatcher.stop is not None:
            dispatcher.abandon()
            return
        tip = "To continue: importer resume"
        dispatcher.interrupt(
            Stop(exit_code=request.exit_code, reason=_ASKED.get(request.name, f"stopped by {request.name}"), tip=tip)
        )
        progress.note(
            "stopping: waiting for requests in flight; no new rows are sent (press Ctrl-C again to stop at once)"
        )
        loop.call_later(_DRAIN[request.exit_code], dispatcher.abandon)

    # Called by a signal handler or another thread; it also wakes the loop, which may be waiting for the network.
    def note(request: Interrupted) -> None:
        with suppress(RuntimeError):  # the loop has just been closed: everything is sent
            loop.call_soon_threadsafe(received, request, context=context)

    return note
