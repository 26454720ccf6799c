"""The commands as a program calls them: check, run, resume, resolve, report, history, purge, suggest, preflight.

The command line, the Python API and the local page all come in here. Nothing in this room changes what belongs to the
whole process: no signal handler, no logging, no output. So a `Service` works in any thread, several of them side by
side, each with a reports folder of its own.
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

from importer.clock import Clock, SystemClock
from importer.crm.address import origin_of
from importer.crm.endpoints import request_rates
from importer.crm.verdict import Stop
from importer.errors import RunError, SourceError
from importer.journal.plan import Plan
from importer.journal.results import rejected_numbers
from importer.journal.rows import status_counts
from importer.journal.run_lineage import corrected_run, link_corrected, story_of
from importer.journal.runs import NOTHING_TO_SEND, Journal, StoredRun
from importer.mapping import LoadedMapping, parse_mapping
from importer.model.run import RunRequest, RunState, Story
from importer.model.source import ReadOptions
from importer.model.template import TemplateColumn
from importer.reading.file_kind import sha256_of
from importer.reading.given_file import GivenFile, GivenFiles
from importer.runs.column_examination import compare, compared_name, has_corrected_rejects
from importer.runs.destinations import destination_of, resumed_destination
from importer.runs.finish import Ended, Finished, RunScope, is_reported, write_report
from importer.runs.go_ahead import (
    Announcement,
    announcement,
    declined,
    estimated,
    not_sent,
    obstacles,
    refuse_imported,
    too_many_invalid,
)
from importer.runs.lookup_tables import with_lookups
from importer.runs.preflight import Finding, examine
from importer.runs.prepare import given_by, mark_known, open_all, open_sources, prepare, warn_of_contacts
from importer.runs.purge_runs import Purged, purge
from importer.runs.resolution import Resolved, resolve_run
from importer.runs.row_pipeline import Opened
from importer.runs.run_request import new_request, resumed_request
from importer.runs.send_lock import lost_commits, sending_lock
from importer.runs.settings import Settings
from importer.runs.suggestion import Suggested, suggest_mapping
from importer.runs.template import write_template_for
from importer.sending.progress import Progress
from importer.sending.push import Destination, examine_learnt, send
from importer.sending.run_log import run_log
from importer.sending.stop_request import StopRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRun:
    """A run in the journal. `parent` is the run whose rejected rows it corrected; then it has a story."""

    run: StoredRun
    counts: dict[str, int]
    parent: str = ""
    story: Story | None = None


class Service:
    """The journal of one reports folder, and the commands that work on it; a context manager.

    `confirm` decides whether a run may send what was announced. `stop` may be set from any thread. `piped` gives the
    list that the file `-` stands for.
    A service is used in the thread that entered it. Where an event loop is running, that has to be another thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Progress | None = None,
        confirm: Callable[[Announcement], bool] = lambda _: True,
        stop: StopRequest | None = None,
        piped: Callable[[], IO[bytes] | None] = lambda: None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.settings = settings
        self._progress = progress or Progress()
        self._confirm = confirm
        self._given = GivenFiles(piped)
        self._stop_request = stop or StopRequest()
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()
        self._lacks_commits = self._is_resumed = False
        self._began = 0.0

    def __enter__(self) -> Self:
        self.journal = Journal(Path(self.settings["reports_dir"]), self._clock.now)
        self.journal.__enter__()
        try:
            if lost := lost_commits(self.journal):
                self._progress.warn(lost)
            self._lacks_commits = bool(lost)
        except BaseException:
            self.journal.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *exc: Any) -> None:
        self._given.close()
        self.journal.__exit__(*exc)

    def give(self, given: GivenFile) -> None:
        """A file that is named in a request, and whose content is somewhere else."""
        self._given.add(given)

    def request(
        self,
        files: Sequence[Path],
        mapping: Path | LoadedMapping | None = None,
        *,
        options: ReadOptions | None = None,
        **choices: Any,
    ) -> RunRequest:
        """What is asked for: files, the mapping as it is now, settings, and other choices (fields of `RunRequest`).

        Without a mapping it can only be checked: with the one that `suggest` would propose for the first file.
        """
        return new_request(
            self.settings, files, mapping, self._given, note=self._progress.note, options=options, **choices
        )

    # check

    def check(self, request: RunRequest, *, name: str = "") -> Finished:
        """Read, map and validate every row and write the report; nothing is sent."""
        self._began = time.monotonic()
        refusals = self.settings.refusals()
        loaded, opened = self._opened(request)
        request = self._with_digests(request, loaded)
        run = self.journal.begin(self._run_id(name or loaded.mapping.name), "check", request)
        with self._scope(run) as scope:
            plan = self._prepared(run, loaded, opened, request, origin="", to_send=False)
            if request.org and not refusals:
                tenant = self._tenant(origin_of(request.base_url), request.org)
                mark_known(plan, tenant, skip=request.skip_known)
                warn_of_contacts(plan, tenant)
            plan.estimate(estimated(plan, request_rates(request.rate, self.settings.credential_kind())))
            scope.obstacles = tuple(obstacles(self.journal, run, plan, opened, refusals))
        return scope.finished()

    # run

    def run(
        self, request: RunRequest, destination: Destination | None = None, *, name: str = "", again: bool = False
    ) -> Finished:
        """The main job: check, plan, send, report. Without a destination, to the server of the settings."""
        self._began, self._is_resumed = time.monotonic(), False
        if request.proposed:
            raise RunError(
                "a proposed mapping is never sent", tip=f"Write it and review it: {request.proposed.command}"
            )
        destination = destination or destination_of(self.settings, self._progress.note)
        destination.credential()  # a missing credential is reported before an hour of reading,
        destination.trust.context()  # and so is a wrong --ca-file
        loaded, opened = self._opened(request)
        run_id = self._run_id(name or loaded.mapping.name)
        with sending_lock(self.journal.folder, run_id, self._clock.now()):
            if not (request.sandbox or again):
                refuse_imported(self.journal, opened, self._tenant(destination.origin, destination.org))
            request = self._with_digests(request, loaded)
            run = self.journal.begin(run_id, "run", request)
            return self._plan_and_send(run, loaded, opened, destination)

    def _plan_and_send(
        self,
        run: StoredRun,
        loaded: LoadedMapping,
        opened: list[Opened],
        destination: Destination,
        *,
        is_overridden: bool = False,
    ) -> Finished:
        """Plan a run and send it. `is_overridden`: it was stopped before for what it holds, and is sent anyway."""
        origin = f"sandbox:{run.run_id}" if run.request.sandbox else destination.origin
        request = replace(run.request, org=destination.org, base_url=destination.base_url)
        with self._scope(run) as scope:
            tenant = self._tenant(origin, destination.org)
            plan = self._prepared(run, loaded, opened, request, origin=self.journal.origin(tenant), to_send=True)
            if has_corrected_rejects(self._contents(request)):
                link_corrected(self.journal, run, tenant)
            if request.skip_known:
                mark_known(plan, tenant, skip=True)
            warn_of_contacts(plan, tenant)
            rates = request_rates(request.rate, destination.credential().kind)
            estimate = estimated(plan, rates)
            plan.estimate(estimate)
            too_many = "" if is_overridden else too_many_invalid(plan, request.max_invalid)
            about = announcement(self.journal, run, plan, request, rates, is_overridden=is_overridden)
            if too_many:
                scope.stop = not_sent(too_many, run.send_anyway if estimate.rows_to_send else NOTHING_TO_SEND)
            elif (estimate.rows_to_send or about.is_drift_to_answer) and not self._confirmed(about):
                scope.stop = declined(about, run.send_anyway)
            if scope.stop is None:
                plan.freeze(request, tenant, self._clock.now().isoformat(timespec="milliseconds"))
                scope.stop = self._send(self.journal.run(run.run_id), destination)
        return scope.finished()

    def _confirmed(self, about: Announcement) -> bool:
        with self._stop_request.raising():
            return self._confirm(about)

    def _send(self, run: StoredRun, destination: Destination) -> Stop | None:
        total, done = self.journal.progress_of(run)
        if self._is_resumed and self._lacks_commits:
            self.journal.doubt_creates(run)
        run_log().info("sending: %d rows, %d of them settled before", total, done)
        credential = destination.credential()
        self._progress.detail(f"credential: {credential.kind} from {credential.source}")
        self._progress.sending(total, done)
        sending = send(
            self.journal,
            run,
            destination,
            clock=self._clock,
            rng=self._rng,
            progress=self._progress,
            stop_request=self._stop_request,
        )
        try:
            with asyncio.Runner() as runner:
                # Not `runner.run`: in a main thread that would take over Ctrl-C.
                return runner.get_loop().run_until_complete(sending)
        finally:
            self._progress.done()

    # resume

    def to_resume(self, run_id: str = "", **choices: Any) -> StoredRun:
        """The run of that id, or the latest unfinished one; a finished one only if its report is not complete.

        Its request is the one it began with, except for settings that a flag gives now, and for these choices.
        """
        run = self.journal.run(run_id) if run_id else self._latest()
        return replace(run, request=resumed_request(run, self.settings, choices))

    def created_leads(self, run: StoredRun) -> list[tuple[str, str]]:
        """The leads (lead_id, crm_id) that the run has created: a new sandbox needs them to continue a rehearsal."""
        return self.journal.created_leads(run)

    def _latest(self) -> StoredRun:
        newest = next((run for run in self.journal.runs() if run.command == "run"), None)
        if newest and newest.state is RunState.FINISHED and not is_reported(self.journal, newest):
            return newest
        return self.journal.latest_unfinished()

    def resume(self, run: StoredRun, destination: Destination | None = None, *, retry_failed: bool = False) -> Finished:
        """Continue a run from its journal; one that was never planned is read again.

        Without a destination, it goes on where it began. `retry_failed` retries rejected and unknown rows, too.
        """
        self._began, self._is_resumed = time.monotonic(), True
        destination = destination or resumed_destination(run, self.settings, self._progress.note)
        with sending_lock(self.journal.folder, run.run_id, self._clock.now()):
            # Read again under the lock: another process may have continued it meanwhile.
            run = replace(self.journal.run(run.run_id), request=run.request)
            if run.command != "run":
                raise RunError(
                    f"{run.run_id} is a {run.command}, which sends nothing", tip="Start one with `importer run`."
                )
            if run.is_purged:
                raise RunError(
                    f"{run.run_id} was purged, so its data is gone", tip="Start it again with `importer run`."
                )
            if not run.planned and run.request.is_piped:
                raise RunError(
                    f"{run.run_id} was stopped before its list, which was piped in, had been read",
                    tip="Start it again with `importer run -`, and pipe the list in.",
                )
            if not run.planned:
                loaded, opened = self._opened(run.request)
                was_stopped = run.state is not RunState.PREPARING
                return self._plan_and_send(run, loaded, opened, destination, is_overridden=was_stopped)
            return self._continue(run, destination, retry_failed=retry_failed)

    def _continue(self, run: StoredRun, destination: Destination, *, retry_failed: bool) -> Finished:
        if retry_failed:
            self.journal.recover()  # what a dead process left in flight is in doubt now, so that it is retried, too
            self.journal.retry_failed(run)
        elif run.state is RunState.FINISHED and not is_reported(self.journal, run):
            return Finished(ended=write_report(self.journal, run))
        elif run.state is RunState.FINISHED:
            raise RunError(f"run {run.run_id} is finished", tip="Give --retry-failed to retry its failed rows.")
        self._note_changed_files(run)
        with self._scope(run) as scope:
            scope.stop = self._send(run, destination)
        return scope.finished()

    def _note_changed_files(self, run: StoredRun) -> None:
        """The frozen plan is sent even if file or mapping have changed since; people who changed them should know."""
        files = [*self.journal.files_of(run), *run.request.lookups.items()]
        changed = [path for path, sha256 in files if Path(path).is_file() and self._differs(path, sha256)]
        mapping = Path(run.request.mapping_path)
        if mapping.is_file() and mapping.read_text(encoding="utf-8-sig") != run.request.mapping_text:
            changed.append(str(mapping))
        for path in changed:
            self._progress.note(f"{path} has changed since this run was planned; the original plan is sent")

    def _differs(self, path: str, sha256: str) -> bool:
        try:
            return sha256_of(self._given[path].path) != sha256
        except SourceError:  # nothing that could be a list any more
            return True

    # what needs no journal

    def suggest(self, file: Path, options: ReadOptions, target: Path) -> Suggested:
        """Read a file and propose a mapping that is to be written to `target`; writes nothing."""
        return suggest_mapping(file, self._given[file], options, target)

    @staticmethod
    def template(mapping: Path, target: Path) -> list[TemplateColumn]:
        """Write an empty workbook to fill in for a mapping; returns its columns."""
        return write_template_for(mapping, target)

    def preflight(self) -> Iterator[Finding]:
        """What a run would use and what would stop it; never a request to the API."""
        return examine(self.settings)

    # what needs no destination

    def resolve(self, run_id: str, rows: Path | None = None, *, ours: bool) -> Resolved:
        """Settle rows that are created_unconfirmed: those whose crm_ids are in the file, else all of the run."""
        return resolve_run(self.journal, self.journal.run(run_id), rows, ours=ours, now=self._clock.now())

    def report(self, run_id: str) -> Ended:
        """Write the report of a run again, from the journal alone."""
        return write_report(self.journal, self.journal.run(run_id))

    def history(self) -> list[PastRun]:
        """The runs so far, newest first."""
        with self.journal.one_moment():
            return [self._past(run) for run in self.journal.runs()]

    def _past(self, run: StoredRun) -> PastRun:
        parent = corrected_run(self.journal, run)
        story = story_of(self.journal, run) if parent else None
        return PastRun(run=run, counts=status_counts(self.journal.connection, run.id), parent=parent, story=story)

    def purge(self, older_than: timedelta) -> Purged:
        """Remove the personal data of old runs from the journal, and their report folders."""
        return purge(self.journal, older_than=older_than, now=self._clock.now())

    # steps of several commands

    def _opened(self, request: RunRequest) -> tuple[LoadedMapping, list[Opened]]:
        loaded = with_lookups(parse_mapping(request.mapping_text, request.mapping_path))
        opened = open_sources(request, self._given, loaded, self._clock.now())
        for each in opened:
            info = each.table.info
            self._progress.opened(info, given_by(each.table.path, request.options, loaded.mapping.source))
        return loaded, opened

    def _with_digests(self, request: RunRequest, loaded: LoadedMapping) -> RunRequest:
        """The request with the digests of the tables that values are looked up in; notes those that have changed."""
        digests = {table.path: table.sha256 for table in loaded.lookups.values()}
        same = (run for run in self.journal.runs() if run.request.mapping_path == request.mapping_path)
        if digests and (before := next(same, None)):
            for path, sha256 in before.request.lookups.items():
                if digests.get(path, sha256) != sha256:
                    self._progress.note(f"{path} has changed since run {before.run_id}")
        return replace(request, lookups=digests)

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
        day = run.started_at[: len("2026-11-22")]
        opened = [replace(each, mapper=each.mapper.in_run(run.run_id, day)) for each in opened]
        files = self._contents(request)
        rejected = rejected_numbers(self.journal) if has_corrected_rejects(files) else frozenset()
        found = prepare(
            plan,
            opened,
            loaded,
            request,
            origin=origin,
            reopened=partial(open_all, request, self._given),
            progress=self._progress,
            rejected=rejected,
            stop=self._stop_request,
        )
        compare(self.journal, run, found, mapping=compared_name(request, loaded, files))
        for each in opened:
            info = each.table.info
            run_log().info("read %s, sha256 %s, header in row %d", info.format, info.sha256, info.header_row)
        run_log().info("prepared: %s", {str(status): count for status, count in plan.statuses().items()})
        return plan

    def _contents(self, request: RunRequest) -> list[Path]:
        return [self._given[file].path for file in request.files]

    def _tenant(self, origin: str, org: str) -> int:
        tenant = self.journal.tenant(origin, org)
        examine_learnt(self.journal, tenant, self._progress)
        return tenant

    def _run_id(self, name: str) -> str:
        return f"{self._clock.now():%Y%m%d-%H%M%S}-{name}"  # in UTC, so that run ids sort by time

    def _scope(self, run: StoredRun) -> RunScope:
        return RunScope(self.journal, run, self._began, self._stop_request)
