"""Rows to batches: one text column per named column, and what is wrong with cells and rows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from importer.model.batch import Batch
from importer.model.problem import KINDS, Problem, shown
from importer.reading.records import Fault
from importer.reading.suspects import suspicious

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from importer.reading.header import Header
    from importer.reading.records import Record

CELLS_OF_A_BATCH = 4_000_000
"""Very wide tables get fewer rows per batch, so that memory stays level."""


def batches_of(records: Iterator[Record], header: Header, size: int) -> Iterator[Batch]:
    """The filled rows of `records` in batches of at most `size`."""
    rows_at_once = max(1, min(size, CELLS_OF_A_BATCH // max(1, header.width)))
    filled = (record for record in records if not record.is_blank())
    while block := list(islice(filled, rows_at_once)):
        yield _batch(block, header)


def _batch(block: Sequence[Record], header: Header) -> Batch:
    problems: list[Problem] = []
    rows: list[list[str]] = []
    for record in block:
        cells = record.cells
        if len(cells) != header.width or record.faults or header.nameless:
            problems.extend(_problems(record, header))
            cells = _fitted(cells, header.width)
        rows.append(cells)
    columns = _columns(rows, header)
    numbers = [record.number for record in block]
    problems.extend(suspicious(columns, numbers))
    lines = {record.number: record.line for record in block if record.line != record.number}
    problems.sort(key=lambda problem: problem.row)
    return Batch(frame=_frame(columns, numbers), problems=tuple(problems), lines=lines or None)


def _columns(rows: Sequence[list[str]], header: Header) -> dict[str, pa.Array]:
    by_position = list(zip(*rows, strict=True))
    return {
        column: pa.array(by_position[position], pa.large_string())
        for column, position in zip(header.columns, header.positions, strict=True)
    }


def _frame(columns: Mapping[str, pa.Array], numbers: list[int]) -> pd.DataFrame:
    index = pd.Index(numbers, dtype="int64", name="number")
    return pd.DataFrame({column: pd.array(texts, dtype="str") for column, texts in columns.items()}, index=index)


def _fitted(cells: list[str], width: int) -> list[str]:
    return cells[:width] if len(cells) >= width else cells + [""] * (width - len(cells))


def _problems(record: Record, header: Header) -> Iterator[Problem]:
    columns = dict(zip(header.positions, header.columns, strict=True))
    for fault in record.faults:
        if fault.position is None or fault.position in columns:
            yield _problem(record, fault, columns.get(fault.position, "") if fault.position is not None else "")
    if not any(fault.position is None for fault in record.faults):
        yield from (_problem(record, fault, "") for fault in _width_faults(record.cells, header))


def _problem(record: Record, fault: Fault, column: str) -> Problem:
    return Problem(
        row=record.number,
        code=fault.code,
        detail=fault.detail,
        column=column,
        value=shown(fault.value),
        warning=KINDS[fault.code].warning,
    )


def _width_faults(cells: list[str], header: Header) -> Iterator[Fault]:
    extra = [cell for cell in cells[header.width :] if cell.strip()]
    nameless = [cells[at] for at in header.nameless if at < len(cells) and cells[at].strip()]
    if extra:
        detail = f"the row has {len(cells)} cells, the header has {header.width}"
        yield Fault("row-too-long", f"{detail}; beyond the last column stands the above", " | ".join(extra))
    elif nameless:
        yield Fault("row-too-long", "stands in a column that has no name", " | ".join(nameless))
    elif len(cells) < header.needed and header.ragged_matters:
        detail = f"the row has {len(cells)} of {header.width} cells; the missing ones are taken as blank"
        yield Fault("row-too-short", detail)
