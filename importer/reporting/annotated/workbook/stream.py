"""XML that goes through as bytes, except where something else is put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reporting.annotated.workbook.xml_edit import refuse_wide, tag_at, utf8_parser

if TYPE_CHECKING:
    from typing import IO


class EditedStream:
    """Feeds a parser, and writes what it has read, except where something else is put."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._buffer = bytearray()
        self._base = 0
        self._seen = 0
        self._edits: list[tuple[int, int, bytes]] = []
        self.is_raw = False
        """Whether the rest goes through unread."""
        self.parser = utf8_parser()

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the source."""
        if self.is_raw:
            self._flush(self._end_of_buffer)
            self._target.write(piece)
            return
        if self._base == 0 and not self._buffer:
            refuse_wide(piece)
        self._buffer += piece
        self.parser.Parse(piece, False)  # noqa: FBT003
        self._flush(self._seen)

    def close(self) -> None:
        """The source is at its end."""
        if not self.is_raw:
            self.parser.Parse(b"", True)  # noqa: FBT003
        self._flush(self._end_of_buffer)

    @property
    def _end_of_buffer(self) -> int:
        return self._base + len(self._buffer)

    def here(self) -> int:
        """Where in the source the parser stands."""
        self._seen = self.parser.CurrentByteIndex
        return self._seen

    def tag(self) -> tuple[int, bytes]:
        """Where the tag begins that the parser has come to, and the tag."""
        start = self.here()
        return start, tag_at(self._buffer, start - self._base)

    def put(self, start: int, end: int, xml: bytes) -> None:
        """Write `xml` in the place of what stands from `start` up to `end`; in ascending order."""
        self._edits.append((start, end, xml))

    def _flush(self, until: int) -> None:
        at, base = self._base, self._base
        for start, end, xml in self._edits:
            self._target.write(bytes(self._buffer[at - base : start - base]) + xml)
            at = end
        self._target.write(bytes(self._buffer[at - base : max(at, until) - base]))
        at = max(at, until)
        del self._buffer[: at - base]
        self._base = at
        self._edits.clear()
