"""A table in a file, and its rows as columns: in blocks as they are read, in batches for the next stages."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.batch import Batch
from importer.model.texts import TEXT
from importer.model.whitespace import EXAMPLE_ROW
from importer.reading.spreadsheet_damage import suspicious

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from importer.model.problem import Problem
    from importer.model.source import SourceInfo
    from importer.reading.header import Header
    from importer.reading.record import Record

BATCH_SIZE = 50_000
"""Rows of a batch: large enough for vectorized checks to pay, small enough for memory."""
CELLS_OF_A_BATCH = 4_000_000
"""Very wide tables get fewer rows per batch, so that memory use stays level."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: what was found (`info`), and its rows; `blocks` starts a new pass over them each time it is called.

    `path` is where the content is; `info.path` is what the file is called.
    """

    path: Path
    info: SourceInfo
    header: Header
    blocks: Callable[[], Iterator[Block]]

    def batches(self, size: int = BATCH_SIZE) -> Iterator[Batch]:
        """The rows in source order, `size` in a batch (the last may be smaller); blank rows are left out.

        Raises `SourceError` where the file breaks off or cannot be read any further.
        """
        size = rows_at_once(self.header, size)
        held: list[Block] = []
        for block in self.blocks():
            held.append(without_examples(block))
            while sum(map(len, held)) >= size:
                whole = _joined(held)
                yield _batch(whole.part(0, size))
                held = [whole.part(size, len(whole))]
        if any(map(len, held)):
            yield _batch(_joined(held))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Filled rows in source order: a text column per named column, and each row's number and physical line.

    `problems` are in the order of the rows.
    """

    columns: pa.Table
    numbers: NDArray[np.int64]
    lines: NDArray[np.int64]
    problems: tuple[Problem, ...]

    def __len__(self) -> int:
        """How many rows it has."""
        return len(self.numbers)

    def part(self, start: int, end: int) -> Block:
        """Some adjacent rows."""
        if start == 0 and end == len(self):
            return self
        numbers = self.numbers[start:end]
        first, last = (numbers[0], numbers[-1]) if len(numbers) else (0, -1)
        return Block(
            columns=self.columns.slice(start, end - start),
            numbers=numbers,
            lines=self.lines[start:end],
            problems=tuple(problem for problem in self.problems if first <= problem.row <= last),
        )


def without_examples(block: Block) -> Block:
    """The block without the rows that a template marks as examples, and without the column of the marks."""
    if EXAMPLE_ROW not in block.columns.column_names:
        return block
    is_own = pc.equal(pc.utf8_trim_whitespace(block.columns[EXAMPLE_ROW]), "")
    own = np.asarray(is_own)
    numbers = block.numbers[own]
    rows = set(numbers.tolist())
    return Block(
        columns=block.columns.filter(is_own).drop_columns([EXAMPLE_ROW]),
        numbers=numbers,
        lines=block.lines[own],
        problems=tuple(problem for problem in block.problems if problem.row in rows),
    )


def rows_at_once(header: Header, size: int) -> int:
    """How many rows a batch has if `size` are asked for."""
    return max(1, min(size, CELLS_OF_A_BATCH // max(1, header.width)))


def block_of(
    columns: pa.Table,
    numbers: NDArray[np.int64],
    lines: NDArray[np.int64],
    problems: Iterable[Problem],
    *,
    is_undamaged: bool = False,
) -> Block:
    """A block with the known problems of its rows, and with those of cells that a spreadsheet has damaged."""
    every = [*problems, *(() if is_undamaged else suspicious(columns, numbers))]
    every.sort(key=lambda problem: problem.row)
    return Block(columns=columns, numbers=numbers, lines=lines, problems=tuple(every))


def blocks_of(records: Iterable[Record], header: Header, size: int) -> Iterator[Block]:
    """The filled rows in blocks of at most `size`."""
    filled = (record for record in records if not record.is_blank())
    while rows := list(islice(filled, size)):
        irregular = (row for row in rows if len(row.cells) != header.width or row.faults or header.nameless)
        yield block_of(
            columns_of(rows, header),
            np.array([row.number for row in rows], dtype=np.int64),
            np.array([row.line for row in rows], dtype=np.int64),
            [problem for row in irregular for problem in row.problems(header)],
        )


def columns_of(rows: Sequence[Record], header: Header) -> pa.Table:
    """The named columns of the rows; a row that is too short is blank at its end."""
    by_position = list(zip(*(_of_width(row.cells, header.width) for row in rows), strict=True))
    return pa.table([pa.array(by_position[position], TEXT) for position in header.positions], names=header.columns)


def _of_width(cells: list[str], width: int) -> list[str]:
    return cells[:width] if len(cells) >= width else cells + [""] * (width - len(cells))


def _joined(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        columns=pa.concat_tables([block.columns for block in blocks]),
        numbers=np.concatenate([block.numbers for block in blocks]),
        lines=np.concatenate([block.lines for block in blocks]),
        problems=tuple(problem for block in blocks for problem in block.problems),
    )


def _batch(block: Block) -> Batch:
    # One chunk per column: what looks at the texts byte by byte needs them in one piece.
    columns = zip(block.columns.column_names, block.columns.combine_chunks().columns, strict=True)
    frame = pd.DataFrame(
        {name: pd.array(texts, dtype="str") for name, texts in columns},
        index=pd.Index(block.numbers, dtype="int64", name="number"),
    )
    differs = block.lines != block.numbers
    lines = dict(zip(block.numbers[differs].tolist(), block.lines[differs].tolist(), strict=True))
    return Batch(frame=frame, problems=block.problems, lines=lines or None)
