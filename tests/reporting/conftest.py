"""Runs and rows as the journal would give them; all people in them are invented."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from importer.model.operation import Kind, RowId
from importer.model.outcome import NEEDS_A_PERSON, STATES_FOR_A_PERSON, FollowUp, ResultBatch, RowStatus
from importer.model.problem import Problem
from importer.model.run import Assigned, Estimate, ReadSource, Requests, RunReport, RunState
from importer.model.source import SourceInfo
from importer.reporting import Overview, rejects_csv, rejects_xlsx, results_csv
from tests.problem_words import hint_of, message_of

HEADERS = ("Id", "Name", "Phone", "Owner")

TEXTS = ("crm_id", "status", "lead_id", "assign", "assigned_to", "events", "finished_at")
FINDING = pa.schema(
    {"number": pa.int64()}
    | dict.fromkeys(("code", "column", "field", "value", "message", "hint"), pa.large_string())
    | {"warning": pa.bool_()}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One row of a report; `message` and `hint` are those of sending."""

    row: RowId
    status: RowStatus
    crm_id: str = ""
    lead_id: str = ""
    assign: FollowUp = FollowUp.NONE
    assigned_to: str = ""
    events: FollowUp = FollowUp.NONE
    problems: tuple[Problem, ...] = ()
    message: str = ""
    hint: str = ""
    attempts: int = 0
    http_status: int | None = None
    error_code: int | None = None
    finished_at: str = ""
    cells: tuple[str, ...] = ()

    @property
    def needs_attention(self) -> bool:
        return self.status in NEEDS_A_PERSON or not STATES_FOR_A_PERSON.isdisjoint((self.assign, self.events))

    def codes(self, *, warning: bool) -> str:
        return ";".join(dict.fromkeys(problem.code for problem in self.problems if problem.warning is warning))

    @property
    def described(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if not problem.warning) or self.problems


