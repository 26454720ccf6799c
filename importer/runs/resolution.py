"""Rows in doubt that only people can decide: did this run create the lead, or did it exist before?"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from importer.errors import RunError, SourceError
from importer.journal.requests import resolve, unconfirmed
from importer.journal.runs import Journal, StoredRun
from importer.model.outcome import RowStatus
from importer.runs.finish import write_report
from importer.runs.send_lock import sending_lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """How many of the unconfirmed rows are `status` now."""

    run_id: str
    resolved: int
    waited: int
    status: RowStatus

    @property
    def sentence(self) -> str:
        """What was done, and what is next."""
        next_step = f" `importer resume {self.run_id}` sends their follow-ups."
        after = next_step if self.status is RowStatus.CREATED and self.resolved else ""
        return f"{self.resolved} of {self.waited} unconfirmed rows of {self.run_id} are {self.status} now.{after}"


def resolve_run(journal: Journal, run: StoredRun, rows: Path | None, *, ours: bool, now: datetime) -> Resolved:
    """Settle the run's unconfirmed rows (those named in the file, else all) and write its report again.

    Raises RunError when a named row is not unconfirmed.
    """
    if run.tenant is None:
        raise RunError(f"run {run.run_id} has sent nothing", tip="There is nothing to resolve.")
    with sending_lock(journal.folder, run.run_id, now):
        waiting = unconfirmed(journal.connection, run.id)
        chosen = waiting if rows is None else _named(rows, waiting)
        reason = "resolved; `importer resume` sends the follow-ups"
        resolve(journal.connection, run.id, run.tenant, chosen, ours=ours, to_resume=reason)
    write_report(journal, journal.run(run.run_id))
    status = RowStatus.CREATED if ours else RowStatus.DUPLICATE
    return Resolved(run_id=run.run_id, resolved=len(chosen), waited=len(waiting), status=status)


def _named(path: Path, waiting: list[str]) -> list[str]:
    try:
        named = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read: {error}", tip="It must hold one crm_id per line.") from error
    strangers = sorted(set(named) - set(waiting))
    if strangers:
        raise RunError(
            f"{path}: {strangers[0]!r} is not an unconfirmed row of this run ({len(strangers)} such lines)",
            tip="Copy the crm_ids of rows with status created_unconfirmed from results.csv.",
        )
    return named
