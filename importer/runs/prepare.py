"""Reading, mapping, validating and planning every row of a run into the journal. Sends nothing and could not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pandas as pd

from importer.journal.plan import Plan
from importer.mapping import LoadedMapping, Mapper, columns_of
from importer.mapping.values.converted import trimmed
from importer.model.batch import MappedBatch, Place, Target
from importer.model.examination import Examination
from importer.model.mapping import SourceSpec
from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.model.run import RunRequest
from importer.model.source import ReadOptions
from importer.model.whitespace import text_key
from importer.planning import Planner
from importer.reading.given_file import GivenFiles
from importer.reading.opening import has_layout_of_its_own, open_given
from importer.reading.table import Table
from importer.runs.column_examination import Doctors
from importer.runs.row_pipeline import Opened, checked_batches, prefetched
from importer.runs.suggestion_trials import FixTrials
from importer.sending.progress import Progress
from importer.sending.stop_request import StopRequest
from importer.validating import InFileDuplicates

_EMAIL: Final = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_LOOKED_AT: Final = 200
_SURE: Final = 0.8


def open_sources(request: RunRequest, given: GivenFiles, loaded: LoadedMapping, now: datetime) -> list[Opened]:
    """Every table of every file, bound to the mapping. Raises SourceError or MappingError before any row is read."""
    tables = open_all(request, given, loaded)
    return [Opened(table=table, mapper=Mapper(loaded, table.info, now=now)) for table in tables]


def open_all(request: RunRequest, given: GivenFiles, loaded: LoadedMapping) -> list[Table]:
    """The tables of every file, read as the mapping says."""
    wanted = columns_of(loaded.mapping)
    return [
        table
        for file in map(given.__getitem__, request.files)
        for table in open_given(file, read_options(file.path, request.options, loaded.mapping.source), wanted)
    ]


def read_options(file: Path, given: ReadOptions, written: SourceSpec) -> ReadOptions:
    """Options override the mapping, which says nothing about corrected rejects and filled templates."""
    if has_layout_of_its_own(file):
        return given
    chosen = {name: getattr(written, name) if value is None else value for name, value in asdict(given).items()}
    return ReadOptions(**chosen)


def given_by(file: Path, given: ReadOptions, written: SourceSpec) -> dict[str, str]:
    """Which option, or the mapping, says how the file is read; what will be detected is left out."""
    chosen = asdict(read_options(file, given, written))
    flags = {name: f"--{name.replace('_', '-')}" for name, value in asdict(given).items() if value is not None}
    return {name: flags.get(name, "mapping") for name, value in chosen.items() if value is not None}


def prepare(
    plan: Plan,
    opened: list[Opened],
    loaded: LoadedMapping,
    request: RunRequest,
    *,
    origin: str,
    reopened: Callable[[LoadedMapping], list[Table]],
    progress: Progress,
    stop: StopRequest,
    rejected: frozenset[str] = frozenset(),
) -> Examination:
    """Write every row of the sources into the plan, once, with everything that is wrong with it.

    `rejected` are the phone numbers and dates that earlier runs rejected. `reopened` gives the tables as another
    mapping says how to read them. Returns what was found in the columns.
    """
    mapping = loaded.mapping
    # A round robin must know at once which rows repeat others: those take no turn.
    takes_turns = mapping.assign is not None and bool(mapping.assign.round_robin)
    names = [each.table.info.path for each in opened]
    aside = frozenset(target.label for each in opened for target in each.mapper.targets if target.is_provenance)
    duplicates = InFileDuplicates(mapping.duplicates, names, at_once=takes_turns, aside=aside)
    doctors = Doctors(mapping)
    planner: Planner | None = None
    limit = request.limit
    for position, each in enumerate(opened):
        plan.add_source(position, each.table.info)
        progress.reading(each.table.info.path)
        targets = each.mapper.targets
        doctor = doctors.next(targets, each.table.info)
        planner = Planner(mapping, targets, origin=origin, org=request.org, follows=planner)
        for checked in prefetched(checked_batches(each, loaded, limit=limit, rejected=rejected)):
            batch, mapped, problems = checked.batch, checked.mapped, checked.problems
            limit = None if limit is None else limit - len(batch.frame)
            invalid = frozenset(problems.rows[problems.stops].tolist())
            repeated = duplicates.observe(position, mapped, invalid)
            planned = planner.plan(position, mapped, batch.frame, problems, repeated, batch.lines)
            plan.add(planned, planner.operations(mapped, planned) if plan.sends else ())
            plan.contacts.add(position, *_contacts(mapped, batch.frame, targets, invalid))
            doctor.watch(batch.frame, mapped, problems)
            progress.checked(len(batch.frame))
            stop.look()
        progress.done()
    settled = duplicates.settle()
    for row in settled:
        doctors.note_settled(row.row.source, row.problem)
    plan.settle_all((row.row, row.status, row.problem) for row in settled)
    found = doctors.examination()
    trials = FixTrials(opened, loaded, limit=request.limit, rejected=rejected, reopened=reopened, stop=stop)
    return replace(found, symptoms=trials.tried_out(found.symptoms))


def _contacts(
    mapped: MappedBatch, cells: pd.DataFrame, targets: Sequence[Target], invalid: frozenset[int]
) -> tuple[pd.Series[str], dict[str, pd.Series[str]]]:
    """The crm_ids of the rows that can be sent, and by which numbers and addresses a lead may be known."""
    frame = mapped.frame[~mapped.filtered & ~mapped.frame.index.isin(list(invalid))]
    return frame["crm_id"], {"phone_number": frame["phone_number"], **_addresses(frame, cells, targets)}


def _addresses(frame: pd.DataFrame, cells: pd.DataFrame, targets: Sequence[Target]) -> dict[str, pd.Series[str]]:
    """The e-mail addresses by field; those from which the crm_id is made need not be a field."""
    found = {}
    for each in targets:
        for column in each.columns if getattr(each.rule, "digest_of", None) else ():
            texts = trimmed(cells.loc[frame.index, column])
            if _are_addresses(texts):
                found[each.label] = texts.str.lower()
        if each.place is Place.ATTRIBUTE and (_is_an_address(each) or _are_addresses(frame[each.label])):
            found[each.label] = frame[each.label].str.lower()
    return found


def _are_addresses(texts: pd.Series[str]) -> bool:
    """Whether the first cells are addresses, mostly different ones: those of owners or shops repeat on many rows."""
    first = texts[texts != ""].head(_LOOKED_AT)
    return len(first) > 0 and first.str.fullmatch(_EMAIL).mean() >= _SURE and first.nunique() > len(first) / 2


def _is_an_address(target: Target) -> bool:
    rule = target.rule
    return (rule is not None and rule.matches == "email") or text_key(target.path[-1]) in ("email", "e-mail")


def warn_of_contacts(plan: Plan, tenant: int) -> None:
    """Warn once of each row whose phone or e-mail is that of another lead that an earlier run has sent."""
    found = {row: (field, run_id) for row, field, run_id in plan.contacts.known(tenant)}
    plan.settle_all((row, None, _known_contact(row, field, run_id)) for row, (field, run_id) in found.items())


def _known_contact(row: RowId, field: str, run_id: str) -> Problem:
    what = "phone number" if field == "phone_number" else "e-mail address"
    detail = f"run {run_id} has sent this {what} with another crm_id, and that lead exists"
    return Problem(row=row.number, code="known-contact", field=field, detail=detail, warning=True)


def mark_known(plan: Plan, tenant: int, *, skip: bool) -> None:
    """Rows whose lead an earlier run has seen: skipped if asked for, else a warning."""
    plan.settle_all(
        (row, RowStatus.SKIPPED_KNOWN if skip else None, _known_lead(row, run_id))
        for row, run_id in plan.known_leads(tenant)
    )


def _known_lead(row: RowId, run_id: str) -> Problem:
    return Problem(
        row=row.number, code="known-lead", detail=f"run {run_id} has seen this lead in the CRM", warning=True
    )
