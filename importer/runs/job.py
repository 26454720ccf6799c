"""The commands as a person knows them: check, run, resume. Each ends with a report, whatever happened."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from importer.clock import Clock
from importer.crm.address import origin_of
from importer.crm.endpoints import request_rates
from importer.crm.verdict import Stop
from importer.errors import RunError
from importer.exit_codes import ExitCode
from importer.journal.examining import examination_of, owners_of
from importer.journal.plan import Plan
from importer.journal.rejected_values import numbers_left
from importer.journal.run_lineage import link_mended
from importer.journal.store import NOTHING_TO_SEND, Journal, StoredRun
from importer.mapping import LoadedMapping, parse_mapping
from importer.model.examination import Examination, OwnerCount
from importer.model.operation import Kind
from importer.model.run import Estimate, RunRequest, RunState
from importer.reading.file_kind import sha256_of
from importer.runs.column_examination import compare, compared_name, drift_reason, is_mending
from importer.runs.finish import is_reported, write_report
from importer.runs.prepare import (
    estimated,
    mark_known,
    open_sources,
    prepare,
    said_by,
    too_many_invalid,
    warn_of_contacts,
)
from importer.runs.row_pipeline import Opened
from importer.runs.run_scope import Finished, RunScope
from importer.runs.send_lock import lost_commits, sending_lock
from importer.sending.progress import Progress
from importer.sending.push import Destination, examine_learnt, send
from importer.sending.run_log import LOG
from importer.sending.stop_request import StopRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a run is about to do, said before the first request.

    `calls` are the requests of each kind, `rates` how many of each a second (0: as many as the server takes).
    `is_drift_to_answer` says that the columns have changed and that nobody has accepted that yet.
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


class Job:
    """Carries out one command on one reports folder. `confirm` answers for the person whether to send."""

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Clock,
        progress: Progress,
        rng: random.Random,
        confirm: Callable[[Announcement], bool],
        request: StopRequest,
    ) -> None:
        self.journal = journal
        self._clock = clock
        self._progress = progress
        self._rng = rng
        self._confirm = confirm
        self._stop_request = request
        self._lacks_commits = False
        self._began = time.monotonic()

    def check(
        self, request: RunRequest, *, name: str, rates: dict[Kind, float], refusals: Sequence[str] = ()
    ) -> Finished:
        """Read, map and validate every row and write the report. There is nothing here to send with.

        `refusals` are reasons that the settings give why a run would not begin.
        """
        loaded, opened = self._opened(request)
        run = self.journal.begin(self._run_id(name or loaded.mapping.name), "check", request)
        obstacles: tuple[str, ...] = ()
        with self._closing(run) as closing:
            plan = self._prepared(run, loaded, opened, request, origin="", to_send=False)
            if request.org and not refusals:
                realm = self._realm(origin_of(request.base_url), request.org)
                mark_known(plan, realm, skip=request.skip_known)
                warn_of_contacts(plan, realm)
            plan.estimate(estimated(plan, rates))
            reasons = filter(None, [*refusals, too_many_invalid(plan, request.max_invalid), self._drift(run)])
            obstacles = (*self._imported_before(opened, request), *(f"A run would stop: {why}." for why in reasons))
        return replace(closing.finished(), obstacles=obstacles)

    def _imported_before(self, opened: list[Opened], request: RunRequest) -> Iterator[str]:
        """Why a run would refuse the files; where nobody named the organization, that it depends on it."""
        for each in opened:
            path, sha256 = each.table.info.path, each.table.info.sha256
            if request.org:
                realm = self.journal.realm(origin_of(request.base_url), request.org)
                if before := self.journal.imported_before(realm, sha256):
                    yield f"A run would stop: run {before} already imported {path}. Give --again to send it again."
            elif found := self.journal.imported_anywhere(sha256):
                where = f"A run into organization {found[1]} would stop"
                yield f"{where}: run {found[0]} imported {path}. Give --org ID to check for one."

    def _drift(self, run: StoredRun) -> str:
        """Why a run would ask before it sends; a comparison with another check says nothing about that."""
        found = examination_of(self.journal.connection, run)
        is_sent = found.compared_with and self.journal.run(found.compared_with).command == "run"
        return f"{drift_reason(found)} (--accept-drift sends it)" if is_sent and found.stopping else ""

    def run(self, request: RunRequest, destination: Destination, *, name: str, again: bool) -> Finished:
        """The main job: check, plan, send, report."""
        destination.credential()  # a missing credential is said before an hour of reading,
        destination.trust.context()  # and so is a wrong --ca-file
        loaded, opened = self._opened(request)
        run_id = self._run_id(name or loaded.mapping.name)
        with sending_lock(self.journal.folder, run_id, self._clock.now()):
            if not request.sandbox:
                self._guard(opened, self._realm(destination.origin, destination.org), again=again)
            run = self.journal.begin(run_id, "run", request)
            return self._plan_and_send(run, loaded, opened, destination)

    def to_resume(self, run_id: str | None) -> StoredRun:
        """The run of that id, or the latest unfinished one; a finished one only if its report is not complete."""
        if run_id:
            return self.journal.run(run_id)
        newest = next((run for run in self.journal.runs() if run.command == "run"), None)
        if newest and newest.state is RunState.FINISHED and not is_reported(self.journal, newest):
            return newest
        return self.journal.latest_unfinished()

    def resume(self, run: StoredRun, destination: Destination, *, retry_failed: bool = False) -> Finished:
        """Go on with a run from its journal; one that was never planned is read again."""
        self._lacks_commits = bool(lost_commits(self.journal))
        with sending_lock(self.journal.folder, run.run_id, self._clock.now()):
            # Read again under the lock: another process may have gone on with it meanwhile.
            current = replace(self.journal.run(run.run_id), request=run.request)
            return self._resume(current, destination, retry_failed=retry_failed)

    def _resume(self, run: StoredRun, destination: Destination, *, retry_failed: bool) -> Finished:
        if run.command != "run":
            raise RunError(
                f"{run.run_id} is a {run.command}, which sends nothing", tip="Start one with `importer run`."
            )
        if run.is_purged:
            raise RunError(f"{run.run_id} was purged, so its data is gone", tip="Start it again with `importer run`.")
        if not run.planned:
            loaded, opened = self._opened(run.request)
            return self._plan_and_send(run, loaded, opened, destination, gate=run.state is RunState.PREPARING)
        if retry_failed:
            self.journal.recover()  # what a dead process left behind is settled first, so that it is tried again, too
            self.journal.retry_failed(run)
        elif run.state is RunState.FINISHED and not is_reported(self.journal, run):
            return Finished(ended=write_report(self.journal, run))
        elif run.state is RunState.FINISHED:
            raise RunError(f"run {run.run_id} is finished", tip="Give --retry-failed to retry its failed rows.")
        self._say_what_changed(run)
        with self._closing(run) as closing:
            closing.stop = self._send(run, destination)
        return closing.finished()

    def _say_what_changed(self, run: StoredRun) -> None:
        """The frozen plan is sent whatever has changed since; a person who changed something should hear that."""
        for path, sha256 in self.journal.files_of(run):
            if Path(path).is_file() and sha256_of(Path(path)) != sha256:
                self._progress.note(f"{path} has changed since this run was planned; the original plan is sent")
        mapping = Path(run.request.mapping_path)
        if mapping.is_file() and mapping.read_text(encoding="utf-8-sig") != run.request.mapping_text:
            self._progress.note(f"{mapping} has changed since this run was planned; the original plan is sent")

    def _opened(self, request: RunRequest) -> tuple[LoadedMapping, list[Opened]]:
        loaded = parse_mapping(request.mapping_text, request.mapping_path)
        opened = open_sources(request, loaded, self._clock.now())
        for each in opened:
            info = each.table.info
            self._progress.opened(info, said_by(Path(info.path), request.options, loaded.mapping.source))
        return loaded, opened

    def _realm(self, origin: str, org: str) -> int:
        realm = self.journal.realm(origin, org)
        examine_learnt(self.journal, realm, self._progress)
        return realm

    def _guard(self, opened: list[Opened], realm: int, *, again: bool) -> None:
        """Importing the same file twice into one organization is more often a mistake than intended."""
        for each in () if again else opened:
            if before := self.journal.imported_before(realm, each.table.info.sha256):
                raise RunError(
                    f"{each.table.info.path} was already imported, by run {before}",
                    tip="Give --again to send it again; leads that exist are then reported as duplicates.",
                )

    def _plan_and_send(
        self,
        run: StoredRun,
        loaded: LoadedMapping,
        opened: list[Opened],
        destination: Destination,
        *,
        gate: bool = True,
    ) -> Finished:
        origin = f"sandbox:{run.run_id}" if run.request.sandbox else destination.origin
        request = replace(run.request, org=destination.org, base_url=destination.base_url)
        with self._closing(run) as closing:
            realm = self._realm(origin, destination.org)
            origin = self.journal.origin(realm)
            plan = self._prepared(run, loaded, opened, request, origin=origin, to_send=True)
            if is_mending(request):
                link_mended(self.journal, run, realm)
            if request.skip_known:
                mark_known(plan, realm, skip=True)
            warn_of_contacts(plan, realm)
            rates = request_rates(request.rate, destination.credential().kind)
            estimate = estimated(plan, rates)
            plan.estimate(estimate)
            tip = _ALL_THE_SAME if estimate.rows_to_send else NOTHING_TO_SEND
            closing.stop = _stop(run, too_many_invalid(plan, request.max_invalid) if gate else "", tip)
            closing.stop = closing.stop or self._asked(run, plan, destination, rates, gate=gate)
            if closing.stop is None:
                plan.freeze(request, realm, self._clock.now().isoformat(timespec="milliseconds"))
                closing.stop = self._send(self.journal.run(run.run_id), destination)
        return closing.finished()

    def _prepared(
        self,
        run: StoredRun,
        loaded: LoadedMapping,
        opened: list[Opened],
        request: RunRequest,
        *,
        origin: str,
        to_send: bool,
    ) -> Plan:
        plan = self.journal.plan(run, to_send=to_send)
        left = numbers_left(self.journal) if is_mending(request) else frozenset()
        found = prepare(
            plan,
            opened,
            loaded,
            request,
            origin=origin,
            progress=self._progress,
            left=left,
            stop=self._stop_request,
        )
        compare(self.journal, run, found, mapping=compared_name(request, loaded))
        for each in opened:
            info = each.table.info
            LOG.info("read %s, sha256 %s, header in row %d", info.format, info.sha256, info.header_row)
        LOG.info("prepared: %s", {str(status): count for status, count in plan.statuses().items()})
        return plan

    def _asked(
        self, run: StoredRun, plan: Plan, destination: Destination, rates: dict[Kind, float], *, gate: bool
    ) -> Stop | None:
        examination = examination_of(self.journal.connection, run)
        accepted = run.request.accept_drift or run.request.sandbox or not gate
        announcement = Announcement(
            run_id=run.run_id,
            rows=sum(plan.statuses().values()),
            org=destination.org,
            base_url=destination.base_url,
            estimate=estimated(plan, rates),
            calls=plan.to_send(),
            rates=rates,
            examination=examination,
            owners=owners_of(self.journal.connection, run),
            is_drift_to_answer=bool(examination.stopping) and not accepted,
        )
        if not (announcement.estimate.rows_to_send or announcement.is_drift_to_answer):
            return None
        with self._stop_request.raising():
            if self._confirm(announcement):
                return None
        if announcement.is_drift_to_answer:
            return _stop(run, drift_reason(examination), f"Look at the file; --accept-drift or {_ALL_THE_SAME}")
        return _stop(run, "sending was not confirmed (--yes sends without asking)")

    def _send(self, run: StoredRun, destination: Destination) -> Stop | None:
        total, done = self.journal.progress_of(run)
        LOG.info("sending: %d rows, %d of them settled before", total, done)
        self._progress.sending(total, done)
        if self._lacks_commits:
            self.journal.doubt_creates(run)
        try:
            sending = send(
                self.journal,
                run,
                destination,
                clock=self._clock,
                rng=self._rng,
                progress=self._progress,
                stop_request=self._stop_request,
            )
            with asyncio.Runner() as runner:
                # Not `runner.run`: in a main thread that would take over Ctrl-C.
                return runner.get_loop().run_until_complete(sending)
        finally:
            self._progress.done()

    def _run_id(self, name: str) -> str:
        return f"{_stamp(self._clock.now())}-{name}"

    def _closing(self, run: StoredRun) -> RunScope:
        return RunScope(self.journal, run, self._began, self._stop_request)


_ALL_THE_SAME: Final = "`importer resume {run}` sends it anyway."


def _stop(run: StoredRun, reason: str, tip: str = _ALL_THE_SAME) -> Stop | None:
    """A run that was not allowed to send: nothing left this machine."""
    tip = f"Nothing was sent. {tip.format(run=run.run_id)}"
    return Stop(exit_code=ExitCode.USAGE, reason=reason, tip=tip) if reason else None


def _stamp(now: datetime) -> str:
    """Run ids sort by time, so they are in UTC."""
    return now.strftime("%Y%m%d-%H%M%S")
