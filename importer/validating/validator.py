"""The pandera schemas of a mapping, one per target, and their failures turned into problems.

The schemas are text only: nothing is coerced, because a failed coercion hides the later bad rows of its column, and no
check raises, for the same reason. There are only checks of columns: a check of a whole frame passes rows that are all
null.

A call of pandera costs milliseconds for each check whatever its size. So every row is first held against one check for
each column, that it passes all of them, which asks the whole column at once (`Check.clears`). Where it fails, pandera
judges the rows in doubt by each check.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pandera.pandas as pa

from importer.model.problem import KINDS, Problem, shown
from importer.validating.checks import Check, checks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch, Target
    from importer.model.mapping import EventSpec, Mapping

_Failure = tuple[int, str, str, str]
"""Row, label, code and text."""

_Doubt = tuple[tuple["Check", ...], "NDArray[np.bool_]"]
"""The checks that not every row of a column passes, and which rows do not pass all."""


class Validator:
    """Holds mapped rows against the CRM's rules and the mapping's."""

    def __init__(self, mapping: Mapping, targets: Sequence[Target]) -> None:
        self._targets = {target.label: target for target in targets}
        self._checks = {(target.label, check.code): check for target in targets for check in checks_of(target, mapping)}
        self._order = {key: position for position, key in enumerate(self._checks)}
        self._screens = {
            target.label: _Screen(target.label, _of_label(target.label, self._checks)) for target in targets
        }
        self._schemas: dict[tuple[str, ...], pa.SeriesSchema] = {}
        self._same_events = _same_events(mapping.events)

    def validate(self, mapped: MappedBatch) -> tuple[Problem, ...]:
        """Every problem that is not yet known, in row order, all of a row's together.

        Nothing is said about filtered rows, about the attributes of events that a row does not want, and about a field
        whose row already has a problem there: its text is gone, and the checks would only call it blank.
        """
        frame = mapped.frame[~mapped.filtered] if mapped.filtered.any() else mapped.frame
        known = _known(mapped.problems)
        failures = [failure for failure in self._failures(frame) if not self._is_known(failure, known)]
        failures.sort(key=lambda failure: (failure[0], self._order[failure[1], failure[2]]))
        problems = [self._problem(*failure) for failure in failures] + self._repeated_events(frame)
        return tuple(sorted(problems, key=lambda problem: problem.row))

    def _failures(self, frame: pd.DataFrame) -> Iterator[_Failure]:
        """What pandera finds; a finding that is about no row is a defect of the importer, and raises."""
        if frame.empty:
            return
        unwanted = self._unwanted(frame)
        for label, screen in self._screens.items():
            if label not in frame:
                raise RuntimeError(f"the schema itself failed: there is no column {label}")
            doubt = screen.doubt_about(frame[label])
            if doubt is None:
                continue
            failing, doubtful = doubt
            for row, code, text in self._judged(label, failing, frame[label][doubtful]):
                if row not in unwanted[label]:
                    yield row, label, code, text

    def _judged(self, label: str, checks: tuple[Check, ...], texts: pd.Series[str]) -> Iterator[tuple[int, str, str]]:
        """Row, code and text of every failure that pandera finds in a column."""
        codes = (label, *(check.code for check in checks))
        if codes not in self._schemas:
            self._schemas[codes] = _schema(label, checks)
        try:
            self._schemas[codes].validate(texts, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases
        else:
            return
        columns = (cases["index"], cases["check"], cases["failure_case"])
        for row, code, text in zip(*(column.tolist() for column in columns), strict=True):
            if (label, code) not in self._checks or row is None:
                raise RuntimeError(f"the schema itself failed: column {label}, check {code}, {text!r}")
            yield int(row), code, text

    def _unwanted(self, frame: pd.DataFrame) -> defaultdict[str, frozenset[int]]:
        """Per label, the rows that do not want the event that the label belongs to."""
        rows: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
        for label, target in self._targets.items():
            if target.event is not None:
                rows[label] = frozenset(frame.index[~frame[f"events[{target.event}]"]])
        return rows

    def _is_known(self, failure: _Failure, known: set[tuple[int, str, str]]) -> bool:
        row, label, _, _ = failure
        columns = self._targets[label].columns
        return (row, "field", label) in known or any((row, "column", column) in known for column in columns)

    def _problem(self, row: int, label: str, code: str, text: str) -> Problem:
        return Problem(
            row=row,
            code=code,
            detail=self._checks[label, code].detail(text),
            field=label,
            column=next(iter(self._targets[label].columns), ""),
            value=shown(text),
            warning=KINDS[code].warning,
        )

    def _repeated_events(self, frame: pd.DataFrame) -> list[Problem]:
        """Rows that want one event twice: both would have one `distinct_id`, and the CRM would drop the second."""
        return [
            Problem(
                row=int(row),
                code="event-twice",
                field=f"events[{positions[-1]}]",
                detail=f"the row asks for the event {name} more than once with the key “{key}”",
            )
            for (name, key), positions in self._same_events.items()
            for row in frame.index[frame[[f"events[{position}]" for position in positions]].sum(axis="columns") > 1]
        ]


def _of_label(label: str, checks: dict[tuple[str, str], Check]) -> list[Check]:
    return [check for (of, _), check in checks.items() if of == label]


class _Screen:
    """One check for all of a column's: whether every row passes each of them."""

    def __init__(self, label: str, checks: Sequence[Check]) -> None:
        self._checks = checks
        # One answer for all rows: pandera would write down every row that fails, and nobody reads that here.
        self._schema = pa.SeriesSchema("str", pa.Check(self._passes_all), nullable=False, name=label)
        self._found: list[_Doubt] = []

    def doubt_about(self, texts: pd.Series[str]) -> _Doubt | None:
        """What is left to be judged, or `None`."""
        self._found = []
        try:
            self._schema.validate(texts)
        except pa.errors.SchemaError as error:
            error.__traceback__ = None  # else error and frames hold each other, and the frames the batch
            return self._found[0] if self._found else _doubt(texts, self._checks)
        return None

    def _passes_all(self, texts: pd.Series[str]) -> bool:
        self._found = [_doubt(texts, self._checks)]
        return not self._found[0][1].any()


def _schema(label: str, checks: Sequence[Check]) -> pa.SeriesSchema:
    tests = [pa.Check(check.passes, name=check.code, error=check.code) for check in checks]
    return pa.SeriesSchema("str", tests, nullable=False, name=label)


def _doubt(texts: pd.Series[str], checks: Sequence[Check]) -> _Doubt:
    """What pandera has to judge by each check: it says which rows fail, and why."""
    if texts.dtype != "str" or texts.hasnans:
        return tuple(checks), np.ones(len(texts), dtype=bool)
    doubtful = np.zeros(len(texts), dtype=bool)
    failing = []
    for check in checks:
        if check.clears is None or not check.clears(texts):
            passed = check.passes(texts).to_numpy()
            if not passed.all():
                failing.append(check)
                doubtful |= ~passed
    return tuple(failing), doubtful


def _known(problems: Sequence[Problem]) -> set[tuple[int, str, str]]:
    """Where a row already has a problem: in a field, or (as the reader says it) in a source column."""
    real = (problem for problem in problems if not problem.warning)
    return {(p.row, "field", p.field) if p.field else (p.row, "column", p.column) for p in real}


def _same_events(events: Sequence[EventSpec]) -> dict[tuple[str, str], list[int]]:
    positions: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position, spec in enumerate(events):
        positions[spec.event, spec.key].append(position)
    return {event: found for event, found in positions.items() if len(found) > 1}
