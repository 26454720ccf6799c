"""Who is sent and who is not, once every row is known."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from importer.model.operation import RowId
from importer.model.outcome import RowStatus
from importer.model.problem import KINDS, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from importer.model.mapping import Duplicates
    from importer.validating.hashing import Hashes

NAMED_ROWS: Final = 5
"""So many other rows are named in a message; of the rest only the number is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the other rows of the run mean for one row: a new status, a problem or warning to add, or both.

    A row can occur several times, once for each thing to be said about it; the last status counts.
    """

    row: RowId
    status: RowStatus | None
    problem: Problem | None


class Marks:
    """The marks of every cell of a run, as they came: one block per batch, with its labels."""

    def __init__(self, blocks: Sequence[tuple[tuple[str, ...], NDArray[np.uint16]]]) -> None:
        self._blocks = blocks
        self._starts = np.cumsum([0, *(len(marks) for _, marks in blocks)]).tolist()

    def differing(self, members: Sequence[int]) -> list[str]:
        """The labels of the fields in which not all of the rows agree."""
        first, *others = [self._of(member) for member in members]
        labels = {label for other in others for label in first.keys() | other.keys()}
        return sorted(label for label in labels if any(first.get(label, 0) != o.get(label, 0) for o in others))

    def _of(self, position: int) -> dict[str, int]:
        block = bisect_right(self._starts, position) - 1
        labels, marks = self._blocks[block]
        return dict(zip(labels, marks[position - self._starts[block]].tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All rows of a run that take part, one array element each, in the order of the files."""

    sources: NDArray[np.int32]
    numbers: NDArray[np.int32]
    valid: NDArray[np.bool_]
    ids: Hashes
    contents: Hashes
    near: Hashes
    phones: Hashes
    marks: Marks

    def agree(self, members: Sequence[int]) -> bool:
        """Whether all of the rows say the same."""
        return bool((self.contents[members] == self.contents[members[0]]).all())


class Settling:
    """One judgement over all rows of a run."""

    def __init__(self, rows: Rows, policy: Duplicates, source_names: Sequence[str]) -> None:
        self._rows = rows
        self._policy = policy
        self._source_names = source_names
        self._sent = rows.valid.copy()
        self._found: list[tuple[int, RowStatus | None, Problem]] = []

    def settled(self) -> tuple[Settled, ...]:
        """Ids first; near ids and phone numbers then matter only among the rows that are still to be sent."""
        for members in groups(self._rows.ids):
            self._settle_id(members)
        self._warn_of_near_ids()
        if self._policy.phone != "allow":
            self._settle_phones()
        self._found.sort(key=lambda found: found[0])
        return tuple(Settled(row=self._row(at), status=status, problem=problem) for at, status, problem in self._found)

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
        """One row is used for all; an invalid row never is, and says nothing about the others.

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
        """No row is sent. A row that is invalid counts as different: what it would have said is not known."""
        fields = self._fields(members)
        for member in valid:
            detail = f"{self._others(member, members)} the same crm_id but different content ({fields})"
            self._add(member, RowStatus.CONFLICT_IN_FILE, "crm-id-conflict", "crm_id", detail)

    def _warn_of_near_ids(self) -> None:
        for members in groups(self._rows.near, self._sent):
            for member in members:
                detail = (
                    f"{self._others(member, members)} nearly the same crm_id: only case, spaces or Unicode form differ"
                )
                self._add(member, None, "crm-id-near-duplicate", "crm_id", detail)

    def _settle_phones(self) -> None:
        """With `phone: problem` no row of the number is sent, for nothing says which of them is right."""
        for members in groups(self._rows.phones, self._sent):
            for member in members:
                detail = f"{self._others(member, members)} the same phone number"
                if self._policy.phone == "problem":
                    self._add(member, RowStatus.INVALID, "phone-conflict", "phone_number", detail)
                else:
                    self._add(member, None, "phone-repeated", "phone_number", detail)

    def _add(self, at: int, status: RowStatus | None, code: str, field: str, detail: str) -> None:
        number = int(self._rows.numbers[at])
        problem = Problem(row=number, code=code, field=field, detail=detail, warning=KINDS[code].warning)
        self._found.append((at, status, problem))
        if status is not None:
            self._sent[at] = False

    def _fields(self, members: list[int]) -> str:
        return ", ".join(self._rows.marks.differing(members)) or "in a cell that has a problem"

    def _others(self, member: int, members: list[int]) -> str:
        """`row 7 of list.csv and row 9 have`, without the row itself."""
        others = [self._name(other, member) for other in members[: NAMED_ROWS + 1] if other != member][:NAMED_ROWS]
        unnamed = len(members) - 1 - len(others)
        if unnamed:
            others.append(f"{unnamed} more")
        *before, last = others
        return f"{', '.join(before)} and {last} have" if before else f"{last} has"

    def _name(self, other: int, member: int) -> str:
        """A row as another one names it: with its file where that is not the other's own."""
        row = self._row(other)
        if row.source == self._rows.sources[member]:
            return f"row {row.number}"
        return f"row {row.number} of {self._source_names[row.source]}"

    def _row(self, at: int) -> RowId:
        return RowId(int(self._rows.sources[at]), int(self._rows.numbers[at]))


def groups(hashes: Hashes, among: NDArray[np.bool_] | None = None) -> Iterator[list[int]]:
    """The positions of rows of one hash, in order, for every hash that several rows have."""
    positions = _shared(hashes[:, 0] if among is None else hashes[among, 0])
    if among is not None:
        positions = np.flatnonzero(among)[positions]
    chosen = hashes[positions]
    order = np.lexsort(chosen.T)
    ordered = chosen[order]
    starts = np.flatnonzero(np.append(True, (ordered[1:] != ordered[:-1]).any(axis=1)))
    sizes = np.diff(np.append(starts, len(ordered)))
    for start, size in zip(starts[sizes > 1].tolist(), sizes[sizes > 1].tolist(), strict=True):
        yield positions[order[start : start + size]].tolist()


def _shared(words: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Where a word is that of another place: most rows are alone, and cost no more than this."""
    ordered = np.sort(words)
    return np.flatnonzero(np.isin(words, ordered[1:][ordered[1:] == ordered[:-1]]))
