"""The importer for Python programs: notebooks, tasks of a scheduler, tests of a list. docs/python.md shows it.

Every call does its work in a thread of its own (`runs.background`), so it may be made in any thread, and where an event
loop is running. Nothing is printed, and nothing of the process is changed.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from importer.api import work
from importer.api.answers import Proposal, Report, RunRecord
from importer.api.call import Call
from importer.api.options import CheckOptions, ResumeOptions, RunOptions, ServerOptions, SuggestOptions
from importer.model.mapping import Mapping
from importer.runs.background import Progress, in_background, in_background_of_loop

if TYPE_CHECKING:
    import os
    import threading
    from collections.abc import Callable
    from typing import Unpack

    from importer.api.call import AnyMapping, AnySource

    OnProgress = Callable[[Progress], object]

__all__ = [
    "Mapping",
    "Progress",
    "Proposal",
    "Report",
    "RunRecord",
    "acheck",
    "arun",
    "check",
    "history",
    "report",
    "resume",
    "run",
    "suggest",
]


def suggest(source: AnySource, **options: Unpack[SuggestOptions]) -> Proposal:
    """Propose a mapping for a source (of several, for the first); nothing is written."""
    call = Call(SuggestOptions, options)
    return in_background(partial(work.suggest, call, source), call.listener)


def check(
    source: AnySource,
    mapping: AnyMapping | None = None,
    *,
    write: bool = True,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[CheckOptions],
) -> Report:
    """Read, map and validate every row; nothing is sent. Without a mapping, with the one that `suggest` proposes.

    With `write=False` no report stays on the disk; what earlier runs know is not asked then.
    """
    call = Call(CheckOptions, options, on_progress, stop)
    return in_background(partial(work.check, call, source, mapping, write=write), call.listener)


async def acheck(
    source: AnySource,
    mapping: AnyMapping | None = None,
    *,
    write: bool = True,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[CheckOptions],
) -> Report:
    """`check` as a coroutine; cancelling it stops the check."""
    call = Call(CheckOptions, options, on_progress, stop)
    return await in_background_of_loop(partial(work.check, call, source, mapping, write=write), call.listener)


def run(
    source: AnySource,
    mapping: AnyMapping,
    *,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[RunOptions],
) -> Report:
    """Check every row, create the leads, assign them, record their events; without a question.

    `stop` and an `on_progress` that raises stop it as Ctrl-C stops the command: what is in flight is finished, the
    report is written, `resume` continues. Raises the error that stopped the run, with its `report`.
    """
    call = Call(RunOptions, options, on_progress, stop)
    return in_background(partial(work.run, call, source, mapping), call.listener)


async def arun(
    source: AnySource,
    mapping: AnyMapping,
    *,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[RunOptions],
) -> Report:
    """`run` as a coroutine; cancelling it stops the run, and it ends when what is in flight is finished."""
    call = Call(RunOptions, options, on_progress, stop)
    return await in_background_of_loop(partial(work.run, call, source, mapping), call.listener)


def resume(
    run_id: str = "",
    *,
    on_progress: OnProgress | None = None,
    stop: threading.Event | None = None,
    **options: Unpack[ResumeOptions],
) -> Report:
    """Continue a run from its journal: the latest unfinished one, or the one of this id (its beginning will do)."""
    call = Call(ResumeOptions, options, on_progress, stop)
    return in_background(partial(work.resume, call, run_id), call.listener)


def report(run_id: str = "latest", reports_dir: str | os.PathLike[str] | None = None) -> Report:
    """Write a run's report again from its journal."""
    call = Call(ServerOptions, {"reports_dir": reports_dir})
    return in_background(partial(work.report, call, run_id), call.listener)


def history(reports_dir: str | os.PathLike[str] | None = None) -> list[RunRecord]:
    """The runs so far, newest first."""
    call = Call(ServerOptions, {"reports_dir": reports_dir})
    return in_background(partial(work.history, call), call.listener)
