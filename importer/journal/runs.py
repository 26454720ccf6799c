"""The journal as a whole: its runs, the tenants that they are sent to, and what an interrupted process left behind."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from importer.errors import RunError
from importer.journal.database import FILE_NAME, disk_error, open_database, transaction
from importer.journal.encoding import dumps
from importer.journal.ledger import MERGE_TENANTS, doubt_duplicates, mark_possibly_sent
from importer.journal.plan import Plan
from importer.journal.requests import give_up_stale, retry_failed
from importer.journal.rows import crm_ids
from importer.journal.sending import SendingJournal
from importer.journal.spill_file import SpillFile
from importer.journal.writer import Writer
from importer.model.operation import Kind
from importer.model.outcome import RowStatus
from importer.model.proposal import ProposedMapping
from importer.model.run import OnDuplicate, RunRequest, RunState
from importer.model.source import ReadOptions

PURGED: Final = "(purged)"
"""Replaces paths that were forgotten."""

NOTHING_TO_SEND: Final = "No row can be sent: correct the file, then run it again."


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run in the journal. `planned` says that its plan is frozen, so that it can be resumed without its files."""

    id: int
    run_id: str
    command: str
    state: RunState
    planned: bool
    tenant: int | None
    request: RunRequest
    started_at: str
    seconds: float
    exit_code: int | None
    reason: str

    @property
    def is_purged(self) -> bool:
        """Whether its personal data is gone, so that there is nothing left to send."""
        return self.request.mapping_path == PURGED

    @property
    def send_anyway(self) -> str:
        """How to send the run if it was stopped before it was planned, when its files have to be read again."""
        if self.request.is_piped:
            return "Standard input cannot be read twice: pipe the list in again."
        return f"`importer resume {self.run_id}` sends it anyway."


