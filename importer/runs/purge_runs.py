"""Retention: personal data of old runs is removed from journal and reports."""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from importer.errors import LocalDiskError, RunError
from importer.journal.retention import overwrite_free_pages, purge_run
from importer.journal.runs import Journal, StoredRun
from importer.model.run import RunState
from importer.runs.send_lock import sending_lock

_BEING_WRITTEN: Final = timedelta(hours=1)
"""A half-written file that is younger may still be in the making."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """The ids of the purged runs and the half-written files that were removed.

    `is_overwritten`: nothing that was deleted, now or earlier, is left in the journal's file.
    """

    removed: list[str]
    is_overwritten: bool


def purge(journal: Journal, *, older_than: timedelta, now: datetime) -> Purged:
    """Purge every run that began before that, once. A run that was not finished cannot be resumed then.

    It is left alone while a process works in this folder, which may be sending it or planning it again.

    Half-written files of killed processes are removed everywhere, even in the folders of runs that are kept.
    """
    with ExitStack() as held:
        is_alone = True
        try:
            held.enter_context(sending_lock(journal.folder, "purge", now))
        except RunError:
            is_alone = False
        removed = [run.run_id for run in journal.runs() if _is_due(journal, run, now - older_than, is_alone=is_alone)]
        if is_alone:
            journal.recover()  # a request in flight may have created a lead, and a purged row cannot tell which
        for run_id in removed:
            purge_run(journal.connection, journal.run(run_id).id)
            _remove_folder(journal.folder / run_id)
        removed += _half_written(journal.folder, now - max(older_than, _BEING_WRITTEN))
        # Not while a process sends: it would have to wait until all is overwritten.
        return Purged(removed=removed, is_overwritten=is_alone and overwrite_free_pages(journal.connection))


def _is_due(journal: Journal, run: StoredRun, before: datetime, *, is_alone: bool) -> bool:
    if datetime.fromisoformat(run.started_at) > before:
        return False
    if not is_alone and run.command == "run" and run.state is not RunState.FINISHED:
        return False
    return not run.is_purged or (journal.folder / run.run_id).exists()


def _remove_folder(folder: Path) -> None:
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
    except OSError as error:
        raise LocalDiskError(f"{folder}: cannot be removed: {error.strerror}", tip="Remove it by hand.") from error


def _half_written(folder: Path, before: datetime) -> list[str]:
    """Remove files that never took their place, such as `.results.csv.x1y2.part`; returns them."""
    removed = []
    for path in sorted({*folder.glob(".*.part"), *folder.glob("*/.*.part")}):
        try:
            if path.lstat().st_mtime < before.timestamp():
                path.unlink()
                removed.append(str(path.relative_to(folder)))
        except FileNotFoundError:
            continue  # it has just been completed
        except OSError as error:
            raise LocalDiskError(f"{path}: cannot be removed: {error.strerror}", tip="Remove it by hand.") from error
    return removed
