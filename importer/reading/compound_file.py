"""One stream out of a compound file, the container of old Office documents ([MS-CFB]).

xlrd has a reader of its own for it, which refuses one in a hundred sound files and needs minutes for some hostile ones.
"""

from __future__ import annotations

from array import array
from struct import Struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHIFTS: Final = Struct("<HH")
_STARTS: Final = Struct("<IIIIIII")
_PLACE: Final = Struct("<IQ")
_LAST_SECTOR: Final = 0xFFFF_FFFA
"""Numbers from here on are no sectors."""
_ENTRY: Final = 128
_IN_HEADER: Final = 109


def stream_of(content: bytes, names: tuple[str, ...]) -> bytes:
    """The first stream of one of these names (case does not matter).

    Raises `LookupError` where there is none, and `ValueError` or `LookupError` where the file is damaged.
    """
    return _Compound(content).stream(names)


class _Compound:
    """The sectors of the file, and the table that chains them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        shift, small_shift = _SHIFTS.unpack_from(content, 30)
        if shift not in (9, 12) or small_shift != 6:
            raise ValueError("the size of the sectors is invalid")
        self._size, self._small_size = 1 << shift, 1 << small_shift
        _, directory, _, self._small_limit, small_table, _, more = _STARTS.unpack_from(content, 44)
        self._table = array("I")
        for sector in self._sectors_of_table(more):
            self._table.frombytes(self._sector(sector))
        self._small_table = array("I")
        self._small_table.frombytes(self._chain(small_table))
        self._directory = self._chain(directory)

    def stream(self, names: tuple[str, ...]) -> bytes:
        """The first entry of the directory with one of the names; small streams lie in sectors of their own."""
        wanted = {name.casefold() for name in names}
        _, (root, root_size) = next(self._entries())
        for name, (start, size) in self._entries():
            if name.casefold() in wanted:
                if size >= self._small_limit:
                    return self._chain(start)[:size]
                return self._small_chain(start, self._chain(root)[:root_size])[:size]
        raise LookupError(f"there is no stream {names[0]}")

    def _entries(self) -> Iterator[tuple[str, tuple[int, int]]]:
        for at in range(0, len(self._directory) - _ENTRY + 1, _ENTRY):
            entry = self._directory[at : at + _ENTRY]
            length = max(0, int.from_bytes(entry[64:66], "little") - 2)
            start, size = _PLACE.unpack_from(entry, 116)
            # Writers of small sectors may leave rubbish in the upper half of the size.
            yield entry[:length].decode("utf-16-le", "replace"), (start, size & 0xFFFF_FFFF)

    def _sectors_of_table(self, more: int) -> Iterator[int]:
        """The sectors of the table itself: the header lists the first 109, a chain the others."""
        listed = array("I", self._content[76 : 76 + 4 * _IN_HEADER])
        seen = 0
        while True:
            yield from (sector for sector in listed if sector < _LAST_SECTOR)
            if more >= _LAST_SECTOR:
                return
            seen += 1
            if seen * self._size > len(self._content):
                raise ValueError("the table of sectors runs in a circle")
            listed = array("I", self._sector(more))
            more = listed.pop()

    def _sector(self, number: int) -> bytes:
        begin = (number + 1) * self._size
        sector = self._content[begin : begin + self._size]
        if not sector:
            raise LookupError("a sector lies beyond the end of the file")
        return sector.ljust(self._size, b"\0")

    def _chain(self, start: int) -> bytes:
        return b"".join(self._sector(number) for number in _linked(start, self._table))

    def _small_chain(self, start: int, streams: bytes) -> bytes:
        size = self._small_size
        return b"".join(streams[n * size : (n + 1) * size] for n in _linked(start, self._small_table))


def _linked(start: int, table: array[int]) -> Iterator[int]:
    number, steps = start, 0
    while number < _LAST_SECTOR:
        steps += 1
        if steps > len(table):
            raise ValueError("a chain of sectors runs in a circle")
        yield number
        number = table[number]
