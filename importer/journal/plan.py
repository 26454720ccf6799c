"""Writing a run's plan: every source row once, with the exact requests, before anything is sent."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import repeat
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.journal.aside import Aside
from importer.journal.batches import keep_batch, known_plain_rows, plain_table, take_out
from importer.journal.encoding import dumps, problems_text, source_text
from importer.journal.inserting import insert_rows
from importer.journal.rows import append_problem, plain_counts, status_counts
from importer.journal.states import OperationState
from importer.journal.transaction import transaction
from importer.model.operation import Kind, RowId
from importer.model.outcome import FollowUp, RowStatus
from importer.model.plan import OperationColumn, PlannedBatch
from importer.model.problem import Problem
from importer.model.run import Estimate, RunRequest, RunState
from importer.model.source import SourceInfo

_ROW: Final = (
    *("run", "source", "number", "line", "status", "crm_id", "owner", "problems"),
    *("assigns", "event_calls", "assign", "events"),
)
_OPERATION: Final = ("run", "source", "number", "ordinal", "kind", "key", "body", "state")


class Plan:
    """The plan of one run while it is being made. Rows come in any number of batches; `freeze` makes it final.

    `sends` says whether the plan is made to be sent; that of a check is not.
    """

    def __init__(self, connection: sqlite3.Connection, run: int, aside: Aside, *, to_send: bool) -> None:
        self._connection = connection
        self._run = run
        self._aside = aside
        self.sends = to_send

    def add_source(self, position: int, info: SourceInfo) -> None:
        """A table of the run; its rows follow."""
        self._connection.execute(
            "INSERT INTO sources (run, position, info, sha256, rows) VALUES (?, ?, ?, ?, 0)",
            (self._run, position, source_text(info), info.sha256),
        )

    def add(self, batch: PlannedBatch, operations: Sequence[OperationColumn] = ()) -> None:
        """A batch in source order, in one transaction; without operations if the plan is not for sending."""
        if not len(batch):
            return
        plain = None if self.sends else plain_table(batch)
        with transaction(self._connection):
            keep_batch(self._connection, self._run, batch, plain, self._aside)
            insert_rows(self._connection, "rows", _ROW, self._rows(batch, plain))
            insert_rows(self._connection, "operations", _OPERATION, self._operations(batch, operations))
            self._connection.execute(
                "UPDATE sources SET rows = rows + ? WHERE run = ? AND position = ?",
                (len(batch), self._run, batch.source),
            )

    def _rows(self, batch: PlannedBatch, plain: pa.Table | None) -> Iterable[tuple[object, ...]]:
        """The rows that are not plain, as the table `rows` has them."""
        table = pa.table(
            {
                "number": batch.numbers,
                "status": self._statuses(batch),
                "crm_id": batch.crm_ids,
                "owner": batch.owners,
                "events": batch.event_calls,
            }
        )
        if plain is not None:
            table = table.filter(pc.invert(pc.is_in(table["number"], plain["number"])))
        # Columns of plain values: SQLite asks an adapter about every member of an enumeration.
        numbers = table["number"].to_pylist()
        assigns = pc.not_equal(table["owner"], "")
        return zip(
            repeat(self._run, len(numbers)),
            repeat(batch.source, len(numbers)),
            numbers,
            map(batch.lines.get, numbers),
            table["status"].to_pylist(),
            table["crm_id"].to_pylist(),
            table["owner"].to_pylist(),
            (problems_text(batch.problems.get(number, ())) for number in numbers),
            assigns.cast(pa.int8()).to_pylist(),
            table["events"].to_pylist(),
            self._follow_up(assigns),
            self._follow_up(pc.greater(table["events"], 0)),
            strict=True,
        )

    def _statuses(self, batch: PlannedBatch) -> pa.Array:
        valid = RowStatus.PENDING if self.sends else RowStatus.VALID
        invalid = pc.if_else(batch.invalid, str(RowStatus.INVALID), str(valid))
        return pc.if_else(batch.filtered, str(RowStatus.FILTERED), invalid)

    def _follow_up(self, wanted: pa.ChunkedArray) -> Iterable[str]:
        state = FollowUp.PENDING if self.sends else FollowUp.NONE
        return [str(state) if asked else "" for asked in wanted.to_pylist()]

    def _operations(self, batch: PlannedBatch, columns: Sequence[OperationColumn]) -> Iterable[tuple[object, ...]]:
        if not columns:
            return
        calls = [zip(column.keys.to_pylist(), column.bodies.to_pylist(), strict=True) for column in columns]
        kinds = [str(column.kind) for column in columns]
        planned, blocked = str(OperationState.PLANNED), str(OperationState.BLOCKED)
        for number, *row in zip(batch.numbers.to_pylist(), *calls, strict=True):
            ordinal = 0
            for kind, (key, body) in zip(kinds, row, strict=True):
                if key is not None:
                    yield self._run, batch.source, number, ordinal, kind, key, body, blocked if ordinal else planned
                    ordinal += 1

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
        changes = list(settled)
        with transaction(self._connection):
            take_out(self._connection, self._run, (row for row, _, _ in changes), self._aside)
            for row, status, problem in changes:
                self.settle(row, status, problem)

    def known_leads(self, realm: int) -> list[tuple[RowId, str]]:
        """The sendable rows whose lead an earlier run has seen, with that run's id."""
        found = self._connection.execute(
            "SELECT r.source, r.number, runs.run_id FROM rows r"
            " JOIN leads l ON l.realm = ? AND l.crm_id = r.crm_id JOIN runs ON runs.id = l.seen_in"
            " WHERE r.run = ? AND r.status IN ('pending', 'valid') ORDER BY r.source, r.number",
            (realm, self._run),
        )
        planned = [(RowId(source, number), run_id) for source, number, run_id in found]
        return sorted([*planned, *known_plain_rows(self._connection, self._run, realm)])

    def to_send(self) -> dict[Kind, int]:
        """How many calls of each kind sending would take."""
        creates, assigns, events = self._connection.execute(
            "SELECT count(*), coalesce(sum(assigns), 0), coalesce(sum(event_calls), 0) FROM rows"
            " WHERE run = ? AND status IN ('pending', 'valid')",
            (self._run,),
        ).fetchone()
        plain, plain_assigns, plain_events = plain_counts(self._connection, self._run)
        return {Kind.CREATE: creates + plain, Kind.ASSIGN: assigns + plain_assigns, Kind.EVENT: events + plain_events}

    def statuses(self) -> dict[RowStatus, int]:
        """How many rows have each status so far."""
        return {RowStatus(status): count for status, count in status_counts(self._connection, self._run).items()}

    def estimate(self, estimate: Estimate) -> None:
        """Keep what sending would take."""
        self._connection.execute("UPDATE runs SET estimate = ? WHERE id = ?", (dumps(asdict(estimate)), self._run))

    def freeze(self, request: RunRequest, realm: int, at: str) -> None:
        """From here on the plan is what is sent, whatever becomes of the file and the mapping."""
        self._connection.execute(
            "UPDATE runs SET planned_at = ?, state = ?, request = ?, realm = ? WHERE id = ?",
            (at, RunState.PLANNED, dumps(asdict(request)), realm, self._run),
        )
