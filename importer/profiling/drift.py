"""Is this still the kind of file that the mapping was written for? The columns against those of the last run."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from importer.model.examination import Change, ColumnProfile
from importer.model.vocabulary import nearest

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

SHARE: Final = Fraction(20, 100)
"""A share that grew by so much (20 percentage points) has jumped."""

ROWS: Final = 5
"""A jump is so many rows more than the old share would give: in a short list, one blank cell is a large share."""


def changes(before: Sequence[ColumnProfile], now: Sequence[ColumnProfile]) -> tuple[Change, ...]:
    """What differs: columns renamed, missing and new, then shares of blank cells and of problems that jumped."""
    used = {column.name for column in (*before, *now) if column.rows}
    names = _of_names([column.name for column in before], [column.name for column in now], used)
    return (*names, *_of_shares(before, now))


def changed_names(before: Sequence[ColumnProfile], now: Sequence[ColumnProfile]) -> tuple[Change, ...]:
    """Columns renamed, missing and new: all that the first rows of a file can show."""
    return tuple(change for change in changes(before, now) if change.kind in ("renamed", "missing", "new"))


def _of_names(before: Sequence[str], now: Sequence[str], used: Container[str]) -> Iterator[Change]:
    """A missing column whose nearest name is a new one was renamed. A column that the mapping ignores stops nothing."""
    missing = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    for name in missing:
        close = nearest(name, new)
        if close:
            new.remove(close[0])
            detail = f"is gone; “{close[0]}” is new and may be the same"
            yield Change(kind="renamed", column=name, detail=detail, stops=name in used or close[0] in used)
        else:
            yield Change(kind="missing", column=name, detail="is gone", stops=name in used)
    for name in new:
        yield Change(kind="new", column=name, detail="is new", stops=name in used)


def _of_shares(before: Sequence[ColumnProfile], now: Sequence[ColumnProfile]) -> Iterator[Change]:
    old = {column.name: column for column in before}
    for column in now:
        then = old.get(column.name)
        if then is None or not then.rows or not column.rows:
            continue
        for kind, what, count_then, count in (
            ("blanks", "is blank", then.blanks, column.blanks),
            ("problems", "has a problem", then.problems, column.problems),
        ):
            before_share, share = Fraction(count_then, then.rows), Fraction(count, column.rows)
            if share - before_share >= SHARE and count - before_share * column.rows >= ROWS:
                detail = f"{what} in {float(share):.0%} of the rows; it was {float(before_share):.0%}"
                yield Change(kind=kind, column=column.name, detail=detail)
