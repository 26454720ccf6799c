"""Rows side by side: what is taken out of them, and the blocks in which they are sent."""

from __future__ import annotations

import array
from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from importer.errors import SourceError
from importer.reading.header import Header
from importer.reading.record import Fault, Piece, Record, pieces_of
from importer.reading.worker.process import LARGEST_BLOCK, MOST_TEXT, PackedBlock, packed_blocks

HEADER = Header(
    row=1, width=3, positions=(0, 2), columns=("a", "b"), headers=("a", "b"), nameless=(1,), ragged_matters=False
)
FAULT = Fault("cell-error", "is an error, not a value", "#N/A", 0)


def texts_of(block: PackedBlock) -> Iterator[Any]:
    """The columns of a block as they are sent."""
    _, (_, *columns) = block.message()
    for lengths, texts in zip(columns[::2], columns[1::2], strict=True):
        start = 0
        cut = []
        for length in array.array("i", lengths):
            cut.append(texts[start : start + length].decode())
            start += length
        assert start == len(texts)
        yield cut


def test_rows_are_the_same_after_they_were_pieces_of() -> None:
    rows = [Record(2, 2, ["x", "", "y"]), Record(3, 3, [], (FAULT,)), Record(7, 7, ["", "é"])]
    (piece,) = pieces_of(rows)
    assert list(piece.records()) == rows
    assert list(piece.part(1, 3).records()) == rows[1:]


def test_only_rows_without_anything_are_left_out() -> None:
    rows = [Record(1, 1, [" ", "\t"]), Record(2, 2, [], (FAULT,)), Record(3, 3, []), Record(4, 4, ["", "x"])]
    (piece,) = pieces_of(rows)
    assert list(piece.filled().records()) == [rows[1], rows[3]]


def test_rows_before_an_error_come_before_it() -> None:
    def breaking() -> Iterator[Any]:
        yield Record(1, 1, ["x"])
        raise ValueError("broken")

    pieces = pieces_of(breaking())
    assert next(pieces).numbers == [1]
    with pytest.raises(ValueError, match="broken"):
        next(pieces)


def test_blocks_are_of_one_size_however_the_pieces_lie() -> None:
    rows = [Record(number, number, [f"é{number}", "", str(number) * (number % 3)]) for number in range(2, 25)]
    pieces = [piece for at in (0, 3, 14) for piece in pieces_of(rows[at : {0: 3, 3: 14, 14: 23}[at]])]
    blocks = list(packed_blocks(pieces, HEADER, 10, "here"))
    assert [len(block) for block in blocks] == [10, 10, 3]
    columns = [list(chain.from_iterable(parts)) for parts in zip(*map(texts_of, blocks), strict=True)]
    assert columns == [[row.cells[0] for row in rows], [row.cells[2] for row in rows]]


def test_a_cell_where_there_is_no_name_is_a_problem_of_its_row() -> None:
    (piece,) = pieces_of([Record(2, 2, ["x", " ", "y"]), Record(3, 3, ["x", "n"]), Record(4, 4, ["", "", "", "m"])])
    (block,) = packed_blocks([piece], HEADER, 10, "here")
    message, _ = block.message()
    assert [(problem[0], problem[1]) for problem in message["problems"]] == [(3, "row-too-long"), (4, "row-too-long")]


def test_a_text_that_thousands_of_cells_use_does_not_make_a_large_block() -> None:
    piece = Piece(numbers=range(2, 4_002), columns={0: ["x" * 10_000] * 4_000})
    blocks = list(packed_blocks([piece], HEADER, 50_000, "here"))
    assert sum(map(len, blocks)) == 4_000
    assert max(block.size for block in blocks) < 2 * LARGEST_BLOCK


def test_a_table_holds_only_so_much_text() -> None:
    piece = Piece(numbers=range(2, 22), columns={0: ["x" * (MOST_TEXT // 16)] * 20})
    with pytest.raises(SourceError, match="here: its cells hold more than 512 MB of text"):
        for block in packed_blocks([piece], HEADER, 50_000, "here"):
            assert block.size < 4 * LARGEST_BLOCK
