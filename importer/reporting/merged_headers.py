"""Which columns of several headers are the same one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from importer.model.whitespace import IMPORTER_PREFIX, text_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.model.source import SourceInfo

Slot = tuple[str, int]
"""A column by its name as mappings compare names, and which one of that name it is (from 0)."""


def slots(headers: Iterable[str]) -> list[Slot]:
    """The slot of each column of a header, in its order."""
    seen: Counter[str] = Counter()
    found: list[Slot] = []
    for header in headers:
        key = text_key(header)
        found.append((key, seen[key]))
        seen[key] += 1
    return found


class Union:
    """The columns of several sources side by side, in the order of their first appearance.

    A column without a name has the name that reading gave it, so that it is found again wherever it is now.
    Columns that an earlier run's rejects.csv brought along are left out.
    """

    def __init__(self, sources: Sequence[SourceInfo]) -> None:
        self.headers: list[str] = []
        self._positions: list[list[int | None]] = []
        position: dict[Slot, int] = {}
        for source in sources:
            names = named(source)
            self._positions.append([])
            for slot, text in zip(slots(names), names, strict=True):
                if not slot[0].startswith(IMPORTER_PREFIX) and slot not in position:
                    position[slot] = len(self.headers)
                    self.headers.append(text)
                self._positions[-1].append(position.get(slot))

    def positions(self, source: int) -> Sequence[int | None]:
        """The place of each column of a source; `None` for one that is left out."""
        return self._positions[source]

    def cells(self, source: int, cells: Sequence[str]) -> list[str]:
        """The cells of a source's row in the places of the union; blank where the source has no such column."""
        placed = [""] * len(self.headers)
        for index, cell in zip(self._positions[source], cells, strict=False):
            if index is not None:
                placed[index] = cell
        return placed


def named(source: SourceInfo) -> list[str]:
    """The headers as they are in the source; a blank one by the name of its column."""
    return [header if header.strip() else name for header, name in zip(source.headers, source.columns, strict=True)]
