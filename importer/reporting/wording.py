"""The words of the report: what a status means, and what happened in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from importer.exit_codes import ExitCode
from importer.model.outcome import FollowUp, RowStatus
from importer.model.run import RunState

if TYPE_CHECKING:
    from importer.model.operation import RowId
    from importer.model.outcome import RowResult
    from importer.model.run import RunReport


class Tone(StrEnum):
    """How a status is coloured."""

    GOOD = "good"
    CALM = "calm"
    WAITING = "waiting"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A status in plain words: `label` for tables, `clause` to go on after a number, `meaning` as a sentence."""

    label: str
    clause: str
    meaning: str
    tone: Tone


STATUSES: Final[dict[RowStatus, Wording]] = {
    RowStatus.CREATED: Wording(
        label="created",
        clause="created",
        meaning="The CRM confirmed that it created the lead.",
        tone=Tone.GOOD,
    ),
    RowStatus.VALID: Wording(
        label="valid",
        clause="ready to be sent",
        meaning="Ready: a run would send this row.",
        tone=Tone.GOOD,
    ),
    RowStatus.DUPLICATE: Wording(
        label="already there",
        clause="already there",
        meaning="The lead existed before this run and was not changed.",
        tone=Tone.CALM,
    ),
    RowStatus.SKIPPED_KNOWN: Wording(
        label="known, skipped",
        clause="skipped as known",
        meaning="The lead is known from an earlier run, so it is not sent again.",
        tone=Tone.CALM,
    ),
    RowStatus.DUPLICATE_IN_FILE: Wording(
        label="repeated in the file",
        clause="repeated in the file",
        meaning="Another row has the same CRM id; only that row is sent.",
        tone=Tone.CALM,
    ),
    RowStatus.FILTERED: Wording(
        label="left out",
        clause="left out by the mapping",
        meaning="The mapping’s `where` excludes this row.",
        tone=Tone.CALM,
    ),
    RowStatus.PENDING: Wording(
        label="pending",
        clause="still pending",
        meaning="Not sent or not answered yet. To continue: `importer resume`.",
        tone=Tone.WAITING,
    ),
    RowStatus.INVALID: Wording(
        label="invalid",
        clause="invalid",
        meaning="The row breaks a rule, so it is not sent.",
        tone=Tone.PERSON,
    ),
    RowStatus.CONFLICT_IN_FILE: Wording(
        label="in conflict",
        clause="in conflict with another row",
        meaning="Several rows have the same CRM id but different content, so none of them is sent.",
        tone=Tone.PERSON,
    ),
    RowStatus.REJECTED: Wording(
        label="rejected",
        clause="rejected by the CRM",
        meaning="The CRM refused this row.",
        tone=Tone.PERSON,
    ),
    RowStatus.CREATED_UNCONFIRMED: Wording(
        label="unconfirmed",
        clause="unconfirmed",
        meaning="The lead exists, but who created it is not known: an unanswered request of this run or somebody else.",
        tone=Tone.PERSON,
    ),
    RowStatus.UNKNOWN: Wording(
        label="unknown",
        clause="unknown",
        meaning="The lead may or may not exist; all attempts are used up.",
        tone=Tone.PERSON,
    ),
}
"""Every status, in the order in which a report shows them."""

_FOLLOW_UPS: Final = {
    FollowUp.REJECTED: "was refused",
    FollowUp.UNKNOWN: "may or may not have happened: no clear answer",
    FollowUp.HELD: "was held back on purpose",
}

_RESUMABLE: Final = frozenset(
    {
        ExitCode.STOPPED_BY_CRM,
        ExitCode.OUTAGE,
        ExitCode.LOCAL_DISK,
        ExitCode.INTERRUPTED,
        ExitCode.TERMINATED,
    }
)

_ENDS: Final = {
    RunState.STOPPED: "The run stopped before its end",
    RunState.INTERRUPTED: "The run was interrupted",
}


def outcome(row: RowResult) -> str:
    """A row's outcome in a few words, its failed follow-ups included."""
    parts = [STATUSES[row.status].label]
    parts += [f"{name} {state}" for name, state in (("assign", row.assign), ("events", row.events)) if _failed(state)]
    return ", ".join(parts)


def told(row: RowResult) -> str:
    """What happened to a row, never empty for a row that needs attention."""
    return row.explanation or " ".join(follow_ups(row)) or STATUSES[row.status].meaning


def follow_ups(row: RowResult) -> list[str]:
    """A sentence for each follow-up of the row that failed."""
    names = (("The assignment", row.assign), ("An event", row.events))
    return [f"{name} {_FOLLOW_UPS[state]}." for name, state in names if _failed(state)]


def place(run: RunReport, row: RowId) -> str:
    """Where a row stands, its number, and the sheet and file only where there are several."""
    source = run.sources[row.source].info
    several_files = len({other.info.path for other in run.sources}) > 1
    several_sheets = len(run.sources) > len({other.info.path for other in run.sources})
    words = (
        Path(source.path).name if several_files else "",
        source.sheet if several_sheets else "",
        f"row {row.number}",
    )
    return ", ".join(filter(None, words))


def sentence(run: RunReport, *, people: int) -> str:
    """What happened, in one sentence; `people` is how many rows need attention."""
    verb = "checked" if run.command == "check" else "read"
    clauses = [f"{run.counts[status]:,} {STATUSES[status].clause}" for status in STATUSES if run.counts.get(status)]
    what = f"{run.rows:,} {'row' if run.rows == 1 else 'rows'} {verb}"
    if clauses:
        what = f"{what}: {', '.join(clauses)}"
    return f"{what}. {needed(people)}"


def needed(people: int) -> str:
    """How many rows need attention, as a sentence."""
    if not people:
        return "Nothing needs attention."
    return "1 row needs attention." if people == 1 else f"{people:,} rows need attention."


def ending(run: RunReport) -> str:
    """Why the run did not come to its end; empty when it did."""
    if run.state not in _ENDS:
        return ""
    reason = f": {run.reason}" if run.reason else ""
    after = "Nothing is lost. To continue: `importer resume`." if run.exit_code in _RESUMABLE else ""
    return f"{_ENDS[run.state]}{reason.rstrip('.')}. {after}".rstrip()


def _failed(state: FollowUp) -> bool:
    return state in _FOLLOW_UPS


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
