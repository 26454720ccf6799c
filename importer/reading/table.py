"""A table in a file, ready to be read as often as needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.reading.blocks import batches_of_blocks, rows_at_once
from importer.reading.frames import batches_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.model.batch import Batch
    from importer.model.source import SourceInfo
    from importer.reading.blocks import Block
    from importer.reading.header import Header
    from importer.reading.record import Record

BATCH_SIZE = 50_000
"""Rows of a batch: large enough for vectorised checks to pay, small enough for memory."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table: what was found (`info`), and its rows in batches.

    `records` starts a new pass over the rows below the header each time it is called; so does `blocks`, the quick way
    to the same rows, where there is one.
    """

    info: SourceInfo
    header: Header
    records: Callable[[], Iterator[Record]]
    blocks: Callable[[], Iterator[Block]] | None = None

    def batches(self, size: int = BATCH_SIZE) -> Iterator[Batch]:
        """The rows in source order, at most `size` in a batch; blank rows are counted but left out.

        Raises `SourceError` where the file breaks off or cannot be read any further.
        """
        if self.blocks is None:
            return batches_of(self.records(), self.header, size)
        return batches_of_blocks(self.blocks(), self.header, rows_at_once(self.header, size))
