"""Retention: personal data of old runs is removed from journal and reports."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from importer.errors import LocalDiskError
from importer.journal.purging import purge_run
from importer.journal.rows import PURGED
from importer.journal.store import Journal
from importer.model.run import RunState
from importer.runs.lock import is_sending

_BEING_WRITTEN: Final = timedelta(hours=1)
"""Half a report that is younger may still become a whole one."""


def purge(journal: Journal, *, older_than: timedelta, now: datetime) -> list[str]:
    """Purge every ended run that began before, once; returns their ids. A run that could be resumed is left alone.

    One that was never planned can be, too, but only from its files; it is left alone while a process is at work here.

    What a killed process left half written is removed wherever it lies, also with runs that are left alone.
    """
    purged = []
    at_work = is_sending(journal.folder)
    for run in journal.runs():
        if now - datetime.fromisoformat(run.started_at) < older_than or _may_go_on(run.state, planned=run.planned):
            continue
        if at_work and run.command == "run" and run.state is not RunState.FINISHED:
            continue
        if run.request.mapping_path == PURGED and not (journal.folder / run.run_id).exists():
            continue
        purge_run(journal.connection, run.id)
        try:
            if (journal.folder / run.run_id).is_dir():
                shutil.rmtree(journal.folder / run.run_id)
        except OSError as error:
            raise LocalDiskError(
                f"{journal.folder / run.run_id}: cannot be removed: {error.strerror}", tip="Remove it by hand."
            ) from error
        purged.append(run.run_id)
    return purged + _half_written(journal.folder, now - max(older_than, _BEING_WRITTEN))


def _half_written(folder: Path, before: datetime) -> list[str]:
    """Remove files that never took their place, such as `.results.csv.x1y2.part`; returns them."""
    removed = []
    for path in sorted({*folder.glob(".*.part"), *folder.glob("*/.*.part")}):
        try:
            if path.lstat().st_mtime < before.timestamp():
                path.unlink()
                removed.append(str(path.relative_to(folder)))
        except FileNotFoundError:
            continue  # it has just taken its place
        except OSError as error:
            raise LocalDiskError(f"{path}: cannot be removed: {error.strerror}", tip="Remove it by hand.") from error
    return removed


def _may_go_on(state: RunState, *, planned: bool) -> bool:
    return state is not RunState.FINISHED and planned
