"""The child that reads a workbook: it is asked one thing, answers over a pipe, and ends.

It imports neither pandas nor pyarrow, so that it starts in a few hundredths of a second; what Arrow needs it sends as
bytes.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from array import array
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.workbooks import Found, opened
from importer.reading.worker.protocol import Limits, send, table_message, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.model.problem import Problem
    from importer.reading.header import Header
    from importer.reading.record import Piece
    from importer.reading.workbooks import Workbook

SMALL_FILE: Final = 256 << 10
"""Bytes of a file whose rows may be sent with its tables."""
FEW_ROWS: Final = 2_000
FEW_CELLS: Final = 100_000
LARGEST_BLOCK: Final = 16 << 20
"""Bytes of text after which a block ends, however few its rows are."""
MOST_TEXT: Final = 512 << 20
"""Bytes of text in the columns of a table, each text counted as often as it is used."""


def main() -> int:
    """Answer the request on standard input."""
    gc.set_threshold(50_000, 20, 50)  # cells are many small objects in no circles
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the importer, which then ends its child
    request = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**request["limits"])
    limits.apply()
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library may print is no answer
    try:
        limits.start_waiting()
        workbook = opened(Path(os.fsdecode(bytes.fromhex(request["path"]))))
        if "table" in request:
            _send_rows(pipe, workbook, request, limits)
        else:
            _send_tables(pipe, workbook, request)
        limits.stop_waiting()
    except SourceError as refusal:
        send(pipe, {"refused": refusal.message, "tip": refusal.tip})
    except MemoryError:
        send(pipe, {"limit": "memory"})
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more
    return 0


def _send_tables(pipe: IO[bytes], workbook: Workbook, request: dict[str, Any]) -> None:
    """The tables that were found; with all their rows if these are few, so that no second child is needed for them."""
    tables = workbook.tables(ReadOptions(**request["options"]), frozenset(request["wanted"]))
    blocks = [block for table in tables if (block := _only_block(workbook, table))]
    at_once = len(blocks) == len(tables)
    send(pipe, {"tables": [table_message(table.info, table.header) for table in tables], "at_once": at_once})
    for block in blocks if at_once else ():
        send(pipe, *block.message())


def _only_block(workbook: Workbook, found: Found) -> PackedBlock | None:
    """All rows of a small table of a small file.

    `None` where there are more, or where something is wrong: that is reported when the rows are asked for.
    """
    if workbook.path.stat().st_size > SMALL_FILE:
        return None
    most = min(FEW_ROWS, max(1, FEW_CELLS // max(1, found.header.width)))
    try:
        blocks = [*islice(packed_blocks(workbook.rows_below(found), found.header, most, str(workbook.path)), 2)]
    except SourceError:
        return None
    if not blocks:
        return PackedBlock(found.header)
    return blocks[0] if len(blocks) == 1 else None


def _send_rows(pipe: IO[bytes], workbook: Workbook, request: dict[str, Any], limits: Limits) -> None:
    info, header = table_of(request["table"])
    pieces = workbook.rows_below(Found(info=info, header=header))
    rows = 0
    for block in packed_blocks(pieces, header, request["rows"], f"{workbook.path}, sheet “{info.sheet}”"):
        limits.stop_waiting()
        rows += len(block)
        send(pipe, *block.message())
        limits.start_waiting()
    limits.stop_waiting()
    send(pipe, {"end": rows})


class PackedBlock:
    """Rows for the importer: their numbers, the texts of each column and their lengths, and their problems."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._numbers = array("q")
        self._lengths = [array("i") for _ in header.positions]
        self._texts: list[list[bytes]] = [[] for _ in header.positions]
        self._problems: list[Problem] = []
        self.size = 0

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._numbers)

    def add(self, piece: Piece) -> None:
        """Some more rows: of their cells, those in columns of the header."""
        self._numbers.extend(piece.numbers)
        for position, lengths, texts in zip(self._header.positions, self._lengths, self._texts, strict=True):
            column = piece.columns.get(position)
            if column is None:
                lengths.frombytes(bytes(lengths.itemsize * len(piece)))
                continue
            joined = "".join(column)
            text = joined.encode("utf-8", "replace")
            if len(text) == len(joined):
                lengths.fromlist([*map(len, column)])
            else:
                lengths.fromlist([len(cell if cell.isascii() else cell.encode("utf-8", "replace")) for cell in column])
            texts.append(text)
            self.size += len(text)
        for place in _irregular(piece, self._header):
            self._problems += piece.record(place).problems(self._header)

    def message(self) -> tuple[dict[str, Any], list[bytes]]:
        """As it is sent: the numbers; then for each column how long its texts are, and the texts."""
        payloads = [self._numbers.tobytes()]
        for lengths, texts in zip(self._lengths, self._texts, strict=True):
            payloads += [lengths.tobytes(), b"".join(texts)]
        return {"rows": len(self), "problems": [astuple(problem) for problem in self._problems]}, payloads


def packed_blocks(pieces: Iterable[Piece], header: Header, most: int, place: str) -> Iterator[PackedBlock]:
    """The rows in blocks of `most`, or of fewer where their texts are long; raises `SourceError` naming `place`."""
    block = PackedBlock(header)
    total = 0
    for piece in _small(pieces, header):
        start = 0
        while start < len(piece):
            part = piece.part(start, start + most - len(block))
            block.add(part)
            start += len(part)
            if len(block) < most and block.size <= LARGEST_BLOCK:
                continue
            total += block.size
            yield block
            block = PackedBlock(header)
            if total > MOST_TEXT:
                raise SourceError(
                    f"{place}: its cells hold more than {MOST_TEXT >> 20} MB of text", tip="Split the file."
                )
    if len(block):
        yield block


def _small(pieces: Iterable[Piece], header: Header) -> Iterator[Piece]:
    """The rows in pieces of which none has much more text than a block: a text can be used by thousands of cells."""
    for piece in pieces:
        columns = [piece.columns[position] for position in header.positions if position in piece.columns]
        # The longest texts alone show that most pieces are small.
        most = sum(max(map(len, column)) for column in columns) * len(piece)
        if len(piece) > 1 and most > LARGEST_BLOCK and _length(columns) > LARGEST_BLOCK:
            half = len(piece) // 2
            yield from _small((piece.part(0, half), piece.part(half, len(piece))), header)
        else:
            yield piece


def _length(columns: Iterable[Sequence[str]]) -> int:
    return sum(sum(map(len, column)) for column in columns)


def _irregular(piece: Piece, header: Header) -> list[int]:
    """The places of the rows with a fault, or with a cell where the header has no name."""
    places = {*piece.faults}
    for position, column in piece.columns.items():
        if position >= header.width or position in header.nameless:
            places.update(place for place, cell in enumerate(column) if cell)
    return sorted(places)
