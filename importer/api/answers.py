"""What the calls give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from importer.errors import ProblemsFound, RunError, RunInterrupted
from importer.exit_codes import ExitCode
from importer.reporting.data_frames import report_frame

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from importer.profiling.suggest import SeenColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposed mapping (YAML), the places in it that people should look at, and the columns with what they become."""

    mapping: str
    todos: tuple[str, ...]
    columns: tuple[SeenColumn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run (or check) of the past; `folder` is where its report is."""

    run_id: str
    command: str
    state: str
    exit_code: int | None
    reason: str
    started_at: str
    counts: dict[str, int]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a check or run ended. `summary` is what summary.json holds, `obstacles` what would stop a run of the files.

    `notes` are what the command prints meanwhile. Without report files (`write=False`) `folder` is `None`.
    """

    run_id: str
    command: str
    state: str
    exit_code: int
    reason: str
    counts: dict[str, int]
    folder: Path | None
    files: dict[str, Path]
    summary: dict[str, Any] = field(repr=False)
    obstacles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False, compare=False)

    @property
    def problems(self) -> pd.DataFrame:
        """A line per problem, with the columns of problems.csv."""
        return self._frame("problems.csv")

    @property
    def leads(self) -> pd.DataFrame:
        """A line per lead that is or would be sent, with the columns of leads.csv."""
        return self._frame("leads.csv")

    @property
    def rows(self) -> pd.DataFrame:
        """A line per row of the sources, with the columns of results.csv."""
        return self._frame("results.csv")

    def _frame(self, name: str) -> pd.DataFrame:
        if name not in self._frames:
            if name not in self.files:
                raise RunError(f"{self.run_id} has no {name}", tip="Write the report again: importer.report(run_id).")
            self._frames[name] = report_frame(self.files[name])
        return self._frames[name]

    def raise_for_problems(self) -> None:
        """Raise `ProblemsFound` if rows need attention, `RunInterrupted` if the call was stopped before its end."""
        if self.exit_code == ExitCode.DONE:
            return
        counts = ", ".join(f"{count:,} {status}" for status, count in self.counts.items() if count)
        is_done = self.exit_code == ExitCode.NEEDS_A_PERSON
        why = "some rows need attention" if is_done else self.reason
        tip = f"Fix the rows in {self.files['rejects.csv']}." if is_done and self.files else ""
        error = (ProblemsFound if is_done else RunInterrupted)(f"{self.run_id}: {why} ({counts})", tip=tip)
        error.report = self
        raise error
