"""What a run says before, and what it says after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.cli.columns import change_lines, owner_lines, symptom_lines
from importer.cli.escape import for_terminal

if TYPE_CHECKING:
    from importer.model.run import RunReport
    from importer.runs.job import Announcement, Finished

_PROBLEMS_SHOWN: Final = 4


def announcement(about: Announcement) -> str:
    """Changes and owners; then so many rows of so many, to this organisation on this server, so many requests."""
    estimate = about.estimate
    how_long = f", about {duration(estimate.seconds)}" if estimate.seconds else ""
    send = (
        f"{estimate.rows_to_send:,} of {about.rows:,} rows go to organisation {about.org} on {about.base_url}: "
        f"{estimate.requests:,} requests{how_long}"
    )
    return "\n".join([*change_lines(about.examination), *owner_lines(about.owners), send])


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def conclusion(finished: Finished) -> str:
    """What happened, what needs a person, and where it all stands: at most 15 lines, and for a check the columns."""
    report = finished.ended.report
    files = finished.ended.files
    how = {"finished": "finished", "stopped": "stopped", "interrupted": "was interrupted"}[report.state]
    lines = [f"Run {report.run_id} {how} after {duration(report.seconds)}: {report.rows:,} rows"]
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(report.counts.items()))
    lines.append(f"  {counts or 'no rows'}")
    for word, states in (("assignments", report.assign), ("events", report.events)):
        if states:
            lines.append(f"  {word}: " + ", ".join(f"{count:,} {state}" for state, count in sorted(states.items())))
    lines += _problems(report.problems)
    if report.command == "check":
        estimate = report.estimate
        lines.append(
            f"  a run would send {estimate.rows_to_send:,} rows in {estimate.requests:,} requests, "
            f"about {duration(estimate.seconds)}"
        )
        lines += _columns(report)
    if finished.stop is not None:
        lines.append(f"  why: {for_terminal(report.reason, keep='')}")
        lines += [f"  tip: {finished.stop.tip}"] if finished.stop.tip else []
    lines.append(f"Rows that need a person: {for_terminal(files['rejects.csv'])}")
    lines.append(f"Report: {for_terminal(files.get('report.html', files['results.csv']))}")
    return "\n".join(lines)


def _columns(report: RunReport) -> list[str]:
    examination = report.examination
    return [
        *owner_lines(report.owners),
        *change_lines(examination),
        *symptom_lines(examination.symptoms, several_sources=len(report.sources) > 1),
    ]


def _problems(problems: dict[str, int]) -> list[str]:
    from importer.model.problem import KINDS

    worst = sorted(problems.items(), key=lambda each: -each[1])
    lines = [f"  {count:>6,} × {code}: {KINDS[code].title}" for code, count in worst[:_PROBLEMS_SHOWN]]
    rest = len(worst) - _PROBLEMS_SHOWN
    return [*lines, f"         and {rest} more rules; see the report"] if rest > 0 else lines
