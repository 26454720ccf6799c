"""What a watcher sees of the rows, and what every watcher is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from importer.model.texts import large_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from importer.model.examination import Symptom
    from importer.model.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Look:
    """Rows of a batch that the mapping does not leave out: source texts, mapped texts, and their problems."""

    cells: pd.DataFrame
    mapped: pd.DataFrame
    problems: dict[str, list[Problem]]

    @property
    def index(self) -> pd.Index:
        """The numbers of the rows."""
        return self.cells.index

    def texts(self, column: str) -> Any:
        """A source column as an Arrow array."""
        return large_texts(self.cells[column])


class Watcher(Protocol):
    """Looks out for one kind of sign; keeps counts and first rows, never the rows."""

    def look(self, look: Look) -> None:
        """Take in some more rows, in the order of the source."""
        ...

    def symptoms(self) -> Iterator[Symptom]:
        """What was seen in all rows."""
        ...


def by_column(problems: Sequence[Problem]) -> dict[str, list[Problem]]:
    """The problems of each source column."""
    found: defaultdict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        found[problem.column].append(problem)
    return found
