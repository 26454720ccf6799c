"""Rows side by side, as columns: what batches are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from importer.model.batch import Batch
from importer.model.texts import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from importer.model.problem import Problem
    from importer.reading.header import Header

CELLS_OF_A_BATCH = 4_000_000
"""Very wide tables get fewer rows per batch, so that memory stays level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Filled rows in source order: a text array per named column, and each row's number and physical line.

    `problems` are in the order of the rows.
    """

    columns: tuple[pa.ChunkedArray, ...]
    numbers: NDArray[np.int64]
    lines: NDArray[np.int64]
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        """How many rows it has."""
        return len(self.numbers)


def rows_at_once(header: Header, size: int) -> int:
    """How many rows a batch has, of which `size` are asked for."""
    return max(1, min(size, CELLS_OF_A_BATCH // max(1, header.width)))


def batches_of_blocks(blocks: Iterable[Block], header: Header, size: int) -> Iterator[Batch]:
    """The rows of the blocks in batches of `size`; the last may be smaller."""
    held: list[Block] = []
    for block in blocks:
        held.append(block)
        while sum(map(len, held)) >= size:
            whole = _joined(held)
            yield _batch(_slice(whole, 0, size), header)
            held = [_slice(whole, size, len(whole))]
    if any(map(len, held)):
        yield _batch(_joined(held), header)


def _joined(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    return Block(
        columns=tuple(
            pa.chunked_array([chunk for part in parts for chunk in part.chunks], TEXT)
            for parts in zip(*(block.columns for block in blocks), strict=True)
        ),
        numbers=np.concatenate([block.numbers for block in blocks]),
        lines=np.concatenate([block.lines for block in blocks]),
        problems=tuple(problem for block in blocks for problem in block.problems),
    )


def _slice(block: Block, start: int, end: int) -> Block:
    if start == 0 and end == len(block):
        return block
    numbers = block.numbers[start:end]
    if block.problems and len(numbers):
        first, last = int(numbers[0]), int(numbers[-1])
        problems = tuple(problem for problem in block.problems if first <= problem.row <= last)
    else:
        problems = ()
    return Block(
        columns=tuple(column.slice(start, end - start) for column in block.columns),
        numbers=numbers,
        lines=block.lines[start:end],
        problems=problems,
    )


def _batch(block: Block, header: Header) -> Batch:
    index = pd.Index(block.numbers, dtype="int64", name="number")
    # One chunk per column: what looks at the texts byte by byte needs them in one piece.
    whole = [column.combine_chunks() for column in block.columns]
    columns = dict(zip(header.columns, whole, strict=True))
    frame = pd.DataFrame({name: pd.array(texts, dtype="str") for name, texts in columns.items()}, index=index)
    differs = block.lines != block.numbers
    lines = dict(zip(block.numbers[differs].tolist(), block.lines[differs].tolist(), strict=True))
    return Batch(frame=frame, problems=block.problems, lines=lines or None)
