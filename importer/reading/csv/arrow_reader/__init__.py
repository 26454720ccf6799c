"""An accelerator: delimited text by Arrow's reader, piece by piece, and record by record where there is a doubt.

Without it, `csv` reads all records. It can be deleted together with the one call in `reading/csv/delimited.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reading.csv.arrow_reader.sound_records import read_quickly
from importer.reading.csv.arrow_reader.utf8_stream import Utf8Stream
from importer.reading.csv.delimited import LONGEST_LINE, Lines, refuse_too_many, unbroken
from importer.reading.frames import block_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.blocks import Block
    from importer.reading.csv.arrow_reader.sound_records import Read
    from importer.reading.csv.delimited import DelimitedFile
    from importer.reading.header import Header

_PIECE = 1 << 22
_SMALL = 1 << 17
"""Bytes that are looked at in one go, at most and at least; not so few that one call of Arrow's is all they cost."""

_FEW = 64
_MANY = 20_000
"""Records that are read one by one where there is a doubt, at least and at most."""


def blocks_by_arrow(file: DelimitedFile, header: Header) -> Iterator[Block]:
    """The filled rows below the header: quickly where they are beyond doubt, and else record by record."""
    stream = Utf8Stream(file.path, file.encoding)
    try:
        yield from _blocks(file, stream, header)
    finally:
        stream.close()


def _blocks(file: DelimitedFile, stream: Utf8Stream, header: Header) -> Iterator[Block]:
    number, line, few, size = 1, 1, header.row, 0
    if file.delimiter.said_by_file and next(stream.lines(longest=LONGEST_LINE), None):
        line += 1
    while stream.peek(1):
        read = None
        if size:
            octets, ended = stream.peek(size), stream.ends_within(size)
            read = read_quickly(octets, header, file.delimiter.character, number=number, line=line, ended=ended)
        if read is not None:
            stream.take(read.octets)
            number, line = number + read.records, line + read.line_ends
            refuse_too_many(file.path, number - 1, header.width)
            yield read.block
        if read is None or read.octets < size // 2:
            lines = Lines(unbroken(stream.lines(longest=LONGEST_LINE), file.path, line))
            records = []
            for record in file.records_in(lines, number=number, line=line):
                records.append(record)
                if len(records) >= few and not lines.returned:
                    break
            filled = [record for record in records if record.number > header.row and not record.is_blank()]
            if filled:
                yield block_of(filled, header)
            number, line = number + len(records), line + lines.count
        few, size = _next_sizes(few, size, read)


def _next_sizes(few: int, size: int, read: Read | None) -> tuple[int, int]:
    """How many records are read one by one at the next doubt, and how many bytes are looked at.

    Where doubts are many, looking far ahead does not pay.
    """
    if not size:
        return _FEW, _PIECE
    octets, records = (read.octets, read.records) if read is not None else (0, 0)
    few = _FEW if records > _MANY // 10 else min(2 * few, _MANY)
    return few, min(max(4 * octets, _SMALL), _PIECE)
