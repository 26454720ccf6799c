"""Rows on their way from the file to the plan, batch by batch: as read, as mapped, and as planned.

Every frame is text only (pandas `str`, pyarrow-backed), blank cells are `""` and never missing, and the index holds the
row numbers that a spreadsheet shows. Rows stay in columns, because most rows of most files are fine: a million of them
are planned, kept and reported without an object for each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problems import Problems
from importer.model.rules import AttributeRule, Rule, TimeRule, ValueType

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from importer.model.lead_preview import LeadPreview
    from importer.model.operation import Kind
    from importer.model.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows as the source has them: one text column per source column.

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
    def is_provenance(self) -> bool:
        """Whether it says where its row comes from, which makes no row another one."""
        return isinstance(self.rule, AttributeRule) and self.rule.provenance is not None

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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBatch:
    """Rows of one source after reading, mapping, validating and planning: one element of each column per row.

    A row is `invalid`, `filtered` out by the mapping, or valid; in-file duplicates are settled after the last row.
    `cells` are the source's cells, its index the row numbers. `owners` are the users that the assignments name, `""`
    for none; `follow_ups` says how many requests of each kind a row asks for after its create. None of the `problems`
    is about a filtered row, and their values are as short as messages show them. `lines` are the physical lines, by row
    number, where they differ. `leads` shows what the requests of the valid rows hold: see `planning.bodies`;
    `previews` are the first of them beside their cells.
    """

    source: int
    cells: pd.DataFrame
    invalid: pa.BooleanArray
    filtered: pa.BooleanArray
    crm_ids: pa.Array
    owners: pa.Array
    follow_ups: Mapping[Kind, pa.Array]
    problems: Problems = field(default_factory=Problems.none)
    lines: Mapping[int, int] = field(default_factory=dict)
    leads: pa.Table = field(default_factory=lambda: pa.schema({"number": pa.int64()}).empty_table())
    previews: tuple[LeadPreview, ...] = ()

    @property
    def numbers(self) -> pa.Int64Array:
        """The row numbers that a spreadsheet shows."""
        return pa.array(self.cells.index.to_numpy(dtype="int64"))

    @property
    def valid(self) -> pa.BooleanArray:
        """Which rows can be sent."""
        return pc.invert(pc.or_(self.invalid, self.filtered))

    def part(self, start: int, length: int) -> PlannedBatch:
        """These rows of the batch; `lines` are still those of the whole batch."""
        end = start + length
        cells = self.cells.iloc[start:end]
        rows, leads = self.problems.rows, self.leads["number"]
        first, last = int(cells.index[0]), int(cells.index[-1])
        return replace(
            self,
            cells=cells,
            problems=self.problems.where((rows >= first) & (rows <= last)),
            previews=tuple(preview for preview in self.previews if first <= preview.number <= last),
            leads=self.leads.filter(pc.and_(pc.greater_equal(leads, first), pc.less_equal(leads, last))),
            invalid=self.invalid[start:end],
            filtered=self.filtered[start:end],
            crm_ids=self.crm_ids[start:end],
            owners=self.owners[start:end],
            follow_ups={kind: counts[start:end] for kind, counts in self.follow_ups.items()},
        )

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationColumn:
    """The calls of one kind that a batch asks for: key and exact body per row, null where the row asks for none.

    For what a key is, see `Operation`; `bodies` are binary. The columns of a batch are in the order in which the calls
    of a row are made, the create first.
    """

    kind: Kind
    keys: pa.Array
    bodies: pa.Array
