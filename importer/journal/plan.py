"""Writing a run's plan: every source row once, with the exact requests, before anything is sent."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Final

from importer.journal.contacts import Contacts
from importer.journal.database import transaction
from importer.journal.encoding import dumps, source_text
from importer.journal.records import calls_table
from importer.journal.rows import (
    add_checked,
    add_planned,
    append_problem,
    materialize_rows,
    request_counts,
    rows_of_known_leads,
    status_counts,
)
from importer.journal.spill_file import SpillFile
from importer.model.batch import OperationColumn, PlannedBatch
from importer.model.operation import Kind, RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.model.run import Estimate, RunRequest, RunState
from importer.model.source import SourceInfo

MATERIALIZED_AT_ONCE: Final = 10_000
"""Rows of a stored batch of a run: the sending waits for about a tenth of a second while they are materialized."""


class Plan:
    """The plan of one run while it is being made. Rows come in any number of batches; `freeze` makes it final.

    `sends` says whether the plan is made to be sent; that of a check is not.
    """

    def __init__(self, connection: sqlite3.Connection, run: int, spill: SpillFile, *, to_send: bool) -> None:
        self._connection = connection
        self._run = run
        self._spill = spill
        self.sends = to_send
        self.contacts = Contacts(connection, run)

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
        with transaction(self._connection):
            if self.sends:
                calls = calls_table(operations)
                for start in range(0, len(batch), MATERIALIZED_AT_ONCE):
                    part = batch.part(start, MATERIALIZED_AT_ONCE)
                    add_planned(self._connection, self._run, part, calls.slice(start, MATERIALIZED_AT_ONCE))
            else:
                add_checked(self._connection, self._run, batch, self._spill)
            self._connection.execute(
                "UPDATE sources SET rows = rows + ? WHERE run = ? AND position = ?",
                (len(batch), self._run, batch.source),
            )

    def settle(self, row: RowId, status: RowStatus | None, problem: Problem | None) -> None:
        """What only the whole file can tell of a row: a new status (then nothing of it is sent), a problem, or both."""
        key = (self._run, row.source, row.number)
        if status is not None:
            self._connection.execute(
                "UPDATE rows SET status = ? WHERE run = ? AND source = ? AND number = ?",
                (status, *key),
            )
            self._connection.execute("DELETE FROM operations WHERE run = ? AND source = ? AND number = ?", key)
        if problem is not None:
            append_problem(self._connection, key, problem)

    def settle_all(self, settled: Iterable[tuple[RowId, RowStatus | None, Problem | None]]) -> None:
        """Every row that the whole file changes, in one transaction."""
        changes = list(settled)
        with transaction(self._connection):
            materialize_rows(self._connection, self._run, (row for row, _, _ in changes), self._spill)
            for row, status, problem in changes:
                self.settle(row, status, problem)

    def known_leads(self, tenant: int) -> list[tuple[RowId, str]]:
        """The sendable rows whose lead an earlier run has seen, with that run's id."""
        return rows_of_known_leads(self._connection, self._run, tenant)

    def to_send(self) -> dict[Kind, int]:
        """How many calls of each kind sending would take."""
        return request_counts(self._connection, self._run)

    def statuses(self) -> dict[RowStatus, int]:
        """How many rows have each status so far."""
        return {RowStatus(status): count for status, count in status_counts(self._connection, self._run).items()}

    def estimate(self, estimate: Estimate) -> None:
        """Keep what sending would take."""
        self._connection.execute("UPDATE runs SET estimate = ? WHERE id = ?", (dumps(asdict(estimate)), self._run))

    def freeze(self, request: RunRequest, tenant: int, at: str) -> None:
        """From here on the plan is what is sent, even if the file or the mapping changes."""
        with transaction(self._connection):
            self.contacts.keep()
            self._connection.execute(
                "UPDATE runs SET planned_at = ?, state = ?, request = ?, tenant = ? WHERE id = ?",
                (at, RunState.PLANNED, dumps(asdict(request)), tenant, self._run),
            )
