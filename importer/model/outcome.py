"""What became of a row and of its follow-ups: the words of the report."""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from importer.model.operation import RowId
from importer.model.problem import Problem

if TYPE_CHECKING:
    import pyarrow as pa


class RowStatus(StrEnum):
    """Exactly one per row; see docs/statuses.md for what each promises."""

    VALID = "valid"
    INVALID = "invalid"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    CONFLICT_IN_FILE = "conflict_in_file"
    FILTERED = "filtered"
    SKIPPED_KNOWN = "skipped_known"
    CREATED = "created"
    DUPLICATE = "duplicate"
    CREATED_UNCONFIRMED = "created_unconfirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    PENDING = "pending"


NEEDS_A_PERSON = frozenset(
    {
        RowStatus.INVALID,
        RowStatus.CONFLICT_IN_FILE,
        RowStatus.REJECTED,
        RowStatus.UNKNOWN,
        RowStatus.CREATED_UNCONFIRMED,
    }
)
"""The statuses that make the exit code 1 and put the row into rejects.csv."""


class FollowUp(StrEnum):
    """The state of an assignment, or of a row's events together."""

    NONE = ""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    PENDING = "pending"

    @classmethod
    def worst(cls, states: "list[FollowUp]") -> "FollowUp":
        """The state that stands for several: the one that needs a person most."""
        return max(states, key=_SEVERITY.__getitem__, default=cls.NONE)


STATES_FOR_A_PERSON = frozenset({FollowUp.REJECTED, FollowUp.UNKNOWN, FollowUp.HELD})
"""The states of a follow-up that somebody has to look at."""

_SEVERITY = {
    FollowUp.NONE: 0,
    FollowUp.ACCEPTED: 1,
    FollowUp.PENDING: 2,
    FollowUp.HELD: 3,
    FollowUp.UNKNOWN: 4,
    FollowUp.REJECTED: 5,
}


@dataclass(frozen=True, kw_only=True)
class RowResult:
    """One line of the report: a source row and what happened to it. Read from the journal alone.

    `message` and `hint` come from sending; the problems speak for themselves. `cells` are the source's own cells,
    empty for rows that need nobody. `finished_at` is ISO 8601 in UTC, empty while the row is not settled.
    """

    row: RowId
    status: RowStatus
    crm_id: str = ""
    lead_id: str = ""
    assign: FollowUp = FollowUp.NONE
    assigned_to: str = ""
    events: FollowUp = FollowUp.NONE
    problems: tuple[Problem, ...] = ()
    message: str = ""
    hint: str = ""
    attempts: int = 0
    http_status: int | None = None
    error_code: int | None = None
    finished_at: str = ""
    line: int | None = None
    cells: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def needs_a_person(self) -> bool:
        """Whether somebody has to look at the row."""
        failed = STATES_FOR_A_PERSON
        return self.status in NEEDS_A_PERSON or self.assign in failed or self.events in failed

    def codes(self, *, warnings: bool) -> str:
        """The row's problem codes (or those of its warnings), each once, joined with `;`."""
        return ";".join(dict.fromkeys([problem.code for problem in self.problems if problem.warning is warnings]))

    # Several reports say the same of a row.

    @cached_property
    def explanation(self) -> str:
        """What happened, in one line: what sending said, else what the problems (or the warnings) say."""
        return self.message or "; ".join([problem.message for problem in self._told])

    @cached_property
    def cure(self) -> str:
        """What to do, in one line, each cure once."""
        return self.hint or " ".join(dict.fromkeys([problem.hint for problem in self._told]))

    @property
    def _told(self) -> tuple[Problem, ...]:
        return tuple([p for p in self.problems if not p.warning]) or self.problems


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultBatch:
    """Lines of the report in columns: rows of one source in the order of their numbers.

    The columns of `table` have the names and the meaning of `RowResult` (`number`, `crm_id`, `status`, `explanation`,
    `cure`, ...), `problems` and `warnings` are the codes, and `needy` is whether the row needs a person. Texts are `""`
    where there is nothing to say, numbers null.

    `problems` has the `number`, `code`, `message`, `hint` and `warning` of each finding, in the order of the rows;
    `cells` the source's cells of the rows that need a person, in their order, a column for each (null where they are
    not kept). `people` are rows that need a person, one by one: the first of the run, and all of which no finding but
    only an answer of the CRM says why.
    """

    source: int
    table: "pa.Table"
    problems: "pa.Table"
    cells: "pa.Table"
    people: tuple[RowResult, ...] = ()
