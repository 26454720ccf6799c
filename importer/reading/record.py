"""One row of a source on its way into a frame."""

from __future__ import annotations

from typing import Final, NamedTuple

DIGITS_LOST: Final = "a spreadsheet keeps 15 digits of a number"
UNCALCULATED: Final = "the cell holds a formula that was never calculated"


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
        """No cell holds anything but blanks, and nothing is wrong with the row."""
        return not self.faults and all_blank(self.cells)


def all_blank(cells: list[str]) -> bool:
    """No cell holds anything but blanks."""
    for cell in cells:  # noqa: SIM110  a million times; `all` takes twice as long
        if cell and not cell.isspace():
            return False
    return True
