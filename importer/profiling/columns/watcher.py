"""What a watcher of the column doctor sees of the rows, how it counts, and what every watcher is."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.compute as pc

from importer.model.examination import FIRST_ROWS, Symptom
from importer.model.problems import Problems
from importer.model.texts import large_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from importer.profiling.columns.yaml_fixes import Fix

VALUES: Final = 20
"""Different values that are kept: as many as a line of YAML has room for."""


class WatchedRows:
    """Rows of a batch that the mapping does not leave out: source texts, mapped texts, and their problems."""

    def __init__(self, cells: pd.DataFrame, mapped: pd.DataFrame, problems: Problems) -> None:
        self.cells = cells
        self.mapped = mapped
        self.index = cells.index
        columns = problems.texts("column")
        names = pc.unique(columns).to_pylist()
        self._problems = {name: problems.where(np.asarray(pc.equal(columns, name))) for name in names}

    def texts(self, column: str) -> Any:
        """A source column as an Arrow array."""
        return large_texts(self.cells[column])

    def problems_of(self, column: str) -> Problems:
        """The problems of a source column."""
        return self._problems.get(column, Problems.none())

    def refused(self, column: str) -> NDArray[np.int64]:
        """The rows that a problem of the column stops, each once."""
        problems = self.problems_of(column)
        return np.unique(problems.rows[problems.stops])


class Watcher:
    """Watches one column for one kind of symptom; keeps counts and first rows, never the rows."""

    def __init__(self, column: str) -> None:
        self._column = column

    def watch(self, rows: WatchedRows) -> None:
        """Take in some more rows, in the order of the source."""
        raise NotImplementedError

    def symptoms(self) -> Iterator[Symptom]:
        """What was found in all rows."""
        raise NotImplementedError


@dataclass(kw_only=True)
class Tally:
    """How often something was seen in one column, in which rows first, and a few of the values."""

    count: int = 0
    rows: list[int] = field(default_factory=list)
    values: list[str] = field(default_factory=list)

    def add(self, rows: pd.Index | NDArray[np.int64], values: pa.Array | None = None) -> None:
        """Count each of the rows, whose cells hold these values."""
        self.count += len(rows)
        self.rows += rows[: FIRST_ROWS - len(self.rows)].tolist()
        if values is not None:
            new = (value for value in pc.unique(values).to_pylist() if value and value not in self.values)
            self.values += islice(new, VALUES - len(self.values))

    def symptom(self, code: str, column: str, fix: Fix, detail: str = "") -> Symptom:
        """The symptom that was counted, with a line for the mapping that may help, or a comment."""
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
