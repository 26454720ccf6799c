"""The frames that flow through the preparing stages.

Every frame is text only (pandas `str`, pyarrow-backed), blank cells are `""` and never missing, and the index holds the
row numbers that a spreadsheet shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from importer.model.problems import Problems
from importer.model.rules import AttributeRule, Rule, TimeRule, ValueType

if TYPE_CHECKING:
    import pandas as pd

    from importer.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows as they stand in the source: one text column per source column.

    `lines` holds the physical line of rows whose record number differs from it (CSV with line breaks in cells).
    `problems` are about cells that could not be read as text (`cell-error`, `digits-lost`, ...) and about ragged rows.
    They count only if they are about a mapped column or the whole row.
    """

    frame: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    lines: dict[int, int] | None = None


class Place(StrEnum):
    """Which part of which request a target fills."""

    LEAD = "lead"
    ATTRIBUTE = "attribute"
    ASSIGN = "assign"
    EVENT_ATTRIBUTE = "event_attribute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One value of the requests: where it goes, and where it comes from.

    `label` is its column in the mapped frame and its name in problems: `first_name`, `attributes.address.zip`,
    `assign`, `events[0].attributes.stage`. `path` is the path of keys below `attributes` for attributes, else the
    field's name alone. `columns` are the source columns it reads (none for a constant); `region_column` is the one
    among them, if any, that only says a phone's country.
    """

    label: str
    place: Place
    path: tuple[str, ...]
    columns: tuple[str, ...] = ()
    region_column: str | None = None
    type: ValueType = ValueType.TEXT
    rule: Rule | None = None
    event: int | None = None

    @property
    def origins(self) -> tuple[str, ...]:
        """The source columns that its text is made of."""
        return tuple(dict.fromkeys(column for column in self.columns if column != self.region_column))

    @property
    def is_date(self) -> bool:
        """Whether it holds a date or a time: a lead field with a rule for times, or an attribute of such a type."""
        if isinstance(self.rule, AttributeRule):
            return self.type in (ValueType.DATE, ValueType.DATETIME)
        return isinstance(self.rule, TimeRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedBatch:
    """Rows in the CRM's terms: one text column per target, plus one boolean column per event (`events[0]`).

    Texts are canonical: phones in E.164, `opt_in_date` as epoch digits in the mapping's unit, typed attributes as JSON
    literals (`12`, `true`, `["a"]`; text, date and datetime stay text unless a unit asks for epoch digits).
    A cell with a problem is `""`. `filtered` marks the rows that `where` leaves out (no problems are reported for
    them). `events[i]` says whether event `i` is wanted for the row.
    """

    frame: pd.DataFrame
    filtered: pd.Series[bool]
    problems: Problems = field(default_factory=Problems.none)
