"""What the terminal shows before a run and while it is prepared: settings, sources, columns, what will be sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from importer.model.examination import FIRST_ROWS
from importer.model.operation import Kind
from importer.model.run import STANDARD_INPUT
from importer.model.visible import file_word, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.examination import Examination, OwnerCount, Symptom
    from importer.model.proposal import Look, ProposedMapping
    from importer.model.source import SourceInfo
    from importer.runs.go_ahead import Announcement
    from importer.runs.settings import Settings

SYMPTOMS_SHOWN: Final = 12
_CHANGES_SHOWN: Final = 8
_COLUMNS_SHOWN: Final = 40
_UNUSED_LENGTH: Final = 500
_OWNERS_SHOWN: Final = 10
_SUSPICIOUS_OWNERS_SHOWN: Final = 5


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
    lines = []
    for name, setting in settings.values.items():
        value = settings.shown(name)
        words = "as published" if value is None else visible(str(value)) or "not given"
        lines.append(f"setting {name:<{width}}  {words} ({setting.source})")
    return [*lines, *filter(None, [settings.unused_proxy()])]


def look_line(look: Look) -> str:
    """What people should look at in a proposed mapping, and in which line."""
    return f"{'TODO' if look.must else 'LOOK'} line {look.line}: {look.text.rstrip(':')}"


def proposal_lines(proposed: ProposedMapping) -> list[str]:
    """What was guessed where no mapping was given: what is missing, what to look at, and which column becomes what."""
    from importer.runs.suggestion import mapping_file_of

    used = [f"{name} → {becomes}" for name, becomes in proposed.columns if becomes]
    unused = [name for name, becomes in proposed.columns if not becomes]
    usual = mapping_file_of(Path(proposed.source))
    check = f"importer check {file_word(proposed.source)} -m {file_word(usual)}"
    there = [visible(f"  {usual} exists. To check with it: {check}")] if usual.exists() else []
    source = "standard input" if proposed.source == STANDARD_INPUT else visible(proposed.source)
    return [
        f"No mapping was given, so this one is proposed from {source} and only kept in memory:",
        *there,
        *(f"  {visible(look_line(look))}" for look in sorted(proposed.looks, key=lambda look: not look.must)),
        *(f"  {visible(column)}" for column in used[:_COLUMNS_SHOWN]),
        *_more(len(used) - _COLUMNS_SHOWN),
        *([visible(f"  not used: {', '.join(unused)}", longest=_UNUSED_LENGTH)] if unused else []),
    ]


def source_line(source: SourceInfo, said: Mapping[str, str]) -> str:
    """How a file is read, and from which setting (else it was detected)."""
    found = (
        ("encoding", f"encoding {source.encoding}" if source.encoding else ""),
        ("delimiter", f"delimiter {source.delimiter!r}" if source.delimiter else ""),
        ("sheet", f"sheet {source.sheet}" if source.sheet else ""),
        ("header_row", f"header in row {source.header_row}"),
    )
    how = [f"{text} ({said.get(name, 'detected')})" for name, text in found if text]
    return f"{source.path}: {', '.join([source.format, *how, counted(len(source.columns), 'column')])}"


def announcement(about: Announcement) -> str:
    """Changes and owners; then so many rows of so many, to this organization on this server, so many requests."""
    estimate = about.estimate
    how_long = f", about {duration(estimate.seconds)}" if estimate.seconds else ""
    send = (
        f"To send: {estimate.rows_to_send:,} of {counted(about.rows, 'row')} to organization {about.org} on "
        f"{about.base_url}, {counted(estimate.requests, 'request')}{how_long}"
    )
    owners = {Kind.ASSIGN: f" to {counted(len(about.owners), 'owner')}"}
    calls = [
        f"{count:,} {kind.about.purpose}{owners.get(kind, '')}"
        for kind, count in about.calls.items()
        if count or kind is Kind.CREATE
    ]
    rates = [f"{rate:g}" for rate in dict.fromkeys(about.rates.values()) if rate]
    at = f"; at most {' or '.join(rates)} of each a second" if rates else ""
    not_to_contact = [
        found for found in about.examination.symptoms if found.code in ("do-not-contact", "contact-unclear")
    ]
    warnings = symptom_lines(not_to_contact, several_sources=any(found.source for found in not_to_contact))
    lines = [*change_lines(about.examination), *warnings, *owner_lines(about.owners), send]
    return "\n".join([*lines, f"  {', '.join(calls)}{at}"])


def symptom_lines(symptoms: Sequence[Symptom], *, several_sources: bool) -> list[str]:
    """What was found in which column, and the line of YAML that fixes it, with its place in the mapping."""
    lines = ["Columns, with fixes for the mapping:"] if symptoms else []
    for symptom in symptoms[:SYMPTOMS_SHOWN]:
        rows = f"{'row' if symptom.count == 1 else 'rows'} {', '.join(map(str, symptom.rows))}"
        more = " …" if symptom.count > FIRST_ROWS else ""
        source = f" of file {symptom.source + 1}" if several_sources else ""
        lines.append(visible(f"  {symptom.column}: {symptom.count:,} × {symptom.title}; {rows}{more}{source}"))
        if symptom.place:
            lines.append(visible(f"      In the mapping, set {symptom.key}:"))
        lines.append(visible(f"      {symptom.fix}"))
    return lines + _more(len(symptoms) - SYMPTOMS_SHOWN)


def change_lines(examination: Examination) -> list[str]:
    """What differs from the last run of the mapping."""
    changes = examination.changes
    lines = [f"Changed since {examination.compared_with}:"] if changes else []
    lines += [visible(f"  {change.sentence}") for change in changes[:_CHANGES_SHOWN]]
    return lines + _more(len(changes) - _CHANGES_SHOWN)


def owner_lines(owners: Sequence[OwnerCount]) -> list[str]:
    """Who gets how many rows, and the names that cannot be those of a user."""
    if not owners:
        return []
    named = ", ".join(f"{owner.name} {owner.rows:,}" for owner in owners[:_OWNERS_SHOWN])
    rest = len(owners) - _OWNERS_SHOWN
    lines = [visible(f"Owners: {named}" + (f", and {rest} more" if rest > 0 else ""))]
    suspicious = [owner for owner in owners if owner.is_suspicious]
    if suspicious:
        names = ", ".join(f"“{owner.name}” ({owner.rows:,})" for owner in suspicious[:_SUSPICIOUS_OWNERS_SHOWN])
        rest = len(suspicious) - _SUSPICIOUS_OWNERS_SHOWN
        more = f" and {rest} more" if rest > 0 else ""
        lines.append(visible(f"  probably neither an e-mail address nor an id: {names}{more}"))
    return lines


def _more(rest: int) -> list[str]:
    return [f"  and {rest} more in the report"] if rest > 0 else []
