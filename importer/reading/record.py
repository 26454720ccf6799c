"""The rows of a source: one by one (`Record`), and side by side as columns (`Piece`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from importer.model.problem import KINDS, Problem, shown

if TYPE_CHECKING:
    from importer.reading.header import Header

DIGITS_LOST: Final = "a spreadsheet keeps 15 digits of a number"
UNCALCULATED: Final = "the cell holds a formula that was never calculated"
ROWS_OF_A_PIECE: Final = 1_000
"""Rows that are put side by side if they come one by one."""


class Fault(NamedTuple):
    """What is wrong with a cell (`position` counts from 0) or, without a position, with the whole row."""

    code: str
    detail: str
    value: str = ""
    position: int | None = None


class Record(NamedTuple):
    """The cells of a row as text, with the number a spreadsheet shows and the physical line it starts on."""

    number: int
    line: int
    cells: list[str]
    faults: tuple[Fault, ...] = ()

    def is_blank(self) -> bool:
        """Whether all cells are blank and nothing is wrong with the row."""
        return not self.faults and all_blank(self.cells)

    def problems(self, header: Header) -> Iterator[Problem]:
        """What is wrong with the row below this header: its faults, else its width."""
        columns = dict(zip(header.positions, header.columns, strict=True))
        faults = [fault for fault in self.faults if fault.position is None or fault.position in columns]
        if not any(fault.position is None for fault in faults):
            faults += _width_faults(self.cells, header)
        for fault in faults:
            yield Problem(
                row=self.number,
                code=fault.code,
                detail=fault.detail,
                column="" if fault.position is None else columns[fault.position],
                value=shown(fault.value),
                warning=KINDS[fault.code].warning,
            )


def all_blank(cells: Iterable[str]) -> bool:
    """Whether no cell holds anything but white space."""
    for cell in cells:  # noqa: SIM110  a million times; `all` takes twice as long
        if cell and not cell.isspace():
            return False
    return True


def _width_faults(cells: list[str], header: Header) -> Iterator[Fault]:
    extra = [cell for cell in cells[header.width :] if cell.strip()]
    nameless = [cells[at] for at in header.nameless if at < len(cells) and cells[at].strip()]
    if extra:
        detail = f"is beyond the last column: the row has {len(cells)} cells, the header has {header.width}"
        yield Fault("row-too-long", detail, " | ".join(extra))
    elif nameless:
        yield Fault("row-too-long", "is in a column without a name", " | ".join(nameless))
    elif len(cells) < header.needed and header.ragged_matters:
        detail = f"the row has {len(cells)} of {header.width} cells; the missing ones are read as blank"
        yield Fault("row-too-short", detail)


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
        """One row, up to its last filled cell."""
        filled = {position: column[place] for position, column in self.columns.items() if column[place]}
        cells = [filled.get(position, "") for position in range(max(filled, default=-1) + 1)]
        return Record(self.numbers[place], self.numbers[place], cells, self.faults.get(place, ()))

    def records(self) -> Iterator[Record]:
        """The rows, one by one."""
        return map(self.record, range(len(self)))

    def part(self, start: int, end: int) -> Piece:
        """Some adjacent rows."""
        if start <= 0 and end >= len(self):
            return self
        return Piece(
            numbers=self.numbers[start:end],
            columns={position: column[start:end] for position, column in self.columns.items()},
            faults={place - start: faults for place, faults in self.faults.items() if start <= place < end},
        )

    def filled(self) -> Piece:
        """Without the blank rows."""
        blank: Iterable[int] = range(len(self))
        for column in self.columns.values():
            blank = [place for place in blank if not column[place] or column[place].isspace()]
            if not blank:
                return self
        left_out = {*blank} - {*self.faults}
        places = [place for place in range(len(self)) if place not in left_out]
        return Piece(
            numbers=[self.numbers[place] for place in places],
            columns={position: [column[place] for place in places] for position, column in self.columns.items()},
            faults={now: self.faults[place] for now, place in enumerate(places) if place in self.faults},
        )


def pieces_of(records: Iterable[Record]) -> Iterator[Piece]:
    """Rows that come one by one, as columns; those before an error come before it."""
    held: list[Record] = []
    try:
        for record in records:
            held.append(record)
            if len(held) == ROWS_OF_A_PIECE:
                yield _side_by_side(held)
                held = []
    except Exception:
        if held:
            yield _side_by_side(held)
        raise
    if held:
        yield _side_by_side(held)


def _side_by_side(records: Sequence[Record]) -> Piece:
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
