"""Writing a run's plan: every source row once, with the exact requests, before anything is sent."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Final

from importer.journal.encoding import dumps, problems_text, source_text
from importer.journal.rows import append_problem
from importer.journal.states import OperationState
from importer.journal.transaction import transaction
from importer.model.lead import PlannedRow
from importer.model.operation import Kind, RowId
from importer.model.outcome import FollowUp, RowStatus
from importer.model.problem import Problem
from importer.model.run import Estimate, RunRequest, RunState
from importer.model.source import SourceInfo

_ROW: Final = (
    "INSERT INTO rows (run, source, number, line, status, crm_id, owner, cells, problems, assigns, event_calls,"
    " assign, events) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OPERATION: Final = (
    "INSERT INTO operations (run, source, number, ordinal, kind, key, body, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


class Plan:
    """The plan of one run while it is being made. Rows come in any number of batches; `freeze` makes it final."""

    def __init__(self, connection: sqlite3.Connection, run: int, *, to_send: bool) -> None:
        self._connection = connection
        self._run = run
        self._to_send = to_send

    def add_source(self, position: int, info: SourceInfo) -> None:
        """A table of the run; its rows follow."""
        self._connection.execute(
            "INSERT INTO sources (run, position, info, sha256, rows) VALUES (?, ?, ?, ?, 0)",
            (self._run, position, source_text(info), info.sha256),
        )

    def add_rows(self, rows: Sequence[PlannedRow]) -> None:
        """Rows in source order, in one transaction."""
        with transaction(self._connection):
            self._connection.executemany(_ROW, [self._row(row) for row in rows])
            if self._to_send:
                self._connection.executemany(_OPERATION, self._operations(rows))
            self._connection.execute(
                "UPDATE sources SET rows = rows + ? WHERE run = ? AND position = ?",
                (len(rows), self._run, rows[0].row.source if rows else 0),
            )

    def _row(self, row: PlannedRow) -> tuple[object, ...]:
        kinds = [operation.kind for operation in row.operations]
        sendable = row.status is RowStatus.VALID
        keep_cells = row.status is RowStatus.INVALID or sendable
        return (
            self._run,
            row.row.source,
            row.row.number,
            row.line,
            RowStatus.PENDING if sendable and self._to_send else row.status,
            row.crm_id,
            row.owner,
            dumps(row.cells) if keep_cells else None,
            problems_text(row.problems),
            kinds.count(Kind.ASSIGN),
            kinds.count(Kind.EVENT),
            FollowUp.PENDING if self._to_send and Kind.ASSIGN in kinds else FollowUp.NONE,
            FollowUp.PENDING if self._to_send and Kind.EVENT in kinds else FollowUp.NONE,
        )

    def _operations(self, rows: Sequence[PlannedRow]) -> Iterable[tuple[object, ...]]:
        for row in rows:
            for ordinal, operation in enumerate(row.operations):
                state = OperationState.BLOCKED if ordinal else OperationState.PLANNED
                yield (
                    self._run,
                    row.row.source,
                    row.row.number,
                    ordinal,
                    operation.kind,
                    operation.key,
                    operation.body,
                    state,
                )

    def settle(self, row: RowId, status: RowStatus | None, problem: Problem | None) -> None:
        """What only the whole file can tell of a row: a new status (then nothing of it is sent), a problem, or both."""
        key = (self._run, row.source, row.number)
        if status is not None:
            self._connection.execute(
                "UPDATE rows SET status = ?, assign = '', events = '' WHERE run = ? AND source = ? AND number = ?",
                (status, *key),
            )
            self._connection.execute("DELETE FROM operations WHERE run = ? AND source = ? AND number = ?", key)
        if problem is not None:
            append_problem(self._connection, key, problem)

    def settle_all(self, settled: Iterable[tuple[RowId, RowStatus | None, Problem | None]]) -> None:
        """Every row that the whole file changes, in one transaction."""
        with transaction(self._connection):
            for row, status, problem in settled:
                self.settle(row, status, problem)

    def known_leads(self, realm: int) -> list[tuple[RowId, str]]:
        """The sendable rows whose lead an earlier run has seen, with that run's id."""
        found = self._connection.execute(
            "SELECT r.source, r.number, runs.run_id FROM rows r"
            " JOIN leads l ON l.realm = ? AND l.crm_id = r.crm_id JOIN runs ON runs.id = l.seen_in"
            " WHERE r.run = ? AND r.status IN ('pending', 'valid') ORDER BY r.source, r.number",
            (realm, self._run),
        )
        return [(RowId(source, number), run_id) for source, number, run_id in found]

    def to_send(self) -> dict[Kind, int]:
        """How many calls of each kind sending would take."""
        creates, assigns, events = self._connection.execute(
            "SELECT count(*), coalesce(sum(assigns), 0), coalesce(sum(event_calls), 0) FROM rows"
            " WHERE run = ? AND status IN ('pending', 'valid')",
            (self._run,),
        ).fetchone()
        return {Kind.CREATE: creates, Kind.ASSIGN: assigns, Kind.EVENT: events}

    def statuses(self) -> dict[RowStatus, int]:
        """How many rows have each status so far."""
        counts = self._connection.execute(
            "SELECT status, count(*) FROM rows WHERE run = ? GROUP BY status", (self._run,)
        )
        return {RowStatus(status): count for status, count in counts}

    def estimate(self, estimate: Estimate) -> None:
        """Keep what sending would take."""
        self._connection.execute("UPDATE runs SET estimate = ? WHERE id = ?", (dumps(asdict(estimate)), self._run))

    def freeze(self, request: RunRequest, realm: int, at: str) -> None:
        """From here on the plan is what is sent, whatever becomes of the file and the mapping."""
        self._connection.execute(
            "UPDATE runs SET planned_at = ?, state = ?, request = ?, realm = ? WHERE id = ?",
            (at, RunState.PLANNED, dumps(asdict(request)), realm, self._run),
        )