class Journal:
    """All runs of one reports folder. Use as a context manager; errors of the disk come out as LocalDiskError."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self.folder = folder
        self._now = now
        # When its files were written last, seen before opening creates them.
        paths = {ending: folder / f"{FILE_NAME}{ending}" for ending in ("", "-wal", "-shm")}
        self.found = {ending: path.stat().st_mtime_ns for ending, path in paths.items() if path.exists()}
        # Two threads use it in turn, never at once: a second one reads what the reports are made of.
        self.connection = open_database(folder, check_same_thread=False)
        self._spill = SpillFile(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, exc_type: object, exc: BaseException | None, traceback: object) -> None:
        self.connection.close()
        self._spill.close()
        if isinstance(exc, sqlite3.Error):
            raise disk_error(self.folder, exc) from exc

    # runs

    def begin(self, run_id: str, command: str, request: RunRequest) -> StoredRun:
        """A new run, from now on in state `preparing`. A taken id gets a number behind it."""
        with transaction(self.connection):
            unique, count = run_id, 1
            while self.connection.execute("SELECT 1 FROM runs WHERE run_id = ?", (unique,)).fetchone():
                count += 1
                unique = f"{run_id}-{count}"
            self.connection.execute(
                "INSERT INTO runs (run_id, command, state, request, started_at) VALUES (?, ?, ?, ?, ?)",
                (unique, command, RunState.PREPARING, dumps(asdict(request)), self._stamp()),
            )
        return self.run(unique)

    def run(self, run_id: str) -> StoredRun:
        """The run of that id, or of the only id that begins so; `latest` is the newest."""
        found = self._runs("WHERE run_id = ?", run_id)
        if not found and run_id == "latest":
            found = self._runs("ORDER BY id DESC LIMIT 1")
        if not found:
            found = self._runs("WHERE substr(run_id, 1, length(?)) = ? ORDER BY id", run_id, run_id)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(run.run_id for run in found[:5])
            raise RunError(
                f"{run_id!r} is the beginning of several runs: {names}", tip="Give more characters of the id."
            )
        raise RunError(f"there is no run {run_id!r} in {self.folder}", tip="`importer runs` lists the runs so far.")

    def runs(self) -> list[StoredRun]:
        """All runs, newest first."""
        return self._runs("ORDER BY id DESC")

    def latest_unfinished(self) -> StoredRun:
        """The newest run that has something left to send."""
        found = self._runs(
            "WHERE command = 'run' AND (state IN ('preparing', 'planned', 'sending')"
            " OR (state IN ('stopped', 'interrupted') AND planned_at IS NOT NULL))"
            f" AND json_extract(request, '$.mapping_path') != '{PURGED}' ORDER BY id DESC LIMIT 1"
        )
        if found:
            return found[0]
        stopped = self._runs(
            "WHERE command = 'run' AND state IN ('stopped', 'interrupted') AND planned_at IS NULL"
            " ORDER BY id DESC LIMIT 1"
        )
        if not stopped:
            tip = "`importer runs` lists the runs so far." if self.runs() else "Start one with `importer run`."
            raise RunError(f"no run in {self.folder} is unfinished", tip=tip)
        # It was not allowed to send, so it has to be named: a resume that runs by itself must not allow it.
        raise RunError(
            f"no run in {self.folder} is unfinished; {stopped[0].run_id} was stopped before it sent anything:"
            f" {stopped[0].reason}",
            tip=stopped[0].send_anyway if self._sends(stopped[0]) else NOTHING_TO_SEND,
        )

    def _sends(self, run: StoredRun) -> bool:
        """Whether a row was to be sent when the run was stopped; it may not have come as far as to know."""
        row = self.connection.execute("SELECT estimate FROM runs WHERE id = ?", (run.id,)).fetchone()
        return not row["estimate"] or bool(json.loads(row["estimate"])["rows_to_send"])

    def _runs(self, rest: str, *values: object) -> list[StoredRun]:
        return [_stored(row) for row in self.connection.execute(f"SELECT * FROM runs {rest}", values)]

    def set_state(self, run: StoredRun, state: RunState) -> None:
        """How far the run has come."""
        self.connection.execute("UPDATE runs SET state = ? WHERE id = ?", (state, run.id))

    def end(self, run: StoredRun, state: RunState, *, exit_code: int, reason: str, seconds: float) -> None:
        """This process is done with the run; `seconds` are added to those of earlier processes."""
        self.connection.execute(
            "UPDATE runs SET state = ?, exit_code = ?, reason = ?, seconds = seconds + ?, finished_at = ? WHERE id = ?",
            (state, exit_code, reason, seconds, self._stamp(), run.id),
        )

    def health(self) -> str:
        """SQLite's own word on the file: `ok`, or what is wrong with it."""
        return str(self.connection.execute("PRAGMA quick_check").fetchone()[0])

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """What is read in the block is of one moment, whatever another process writes meanwhile."""
        self.connection.execute("BEGIN")
        try:
            yield
        finally:
            self.connection.execute("COMMIT")  # of nothing: it only ends the reading

    # planning

    def plan(self, run: StoredRun, *, to_send: bool) -> Plan:
        """An empty plan for the run; whatever an earlier process had planned without freezing it is removed."""
        with transaction(self.connection):
            for table in ("operations", "rows", "batches", "planned_leads", "sources"):
                self.connection.execute(f"DELETE FROM {table} WHERE run = ?", (run.id,))
        return Plan(self.connection, run.id, self._spill, to_send=to_send)

    # the ledger

    def tenant(self, origin: str, org: str) -> int:
        """The server and organization that ledger and guard belong to, whatever spelling an earlier version kept."""
        found = self.connection.execute(
            "SELECT id FROM tenants WHERE org = ? AND origin IN (?, ?, ?) ORDER BY id", (org, *_spellings(origin))
        ).fetchall()
        if not found:
            found = self.connection.execute(
                "INSERT INTO tenants (origin, org) VALUES (?, ?) RETURNING id", (origin, org)
            ).fetchall()
        first, *others = (int(row["id"]) for row in found)
        for other in others:
            with transaction(self.connection):
                for statement in MERGE_TENANTS:
                    self.connection.execute(statement, {"into": first, "from": other})
        return first

    def origin(self, tenant: int) -> str:
        """How the server was first spelled: part of each `distinct_id`, so it stays as it was."""
        return str(self.connection.execute("SELECT origin FROM tenants WHERE id = ?", (tenant,)).fetchone()["origin"])

    def learnt(self, tenant: int) -> tuple[str, str]:
        """The server's duplicate answer as JSON and when it was learnt; two empty texts if it was not."""
        row = self.connection.execute(
            "SELECT fingerprint, fingerprint_at FROM tenants WHERE id = ?", (tenant,)
        ).fetchone()
        return row["fingerprint"] or "", row["fingerprint_at"] or ""

    def doubt_duplicates(self, tenant: int, http_status: int, error_code: int | None) -> int:
        """Forget the learnt answer, and the leads known by it alone; returns how many."""
        with transaction(self.connection):
            return doubt_duplicates(self.connection, tenant, http_status, error_code)

    def created_leads(self, run: StoredRun) -> list[tuple[str, str]]:
        """(lead_id, crm_id) of the leads that the run has created so far."""
        found = self.connection.execute(
            "SELECT lead_id, crm_id FROM rows WHERE run = ? AND status = 'created'", (run.id,)
        )
        return [(row["lead_id"], row["crm_id"]) for row in found]

    def files_of(self, run: StoredRun) -> list[tuple[str, str]]:
        """(path, sha256) of each file of the run."""
        found = self.connection.execute(
            "SELECT DISTINCT json_extract(info, '$.path') AS path, sha256 FROM sources WHERE run = ?", (run.id,)
        )
        return [(row["path"], row["sha256"]) for row in found]

    def imported_before(self, tenant: int, sha256: str) -> str:
        """The finished run that sent a file of this content to this tenant, or the empty text."""
        row = self.connection.execute(
            "SELECT runs.run_id FROM sources JOIN runs ON runs.id = sources.run"
            " WHERE sources.sha256 = ? AND runs.tenant = ? AND runs.state = 'finished' AND runs.command = 'run'"
            " ORDER BY runs.id DESC LIMIT 1",
            (sha256, tenant),
        ).fetchone()
        return str(row["run_id"]) if row else ""

    def imported_anywhere(self, sha256: str) -> tuple[str, str] | None:
        """The last finished run that sent a file of this content to a real server, and its organization."""
        row = self.connection.execute(
            "SELECT runs.run_id, tenants.org FROM sources JOIN runs ON runs.id = sources.run"
            " JOIN tenants ON tenants.id = runs.tenant WHERE sources.sha256 = ? AND runs.state = 'finished'"
            " AND runs.command = 'run' AND substr(tenants.origin, 1, 8) != 'sandbox:' ORDER BY runs.id DESC LIMIT 1",
            (sha256,),
        ).fetchone()
        return (row["run_id"], row["org"]) if row else None

    # sending

    def doubt_creates(self, run: StoredRun) -> None:
        """Take it that every lead of the run that is not settled may exist: nobody knows any more what was sent."""
        assert run.tenant is not None  # noqa: S101 - a planned run has one
        with transaction(self.connection):
            for crm_id in crm_ids(self.connection, run.id, status=RowStatus.PENDING):
                mark_possibly_sent(self.connection, run.tenant, crm_id)

    def recover(self) -> int:
        """Turn what an interrupted process was sending into calls that may have had effect; returns how many.

        Follow-ups in doubt that are too old to be repeated end as `unknown`.
        """
        with transaction(self.connection):
            lost = self.connection.execute(
                "SELECT o.run, o.source, o.number, o.ordinal, o.kind, o.intent_at, r.crm_id, runs.tenant,"
                " json_extract(runs.request, '$.timeout') AS timeout FROM operations o"
                " JOIN rows r ON r.run = o.run AND r.source = o.source AND r.number = o.number"
                " JOIN runs ON runs.id = o.run WHERE o.state = 'intent'"
            ).fetchall()
            for row in lost:
                if row["kind"] == Kind.CREATE:
                    mark_possibly_sent(self.connection, row["tenant"], row["crm_id"])
                self.connection.execute(
                    "UPDATE operations SET state = 'planned', doubt_at = ?"
                    " WHERE run = ? AND source = ? AND number = ? AND ordinal = ?",
                    (self._latest_end(row), row["run"], row["source"], row["number"], row["ordinal"]),
                )
            give_up_stale(self.connection, self._now())
        return len(lost)

    def _latest_end(self, row: sqlite3.Row) -> str:
        """When the request of a lost call ended at the latest: nobody knows when in its time the process died."""
        began = datetime.fromisoformat(row["intent_at"])
        end = began + timedelta(seconds=row["timeout"])
        now = self._now()
        # A clock that was set back since says nothing about how long ago it was.
        return (min(now, end) if now >= began else end).isoformat(timespec="milliseconds")

    @contextmanager
    def sending(self, run: StoredRun, writer: Writer) -> Iterator[SendingJournal]:
        """The run's calls and their states."""
        if run.tenant is None:
            raise RunError(f"the run {run.run_id} was never planned", tip="Start it again with `importer run`.")
        yield SendingJournal(writer, self.connection, run=run.id, tenant=run.tenant, now=self._now)

    def progress_of(self, run: StoredRun) -> tuple[int, int]:
        """How many rows the run sends, and how many of them have their final status."""
        sent, pending = self.connection.execute(
            "SELECT count(*), coalesce(sum(r.status = 'pending'), 0) FROM rows r"
            " JOIN operations o ON o.run = r.run AND o.source = r.source AND o.number = r.number AND o.ordinal = 0"
            " WHERE r.run = ?",
            (run.id,),
        ).fetchone()
        (untouched,) = self.connection.execute(
            "SELECT coalesce(sum(sendable), 0) FROM batches WHERE run = ?", (run.id,)
        ).fetchone()
        return sent + untouched, sent - pending

    def retry_failed(self, run: StoredRun) -> None:
        """Open the calls again that were rejected or ended unknown, with those that wait for them."""
        retry_failed(self.connection, run.id)

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="milliseconds")