class Reports:
    """Builds the arguments of the writers."""

    headers = HEADERS

    def source(
        self,
        path: Path | str = "leads.csv",
        *,
        headers: tuple[Any, ...] = HEADERS,
        columns: tuple[str, ...] | None = None,
        sheet: str = "",
        sha256: str = "ab" * 32,
        rows: int = 3,
        header_row: int = 1,
    ) -> ReadSource:
        info = SourceInfo(
            path=str(path),
            sha256=sha256,
            format="xlsx" if sheet else "csv",
            columns=tuple(columns or headers),
            headers=tuple(headers),
            header_row=header_row,
            encoding="" if sheet else "utf-8",
            delimiter="" if sheet else ",",
            sheet=sheet,
        )
        return ReadSource(info=info, rows=rows)

    def run(
        self, *sources: ReadSource, rows: list[ReportRow] | tuple[ReportRow, ...] = (), **changes: Any
    ) -> RunReport:
        problems = Counter(problem.code for row in rows for problem in row.problems)
        fields: dict[str, Any] = {
            "run_id": "20261122-150405-webinar",
            "command": "run",
            "state": RunState.FINISHED,
            "exit_code": 1,
            "reason": "",
            "sources": sources or (self.source(),),
            "mapping_path": "mappings/webinar.yaml",
            "mapping_sha256": "cd" * 32,
            "org": "org-1",
            "base_url": "https://api.crm.example",
            "started_at": "2026-11-22T15:04:05Z",
            "finished_at": "2026-11-22T15:06:10Z",
            "seconds": 125.0,
            "rows": len(rows),
            "counts": dict(Counter(str(row.status) for row in rows)),
            "follow_ups": {
                Kind.ASSIGN: dict(Counter(str(row.assign) for row in rows if row.assign)),
                Kind.EVENT: dict(Counter(str(row.events) for row in rows if row.events)),
            },
            "problems": dict(problems),
            "requests": Requests(sent={Kind.CREATE: 3, Kind.ASSIGN: 2, Kind.EVENT: 1}, throttled=4, retried=5),
            "assigned": self._assigned(rows),
            "repeated": sum(row.attempts > 1 for row in rows),
            "estimate": Estimate(rows_to_send=3, requests=6, seconds=0.6),
        }
        return RunReport(**(fields | changes))

    def _assigned(self, rows: list[ReportRow] | tuple[ReportRow, ...]) -> tuple[Any, ...]:
        states: dict[str, Counter[FollowUp]] = {}
        for row in rows:
            if row.assigned_to:
                states.setdefault(row.assigned_to, Counter())[row.assign] += 1
        return tuple(Assigned(name=name, states=counts) for name, counts in states.items())

    def batches(self, rows: Iterator[Any] | list[ReportRow] | tuple[ReportRow, ...]) -> Iterator[Any]:
        """The rows as the journal gives them: one batch per row."""
        for row in rows:
            texts = {name: getattr(row, name) for name in TEXTS} | {
                "message": row.message or "; ".join(message_of(problem) for problem in row.described),
                "hint": row.hint or " ".join(dict.fromkeys(hint_of(problem) for problem in row.described)),
                "problems": row.codes(warning=False),
                "warnings": row.codes(warning=True),
            }
            numbers = {name: getattr(row, name) for name in ("attempts", "http_status", "error_code")}
            numbers["number"] = row.row.number
            findings = [
                (p.row, p.code, p.column, p.field, p.value, message_of(p), hint_of(p), p.warning) for p in row.problems
            ]
            problems = [dict(zip(FINDING.names, finding, strict=True)) for finding in findings]
            cells = {str(at): pa.array([cell], pa.large_string()) for at, cell in enumerate(row.cells)}
            yield ResultBatch(
                source=row.row.source,
                table=pa.table(
                    {name: pa.array([text], pa.large_string()) for name, text in texts.items()}
                    | {name: pa.array([number], pa.int64()) for name, number in numbers.items()}
                    | {"needs_attention": pa.array([row.needs_attention])}
                ),
                problems=pa.Table.from_pylist(problems, FINDING),
                cells=pa.table(cells if row.needs_attention else {}),
                leads=pa.table({}),
            )

    def write_results(self, path: Path, run: RunReport, batches: Iterator[Any]) -> None:
        with results_csv(path, run) as write:
            for batch in batches:
                write(batch)

    def write_rejects(
        self, path: Path, run: RunReport, rows: Iterator[Any] | list[ReportRow] | tuple[ReportRow, ...]
    ) -> None:
        with rejects_csv(path, run) as write:
            for batch in self.batches(rows):
                write(batch)

    def write_rejects_workbook(
        self, path: Path, run: RunReport, rows: Iterator[Any] | list[ReportRow] | tuple[ReportRow, ...], *notes: str
    ) -> None:
        overview = Overview()
        with rejects_xlsx(path, run, overview, notes) as write:
            for batch in overview.watch(self.batches(rows)):
                write(batch)

    def row(
        self, number: int = 2, status: RowStatus = RowStatus.CREATED, *, source: int = 0, **changes: Any
    ) -> ReportRow:
        return ReportRow(row=RowId(source=source, number=number), status=status, **changes)

    def created(self, number: int = 2, *, source: int = 0, **changes: Any) -> ReportRow:
        fields: dict[str, Any] = {
            "crm_id": f"C-{number}",
            "lead_id": f"6f1d0000-0000-4000-8000-{number:012d}",
            "assign": FollowUp.ACCEPTED,
            "assigned_to": "asha@crm.example",
            "attempts": 1,
            "http_status": 200,
            "finished_at": "2026-11-22T15:04:06Z",
        }
        return self.row(number, source=source, **(fields | changes))

    def invalid(
        self,
        number: int = 3,
        *,
        source: int = 0,
        value: str = "12",
        cells: tuple[str, ...] | None = None,
        **changes: Any,
    ) -> ReportRow:
        problem = Problem(
            row=number,
            code="phone-invalid",
            detail="is not a phone number",
            field="phone_number",
            column="Phone",
            value=value,
        )
        cells = (f"C-{number}", "Ravi", value, "") if cells is None else cells
        fields: dict[str, Any] = {"crm_id": f"C-{number}", "problems": (problem,), "cells": tuple(cells)}
        return self.row(number, RowStatus.INVALID, source=source, **(fields | changes))


@pytest.fixture
def reports() -> Reports:
    return Reports()
