"""The rows of a report as single values: what tests look at, where the program works in columns."""

from collections.abc import Iterable
from dataclasses import dataclass

from importer.journal.results import result_batches
from importer.journal.runs import Journal, StoredRun
from importer.model.operation import RowId
from importer.model.outcome import FollowUp, ResultBatch, RowStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    row: RowId
    crm_id: str
    status: RowStatus
    lead_id: str
    assign: FollowUp
    assigned_to: str
    events: FollowUp
    message: str
    hint: str
    attempts: int
    http_status: int | None
    error_code: int | None
    finished_at: str
    problems: str
    warnings: str
    needs_attention: bool
    cells: tuple[str | None, ...] = ()


def result_rows(journal: Journal, run: StoredRun) -> list[ResultRow]:
    return rows_of(result_batches(journal, run))


def rows_of(batches: Iterable[ResultBatch]) -> list[ResultRow]:
    found: list[ResultRow] = []
    for batch in batches:
        cells = zip(*(column.to_pylist() for column in batch.cells.columns), strict=True)
        for line in batch.table.to_pylist():
            row = RowId(batch.source, line.pop("number"))
            own = next(cells, ()) if line["needs_attention"] else ()
            words = {name: FollowUp(line.pop(name)) for name in ("assign", "events")}
            found.append(ResultRow(row=row, status=RowStatus(line.pop("status")), cells=own, **words, **line))
        assert next(cells, None) is None, "cells of more rows than need attention"
    return found
