"""Freezing the plan, the size of the journal, and how soon a nearly finished run continues."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import leads
from benchmarks.contest import Goal, fresh
from benchmarks.measuring import Command, Failed, Measured, measured
from benchmarks.sections.pushing import KEY
from benchmarks.sections.server import Server, free_port, target
from benchmarks.settings import Settings

LEFT = 0.01
"""The share of the rows that is still to be sent."""


def run(settings: Settings) -> list[str]:
    """The part of results.md."""
    count = max(settings.rows)
    file = leads.csv_of(settings.folder, count)
    mapping = leads.mapping_of(settings.folder, "bench", leads.MAPPING)
    reports, port = settings.cache / "reports", free_port()
    ratios, planned_in, sizes, peaks = [], [], [], []
    rounds = min(settings.repeat, 3)
    for number in range(rounds):
        if settings.time_is_up():
            break
        settings.say(f"plan: {count} rows, round {number + 1} of {rounds}")
        base = ("-m", str(mapping), "-q", "--reports-dir", str(fresh(reports)))
        check = Command(arguments=settings.importer("check", str(file), *base), folder=settings.repository, good=(0, 1))
        dry = measured(check, settings.cache / "logs" / "plan-check.log", longest=settings.longest)
        fresh(reports)
        process, seconds = _frozen(settings, file, base, reports, port)
        ratios.append(seconds / dry.wall)
        planned_in.append(seconds)
        sizes.append(_size(reports) / count)
        peaks.append(process.peak)
    if not ratios:
        raise Failed("the time was up")
    started, memory, settled_size = _resumed(settings, reports, count, port)
    goals = [
        Goal(text="start to frozen plan ÷ the whole dry run", value=median(ratios), limit=2),
        Goal(text="journal, a row, when the plan is frozen", value=median(sizes) / 1024, limit=1, unit=" KiB"),
        Goal(text=f"journal, a row, with {LEFT:.0%} left", value=settled_size / count / 1024, limit=1, unit=" KiB"),
        Goal(text=f"resume with {LEFT:.0%} left: first request after", value=started, limit=3, unit=" s"),
        Goal(text="peak memory of that resume", value=memory, limit=450, unit=" MiB"),
        Goal(text="peak memory while planning", value=max(peaks), limit=450, unit=" MiB"),
    ]
    return [
        f"## Plan, journal and resume, {count:,} rows, each with an assignment",
        "",
        f"From the start of `importer run` to the frozen plan: {median(planned_in):.1f} s (median of {len(ratios)}).",
        "",
        *(goal.line(holds=count >= 1_000_000) for goal in goals),
    ]


def _frozen(settings: Settings, file: Path, base: tuple[str, ...], reports: Path, port: int) -> tuple[Measured, float]:
    """A run that is killed as soon as its first request has come: process, and seconds until the plan was frozen."""
    with target(settings, status=401, port=port) as server:
        options = f"--org 1 --yes --no-canary --rate 10 --base-url {server.url}".split()
        command = Command(
            arguments=settings.importer("run", str(file), *base, *options), environment=KEY, folder=settings.repository
        )
        began = time.time()
        log = settings.cache / "logs" / "plan-run.log"
        process = measured(command, log, longest=settings.longest, until=_every(1.0, lambda: _has_come(server)))
    journal = sqlite3.connect(reports / "journal.sqlite3")
    found = journal.execute("SELECT planned_at FROM runs").fetchone()
    journal.close()
    if not found or not found[0]:
        raise Failed(f"no plan was frozen: {process.error[-200:]}")
    return process, datetime.fromisoformat(found[0]).timestamp() - began


def _has_come(server: Server) -> bool:
    return bool(server.traffic().requests)


def _every(seconds: float, ask: Callable[[], bool]) -> Callable[[], bool]:
    """Ask no more often than this: asking slows down the process that is measured."""
    asked = 0.0

    def asking() -> bool:
        nonlocal asked
        if time.monotonic() - asked < seconds:
            return False
        asked = time.monotonic()
        return ask()

    return asking


def _size(reports: Path) -> int:
    """Bytes of the journal, its write-ahead log included."""
    return sum(path.stat().st_size for path in reports.glob("journal.sqlite3*") if not path.name.endswith("-shm"))


def _resumed(settings: Settings, reports: Path, count: int, port: int) -> tuple[float, float, int]:
    """Settle all but a few creates through the journal's own interface, then see how soon `importer resume` sends.

    Returns these seconds, the peak of memory in MiB, and the bytes of the journal at that time.
    """
    settings.say("plan: settling 99 % of the run, then resume")
    done = Command(
        arguments=[sys.executable, "-m", "benchmarks.sections.planning", str(reports), str(int(count * (1 - LEFT)))],
        folder=settings.repository,
    )
    measured(done, settings.cache / "logs" / "plan-settle.log", longest=settings.longest)
    size = _size(reports)
    kept = settings.cache / "nearly-done"
    shutil.rmtree(kept, ignore_errors=True)
    reports.rename(kept)
    seconds, peaks = [], []
    for _ in range(min(settings.repeat, 5)):
        shutil.rmtree(reports, ignore_errors=True)
        shutil.copytree(kept, reports)
        os.sync()
        with target(settings, port=port) as server:
            options = f"--org 1 -q --rate 10 --settle 0 --base-url {server.url} --reports-dir {reports}".split()
            command = Command(
                arguments=settings.importer("resume", *options), environment=KEY, folder=settings.repository
            )
            log = settings.cache / "logs" / "plan-resume.log"
            ask = _every(0.5, partial(_has_come, server))
            process = measured(command, log, longest=settings.longest, until=ask, kept=True)
            if not server.traffic().requests:
                raise Failed(f"resume sent nothing: {process.error[-200:]}")
            seconds.append(server.traffic().begin - process.began)
            peaks.append(process.peak)
    shutil.rmtree(kept)
    return median(seconds), max(peaks), size


def settle(folder: Path, wanted: int) -> None:
    """Give so many creates and their assignments their final state, as a push would."""
    from importer.journal.runs import Journal
    from importer.journal.writer import Writer

    def now() -> datetime:
        return datetime.now(UTC)

    async def main(journal: Journal) -> int:
        run = journal.run("latest")
        async with Writer(folder) as writer:
            with journal.sending(run, writer) as sending:
                return await _settle(sending, wanted)

    with Journal(folder, now) as journal:
        journal.recover()
        print(json.dumps({"settled": asyncio.run(main(journal))}))


async def _settle(sending: object, wanted: int) -> int:
    from importer.journal.requests import OperationState
    from importer.journal.sending import SendingJournal
    from importer.model.outcome import FollowUp, RowStatus

    assert isinstance(sending, SendingJournal)
    settled, group = 0, []
    async for planned in sending.creates(page=2000):
        group.append(planned.call)
        if len(group) == 2000:
            states = {"follow_ups": OperationState.PLANNED, "lead_id": "5a7c1f4e-93b1-4c2d-9c57-0d2f7a1be301"}
            released = await asyncio.gather(
                *(sending.create_settled(call, RowStatus.CREATED, **states) for call in group)  # type: ignore[arg-type]
            )
            follow_ups = [call for calls in released for call in calls]
            await asyncio.gather(*(sending.follow_up_settled(call, FollowUp.ACCEPTED) for call in follow_ups))
            settled += len(group)
            group = []
            if settled >= wanted:
                break
    return settled


if __name__ == "__main__":
    settle(Path(sys.argv[1]), int(sys.argv[2]))
