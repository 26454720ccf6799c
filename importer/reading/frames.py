"""Rows to batches: one text column per named column, and what is wrong with cells and rows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from importer.model.problem import KINDS, Problem, shown
from importer.reading.blocks import Block, batches_of_blocks, rows_at_once
from importer.reading.records import Fault
from importer.reading.suspects import suspicious

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model.batch import Batch
    from importer.reading.header import Header
    from importer.reading.records import Record


def batches_of(records: Iterator[Record], header: Header, size: int) -> Iterator[Batch]:
    """The filled rows of `records` in batches of at most `size`."""
    size = rows_at_once(header, size)
    return batches_of_blocks(blocks_of(records, header, size), header, size)


def blocks_of(records: Iterator[Record], header: Header, size: int) -> Iterator[Block]:
    """The filled rows of `records` in blocks of at most `size`."""
    filled = (record for record in records if not record.is_blank())
    while rows := list(islice(filled, size)):
        yield block_of(rows, header)


def block_of(records: Sequence[Record], header: Header) -> Block:
    """Some filled rows side by side, with everything that is wrong with them."""
    problems: list[Problem] = []
    rows: list[list[str]] = []
    for record in records:
        cells = record.cells
        if len(cells) != header.width or record.faults or header.nameless:
            problems.extend(problems_of(record, header))
            cells = fitted(cells, header.width)
        rows.append(cells)
    columns = _columns(rows, header)
    numbers = [record.number for record in records]
    problems.extend(suspicious(columns, numbers))
    problems.sort(key=lambda problem: problem.row)
    return Block(
        columns=tuple(pa.chunked_array([texts]) for texts in columns.values()),
        numbers=np.array(numbers, dtype=np.int64),
        lines=np.array([record.line for record in records], dtype=np.int64),
        problems=tuple(problems),
    )


def _columns(rows: Sequence[list[str]], header: Header) -> dict[str, pa.Array]:
    by_position = list(zip(*rows, strict=True))
    return {
        column: pa.array(by_position[position], pa.large_string())
        for column, position in zip(header.columns, header.positions, strict=True)
    }


def fitted(cells: list[str], width: int) -> list[str]:
    """The cells of a row, as many as the header has."""
    return cells[:width] if len(cells) >= width else cells + [""] * (width - len(cells))


def problems_of(record: Record, header: Header) -> Iterator[Problem]:
    """What is wrong with the row: its faults, else its width."""
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
