"""A row with everything that is decided about it before anything is sent."""

from dataclasses import dataclass

from importer.model.operation import Operation, RowId
from importer.model.outcome import RowStatus
from importer.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """A source row after reading, mapping, validating and planning.

    `status` is `valid`, `invalid` or `filtered` (in-file duplicates are settled once the last row is known).
    `cells` are the source's cells in the order of its columns. `operations` begin with the create; they are empty
    unless the row is valid. `owner` is the user that the assignment names.
    """

    row: RowId
    status: RowStatus
    crm_id: str
    cells: tuple[str, ...]
    problems: tuple[Problem, ...] = ()
    operations: tuple[Operation, ...] = ()
    owner: str = ""
    line: int | None = None
