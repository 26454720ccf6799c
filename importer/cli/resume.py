"""`importer resume`: go on where a run was stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import click

from importer.cli.options import COMMON, ENDING, SENDING, run_argument

if TYPE_CHECKING:
    from importer.model.run import RunRequest
    from importer.runs.settings import Settings

_MAY_CHANGE: Final = ("rate", "concurrency", "settle", "timeout")


@click.command()
@run_argument(required=False)
@SENDING
@click.option("--retry-failed", is_flag=True, help="Try rejected and unknown rows once more, too.")
@click.option("--no-progress", is_flag=True, help="No progress bar and no progress lines.")
@ENDING
@COMMON
def resume(**options: Any) -> int:
    """Go on with an interrupted or stopped run from its journal (the latest unfinished one, unless RUN names it).

    The plan that was made then is sent; a file or mapping that has changed since plays no part.
    RUN is a run's id, or its beginning.

    \b
    importer resume
    importer resume 20261122-1504 --retry-failed
    """
    from importer.cli.ending import told
    from importer.cli.rehearsal import destination_of
    from importer.cli.session import session

    here = session(options)
    with here.job() as job:
        run = job.to_resume(options["run_id"])
        run = replace(run, request=_as_given_now(run.request, here.settings, options))
        with destination_of(here, job.journal, run) as destination:
            return told(here, job.resume(run, destination, retry_failed=options["retry_failed"]))


def _as_given_now(request: RunRequest, settings: Settings, options: dict[str, Any]) -> RunRequest:
    """What was asked for when the run began, except where this command line says otherwise."""
    from importer.model.run import OnDuplicate

    changes = {name: settings[name] for name in _MAY_CHANGE if settings.source(name).startswith("--")}
    if options["on_duplicate"]:
        changes["on_duplicate"] = OnDuplicate(options["on_duplicate"])
    if options["assume_new"]:
        changes["assume_new"] = True
    if options["no_canary"]:
        changes["canary"] = False
    return replace(request, **changes)
