"""The words of the report: what a status means, and what happened in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from importer.exit_codes import ExitCode
from importer.model.operation import FOLLOW_UP_KINDS
from importer.model.outcome import FOLLOW_UPS, STATES_FOR_A_PERSON, STATUSES, FollowUp, RowStatus
from importer.model.run import RunState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.operation import RowId
    from importer.model.run import RunReport

    Line = Mapping[str, Any]  # one row of the table of a `ResultBatch`


_RESUMABLE: Final = frozenset(
    {
        ExitCode.STOPPED_BY_CRM,
        ExitCode.OUTAGE,
        ExitCode.LOCAL_DISK,
        ExitCode.INTERRUPTED,
        ExitCode.TERMINATED,
    }
)

FOLLOW_UP_COLUMNS: Final = {kind.about.column: kind for kind in FOLLOW_UP_KINDS}

_ENDS: Final = {
    RunState.STOPPED: "The run stopped before its end",
    RunState.INTERRUPTED: "The run was interrupted",
}


def outcome(line: Line) -> str:
    """A row's outcome in a few words, its failed follow-ups included."""
    failed = [f"{name} {line[name]}" for name in FOLLOW_UP_COLUMNS if line[name] in STATES_FOR_A_PERSON]
    return ", ".join([STATUSES[RowStatus(line["status"])].label, *failed])


def what_happened(line: Line) -> str:
    """What happened to a row, never empty for a row that needs attention."""
    return line["message"] or " ".join(follow_ups(line)) or STATUSES[RowStatus(line["status"])].meaning


def follow_ups(line: Line) -> list[str]:
    """A sentence for each follow-up of the row that failed."""
    return [
        f"{kind.about.subject} {FOLLOW_UPS[FollowUp(line[name])].failure}."
        for name, kind in FOLLOW_UP_COLUMNS.items()
        if line[name] in STATES_FOR_A_PERSON
    ]


def place(run: RunReport, row: RowId) -> str:
    """A row by its number, with its sheet and file where there are several."""
    source = run.sources[row.source].info
    several_files = len({other.info.path for other in run.sources}) > 1
    several_sheets = len(run.sources) > len({other.info.path for other in run.sources})
    words = (
        Path(source.path).name if several_files else "",
        source.sheet if several_sheets else "",
        f"row {row.number}",
    )
    return ", ".join(filter(None, words))


def sentence(run: RunReport, *, attention: int) -> str:
    """What happened, in one sentence; `attention` is how many rows need attention."""
    verb = "checked" if run.command == "check" else "read"
    clauses = [f"{run.counts[status]:,} {STATUSES[status].clause}" for status in STATUSES if run.counts.get(status)]
    what = f"{run.rows:,} {'row' if run.rows == 1 else 'rows'} {verb}"
    if clauses:
        what = f"{what}: {', '.join(clauses)}"
    return f"{what}. {needed(attention)}"


def needed(rows: int) -> str:
    """How many rows need attention, as a sentence."""
    if not rows:
        return "Nothing needs attention."
    return "1 row needs attention." if rows == 1 else f"{rows:,} rows need attention."


def ending(run: RunReport) -> str:
    """Why the run did not finish; empty when it did."""
    if run.state not in _ENDS:
        return ""
    reason = f": {run.reason}" if run.reason else ""
    after = "Nothing is lost. To continue: `importer resume`." if run.exit_code in _RESUMABLE else ""
    return f"{_ENDS[run.state]}{reason.rstrip('.')}. {after}".rstrip()


def duration(seconds: float) -> str:
    """A length of time with its two largest units: `2 h 47 min`, `3 min 5 s`, `0.6 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3_600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    hours, rest = divmod(whole, 3_600)
    return f"{hours:,} h {rest // 60} min"
