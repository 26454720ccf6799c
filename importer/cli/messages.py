"""What the terminal shows before a run, and after it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from importer.cli.column_messages import SYMPTOMS_SHOWN, change_lines, owner_lines, symptom_lines
from importer.model.operation import Kind
from importer.model.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.run import RunReport
    from importer.model.source import SourceInfo
    from importer.runs.finish import Ended
    from importer.runs.job import Announcement
    from importer.runs.run_scope import Finished
    from importer.runs.settings import Settings

_LINES: Final = 16
"""The longest conclusion; the columns that a check adds do not count."""

_STATUSES_SHOWN: Final = 6
_PROBLEMS_SHOWN: Final = 4
_WARNINGS_SHOWN: Final = 3
_DATES: Final = frozenset({"dates-ambiguous", "dates-unread", "dates-as-serials"})
"""One cell in one of these signs is one problem of `date-ambiguous` or `date-invalid`."""
_OBSTACLES_SHOWN: Final = 3
_COLOURS: Final = {"finished": "green", "stopped": "red", "interrupted": "yellow"}


def announcement(about: Announcement) -> str:
    """Changes and owners; then so many rows of so many, to this organization on this server, so many requests."""
    estimate = about.estimate
    how_long = f", about {duration(estimate.seconds)}" if estimate.seconds else ""
    send = (
        f"To send: {estimate.rows_to_send:,} of {counted(about.rows, 'row')} to organization {about.org} on "
        f"{about.base_url}, {counted(estimate.requests, 'request')}{how_long}"
    )
    paces = [f"{rate:g}" for rate in dict.fromkeys(about.rates.values()) if rate]
    at = f"; at most {' or '.join(paces)} of each a second" if paces else ""
    calls = f"  {', '.join(_calls(about))}{at}"
    not_to_contact = [
        found for found in about.examination.symptoms if found.code in ("do-not-contact", "contact-unclear")
    ]
    warnings = symptom_lines(not_to_contact, several_sources=any(found.source for found in not_to_contact))
    return "\n".join([*change_lines(about.examination), *warnings, *owner_lines(about.owners), send, calls])


def _calls(about: Announcement) -> list[str]:
    """How many requests of each kind."""
    creates, assigns, events = (about.calls[kind] for kind in (Kind.CREATE, Kind.ASSIGN, Kind.EVENT))
    owners = len(about.owners)
    return [
        f"{creates:,} to create leads",
        *([f"{assigns:,} to assign them to {counted(owners, 'owner')}"] if assigns else []),
        *([f"{counted(events, 'event')} to start automations"] if events else []),
    ]


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 row, 2,000 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds in words: 12 s, 9 min, 2 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def settings_lines(settings: Settings) -> list[str]:
    """Each setting with its value and where it came from."""
    width = max(map(len, settings.values))
    lines = [
        f"setting {name:<{width}}  {_said(settings.shown(name))} ({setting.source})"
        for name, setting in settings.values.items()
    ]
    return [*lines, *filter(None, [settings.unused_proxy()])]


def source_lines(source: SourceInfo, said: Mapping[str, str]) -> list[str]:
    """How a file is read, and from which setting (else it was detected)."""
    found = (
        ("encoding", f"encoding {source.encoding}" if source.encoding else ""),
        ("delimiter", f"delimiter {source.delimiter!r}" if source.delimiter else ""),
        ("sheet", f"sheet {source.sheet}" if source.sheet else ""),
        ("header_row", f"header in row {source.header_row}"),
    )
    how = [f"{text} ({said.get(name, 'detected')})" for name, text in found if text]
    columns = f"{len(source.columns):,} columns"
    return [f"{source.path}: {', '.join([source.format, *how, columns])}"]


def note_lines(source: SourceInfo) -> list[str]:
    """What a person should know about how a file is read: a guess, what was left out."""
    return [f"note: {source.path}: {note}" for note in source.notes]


def conclusion(finished: Finished) -> str:
    """What happened, what needs fixing, and where the reports are: at most 16 lines, and for a check the columns.

    It holds colours, which whoever prints it leaves out where they are not wanted.
    """
    report = finished.ended.report
    how = {"finished": "finished", "stopped": "stopped", "interrupted": "was interrupted"}[report.state]
    lines = [
        f"Run {click.style(report.run_id, bold=True)} {click.style(how, fg=_COLOURS[report.state])} "
        f"after {duration(report.seconds)}: {counted(report.rows, 'row')}"
    ]
    lines += _statuses(report.counts)
    lines += _follow_ups("assignments", report.assign) + _follow_ups("events", report.events)
    story = [f"  in all: {report.story.sentence}"] if report.story else []
    ending = [*_warnings(finished.ended.warnings), *story, *_estimate(finished), *_why(finished)]
    paths = _paths(finished.ended)
    columns = _columns(report) if report.command == "check" else []
    problems = _not_of_columns(report) if columns else report.problems
    lines += _problems(problems, room=_LINES - len(lines) - len(ending) - len(paths))
    return "\n".join([*lines, *columns, *ending, *paths])


def _paths(ended: Ended) -> list[str]:
    """Where to go on; without rows to fix, no file of them is named."""
    rejects = f"Rows to fix:  {visible(ended.files['rejects.csv'])}" if ended.rejects else ""
    fine = "No row needs fixing." if ended.report.state == "finished" else ""
    return [*filter(None, [rejects or fine]), f"Report:       {visible(ended.files['report.html'])}"]


def _warnings(warnings: Mapping[str, int]) -> list[str]:
    """The warnings, in one line."""
    from importer.model.problem import KINDS

    said = [f"{rows:,} × {code} ({KINDS[code].title})" for code, rows in warnings.items()]
    more = f", and {len(said) - _WARNINGS_SHOWN} more; see the report" if len(said) > _WARNINGS_SHOWN else ""
    return [f"  warnings: {', '.join(said[:_WARNINGS_SHOWN])}{more}"] if said else []


def _not_of_columns(report: RunReport) -> dict[str, int]:
    """The problems that the symptoms of the columns do not cover: a finding is reported once."""
    from importer.profiling.columns.value_symptoms import SIGN_OF

    sign_of = {**SIGN_OF, **dict.fromkeys(["date-ambiguous", "date-invalid"], "dates")}
    in_columns, in_rows = Counter[str](), Counter[str]()
    for symptom in report.examination.symptoms[:SYMPTOMS_SHOWN]:
        in_columns["dates" if symptom.code in _DATES else symptom.code] += symptom.count
    for code, count in report.problems.items():
        in_rows[sign_of.get(code, "")] += count
    said = {sign for sign, count in in_columns.items() if count == in_rows[sign]}
    return {code: count for code, count in report.problems.items() if sign_of.get(code, "") not in said}


def _statuses(counts: dict[str, int]) -> list[str]:
    """A line each, in the order of the report; when there are many, those that need no attention share one."""
    from importer.model.outcome import NEEDS_A_PERSON, STATUSES, RowStatus, Tone

    there = [status for status in RowStatus if counts.get(status)]
    fine = [status for status in there if status not in NEEDS_A_PERSON]
    shared = fine if len(there) > _STATUSES_SHOWN else []
    lines = [f"  {', '.join(f'{counts[status]:,} {status}' for status in shared)}"] if shared else []
    for status in there:
        if status in NEEDS_A_PERSON:
            need = "needs" if counts[status] == 1 else "need"
            what = "fixing" if STATUSES[status].is_fixable else "attention"
            lines.append(f"  {counts[status]:>7,} {click.style(f'{status:<20}', fg='yellow')} {need} {what}")
        elif not shared:
            color = "green" if STATUSES[status].tone is Tone.GOOD else None
            lines.append(f"  {counts[status]:>7,} {click.style(status, fg=color)}")
    return lines or ["  no rows"]


def _follow_ups(word: str, states: dict[str, int]) -> list[str]:
    from importer.model.outcome import FOLLOW_UPS

    counted = ", ".join(f"{states[state]:,} {state}" for state in FOLLOW_UPS if state and states.get(state))
    return [f"  {word}: {counted}"] if counted else []


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


def _why(finished: Finished) -> list[str]:
    if finished.stop is None:
        return []
    reason, tip = finished.ended.report.reason, finished.stop.tip
    if finished.ended.report.state == "interrupted":
        return [f"  {visible(f'{reason[:1].upper()}{reason[1:]}. {tip}')}"]
    lines = (("why", reason), ("tip", tip))
    return [f"  {click.style(word, bold=True)}: {visible(text)}" for word, text in lines if text]


def _columns(report: RunReport) -> list[str]:
    examination = report.examination
    return [
        *owner_lines(report.owners),
        *change_lines(examination),
        *symptom_lines(examination.symptoms, several_sources=len(report.sources) > 1),
    ]


def _problems(problems: dict[str, int], *, room: int) -> list[str]:
    """The rules that were broken most, in at most `room` lines."""
    from importer.model.problem import KINDS

    worst = sorted(problems.items(), key=lambda each: (-each[1], each[0]))
    shown = min(len(worst), _PROBLEMS_SHOWN, room)
    shown -= shown == room and len(worst) > shown  # the last line says that there are more
    lines = [f"  {count:>7,} × {code}: {KINDS[code].title}" for code, count in worst[: max(shown, 0)]]
    rest = len(worst) - len(lines)
    return [*lines, f"          and {counted(rest, 'more rule')}; see the report"] if rest > 0 and room > 0 else lines


def _said(value: object) -> str:
    return "as published" if value is None else visible(str(value)) or "not given"
