"""Reading, mapping and validating the rows of one table: what is decided of a batch by itself."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping import LoadedMapping, Mapper
from importer.model.batch import Batch, MappedBatch, Target
from importer.model.problem import Problem
from importer.model.problems import Problems
from importer.model.texts import TEXT
from importer.reading.opening import is_corrected_rejects
from importer.reading.table import Table
from importer.runs.corrected_rejects import CorrectedRejects
from importer.validating import Validator

T = TypeVar("T")


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

    `rejected` are the phone numbers and dates that earlier runs rejected.
    """

    def __init__(self, opened: Opened, loaded: LoadedMapping, rejected: frozenset[str]) -> None:
        self._mapper = opened.mapper
        self._validator = Validator(loaded.mapping, opened.mapper.targets)
        self._optional = [target for target in opened.mapper.targets if _may_be_left_out(target)]
        corrected = opened.mapper.targets if is_corrected_rejects(opened.table.path) else ()
        self._corrected = CorrectedRejects(corrected, rejected)
        # The first target of a column that several of them read is the one of the table of lead fields; but one whose
        # value may be left out comes last, because a cell that any other field needs stops the row.
        targets = sorted(opened.mapper.targets, key=_may_be_left_out)
        self._fields = {column: target.label for target in reversed(targets) for column in target.columns}

    def checked(self, read: Batch) -> CheckedBatch:
        """The batch, mapped and validated."""
        batch = replace(read, frame=self._corrected.restored(read.frame))
        mapped = self._mapper.apply(batch.frame)
        reading = Problems.of(problem for problem in batch.problems if self._matters(problem, batch))
        mapped = replace(mapped, problems=_merged(reading, mapped.problems))
        ambiguous = Problems.of(self._corrected.ambiguous(batch.frame, mapped))
        known = [self._with_fields(mapped.problems), self._validator.validate(mapped, batch.frame), ambiguous]
        mapped, problems = _left_out(self._optional, mapped, Problems.together(known), reading.where(reading.stops))
        return CheckedBatch(batch=batch, mapped=mapped, problems=problems)

    def _matters(self, problem: Problem, batch: Batch) -> bool:
        """Whether what reading found is about a whole row, or about a column that is mapped."""
        return problem.row in batch.frame.index and (not problem.column or problem.column in self._fields)

    def _with_fields(self, problems: Problems) -> Problems:
        """Reading knows columns and no fields: its problems get the first field of their column.

        That comes after the validation, which takes a cell that could not be read for all the fields made from it.
        """
        field, column = problems.texts("field"), problems.texts("column")
        first = pc.index_in(column, pa.array(self._fields.keys(), TEXT))
        named = pc.fill_null(pa.array(self._fields.values(), TEXT).take(first), "")
        return problems.having(field=pc.if_else(pc.equal(field, ""), named, field))


def checked_batches(
    opened: Opened, loaded: LoadedMapping, *, limit: int | None, rejected: frozenset[str]
) -> Generator[CheckedBatch, None, None]:
    """The rows of a table, at most `limit` of them; raises SourceError where the file cannot be read any further."""
    checks = RowChecks(opened, loaded, rejected)
    yield from map(checks.checked, first_rows(opened.table.batches(), limit))


def first_rows(batches: Iterator[Batch], limit: int | None) -> Iterator[Batch]:
    """The first rows, at most `limit`; no batch is read of which none is needed."""
    while limit != 0 and (batch := next(batches, None)) is not None:
        frame = batch.frame.iloc[:limit]
        limit = None if limit is None else limit - len(frame)
        yield replace(batch, frame=frame)


def _merged(read: Problems, mapped: Problems) -> Problems:
    """Where a cell could not be read, mapping has nothing to add."""
    if not len(read):
        return mapped
    unreadable = {(problem.row, problem.column) for problem in read if problem.column and not problem.warning}
    cells = zip(mapped.rows.tolist(), mapped.texts("column").to_pylist(), strict=True)
    return Problems.together([read, mapped.where(np.array([cell not in unreadable for cell in cells], dtype=bool))])


def _may_be_left_out(target: Target) -> bool:
    return target.rule is not None and target.rule.may_be_left_out


def _left_out(
    optional: Sequence[Target], mapped: MappedBatch, problems: Problems, unread: Problems
) -> tuple[MappedBatch, Problems]:
    """Wrong values of optional fields left out of the batch, their problems turned into warnings.

    `unread` are the cells that could not be read; each is named once, whatever number of fields read its column.
    """
    stops, fields = problems.stops, problems.texts("field")
    if not optional or not stops.any():
        return mapped, problems
    frame, softened = mapped.frame.copy(deep=False), np.zeros(len(problems), dtype=bool)
    for target in optional:
        ours = np.asarray(pc.equal(fields, target.label)) & stops
        of_cells = np.asarray(pc.is_in(unread.texts("column"), pa.array(target.columns, TEXT)), dtype=bool)
        rows = frame.index.isin([*problems.rows[ours], *unread.rows[of_cells]])
        frame[target.label] = frame[target.label].mask(rows, "")
        softened |= ours
    return replace(mapped, frame=frame), problems.as_warnings(softened, "; left out")


def prefetched(items: Generator[T, None, None]) -> Iterator[T]:
    """The items in their order, each made by a second thread while the one before it is used.

    It pays where making and using leave the interpreter to others, as Arrow, NumPy and SQLite do. What making an item
    raises is raised here, after the items before it. A loop that stops early waits for the item that is being made;
    then the generator is closed.
    """
    with closing(items), ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch") as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item
