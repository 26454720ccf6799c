"""What decides before the first request whether a run may send: earlier imports, invalid rows, drift, and people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from importer.crm.address import origin_of
from importer.crm.verdict import Stop
from importer.errors import RunError
from importer.exit_codes import ExitCode
from importer.journal.examinations import examination_of, owners_of
from importer.journal.plan import Plan
from importer.journal.runs import Journal, StoredRun
from importer.model.examination import Examination, OwnerCount
from importer.model.operation import Kind
from importer.model.outcome import RowStatus
from importer.model.run import Estimate, RunRequest
from importer.runs.column_examination import drift_reason
from importer.runs.row_pipeline import Opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a run is about to do, before the first request.

    `calls` are the requests of each kind, `rates` how many of each a second (0: as many as the server takes).
    `is_drift_to_answer`: the columns have changed, and nobody has accepted that yet.
    """

    run_id: str
    rows: int
    org: str
    base_url: str
    estimate: Estimate
    calls: dict[Kind, int]
    rates: dict[Kind, float]
    examination: Examination
    owners: tuple[OwnerCount, ...]
    is_drift_to_answer: bool


def announcement(
    journal: Journal, run: StoredRun, plan: Plan, request: RunRequest, rates: dict[Kind, float], *, is_overridden: bool
) -> Announcement:
    """What the planned run would send. `is_overridden`: it was stopped before, and is resumed anyway."""
    is_accepted = request.accept_drift or request.sandbox or is_overridden
    examination = examination_of(journal.connection, run)
    return Announcement(
        run_id=run.run_id,
        rows=sum(plan.statuses().values()),
        org=request.org,
        base_url=request.base_url,
        estimate=estimated(plan, rates),
        calls=plan.to_send(),
        rates=rates,
        examination=examination,
        owners=owners_of(journal.connection, run),
        is_drift_to_answer=bool(examination.stopping) and not is_accepted,
    )


def declined(about: Announcement, send_anyway: str) -> Stop:
    """The stop of a run that was announced and not confirmed."""
    if about.is_drift_to_answer:
        tip = f"Look at the file; --accept-drift or {send_anyway}"
        return not_sent(drift_reason(about.examination), tip)
    return not_sent("sending was not confirmed (--yes sends without asking)", send_anyway)


def not_sent(reason: str, tip: str) -> Stop:
    """The stop of a run that was not allowed to send: nothing left this machine."""
    return Stop(exit_code=ExitCode.USAGE, reason=reason, tip=f"Nothing was sent. {tip}")


def refuse_imported(journal: Journal, opened: Sequence[Opened], tenant: int) -> None:
    """Importing the same file twice into one organization is more often a mistake than intended."""
    for each in opened:
        if before := journal.imported_before(tenant, each.table.info.sha256):
            raise RunError(
                f"{each.table.info.path} was already imported, by run {before}",
                tip="Give --again to send it again; leads that exist are then reported as duplicates.",
            )


def obstacles(
    journal: Journal, run: StoredRun, plan: Plan, opened: Sequence[Opened], refusals: Sequence[str]
) -> Iterator[str]:
    """What would stop a run of the files that were checked; `refusals` are reasons that the settings give."""
    request = run.request
    for each in opened:
        path, sha256 = each.table.info.path, each.table.info.sha256
        if request.org:
            tenant = journal.tenant(origin_of(request.base_url), request.org)
            if before := journal.imported_before(tenant, sha256):
                yield f"A run would stop: run {before} already imported {path}. Give --again to send it again."
        elif found := journal.imported_anywhere(sha256):
            where = f"A run into organization {found[1]} would stop"
            yield f"{where}: run {found[0]} imported {path}. Give --org ID to check for one."
    for reason in (*refusals, too_many_invalid(plan, request.max_invalid), _drift(journal, run)):
        if reason:
            yield f"A run would stop: {reason}."


def _drift(journal: Journal, run: StoredRun) -> str:
    """Why a run would ask before it sends; a comparison with another check says nothing about that."""
    found = examination_of(journal.connection, run)
    is_sent = found.compared_with and journal.run(found.compared_with).command == "run"
    return f"{drift_reason(found)} (--accept-drift sends it)" if is_sent and found.stopping else ""


def estimated(plan: Plan, rates: dict[Kind, float]) -> Estimate:
    """What sending would take at so many requests of each kind a second, the kinds side by side (0: not known)."""
    calls = plan.to_send()
    return Estimate(
        rows_to_send=calls[Kind.CREATE],
        requests=sum(calls.values()),
        seconds=max(number / rates[kind] if rates[kind] else 0.0 for kind, number in calls.items()),
    )


def too_many_invalid(plan: Plan, limit: str) -> str:
    """Why `--max-invalid` stops the run, or the empty text."""
    if not limit:
        return ""
    statuses = plan.statuses()
    invalid = statuses.get(RowStatus.INVALID, 0) + statuses.get(RowStatus.CONFLICT_IN_FILE, 0)
    rows = sum(statuses.values())
    allowed = rows * float(limit[:-1]) / 100 if limit.endswith("%") else float(limit)
    return f"{invalid} of {rows} rows are invalid, more than --max-invalid {limit} allows" if invalid > allowed else ""
