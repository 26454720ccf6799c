"""The pandera schema of each target, and its failures turned into problems.

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

from importer.model.problem import KINDS, Problem
from importer.model.problems import Problems, bare, first_filled, shown_texts, true_of_cells
from importer.model.texts import TEXT, large_texts, scalar
from importer.validating.checks import Check, checks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from importer.model.batch import MappedBatch, Target
    from importer.model.mapping import Mapping


class Validator:
    """Checks mapped rows against the CRM's rules and the mapping's."""

    def __init__(self, mapping: Mapping, targets: Sequence[Target]) -> None:
        self._columns = [(target, checks_of(target, mapping)) for target in targets]
        self._schemas = [_schema(target, checks) for target, checks in self._columns]
        positions: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for position, spec in enumerate(mapping.events):
            positions[spec.event, spec.key].append(position)
        self._same_events = {event: found for event, found in positions.items() if len(found) > 1}

    def validate(self, mapped: MappedBatch, cells: pd.DataFrame) -> Problems:
        """Every problem that is not yet known, in row order, all of a row's together; `cells` are the source's.

        Nothing is reported about filtered rows, about the attributes of events that a row does not want, and about a
        field whose row already has a problem there: its text is gone, and the checks would only call it blank.
        """
        frame = mapped.frame[~mapped.filtered] if mapped.filtered.any() else mapped.frame
        found = [] if frame.empty else [*self._failures(frame, mapped.problems, cells)]
        return Problems.together([*found, Problems.of(self._repeated_events(frame))]).in_row_order()

    def _failures(self, frame: pd.DataFrame, known: Problems, cells: pd.DataFrame) -> Iterator[Problems]:
        """What pandera finds, in the order of the targets and their checks."""
        for (target, checks), schema in zip(self._columns, self._schemas, strict=True):
            if target.label not in frame:
                raise RuntimeError(f"the schema itself failed: there is no column {target.label}")
            texts = frame[target.label]
            if failed := _failed(schema, texts):
                reported = _reported(target, frame, known)
                for position, rows in failed:
                    yield _problems(target, checks[position], texts[rows & reported], cells)

    def _repeated_events(self, frame: pd.DataFrame) -> Iterator[Problem]:
        """Rows that want one event twice: both would have one `distinct_id`, and the CRM would drop the second."""
        for (name, key), positions in self._same_events.items():
            wanted = frame[[f"events[{position}]" for position in positions]].sum(axis="columns")
            for row in frame.index[wanted > 1]:
                detail = f"the row asks for the event {name} more than once with the key “{key}”"
                yield Problem(row=int(row), code="event-twice", field=f"events[{positions[-1]}]", detail=detail)


def _schema(target: Target, checks: Sequence[Check]) -> pa.SeriesSchema:
    # Of a check that fails, pandera would copy and print every case, and nobody reads that: `check_output` has all.
    tests = [pa.Check(check.passes, name=check.code, n_failure_cases=1) for check in checks]
    return pa.SeriesSchema("str", tests, nullable=False, name=target.label)


def _failed(schema: pa.SeriesSchema, texts: pd.Series[str]) -> list[tuple[int, NDArray[np.bool_]]]:
    """The positions of the checks that fail, and the rows where they do.

    A failure that is about no row is a defect of the importer, and raises.
    """
    try:
        schema.validate(texts, lazy=True, inplace=True)
    except pa.errors.SchemaErrors as error:
        failures = error.schema_errors
    else:
        return []
    for failure in failures:
        if failure.reason_code is not pa.errors.SchemaErrorReason.DATAFRAME_CHECK:
            raise RuntimeError(f"the schema itself failed: column {schema.name}, {failure}")
    return [(failure.check_index, ~failure.check_output.to_numpy()) for failure in failures]


def _reported(target: Target, frame: pd.DataFrame, known: Problems) -> NDArray[np.bool_]:
    """The rows whose failures are reported: no problem of the field is known, and its event is wanted."""
    field, columns = known.texts("field"), arrow.array(target.columns, TEXT)
    # A cell that could not be read is wrong for every field made from it, and its problem names only the column.
    of_reader = pc.and_(pc.equal(field, ""), pc.is_in(known.texts("column"), columns))
    here = np.asarray(pc.or_(pc.equal(field, target.label), of_reader)) & known.stops
    rows: NDArray[np.bool_] = ~frame.index.isin(known.rows[here])
    return rows if target.event is None else rows & frame[f"events[{target.event}]"].to_numpy()


def _problems(target: Target, check: Check, failing: pd.Series[str], cells: pd.DataFrame) -> Problems:
    """A problem for each text, in terms of the cell that a person sees: the text itself may be in no cell."""
    texts = large_texts(failing)
    if isinstance(check.detail, str):
        details = arrow.repeat(scalar(check.detail), len(texts))
    else:
        details = arrow.array([*map(check.detail, texts.to_pylist())], TEXT)
    column: arrow.Array | str = ""
    value = texts
    if origins := target.origins:
        column, value = first_filled(cells.loc[failing.index, [*origins]], origins)
        value = bare(value)
        if check.need:
            blank, lost = f"{_are_blank(origins)}, but {check.need}", f"leaves {target.label} blank, but {check.need}"
            details = pc.if_else(pc.equal(value, ""), scalar(blank), scalar(lost))
        else:
            details = true_of_cells(details, value, texts)
    return Problems.in_columns(
        failing.index.to_numpy(dtype="int64"),
        code=check.code,
        detail=details,
        field=target.label,
        column=column,
        value=shown_texts(value),
        warning=KINDS[check.code].warning,
    )


def _are_blank(origins: Sequence[str]) -> str:
    """`is blank, and so are Phone and Mobile`: what a message says of the first column."""
    *others, last = origins
    if not others:
        return "is blank"
    also = f"are {', '.join(others[1:])} and" if others[1:] else "is"
    return f"is blank, and so {also} {last}"
