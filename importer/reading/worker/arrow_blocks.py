"""Blocks of rows on their way from the child to the importer: what Arrow needs, as bytes."""

from __future__ import annotations

from array import array
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final

from importer.errors import SourceError
from importer.reading.row_width import problems_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from importer.model.problem import Problem
    from importer.reading.header import Header
    from importer.reading.xlsx.row_pieces import Piece

LARGEST_BLOCK: Final = 16 << 20
"""Bytes of text after which a block ends, however few its rows are."""
MOST_TEXT: Final = 512 << 20
"""Bytes of text in the columns of a table, each text counted as often as it is used."""


class OutgoingBlock:
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
        """Some more rows, fitted to the header."""
        self._numbers.extend(piece.numbers)
        for position, lengths, texts in zip(self._header.positions, self._lengths, self._texts, strict=True):
            column = piece.columns.get(position)
            if column is None:
                lengths.frombytes(bytes(lengths.itemsize * len(piece)))
            else:
                text, measured = _encoded(column)
                lengths.fromlist(measured)
                texts.append(text)
                self.size += len(text)
        self._problems += _problems(piece, self._header)

    def message(self) -> tuple[dict[str, Any], list[bytes]]:
        """As it is sent: the numbers; then for each column how long its texts are, and the texts."""
        payloads = [self._numbers.tobytes()]
        for lengths, texts in zip(self._lengths, self._texts, strict=True):
            payloads += [lengths.tobytes(), b"".join(texts)]
        return {"rows": len(self), "problems": [astuple(problem) for problem in self._problems]}, payloads


def blocks_of(pieces: Iterable[Piece], header: Header, most: int, place: str) -> Iterator[OutgoingBlock]:
    """The rows in blocks of `most`, or of fewer where their texts are long; raises `SourceError` naming `place`."""
    block = OutgoingBlock(header)
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
            block = OutgoingBlock(header)
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
        # The longest text alone tells that most pieces are small.
        longest = [max(map(len, column)) for column in columns]
        if len(piece) > 1 and sum(longest) * len(piece) > LARGEST_BLOCK and _length(columns) > LARGEST_BLOCK:
            half = len(piece) // 2
            yield from _small((piece.part(0, half), piece.part(half, len(piece))), header)
        else:
            yield piece


def _length(columns: Iterable[Sequence[str]]) -> int:
    return sum(sum(map(len, column)) for column in columns)


def _encoded(texts: Sequence[str]) -> tuple[bytes, list[int]]:
    """The texts in UTF-8, one after the other, and how many bytes each has."""
    joined = "".join(texts)
    if joined.isascii():
        return joined.encode(), [*map(len, texts)]
    lengths = [len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in texts]
    return joined.encode("utf-8", "replace"), lengths


def _problems(piece: Piece, header: Header) -> Iterator[Problem]:
    """What is wrong with the rows: faults, and cells where the header has no name."""
    doubtful = {*piece.faults}
    for position, column in piece.columns.items():
        if position >= header.width or position in header.nameless:
            doubtful.update(place for place, cell in enumerate(column) if cell)
    for place in sorted(doubtful):
        yield from problems_of(piece.record(place), header)
