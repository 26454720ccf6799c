"""What a watcher sees of the rows, and what every watcher is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow.compute as pc

from importer.model.problems import Problems
from importer.model.texts import large_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from importer.model.examination import Symptom


@dataclass(frozen=True, kw_only=True)
class Look:
    """Rows of a batch that the mapping does not leave out: source texts, mapped texts, and their problems."""

    cells: pd.DataFrame
    mapped: pd.DataFrame
    problems: dict[str, Problems]

    @property
    def index(self) -> pd.Index:
        """The numbers of the rows."""
        return self.cells.index

    def texts(self, column: str) -> Any:
        """A source column as an Arrow array."""
        return large_texts(self.cells[column])

    def problems_of(self, column: str) -> Problems:
        """The problems of a source column."""
        return self.problems.get(column, Problems.none())

    def refused(self, column: str) -> NDArray[np.int64]:
        """The rows that a problem of the column stops, each once."""
        problems = self.problems_of(column)
        return np.unique(problems.rows[problems.stops])


class Watcher(Protocol):
    """Looks out for one kind of sign; keeps counts and first rows, never the rows."""

    def look(self, look: Look) -> None:
        """Take in some more rows, in the order of the source."""
        ...

    def symptoms(self) -> Iterator[Symptom]:
        """What was seen in all rows."""
        ...


def by_column(problems: Problems) -> dict[str, Problems]:
    """The problems of each source column."""
    columns = problems.texts("column")
    names = pc.unique(columns).to_pylist()
    return {name: problems.where(np.asarray(pc.equal(columns, name))) for name in names}
