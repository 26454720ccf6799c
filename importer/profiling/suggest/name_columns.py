"""First name, last name, full name: which columns hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.profiling.header_words import Role
from importer.profiling.suggest.column_search import MOST, SURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from importer.profiling.suggest.column_profile import Column
    from importer.profiling.suggest.column_search import Search


@dataclass(frozen=True, kw_only=True)
class Named:
    """Where the first and the last name come from; a full name has both parts. `unsure` says what a person must see."""

    first: Column
    last: Column | None = None
    first_is_full: bool = False
    last_is_full: bool = False
    unsure: bool = False


def find_names(search: Search, taken: Iterable[Column]) -> Named | None:
    """The columns of the first and the last name, or the one that holds both; `None` if none is called so."""
    first = search.best(Role.FIRST_NAME, _is_a_name)
    last = search.best(Role.LAST_NAME, _is_a_name)
    full = next((c for c in search.candidates(Role.FULL_NAME) if _may_be_name(c) and c not in taken), None)
    if first and last:
        return Named(first=first, last=last)
    if first:
        return _completed_by(first, full)
    if last:
        return _beginning_with(last, full)
    if full:
        is_full = full.several_words > 0.2
        return Named(first=full, last=full if is_full else None, first_is_full=is_full, last_is_full=is_full)
    named = [column for role in (Role.FIRST_NAME, Role.FULL_NAME) for column in search.candidates(role)]
    named = [column for column in named if column not in taken and column.emails < MOST]
    return Named(first=named[0], unsure=True) if named else None


def _completed_by(first: Column, full: Column | None) -> Named:
    """`Vorname` and `Name`: the second is the last name, unless it holds the first, too."""
    if full is None:
        return Named(first=first)
    return Named(first=first, last=full, last_is_full=_holds(full, first))


def _beginning_with(last: Column, full: Column | None) -> Named:
    """`Nombre` and `Apellido`: the first is the first name, unless it holds the last, too."""
    if full is None:
        return Named(first=last, last=None, unsure=True)
    return Named(first=full, last=last, first_is_full=_holds(full, last))


def _holds(full: Column, part: Column) -> bool:
    """Whether most cells of one column are those of the other with something more."""
    both = [
        (whole.casefold(), piece.casefold())
        for whole, piece in zip(full.texts.tolist(), part.texts.tolist(), strict=True)
        if whole and piece
    ][:200]
    return sum(piece in whole and len(whole) > len(piece) for whole, piece in both) > len(both) / 2


def _is_a_name(column: Column) -> bool:
    """Whether it holds names, or is called so and holds at least something."""
    is_called = max(column.meanings.get(role, 0.0) for role in (Role.FIRST_NAME, Role.LAST_NAME)) > SURE
    return _may_be_name(column) or (is_called and not column.is_blank and column.emails < MOST)


def _may_be_name(column: Column) -> bool:
    return column.worded > MOST


def nearest_to_a_name(columns: Sequence[Column], taken: set[str]) -> Column:
    """The column that is most like names, for a person to look at, where none is called so."""
    free = [column for column in columns if column.name not in taken] or list(columns)
    return max(free, key=lambda column: (column.worded > MOST, column.unique * column.worded, -column.position))
