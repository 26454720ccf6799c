"""Rows to batches: one text column per named column, and what is wrong with cells and rows."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from importer.model.texts import TEXT
from importer.reading.blocks import Block, batches_of_blocks, rows_at_once
from importer.reading.row_width import fitted, problems_of
from importer.reading.spreadsheet_damage import suspicious

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from importer.model.batch import Batch
    from importer.model.problem import Problem
    from importer.reading.header import Header
    from importer.reading.record import Record


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
        column: pa.array(by_position[position], TEXT)
        for column, position in zip(header.columns, header.positions, strict=True)
    }
