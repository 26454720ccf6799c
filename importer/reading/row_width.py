"""A row beside its header: as many cells as there are names, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.model.problem import KINDS, Problem, shown
from importer.reading.record import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.header import Header
    from importer.reading.record import Record


def fitted(cells: list[str], width: int) -> list[str]:
    """The cells of a row, as many as the header has."""
    return cells[:width] if len(cells) >= width else cells + [""] * (width - len(cells))


def problems_of(record: Record, header: Header) -> Iterator[Problem]:
    """What is wrong with the row: its faults, else its width."""
    columns = dict(zip(header.positions, header.columns, strict=True))
    for fault in record.faults:
        if fault.position is None or fault.position in columns:
            yield _problem(record, fault, columns.get(fault.position, "") if fault.position is not None else "")
    if not any(fault.position is None for fault in record.faults):
        yield from (_problem(record, fault, "") for fault in _width_faults(record.cells, header))


def _problem(record: Record, fault: Fault, column: str) -> Problem:
    return Problem(
        row=record.number,
        code=fault.code,
        detail=fault.detail,
        column=column,
        value=shown(fault.value),
        warning=KINDS[fault.code].warning,
    )


def _width_faults(cells: list[str], header: Header) -> Iterator[Fault]:
    extra = [cell for cell in cells[header.width :] if cell.strip()]
    nameless = [cells[at] for at in header.nameless if at < len(cells) and cells[at].strip()]
    if extra:
        detail = f"the row has {len(cells)} cells, the header has {header.width}"
        yield Fault("row-too-long", f"{detail}; beyond the last column stands the above", " | ".join(extra))
    elif nameless:
        yield Fault("row-too-long", "stands in a column that has no name", " | ".join(nameless))
    elif len(cells) < header.needed and header.ragged_matters:
        detail = f"the row has {len(cells)} of {header.width} cells; the missing ones are read as blank"
        yield Fault("row-too-short", detail)
