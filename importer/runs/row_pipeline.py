"""Reading, mapping and validating the rows of one table: what is decided of a batch by itself."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from importer.mapping import LoadedMapping, Mapper
from importer.model.batch import Batch, MappedBatch, Target
from importer.model.problem import Problem
from importer.model.problems import Problems
from importer.reading.opening import is_corrected_rejects
from importer.reading.table import Table
from importer.runs.corrected_dates import CorrectedDates
from importer.runs.corrected_phones import CorrectedPhones
from importer.validating import Validator


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A table of the run that is bound to the mapping; nothing of its rows is read yet."""

    table: Table
    mapper: Mapper


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedBatch:
    """A batch as it was read, what the mapping made of it, and everything known to be wrong with its rows."""

    batch: Batch
    mapped: MappedBatch
    problems: Problems


class RowChecks:
    """What the mapping makes of the rows of a table, and what is wrong with them, batch by batch.

    `left` are the phone numbers and dates that earlier runs left to be mended.
    """

    def __init__(self, opened: Opened, loaded: LoadedMapping, left: frozenset[str]) -> None:
        self._mapper = opened.mapper
        self._validator = Validator(loaded.mapping, opened.mapper.targets)
        taken_up = opened.mapper.targets if is_corrected_rejects(Path(opened.table.info.path)) else ()
        self._phones, self._dates = CorrectedPhones(taken_up, left), CorrectedDates(taken_up, left)

    def checked(self, read: Batch) -> CheckedBatch:
        """The batch, mapped and validated."""
        batch = replace(read, frame=self._dates.restored(self._phones.restored(read.frame)))
        mapped = self._mapper.apply(batch.frame)
        reading = Problems.of(_reading_problems(batch, self._mapper.targets))
        mapped = replace(mapped, problems=_merged(reading, mapped.problems))
        doubtful = chain(self._phones.doubtful(batch.frame, mapped), self._dates.doubtful(batch.frame, mapped))
        problems = [mapped.problems, self._validator.validate(mapped, batch.frame), Problems.of(doubtful)]
        return CheckedBatch(batch=batch, mapped=mapped, problems=Problems.together(problems))


def checked_batches(
    opened: Opened, loaded: LoadedMapping, *, limit: int | None, left: frozenset[str]
) -> Generator[CheckedBatch, None, None]:
    """The rows of a table, at most `limit` of them; raises SourceError where the file cannot be read any further."""
    checks = RowChecks(opened, loaded, left)
    yield from map(checks.checked, first_rows(opened.table.batches(), limit))


def first_rows(batches: Iterator[Batch], left: int | None) -> Iterator[Batch]:
    """The first rows, as many as are `left`; no batch is read of which none is wanted."""
    while left != 0 and (batch := next(batches, None)) is not None:
        frame = batch.frame.iloc[:left]
        left = None if left is None else left - len(frame)
        yield replace(batch, frame=frame)


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


def _merged(read: Problems, mapped: Problems) -> Problems:
    """Where a cell could not be read, mapping has nothing to add."""
    if not len(read):
        return mapped
    unreadable = {(problem.row, problem.column) for problem in read if problem.column and not problem.warning}
    cells = zip(mapped.rows.tolist(), mapped.texts("column").to_pylist(), strict=True)
    return Problems.together([read, mapped.where(np.array([cell not in unreadable for cell in cells], dtype=bool))])
