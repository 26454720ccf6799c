"""Which column has which role: the names propose, the values decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from importer.mapping.phones import phones
from importer.mapping.suggest.dates import DateGuess, guess_dates
from importer.mapping.suggest.regions import Hints, RegionGuess, guess_region
from importer.mapping.suggest.words import ATTRIBUTES, Role, squeezed

if TYPE_CHECKING:
    from importer.mapping.suggest.columns import Column
    from importer.mapping.suggest.exports import Export

_NEARLY_ALL: Final = 0.98
_SALUTATION: Final = r"(?i)^(?:mr|mrs|ms|miss|dr|prof|herr|frau|sr|sra|srta|dott|sig|m|mme|mlle|shri|smt)\.?$"
_MOST: Final = 0.5
_FEW: Final = 5
_HINTS: Final = 500
_SURE: Final = 0.8
_MOST_PHONES: Final = 3
_BY_NAME: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Named:
    """Where the first and the last name come from; a full name has both parts. `unsure` says what a person must see."""

    first: Column
    last: Column | None = None
    first_is_full: bool = False
    last_is_full: bool = False
    unsure: bool = False


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The columns that have a role. What is `None` or empty was not found."""

    ids: tuple[Column, ...] = ()
    names: Named | None = None
    phones: tuple[Column, ...] = ()
    email: Column | None = None
    country: Column | None = None
    opt_in: tuple[Column, DateGuess | None] | None = None
    created: tuple[Column, DateGuess | None] | None = None
    owner: Column | None = None
    flags: tuple[tuple[Column, Role], ...] = ()
    attributes: dict[Role, Column] = field(default_factory=dict)

    def used(self) -> set[str]:
        """The names of the columns that became a field or an attribute."""
        names = [self.names.first, self.names.last] if self.names else []
        dates = [self.opt_in[0]] if self.opt_in else []
        ids = list(self.ids[:1])
        found = [*ids, *names, *self.phones, *dates, self.owner, *self.attributes.values()]
        return {column.name for column in found if column is not None}


def find_roles(columns: Sequence[Column], export: Export | None) -> Roles:
    """The roles of the columns, each decided by what is left."""
    search = _Search(columns=columns, export=export)
    email = search.best(Role.EMAIL, lambda column: column.emails > _MOST)
    email = email or _only([c for c in columns if c.emails > _SURE and c.unique > _MOST and not search.is_owner(c)])
    phones = _phones(search)
    names = _names(search, taken=[*phones, *([email] if email else [])])
    country = search.best(Role.COUNTRY, lambda column: column.countries > _MOST)
    found = Roles(
        ids=_ids(search, taken=phones),
        names=names,
        phones=phones,
        email=email,
        country=country,
        opt_in=_dated(search, Role.OPT_IN),
        created=_dated(search, Role.CREATED),
        owner=search.best(Role.OWNER, lambda column: not column.is_blank),
        flags=_flags(search),
    )
    return replace(found, attributes=_attributes(search, found))


@dataclass(frozen=True, kw_only=True)
class _Search:
    columns: Sequence[Column]
    export: Export | None

    def candidates(self, role: Role) -> list[Column]:
        """The columns whose names say the role, the surest first; those of a known export and no others if it knows."""
        if self.export and role in self.export.roles:
            by_key = {squeezed(column.name): column for column in reversed(self.columns)}
            keys = [squeezed(name) for name in self.export.roles[role]]
            return [by_key[key] for key in keys if key in by_key]
        found = [column for column in self.columns if column.meanings.get(role, 0.0) >= _BY_NAME]
        return sorted(found, key=lambda column: -column.meanings[role])

    def best(self, role: Role, fits: Callable[[Column], bool]) -> Column | None:
        return next((column for column in self.candidates(role) if fits(column)), None)

    def is_owner(self, column: Column) -> bool:
        return column in self.candidates(Role.OWNER)

    def is_known(self, column: Column) -> bool:
        """Whether a known export says what the column is."""
        roles = self.export.roles.values() if self.export else ()
        return any(squeezed(column.name) == squeezed(name) for names in roles for name in names)


def _only(columns: Sequence[Column]) -> Column | None:
    return columns[0] if columns else None


# phones


def _phones(search: _Search) -> tuple[Column, ...]:
    named = search.candidates(Role.PHONE)
    filled = [column for column in named if column.phone_like > _MOST and not _is_a_date(column)]
    if filled:
        # A name such as “Contact” fits a phone less than “Mobile”, and a second best is wanted only if it is as sure.
        return tuple(filled[:_MOST_PHONES])
    unnamed = [column for column in search.columns if not search.is_known(column) and _may_be_phone(column)]
    if unnamed:
        return tuple(sorted(unnamed, key=lambda column: -column.phone_like)[:1])
    return tuple(sorted(named, key=lambda column: column.is_blank))[:1]


