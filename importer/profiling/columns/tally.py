"""How often something was seen, where first, and a few of the values: all that is kept of any number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow.compute as pc

from importer.model.examination import FIRST_ROWS, Symptom
from importer.profiling.columns.yaml_fixes import Fix

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

VALUES: Final = 20
"""Different values that are kept: as many as a line of YAML has room for."""


@dataclass(kw_only=True)
class Tally:
    """Counts one thing in one column."""

    count: int = 0
    rows: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def add(self, row: int, value: str) -> None:
        """One more, at this row."""
        self.count += 1
        if len(self.rows) < FIRST_ROWS:
            self.rows.append(int(row))
        if len(self.values) < VALUES and value and value not in self.values:
            self.values.append(value)

    def add_all(self, rows: NDArray[np.int64], values: pa.Array) -> None:
        """One more for each of the rows, in whose cells these values stand."""
        self.count += len(rows)
        self.rows += rows[: FIRST_ROWS - len(self.rows)].tolist()
        new = (value for value in pc.unique(values).to_pylist() if value and value not in self.values)
        self.values += islice(new, VALUES - len(self.values))

    def add_places(self, places: NDArray[np.bool_], index: pd.Index) -> None:
        """One more for each place that is true."""
        self.add_index(index[places])

    def add_index(self, rows: pd.Index) -> None:
        """One more for each of the rows, in whose cells there is nothing to show."""
        self.count += len(rows)
        self.rows += rows[: FIRST_ROWS - len(self.rows)].tolist()

    def add_rows(self, rows: Iterable[int]) -> None:
        """One more for each of the rows."""
        for row in rows:
            self.add(row, "")

    def symptom(self, code: str, column: str, fix: Fix | str, detail: str = "") -> Symptom:
        """The sign that was counted, with a line of the mapping that may help, or a comment."""
        fix = Fix(line=fix) if isinstance(fix, str) else fix
        return Symptom(
            code=code,
            column=column,
            count=self.count,
            rows=tuple(self.rows),
            fix=fix.line,
            place=fix.place,
            otherwise=fix.otherwise,
            detail=detail,
        )
