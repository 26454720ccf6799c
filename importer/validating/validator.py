"""The pandera schemas of a mapping, one per target, and their failures turned into problems.

The schemas are text only: nothing is coerced, because a failed coercion hides the later bad rows of its column, and no
check raises, for the same reason. There are only checks of columns: a check of a whole frame passes rows that are all
null.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow
import pyarrow.compute as pc

from importer import accelerators
from importer.model.cells import bare, first_filled, true_of_cells
from importer.model.problem import KINDS, Problem
from importer.model.problems import Problems, shown_texts
from importer.model.texts import TEXT, scalar
from importer.validating.checks import Check, checks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch, Target
    from importer.model.mapping import EventSpec, Mapping


class Validator:
    """Holds mapped rows against the CRM's rules and the mapping's."""

    def __init__(self, mapping: Mapping, targets: Sequence[Target]) -> None:
        self._targets = {target.label: target for target in targets}
        self._checks = {target.label: _checks_of(target, mapping) for target in targets}
        self._schemas: dict[tuple[str, ...], pa.SeriesSchema] = {}
        self._same_events = _same_events(mapping.events)

    def validate(self, mapped: MappedBatch, cells: pd.DataFrame) -> Problems:
        """Every problem that is not yet known, in row order, all of a row's together; `cells` are the source's.

        Nothing is said about filtered rows, about the attributes of events that a row does not want, and about a field
        whose row already has a problem there: its text is gone, and the checks would only call it blank.
        """
        frame = mapped.frame[~mapped.filtered] if mapped.filtered.any() else mapped.frame
        found = [*self._found(frame, mapped.problems, cells), Problems.of(self._repeated_events(frame))]
        return Problems.together(found).in_row_order()

    def _found(self, frame: pd.DataFrame, known: Problems, cells: pd.DataFrame) -> Iterator[Problems]:
        """What pandera finds, in the order of the targets and their checks."""
        if frame.empty:
            return
        for label, all_checks in self._checks.items():
            if label not in frame:
                raise RuntimeError(f"the schema itself failed: there is no column {label}")
            checks, texts = _to_judge(label, all_checks, frame[label])
            if texts.empty:
                continue
            settled = np.append(self._with_problem(label, known), self._without_event(label, frame))
            for problems in self._judged(label, checks, texts, cells):
                yield problems.where(~np.isin(problems.rows, settled))

    def _judged(
        self, label: str, checks: tuple[Check, ...], texts: pd.Series[str], cells: pd.DataFrame
    ) -> Iterator[Problems]:
        """Every failure that pandera finds in a column; a finding about no row is a defect of the importer, and raises.

        The problems come check by check.
        """
        codes = (label, *(check.code for check in checks))
        if codes not in self._schemas:
            self._schemas[codes] = _schema(label, checks)
        try:
            self._schemas[codes].validate(texts, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases
        else:
            return
        strange = ~cases["check"].isin(codes[1:]) | cases["index"].isna()
        if strange.any():
            told = cases[strange].iloc[0]
            raise RuntimeError(
                f"the schema itself failed: column {label}, check {told['check']}, {told['failure_case']!r}"
            )
        for check in checks:
            yield self._problems(label, check, cases[cases["check"] == check.code], cells)

    def _problems(self, label: str, check: Check, cases: pd.DataFrame, cells: pd.DataFrame) -> Problems:
        """What fails a check, with the cell that a person sees: the text that was checked may stand in none."""
        texts = arrow.array(cases["failure_case"].tolist(), TEXT)
        detail = check.detail
        details = arrow.repeat(scalar(detail), len(texts)) if isinstance(detail, str) else _each(detail, texts)
        numbers = cases["index"].to_numpy(dtype="int64")
        column: arrow.Array | str = ""
        value = texts
        if origins := self._targets[label].origins:
            column, value = first_filled(cells[[*origins]].iloc[cells.index.get_indexer(pd.Index(numbers))], origins)
            value = bare(value)
            details = _true_of(details, value, texts, check, origins, label)
        return Problems.in_columns(
            numbers,
            code=check.code,
            detail=details,
            field=label,
            column=column,
            value=shown_texts(value),
            warning=KINDS[check.code].warning,
        )

    def _with_problem(self, label: str, known: Problems) -> NDArray[np.int64]:
        """The rows that have a problem in the field, or (as the reader says it) in one of its source columns."""
        field, columns = known.texts("field"), arrow.array(self._targets[label].columns, TEXT)
        of_reader = pc.and_(pc.equal(field, ""), pc.is_in(known.texts("column"), columns))
        return known.rows[np.asarray(pc.or_(pc.equal(field, label), of_reader)) & known.stops]

    def _without_event(self, label: str, frame: pd.DataFrame) -> NDArray[np.int64]:
        """The rows that do not want the event that the label belongs to."""
        event = self._targets[label].event
        unwanted = frame.index[:0] if event is None else frame.index[~frame[f"events[{event}]"]]
        return unwanted.to_numpy(dtype="int64")

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


def _each(detail: Callable[[str], str], texts: arrow.Array) -> arrow.Array:
    return arrow.array([*map(detail, texts.to_pylist())], TEXT)


def _true_of(
    details: arrow.Array, value: arrow.Array, texts: arrow.Array, check: Check, origins: Sequence[str], label: str
) -> arrow.Array:
    """What is wrong, where the text that was checked is not the cell itself but what became of one cell or several."""
    if not check.need:
        return true_of_cells(details, value, texts)
    blank = scalar(f"{_blank(origins)}, but {check.need}")
    return pc.if_else(pc.equal(value, ""), blank, scalar(f"leaves {label} blank, but {check.need}"))


def _blank(origins: Sequence[str]) -> str:
    """`is blank, and so are Phone and Mobile`, to be said of the first of the columns."""
    *others, last = origins
    if not others:
        return "is blank"
    also = f"are {', '.join(others[1:])} and" if others[1:] else "is"
    return f"is blank, and so {also} {last}"


def _checks_of(target: Target, mapping: Mapping) -> tuple[Check, ...]:
    """One check for each code, the mapping's where the field has one of the same."""
    return tuple({check.code: check for check in checks_of(target, mapping)}.values())


def _to_judge(label: str, checks: tuple[Check, ...], texts: pd.Series[str]) -> tuple[tuple[Check, ...], pd.Series[str]]:
    """The checks and the rows that pandera is asked about: all of them, or what the accelerator leaves."""
    if not accelerators.are_on():
        return checks, texts
    from importer.validating.screen import in_doubt

    return in_doubt(label, checks, texts)


def _schema(label: str, checks: Sequence[Check]) -> pa.SeriesSchema:
    tests = [pa.Check(check.passes, name=check.code, error=check.code) for check in checks]
    return pa.SeriesSchema("str", tests, nullable=False, name=label)


def _same_events(events: Sequence[EventSpec]) -> dict[tuple[str, str], list[int]]:
    positions: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for position, spec in enumerate(events):
        positions[spec.event, spec.key].append(position)
    return {event: found for event, found in positions.items() if len(found) > 1}
