"""What is decided about rows before anything is sent: one batch of a source, in columns.

Columns, because most rows of most files are fine: a million of them are planned, kept and reported without an object
for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problems import Problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from importer.model.operation import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """Rows of one source after reading, mapping, validating and planning: one element of each column per row.

    A row is `invalid`, `filtered` out by the mapping, or valid; in-file duplicates are settled after the last row.
    `cells` are the source's cells, its index the row numbers. `owners` are the users that the assignments name, `""`
    for none; `event_calls` says how many events a row asks for. None of the `problems` is about a filtered row, and
    their values are as short as messages show them. `lines` are the physical lines, by row number, where they differ.
    """

    source: int
    cells: pd.DataFrame
    invalid: pa.BooleanArray
    filtered: pa.BooleanArray
    crm_ids: pa.Array
    owners: pa.Array
    event_calls: pa.Array
    problems: Problems = field(default_factory=Problems.none)
    lines: Mapping[int, int] = field(default_factory=dict)

    @property
    def numbers(self) -> pa.Int64Array:
        """The row numbers that a spreadsheet shows."""
        return pa.array(self.cells.index.to_numpy(dtype="int64"))

    @property
    def valid(self) -> pa.BooleanArray:
        """Which rows can be sent."""
        return pc.invert(pc.or_(self.invalid, self.filtered))

    def part(self, start: int, length: int) -> PlannedBatch:
        """These rows of the batch; `lines` still tell of all its rows."""
        end = start + length
        cells = self.cells.iloc[start:end]
        rows = self.problems.rows
        return replace(
            self,
            cells=cells,
            problems=self.problems.where((rows >= cells.index[0]) & (rows <= cells.index[-1])),
            invalid=self.invalid[start:end],
            filtered=self.filtered[start:end],
            crm_ids=self.crm_ids[start:end],
            owners=self.owners[start:end],
            event_calls=self.event_calls[start:end],
        )

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationColumn:
    """The calls of one kind that a batch asks for: key and exact body per row, null where the row asks for none.

    For what a key is, see `Operation`; `bodies` are binary. The columns of a batch stand in the order in which the
    calls of a row are made, the create first.
    """

    kind: Kind
    keys: pa.Array
    bodies: pa.Array
