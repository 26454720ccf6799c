"""Retention: personal data of old runs is removed from journal and reports."""

import shutil
from datetime import datetime, timedelta

from importer.errors import LocalDiskError
from importer.journal.purging import purge_run
from importer.journal.store import Journal
from importer.model.run import RunState


def purge(journal: Journal, *, older_than: timedelta, now: datetime) -> list[str]:
    """Purge every ended run that began before; returns their ids. A run that could be resumed is left alone."""
    purged = []
    for run in journal.runs():
        if now - datetime.fromisoformat(run.started_at) < older_than or _may_go_on(run.state, planned=run.planned):
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
    return purged


def _may_go_on(state: RunState, *, planned: bool) -> bool:
    return state is not RunState.FINISHED and planned