def _may_be_phone(column: Column) -> bool:
    """Whether a column that is not called so may hold phone numbers, by its values alone."""
    is_code = bool(column.meanings.keys() & {Role.CRM_ID, Role.POSTAL_CODE})
    return column.phone_like > _SURE and not is_code and not column.is_counter and not _is_a_date(column)


def _is_a_date(column: Column) -> bool:
    return guess_dates(column, is_date_by_name=Role.CREATED in column.meanings) is not None


def region_of(roles: Roles) -> tuple[RegionGuess, bool]:
    """The country of numbers without a country code, and whether that of their row is better still."""
    emails = tuple(roles.email.values.head(_HINTS)) if roles.email else ()
    numbers = [column.sample for column in roles.phones]
    alone = guess_region(numbers, Hints(emails=emails))
    if roles.country is None or not roles.phones:
        return alone, False
    helped = guess_region(numbers, Hints(emails=emails, countries=tuple(roles.country.values.head(_HINTS))))
    cells = roles.phones[0].values.head(_HINTS)
    by_row = phones(cells, helped.region or None, roles.country.texts.loc[cells.index])
    by_one = phones(cells, alone.region or None, None)
    better = len(by_row.findings) <= len(by_one.findings)
    return (helped, bool(helped.looked_at)) if better else (alone, False)


# names


def _names(search: _Search, taken: Iterable[Column]) -> Named | None:
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
    named = [column for column in named if column not in taken and column.emails < _MOST]
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
    is_called = max(column.meanings.get(role, 0.0) for role in (Role.FIRST_NAME, Role.LAST_NAME)) > _SURE
    return _may_be_name(column) or (is_called and not column.is_blank and column.emails < _MOST)


def _may_be_name(column: Column) -> bool:
    return column.worded > _MOST


def nearest_to_a_name(columns: Sequence[Column], taken: set[str]) -> Column:
    """The column that is most like names, for a person to look at, where none is called so."""
    free = [column for column in columns if column.name not in taken] or list(columns)
    return max(free, key=lambda column: (column.worded > _MOST, column.unique * column.worded, -column.position))


def nearest_to_a_phone(columns: Sequence[Column], taken: set[str]) -> Column:
    """The column that is most like phone numbers."""
    free = [column for column in columns if column.name not in taken] or list(columns)
    return max(free, key=lambda column: (column.phone_like, column.share("[0-9]{5}"), -column.position))


# ids


def _ids(search: _Search, taken: Iterable[Column]) -> tuple[Column, ...]:
    """The columns that may be the id, the best first: different in every row, and called an id or known to be it."""
    known = search.export is not None and Role.CRM_ID in search.export.roles
    named = [column for column in search.candidates(Role.CRM_ID) if column not in taken and _may_be_id(column)]
    if known or named:
        return tuple(named)
    return tuple(column for column in search.columns if column not in taken and _is_like_an_id(column))


def _is_like_an_id(column: Column) -> bool:
    """Whether a column that is not called so may be an id: a code that is different in every row."""
    if (
        len(column.values) < _FEW
        or column.meanings
        or column.phone_like > _MOST
        or not _may_be_id(column, _NEARLY_ALL)
        or _is_a_date(column)
    ):
        return False
    return column.share(r"^[0-9A-Za-z]+[-_/]?[0-9A-Za-z-]*[0-9]") > _SURE


def _may_be_id(column: Column, least: float = _SURE) -> bool:
    return (
        column.filled >= least
        and column.unique >= least
        and column.emails < _MOST
        and not (column.is_counter and Role.CRM_ID not in column.meanings)
        and not column.share(r"\s\S+\s")
    )


# dates and flags


def _dated(search: _Search, role: Role) -> tuple[Column, DateGuess | None] | None:
    for column in search.candidates(role):
        guess = guess_dates(column, is_date_by_name=True)
        if guess is not None:
            return column, guess
    if search.export and search.export.roles.get(role):
        blank = [column for column in search.candidates(role) if column.is_blank]
        return (blank[0], None) if blank else None
    return None


def _flags(search: _Search) -> tuple[tuple[Column, Role], ...]:
    found = [(column, role) for role in (Role.CONSENT, Role.OPT_OUT) for column in search.candidates(role)]
    return tuple((column, role) for column, role in found if column.flags != ((), ()))


# attributes


def _attributes(search: _Search, found: Roles) -> dict[Role, Column]:
    taken = found.used() | {column.name for column, _ in found.flags}
    attributes = {role: column for role, column in ((Role.EMAIL, found.email), (Role.COUNTRY, found.country)) if column}
    taken |= {column.name for column in attributes.values()}
    for role in ATTRIBUTES:
        column = search.best(role, lambda column: column.name not in taken and not column.is_blank)
        is_salutation = role is Role.JOB_TITLE and column is not None and column.share(_SALUTATION) > _MOST
        if role not in attributes and role not in (Role.EMAIL, Role.COUNTRY) and column and not is_salutation:
            attributes[role] = column
            taken.add(column.name)
    return {role: attributes[role] for role in ATTRIBUTES if role in attributes}
