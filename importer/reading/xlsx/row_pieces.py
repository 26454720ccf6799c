"""Rows of a sheet side by side, column by column: what a thousand cells need is done at once, and not for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from importer.reading.record import Fault, Record

ROWS_OF_A_PIECE: Final = 1_000
"""Rows that are laid out together if they come one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Rows in the order of the file: their numbers, their cells by position of the column, and their faults by place.

    Each column is as long as `numbers`; one that is missing is blank. A place counts the rows of the piece from 0.
    """

    numbers: Sequence[int]
    columns: Mapping[int, Sequence[str]]
    faults: Mapping[int, tuple[Fault, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.numbers)

    def record(self, place: int) -> Record:
        """One row, up to its last cell that holds something."""
        filled = {position: column[place] for position, column in self.columns.items() if column[place]}
        cells = [filled.get(position, "") for position in range(max(filled, default=-1) + 1)]
        return Record(self.numbers[place], self.numbers[place], cells, self.faults.get(place, ()))

    def records(self) -> Iterator[Record]:
        """The rows, one by one."""
        return map(self.record, range(len(self)))

    def part(self, start: int, end: int) -> Piece:
        """Some rows that stand together."""
        if start <= 0 and end >= len(self):
            return self
        return Piece(
            numbers=self.numbers[start:end],
            columns={position: column[start:end] for position, column in self.columns.items()},
            faults={place - start: faults for place, faults in self.faults.items() if start <= place < end},
        )

    def filled(self) -> Piece:
        """Without the rows in which no cell holds anything but blanks, and nothing is wrong."""
        blank: Iterable[int] = range(len(self))
        for column in self.columns.values():
            blank = [place for place in blank if not column[place] or column[place].isspace()]
            if not blank:
                return self
        left_out = {*blank} - {*self.faults}
        return self._only([place for place in range(len(self)) if place not in left_out]) if left_out else self

    def _only(self, places: Sequence[int]) -> Piece:
        return Piece(
            numbers=[self.numbers[place] for place in places],
            columns={position: [column[place] for place in places] for position, column in self.columns.items()},
            faults={now: self.faults[place] for now, place in enumerate(places) if place in self.faults},
        )


def laid_out(records: Iterable[Record]) -> Iterator[Piece]:
    """Rows that come one by one, as columns; those before an error come before it."""
    held: list[Record] = []
    try:
        for record in records:
            held.append(record)
            if len(held) == ROWS_OF_A_PIECE:
                yield piece_of(held)
                held = []
    except Exception:
        if held:
            yield piece_of(held)
        raise
    if held:
        yield piece_of(held)


def piece_of(records: Sequence[Record]) -> Piece:
    """Some rows as columns."""
    columns: dict[int, list[str]] = {}
    for place, record in enumerate(records):
        put(columns, place, record, len(records))
    return Piece(
        numbers=[record.number for record in records],
        columns=columns,
        faults={place: record.faults for place, record in enumerate(records) if record.faults},
    )


def put(columns: dict[int, list[str]], place: int, record: Record, count: int) -> None:
    """Write the cells of a row into the columns of `count` rows."""
    for position, cell in enumerate(record.cells):
        if cell:
            if position not in columns:
                columns[position] = [""] * count
            columns[position][place] = cell
