"""An accelerator: delimited text by Arrow's reader, piece by piece, and record by record where it might misread.

Without it, `csv` reads all records. It can be deleted together with the one call in `reading/csv/delimited.py`.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from importer.reading.csv.arrow_reader.sound_records import read_quickly
from importer.reading.csv.records import LONGEST_LINE, Lines, refuse_too_many, unbroken
from importer.reading.table import blocks_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.reading.csv.arrow_reader.sound_records import Read
    from importer.reading.csv.records import DelimitedFile
    from importer.reading.header import Header
    from importer.reading.table import Block

_PIECE = 1 << 22
_SMALL = 1 << 17
"""Bytes that are looked at in one go, at most and at least; not so few that one call of Arrow's is all they cost."""

_FEW = 64
_MANY = 20_000
"""Records that are read one by one where Arrow might misread, at least and at most."""

_LINES_PIECE: Final = 1 << 16
_READ: Final = 1 << 20
_MOST_BYTES: Final = 4
"""Bytes of a character, at most."""


def blocks_by_arrow(file: DelimitedFile, header: Header) -> Iterator[Block]:
    """The filled rows below the header: quickly where that is certain to be right, and else record by record."""
    stream = Utf8Stream(file.path, file.encoding)
    try:
        yield from _blocks(file, stream, header)
    finally:
        stream.close()


def _blocks(file: DelimitedFile, stream: Utf8Stream, header: Header) -> Iterator[Block]:
    number, line, few, size = 1, 1, header.row, 0
    if file.delimiter.named_by_file and next(stream.lines(longest=LONGEST_LINE), None):
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
            yield from blocks_of((one for one in records if one.number > header.row), header, len(records) or 1)
            number, line = number + len(records), line + lines.count
        few, size = _next_sizes(few, size, read)


def _next_sizes(few: int, size: int, read: Read | None) -> tuple[int, int]:
    """How many records are read one by one next time, and how many bytes are looked at.

    Where many pieces have to be read by `csv`, looking far ahead does not pay.
    """
    if not size:
        return _FEW, _PIECE
    octets, records = (read.octets, read.records) if read is not None else (0, 0)
    few = _FEW if records > _MANY // 10 else min(2 * few, _MANY)
    return few, min(max(4 * octets, _SMALL), _PIECE)


class Utf8Stream:
    """The text of a file of any encoding as UTF-8 bytes, without a byte order mark.

    What is taken is gone; a piece can be looked at before. Raises `UnicodeError` where the file is not of the encoding.
    """

    def __init__(self, path: Path, encoding: str) -> None:
        self._file = path.open("rb")
        # UTF-8 is what is wanted, and the survey has seen that the file is UTF-8.
        self._decoder = None if encoding in ("utf-8", "utf-8-sig") else codecs.getincrementaldecoder(encoding)()
        self._held = b""
        self._at = 0
        self._ended = False
        if encoding == "utf-8-sig" and self.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
            self.take(len(codecs.BOM_UTF8))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def peek(self, size: int) -> bytes:
        """The next bytes, `size` of them unless the file ends before."""
        missing = size - (len(self._held) - self._at)
        if missing > 0 and not self._ended:
            pieces = [self._held[self._at :]]
            while missing > 0 and not self._ended:
                pieces.append(self._read(max(missing, _READ)))
                missing -= len(pieces[-1])
            self._held, self._at = b"".join(pieces), 0
        return self._held[self._at : self._at + size]

    def take(self, size: int) -> None:
        """Drop these bytes; they have been looked at."""
        self._at += size

    def ends_within(self, size: int) -> bool:
        """Whether no more than `size` bytes are left, of those that have been looked at."""
        return self._ended and len(self._held) - self._at <= size

    def lines(self, *, longest: int) -> Iterator[str]:
        """The lines from here on with their ends (as Python's universal line ends); each is taken as it is given.

        Of a line of more than `longest` characters some of the first are given, `longest` at least.
        """
        size = _LINES_PIECE
        while piece := self.peek(size):
            last = self.ends_within(size)
            lines = piece.splitlines(keepends=True)
            if not last and not lines[-1].endswith(b"\n"):
                lines.pop()  # it may go on; so may a line feed follow a carriage return
            if not lines and size < _MOST_BYTES * longest:
                size *= 2
                continue
            size = _LINES_PIECE
            for line in lines or [piece]:
                self.take(len(line))
                yield line.decode(errors="strict" if lines else "ignore")  # a piece may end within a character

    def _read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._ended = not piece
        if self._decoder is None:
            return piece
        return self._decoder.decode(piece, final=self._ended).encode()
