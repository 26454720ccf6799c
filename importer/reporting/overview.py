"""What all rows together say, collected in one pass and in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.operation import RowId
from importer.model.outcome import STATES_FOR_A_PERSON, STATUSES
from importer.model.problem import KINDS
from importer.reporting.status_text import follow_ups, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.outcome import ResultBatch, RowResult

EXAMPLES: Final = 5
"""How many rows of one rule are shown."""

ROWS_SHOWN: Final = 2_000
"""Rows that need a person which a report shows at once; all of them are in rejects.csv."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row that breaks a rule: what it says there and what to do."""

    row: RowId
    message: str
    cure: str


@dataclass(slots=True, kw_only=True)
class Group:
    """The rows that one rule (or one kind of answer) is about."""

    code: str
    title: str
    cause: str
    cure: str
    warning: bool = False
    rows: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        """How many more examples there may be."""
        return EXAMPLES - len(self.examples)

    def show(self, row: RowId, message: str, cure: str) -> None:
        """Keep what is said of a row."""
        self.examples.append(Example(row=row, message=message, cure=cure))


class Overview:
    """Watches the rows of which something is told go by; keeps at most `shown` of those that need a person.

    `people_count` counts those rows.
    """

    def __init__(self, *, shown: int = ROWS_SHOWN) -> None:
        self.shown = shown
        self.people: list[RowResult] = []
        self.people_count = 0
        self._groups: dict[str, Group] = {}

    def watch(self, rows: Iterable[RowResult]) -> Iterator[RowResult]:
        """Hand the rows on, one by one, after a look at each."""
        for row in rows:
            self.add(row)
            yield row

    def add(self, row: RowResult) -> None:
        """Take in one row."""
        for problem in {problem.code: problem for problem in reversed(row.problems)}.values():
            group = self._group(problem.code)
            group.rows += 1
            if group.wanted:
                group.show(row.row, problem.message, problem.hint)
        if row.needs_a_person:
            self.people_count += 1
            self._add_person(row)

    def take(self, batch: ResultBatch) -> None:
        """Take in a batch, which has to bring the first `shown` people one by one."""
        problems = batch.problems
        codes = problems["code"].combine_chunks().dictionary_encode()
        keys = np.asarray(problems["number"]) * (len(codes.dictionary) + 1) + np.asarray(codes.indices)
        _, first = np.unique(keys, return_index=True)  # a row counts once for each of its codes
        of_code = np.asarray(codes.indices)[first]
        for number, code in enumerate(codes.dictionary.to_pylist()):
            places = first[of_code == number]
            group = self._group(code)
            group.rows += len(places)
            for said in problems.take(pa.array(places[: group.wanted])).to_pylist():
                group.show(RowId(batch.source, said["number"]), said["message"], said["hint"])
        self.people_count += pc.sum(batch.table["needy"]).as_py() or 0
        for row in batch.people:
            self._add_person(row)

    def _add_person(self, row: RowResult) -> None:
        if len(self.people) < self.shown:
            self.people.append(row)
        if all(problem.warning for problem in row.problems):
            for code in reasons(row):
                group = self._groups.setdefault(code, _answer_group(row, code))
                group.rows += 1
                if group.wanted:
                    group.show(row.row, told(row), row.cure)

    @property
    def groups(self) -> list[Group]:
        """What stops rows first, then what is only worth knowing; the most frequent first."""
        return sorted(self._groups.values(), key=lambda group: (group.warning, -group.rows, group.code))

    def _group(self, code: str) -> Group:
        if code not in self._groups:
            kind = KINDS.get(code)
            self._groups[code] = Group(
                code=code,
                title=kind.title if kind else code,
                cause=kind.cause if kind else "",
                cure=kind.fix if kind else "",
                warning=kind.warning if kind else False,
            )
        return self._groups[code]


def reasons(row: RowResult) -> list[str]:
    """What to call the reasons of a row that breaks no local rule but needs a person: what its requests ended as."""
    if follow_ups(row):
        pairs = (("assign", row.assign), ("events", row.events))
        codes = [f"{name}-{state}" for name, state in pairs if state in STATES_FOR_A_PERSON]
    else:
        codes = []
    if STATUSES[row.status].tone == "person":
        number = row.error_code or row.http_status
        codes.insert(0, f"{row.status}-{number}" if number else str(row.status))
    return codes


def _answer_group(row: RowResult, code: str) -> Group:
    name, _, rest = code.partition("-")
    if name in ("assign", "events"):
        what = "Assignment" if name == "assign" else "Event"
        return Group(code=code, title=f"{what} {rest}", cause=" ".join(follow_ups(row)), cure=row.cure)
    wording = STATUSES[row.status]
    title = wording.clause[0].upper() + wording.clause[1:] + (f" ({rest})" if rest else "")
    return Group(code=code, title=title, cause=wording.meaning, cure=row.cure)