def _spellings(origin: str) -> tuple[str, str, str]:
    """An origin as earlier versions kept it when its default port was written out, or a colon without one."""
    port = {"https": ":443", "http": ":80"}.get(origin.partition("://")[0], "")
    return (origin, origin, origin) if re.search(r":\d+$", origin) else (origin, origin + port, f"{origin}:")


def _stored(row: sqlite3.Row) -> StoredRun:
    return StoredRun(
        id=row["id"],
        run_id=row["run_id"],
        command=row["command"],
        state=RunState(row["state"]),
        planned=row["planned_at"] is not None,
        tenant=row["tenant"],
        request=_request(json.loads(row["request"])),
        started_at=row["started_at"],
        seconds=row["seconds"],
        exit_code=row["exit_code"],
        reason=row["reason"],
    )


def _request(fields: dict[str, Any]) -> RunRequest:
    proposed = fields.pop("proposed", None)  # runs of earlier versions have none
    files = fields.pop("files")
    options = fields.pop("options")
    on_duplicate = OnDuplicate(str(fields.pop("on_duplicate")))
    return RunRequest(
        files=tuple(files),
        options=ReadOptions(**options),
        on_duplicate=on_duplicate,
        proposed=ProposedMapping.of(proposed) if proposed else None,
        **fields,
    )
