"""`importer resume`: go on where a run was stopped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from importer.cli.options import COMMON, ENDING, SENDING, run_argument

if TYPE_CHECKING:
    from importer.journal.store import StoredRun
    from importer.model.run import RunRequest
    from importer.runs.settings import Settings


@click.command()
@run_argument(required=False)
@SENDING
@click.option("--retry-failed", is_flag=True, help="Also retry rejected and unknown rows.")
@click.option("--no-progress", is_flag=True, help="No progress bar and no progress lines.")
@ENDING
@COMMON
def resume(**options: Any) -> int:
    """Continue an interrupted or stopped run from its journal (the latest unfinished one if RUN is not given).

    The plan made at the start is sent; later changes to the file or the mapping are ignored.
    RUN is a run id, or the beginning of one.

    \b
    importer resume
    importer resume 20261122-1504 --retry-failed
    """
    from importer.cli.destination import destination_of
    from importer.cli.run_summary import report_end
    from importer.cli.session import session

    here = session(options)
    with here.job() as job:
        run = job.to_resume(options["run_id"])
        run = replace(run, request=_as_given_now(run, here.settings, options))
        with destination_of(here, job.journal, run) as destination:
            return report_end(here, job.resume(run, destination, retry_failed=options["retry_failed"]))


def _as_given_now(run: StoredRun, settings: Settings, options: dict[str, Any]) -> RunRequest:
    """What was asked for when the run began, except where this command line says otherwise."""
    from importer.model.run import OnDuplicate
    from importer.runs.settings import SETTINGS

    sending = [entry for entry in SETTINGS.values() if entry.used_by == "sending" and entry.flag]
    changes = {entry.name: settings[entry.name] for entry in sending if settings.source(entry.name) == entry.flag}
    if options["on_duplicate"]:
        changes["on_duplicate"] = OnDuplicate(options["on_duplicate"])
    if options["assume_new"]:
        changes["assume_new"] = True
    if options["no_canary"]:
        changes["canary"] = False
    request = replace(run.request, **changes)
    for entry in sending:  # versions that knew no ranges have written runs that would wait without end
        if (value := getattr(request, entry.name)) is not None:
            entry.checked(value, f"run {run.run_id}", tip=f"Give {entry.flag} {entry.metavar}.")
    return request
