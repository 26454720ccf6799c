"""Which rows are sent and which are not, once every row is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.model.problem import KINDS, Problem
from importer.validating.hashing import groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from importer.model.mapping import Duplicates
    from importer.validating.hashing import Hashes

NAMED_ROWS: Final = 5
"""So many other rows are named in a message; the rest are only counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the other rows of the run mean for one row: a new status, a problem or warning to add, or both.

    A row can occur several times, once for each finding; the last status counts.
    """

    row: RowId
    status: RowStatus | None
    problem: Problem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows that take part, one array element each, in the order of the files.

    `marks` has a number per cell, by the label of its column: two cells with different marks differ.
    """

    sources: NDArray[np.int32]
    numbers: NDArray[np.int32]
    valid: NDArray[np.bool_]
    ids: Hashes
    contents: Hashes
    near: Hashes
    phones: Hashes
    marks: dict[str, NDArray[np.uint16]]

    def agree(self, members: Sequence[int]) -> bool:
        """Whether all of the rows have the same content."""
        return bool((self.contents[members] == self.contents[members[0]]).all())

    def differing(self, members: Sequence[int]) -> list[str]:
        """The labels of the fields in which not all of the rows agree."""
        return [label for label, marks in self.marks.items() if (marks[members] != marks[members[0]]).any()]


class Settling:
    """One judgment over all rows of a run."""

    def __init__(self, rows: Rows, policy: Duplicates, source_names: Sequence[str]) -> None:
        self._rows = rows
        self._policy = policy
        self._source_names = source_names
        self._sent = rows.valid.copy()
        self._found: list[Settled] = []

    def settled(self) -> tuple[Settled, ...]:
        """Ids first; near ids and phone numbers then matter only among the rows that are still to be sent."""
        for members in groups(self._rows.ids):
            self._settle_id(members)
        for members in groups(self._rows.near, self._sent):
            for member in members:
                others = self._others(member, members)
                detail = f"{others} nearly the same crm_id: only case, spaces or Unicode form differ"
                self._add(member, None, "crm-id-near-duplicate", "crm_id", detail)
        if self._policy.phone != "allow":
            self._settle_phones()
        return tuple(sorted(self._found, key=lambda found: (found.row.source, found.row.number)))

    def _settle_id(self, members: list[int]) -> None:
        valid = [member for member in members if self._rows.valid[member]]
        if not valid:
            return
        if self._policy.in_file != "report":
            self._keep(valid[0] if self._policy.in_file == "first" else valid[-1], valid)
        elif len(valid) == len(members) and self._rows.agree(members):
            self._keep(valid[0], valid)
        else:
            self._conflict(valid, members)

    def _keep(self, kept: int, valid: list[int]) -> None:
        """One row is used for all; an invalid row never is, and does not count against the others.

        It may still turn out to be known, or to share its phone number with another lead: then none of them is sent.
        """
        for member in valid:
            if member != kept:
                pair = [kept, member]
                other = self._name(kept, member)
                detail = (
                    f"exact duplicate of {other}; only {other} is used"
                    if self._rows.agree(pair)
                    else f"same crm_id as {other}, which differs ({self._fields(pair)}); only {other} is used"
                )
                self._add(member, RowStatus.DUPLICATE_IN_FILE, "crm-id-repeated", "crm_id", detail)

    def _conflict(self, valid: list[int], members: list[int]) -> None:
        """No row is sent. An invalid row counts as different, because its content is not known."""
        fields = self._fields(members)
        for member in valid:
            detail = f"{self._others(member, members)} the same crm_id but different content ({fields})"
            self._add(member, RowStatus.CONFLICT_IN_FILE, "crm-id-conflict", "crm_id", detail)

    def _settle_phones(self) -> None:
        """With `phone: problem` no row of the number is sent, because nothing shows which of them is right."""
        for members in groups(self._rows.phones, self._sent):
            for member in members:
                detail = f"{self._others(member, members)} the same phone number"
                if self._policy.phone == "problem":
                    self._add(member, RowStatus.INVALID, "phone-conflict", "phone_number", detail)
                else:
                    self._add(member, None, "phone-repeated", "phone_number", detail)

    def _add(self, at: int, status: RowStatus | None, code: str, field: str, detail: str) -> None:
        row = self._row(at)
        problem = Problem(row=row.number, code=code, field=field, detail=detail, warning=KINDS[code].warning)
        self._found.append(Settled(row=row, status=status, problem=problem))
        if status is not None:
            self._sent[at] = False

    def _fields(self, members: list[int]) -> str:
        return ", ".join(self._rows.differing(members)) or "in a cell that has a problem"

    def _others(self, member: int, members: list[int]) -> str:
        """`row 7 of list.csv and row 9 have`, without the row itself."""
        others = [self._name(other, member) for other in members[: NAMED_ROWS + 1] if other != member][:NAMED_ROWS]
        unnamed = len(members) - 1 - len(others)
        if unnamed:
            others.append(f"{unnamed} more")
        *before, last = others
        return f"{', '.join(before)} and {last} have" if before else f"{last} has"

    def _name(self, other: int, member: int) -> str:
        """A row as another one names it: with its file if that is a different one."""
        row = self._row(other)
        if row.source == self._rows.sources[member]:
            return f"row {row.number}"
        return f"row {row.number} of {self._source_names[row.source]}"

    def _row(self, at: int) -> RowId:
        return RowId(int(self._rows.sources[at]), int(self._rows.numbers[at]))
