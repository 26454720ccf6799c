"""The summary at the end of a run, for people or for programs."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from importer.cli.hook import call_hook
from importer.cli.messages import SYMPTOMS_SHOWN, change_lines, counted, duration, owner_lines, symptom_lines
from importer.model.outcome import FOLLOW_UPS, NEEDS_A_PERSON, STATUSES, RowStatus, Tone
from importer.model.problem import KINDS
from importer.model.visible import visible
from importer.reporting.status_text import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.cli.session import Session
    from importer.model.run import RunReport
    from importer.runs.finish import Finished

_LINES: Final = 16
"""The longest summary; the columns that a check adds do not count."""

_STATUSES_SHOWN: Final = 6
_PROBLEMS_SHOWN: Final = 4
_WARNINGS_SHOWN: Final = 3
_OBSTACLES_SHOWN: Final = 3
_CHANGES_SHOWN: Final = 6
_DATES: Final = frozenset({"dates-ambiguous", "dates-unread", "dates-as-serials"})
"""One cell in one of these symptoms is one problem of `date-ambiguous` or `date-invalid`."""

_COLORS: Final = {"finished": "green", "stopped": "red", "interrupted": "yellow"}


def report_end(session: Session, finished: Finished) -> int:
    """Print the summary and call the command of `--on-finish`; returns the exit code."""
    if session.as_json:
        session.console.document(finished.ended.document())
    else:
        session.console.result(conclusion(finished, leads_shown=0 if session.console.is_quiet else 3), is_styled=True)
    if session.on_finish:
        call_hook(session.on_finish, finished.ended, session.console, session.stop_request)
    return finished.ended.exit_code


def conclusion(finished: Finished, *, leads_shown: int = 0) -> str:
    """What happened, what needs fixing, and where the reports are, in 16 lines; a check has columns and leads, too.

    It holds colors, which are taken out where they are not wanted.
    """
    ended, report = finished.ended, finished.ended.report
    how = "was interrupted" if report.state == "interrupted" else str(report.state)
    lines = [
        f"Run {click.style(report.run_id, bold=True)} {click.style(how, fg=_COLORS[report.state])} "
        f"after {duration(report.seconds)}: {counted(report.rows, 'row')}"
    ]
    lines += _statuses(report.counts)
    for kind, states in report.follow_ups.items():
        lines += _follow_ups(f"{kind.about.noun}s", states)
    lineage = [f"  in all: {report.story.sentence}"] if report.story else []
    after = [*_warnings(ended.warnings), *lineage, *_estimate(finished), *_reason(finished)]
    if ended.rejects:
        names = [name for name in ("rejects.xlsx", "rejects.csv") if name in ended.files]
        labels = ("Rows to fix:", "As CSV:     ")
        after += [f"{label}  {visible(ended.files[name])}" for label, name in zip(labels, names, strict=False)]
    elif report.state == "finished":
        after.append("No row needs fixing.")
    after.append(f"Report:       {visible(ended.files['report.html'])}")
    columns = _columns(report) if report.command == "check" else []
    leads = _leads(finished, leads_shown) if report.command == "check" else []
    problems = _problems_of_no_column(report) if columns else report.problems
    lines += _problems(problems, room=_LINES - len(lines) - len(after))
    return "\n".join([*lines, *columns, *leads, *after])


def _statuses(counts: dict[str, int]) -> list[str]:
    """A line each, in the order of the report; when there are many, those that need no attention share one."""
    present = [status for status in RowStatus if counts.get(status)]
    fine = [status for status in present if status not in NEEDS_A_PERSON]
    shared = fine if len(present) > _STATUSES_SHOWN else []
    lines = [f"  {', '.join(f'{counts[status]:,} {status}' for status in shared)}"] if shared else []
    for status in present:
        if status in NEEDS_A_PERSON:
            need = "needs" if counts[status] == 1 else "need"
            what = "fixing" if STATUSES[status].is_fixable else "attention"
            lines.append(f"  {counts[status]:>7,} {click.style(f'{status:<20}', fg='yellow')} {need} {what}")
        elif not shared:
            color = "green" if STATUSES[status].tone is Tone.GOOD else None
            lines.append(f"  {counts[status]:>7,} {click.style(status, fg=color)}")
    return lines or ["  no rows"]


def _follow_ups(word: str, states: dict[str, int]) -> list[str]:
    parts = ", ".join(f"{states[state]:,} {state}" for state in FOLLOW_UPS if state and states.get(state))
    return [f"  {word}: {parts}"] if parts else []


def _warnings(warnings: Mapping[str, int]) -> list[str]:
    parts = [f"{rows:,} × {code} ({KINDS[code].title})" for code, rows in warnings.items()]
    more = f", and {len(parts) - _WARNINGS_SHOWN} more; see the report" if len(parts) > _WARNINGS_SHOWN else ""
    return [f"  warnings: {', '.join(parts[:_WARNINGS_SHOWN])}{more}"] if parts else []


def _estimate(finished: Finished) -> list[str]:
    """What a run would do: stop, and why, or send."""
    report = finished.ended.report
    if report.command != "check":
        return []
    obstacles = [f"  {visible(why)}" for why in finished.obstacles[:_OBSTACLES_SHOWN]]
    estimate = report.estimate
    if not estimate.rows_to_send:
        return [*obstacles, "  A run would send nothing."]
    time = f"about {duration(estimate.seconds)}" if estimate.seconds else "as fast as the server answers (rate 0)"
    rows, requests = counted(estimate.rows_to_send, "row"), counted(estimate.requests, "request")
    who = "Otherwise it" if obstacles else "A run"
    return [*obstacles, f"  {who} would send {rows} in {requests}, {time}."]


def _reason(finished: Finished) -> list[str]:
    """Why the run stopped, and how to continue."""
    if finished.stop is None:
        return []
    reason, tip = finished.ended.report.reason, finished.stop.tip
    if finished.ended.report.state == "interrupted":
        return [f"  {visible(f'{reason[:1].upper()}{reason[1:]}. {tip}')}"]
    lines = (("why", reason), ("tip", tip))
    return [f"  {click.style(word, bold=True)}: {visible(text)}" for word, text in lines if text]


def _leads(finished: Finished, count: int) -> list[str]:
    """The first leads: what is sent instead of what their cells hold."""
    shown = finished.ended.leads[:count]
    lines = ["The first leads, as a run would send them:"] if shown else []
    for row, lead in shown:
        where = place(finished.ended.report, row)
        lines.append(f"  {visible(f'{where}, {lead.crm_id}')}{'' if lead.changes else ': as its cells are'}")
        for value in lead.changes[:_CHANGES_SHOWN]:
            what = f"{value.column} → {value.field}: {value.before} → {value.after}"
            lines.append(f"      {visible(what)}")
        if len(lead.changes) > _CHANGES_SHOWN:
            lines.append(f"      and {len(lead.changes) - _CHANGES_SHOWN} more; see leads.csv")
    return lines


def _columns(report: RunReport) -> list[str]:
    examination = report.examination
    symptoms = symptom_lines(examination.symptoms, several_sources=len(report.sources) > 1)
    return [*owner_lines(report.owners), *change_lines(examination), *symptoms]


def _problems_of_no_column(report: RunReport) -> dict[str, int]:
    """The problems that the symptoms of the columns do not cover: a finding is reported once."""
    from importer.profiling.columns.value_symptoms import SIGN_OF

    sign_of = {**SIGN_OF, **dict.fromkeys(["date-ambiguous", "date-invalid"], "dates")}
    in_columns, in_rows = Counter[str](), Counter[str]()
    for symptom in report.examination.symptoms[:SYMPTOMS_SHOWN]:
        in_columns["dates" if symptom.code in _DATES else symptom.code] += symptom.count
    for code, count in report.problems.items():
        in_rows[sign_of.get(code, "")] += count
    covered = {sign for sign, count in in_columns.items() if count == in_rows[sign]}
    return {code: count for code, count in report.problems.items() if sign_of.get(code, "") not in covered}


def _problems(problems: dict[str, int], *, room: int) -> list[str]:
    """The rules that were broken most, in at most `room` lines."""
    worst = sorted(problems.items(), key=lambda each: (-each[1], each[0]))
    shown = min(len(worst), _PROBLEMS_SHOWN, room)
    shown -= shown == room and len(worst) > shown  # the last line says that there are more
    lines = [f"  {count:>7,} × {code}: {KINDS[code].title}" for code, count in worst[: max(shown, 0)]]
    rest = len(worst) - len(lines)
    return [*lines, f"          and {counted(rest, 'more rule')}; see the report"] if rest > 0 and room > 0 else lines
