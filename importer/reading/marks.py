"""What a person sees in a cell, where it is not what the value says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from importer.reading.records import Fault, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

UNCALCULATED: Final = "the cell holds a formula that was never calculated"


class Mark(NamedTuple):
    """What a person sees in the cell at the position (from 0), or what is wrong with it."""

    position: int
    text: str
    fault: Fault | None = None


def marked(records: Iterable[Record], marks: Iterator[tuple[int, list[Mark]]]) -> Iterator[Record]:
    """The records with the marks in place of their values; both in the order of the rows' numbers."""
    upcoming = next(marks, None)
    for record in records:
        if upcoming and upcoming[0] == record.number:
            yield _marked(record, upcoming[1])
            upcoming = next(marks, None)
        else:
            yield record
    while upcoming:  # rows below the last value: only errors or formulas without a value
        yield _marked(Record(upcoming[0], upcoming[0], []), upcoming[1])
        upcoming = next(marks, None)


def _marked(record: Record, marks: Sequence[Mark]) -> Record:
    width = max(len(record.cells), marks[-1].position + 1)
    cells = record.cells + [""] * (width - len(record.cells))
    for mark in marks:
        cells[mark.position] = mark.text
    return record._replace(cells=cells, faults=(*record.faults, *(mark.fault for mark in marks if mark.fault)))
