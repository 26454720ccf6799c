"""A text file as a stream of UTF-8, from which whole pieces or single lines are taken in turn."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PIECE: Final = 1 << 16
_READ: Final = 1 << 20

_MOST_BYTES: Final = 4
"""Bytes of a character, at most."""


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
        """Leave these bytes behind; they have been looked at."""
        self._at += size

    def ends_within(self, size: int) -> bool:
        """Whether no more than `size` bytes are left, of those that have been looked at."""
        return self._ended and len(self._held) - self._at <= size

    def lines(self, *, longest: int) -> Iterator[str]:
        """The lines from here on with their ends (as Python's universal line ends); each is taken as it is given.

        Of a line of more than `longest` characters some of the first are given, `longest` at least.
        """
        size = _PIECE
        while piece := self.peek(size):
            last = self.ends_within(size)
            lines = piece.splitlines(keepends=True)
            if not last and not lines[-1].endswith(b"\n"):
                lines.pop()  # it may go on; so may a line feed follow a carriage return
            if not lines and size < _MOST_BYTES * longest:
                size *= 2
                continue
            size = _PIECE
            for line in lines or [piece]:
                self.take(len(line))
                yield line.decode(errors="strict" if lines else "ignore")  # a piece may end within a character

    def _read(self, size: int) -> bytes:
        piece = self._file.read(size)
        self._ended = not piece
        if self._decoder is None:
            return piece
        return self._decoder.decode(piece, final=self._ended).encode()
