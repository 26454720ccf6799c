"""Reading, mapping, validating and planning every row of a run into the journal. Sends nothing and could not."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from importer.journal.plan import Plan
from importer.mapping import LoadedMapping, Mapper, columns_of
from importer.model.batch import Batch, Target
from importer.model.examination import Examination
from importer.model.mapping import SourceSpec
from importer.model.operation import Kind, RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem
from importer.model.run import Estimate, RunRequest
from importer.model.source import ReadOptions
from importer.planning import Planner
from importer.reading import Table, is_mended, open_tables
from importer.runs.examine import Doctors
from importer.runs.mended import MendedPhones
from importer.runs.mended_dates import MendedDates
from importer.runs.progress import Progress
from importer.validating import InFileDuplicates, Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A table of the run that is bound to the mapping; nothing of its rows is read yet."""

    table: Table
    mapper: Mapper


def open_sources(request: RunRequest, loaded: LoadedMapping, now: datetime) -> list[Opened]:
    """Every table of every file, bound to the mapping. Raises SourceError or MappingError before any row is read."""
    wanted = columns_of(loaded.mapping)
    return [
        Opened(table=table, mapper=Mapper(loaded, table.info, now=now))
        for file in map(Path, request.files)
        for table in open_tables(file, read_options(file, request.options, loaded.mapping.source), wanted)
    ]


def read_options(file: Path, given: ReadOptions, written: SourceSpec) -> ReadOptions:
    """What the command line says goes before what the mapping says; of rejects.csv the mapping knows nothing."""
    if is_mended(file):
        return given
    return ReadOptions(
        sheet=given.sheet or written.sheet,
        header_row=given.header_row or written.header_row,
        encoding=given.encoding or written.encoding,
        delimiter=given.delimiter or written.delimiter,
    )


def said_by(file: Path, given: ReadOptions, written: SourceSpec) -> dict[str, str]:
    """Who said how the file is read: an option, or the mapping; what nobody said is left out, for it was detected."""
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
    progress: Progress,
    left: frozenset[str] = frozenset(),
) -> Examination:
    """Write every row of the sources into the plan, once, with everything that is wrong with it.

    `left` are the phone numbers and dates that earlier runs left to be mended. Returns what was found in the columns.
    """
    mapping = loaded.mapping
    duplicates = InFileDuplicates(mapping.duplicates, [each.table.info.path for each in opened])
    doctors = Doctors(region=mapping.defaults.region)
    planner: Planner | None = None
    limit = request.limit
    for position, each in enumerate(opened):
        plan.add_source(position, each.table.info)
        progress.reading(each.table.info.path)
        targets = each.mapper.targets
        validator = Validator(mapping, targets)
        doctor = doctors.next(targets, each.table.info)
        # What may differ from table to table is bound anew; whose turn it is in a round robin goes on.
        planner = planner.bound_to(targets) if planner else Planner(mapping, targets, origin=origin, org=request.org)
        taken_up = targets if is_mended(Path(each.table.info.path)) else ()
        phones, dates = MendedPhones(taken_up, left), MendedDates(taken_up, left)
        for read in _limited(each.table.batches(), limit):
            batch = replace(read, frame=dates.restored(phones.restored(read.frame)))
            limit = None if limit is None else limit - len(batch.frame)
            mapped = each.mapper.apply(batch.frame)
            mapped = replace(mapped, problems=_merged(tuple(_reading_problems(batch, targets)), mapped.problems))
            doubtful = (*phones.doubtful(batch.frame, mapped), *dates.doubtful(batch.frame, mapped))
            problems = (*mapped.problems, *validator.validate(mapped), *doubtful)
            invalid = frozenset(problem.row for problem in problems if not problem.warning)
            repeated = duplicates.observe(position, mapped, invalid)
            planned = planner.plan(position, mapped, batch.frame, problems, repeated, batch.lines)
            plan.add(planned, planner.operations(mapped, planned) if plan.sends else ())
            doctor.look(batch.frame, mapped, problems)
            progress.checked(len(batch.frame))
        progress.done()
    settled = duplicates.settle()
    for row in settled:
        doctors.note_settled(row.row.source, row.problem)
    plan.settle_all((row.row, row.status, row.problem) for row in settled)
    return doctors.examination()


def _limited(batches: Iterator[Batch], left: int | None) -> Iterator[Batch]:
    for batch in batches:
        if left is None:
            yield batch
            continue
        if left <= 0:
            return
        yield replace(batch, frame=batch.frame.iloc[:left])
        left -= len(batch.frame)


def _reading_problems(batch: Batch, targets: tuple[Target, ...]) -> Iterator[Problem]:
    """What reading found, where it matters: about a whole row, or about a column that is mapped."""
    fields: dict[str, str] = {}
    for target in targets:
        for column in target.columns:
            fields.setdefault(column, target.label)
    rows = set(batch.frame.index) if batch.problems else set()
    for problem in batch.problems:
        if problem.row in rows and (not problem.column or problem.column in fields):
            yield replace(problem, field=fields.get(problem.column, ""))


def _merged(read: tuple[Problem, ...], mapped: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Where a cell could not be read, mapping has nothing to add."""
    unreadable = {(problem.row, problem.column) for problem in read if problem.column and not problem.warning}
    return (*read, *(problem for problem in mapped if (problem.row, problem.column) not in unreadable))


def mark_known(plan: Plan, realm: int, *, skip: bool) -> None:
    """Rows whose lead an earlier run has seen: left out when asked for, else a warning."""
    plan.settle_all(
        (row, RowStatus.SKIPPED_KNOWN if skip else None, _known_lead(row, run_id))
        for row, run_id in plan.known_leads(realm)
    )


def _known_lead(row: RowId, run_id: str) -> Problem:
    return Problem(
        row=row.number, code="known-lead", detail=f"run {run_id} has seen this lead in the CRM", warning=True
    )


def estimated(plan: Plan, rate: float) -> Estimate:
    """What sending would take at `rate` requests per second and endpoint, the three side by side (0: not known)."""
    calls = plan.to_send()
    slowest = max(calls.values())
    return Estimate(
        rows_to_send=calls[Kind.CREATE], requests=sum(calls.values()), seconds=slowest / rate if rate else 0.0
    )


def too_many_invalid(plan: Plan, limit: str) -> str:
    """Why `--max-invalid` stops the run, or the empty text."""
    if not limit:
        return ""
    statuses = plan.statuses()
    invalid = statuses.get(RowStatus.INVALID, 0) + statuses.get(RowStatus.CONFLICT_IN_FILE, 0)
    rows = sum(statuses.values())
    allowed = rows * float(limit[:-1]) / 100 if limit.endswith("%") else float(limit)
    return f"{invalid} of {rows} rows are invalid, more than --max-invalid {limit} allows" if invalid > allowed else ""
