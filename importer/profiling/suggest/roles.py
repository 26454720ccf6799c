"""Which column has which role: the names propose, the values decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from importer.mapping.values.phone import phones
from importer.profiling.consent_columns import wish_in_name
from importer.profiling.header_words import ATTRIBUTES, Role
from importer.profiling.suggest.column_search import MOST, SURE, Search
from importer.profiling.suggest.date_guess import DateGuess, guess_dates
from importer.profiling.suggest.name_columns import Named, find_names
from importer.profiling.suggest.region_guess import Hints, RegionGuess, guess_region

if TYPE_CHECKING:
    from importer.profiling.suggest.column_profile import Column
    from importer.profiling.suggest.exports import Export

_NEARLY_ALL: Final = 0.98
_SALUTATION: Final = r"(?i)^(?:mr|mrs|ms|miss|dr|prof|herr|frau|sr|sra|srta|dott|sig|m|mme|mlle|shri|smt)\.?$"
_WISHES: Final = (Role.CONSENT, Role.OPT_OUT)
_TERRITORIES: Final = (
    r"(?i)^(?:emea|apac|amer|americas|na|nam|noram|latam|anz|dach|mea|mena|nordics?|benelux|uki|cee|asean|global|row"
    r"|worldwide|north|south|east|west|central|zone)\b"
)
"""Parts of the world or of a market, as sales teams cut it: a column of them is called “Region”, but is no state."""
_FEW: Final = 5
_HINTS: Final = 500
_MOST_PHONES: Final = 3


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
    unclear: tuple[Column, ...] = ()
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
    search = Search(columns=columns, export=export)
    wishes = _wishes(search)
    email = search.best(Role.EMAIL, lambda column: column.emails > MOST)
    email = email or _only([c for c in columns if c.emails > SURE and c.unique > MOST and not search.is_owner(c)])
    phones = _phones(search)
    names = find_names(search, taken=[*phones, *([email] if email else [])])
    country = search.best(Role.COUNTRY, lambda column: column.countries > MOST)
    found = Roles(
        ids=_ids(search, taken=phones),
        names=names,
        phones=phones,
        email=email,
        country=country,
        opt_in=_dated(search, Role.OPT_IN),
        created=_dated(search, Role.CREATED),
        owner=search.best(Role.OWNER, lambda column: not column.is_blank),
        flags=tuple((column, role) for column, role in wishes if column.flags(role) != ((), ())),
    )
    found = replace(found, unclear=_unclear(found, wishes))
    return replace(found, attributes=_attributes(search, found))


def _only(columns: Sequence[Column]) -> Column | None:
    return columns[0] if columns else None


# phones


def _phones(search: Search) -> tuple[Column, ...]:
    named = search.candidates(Role.PHONE)
    filled = [column for column in named if column.phone_like > MOST and not _is_a_date(column)]
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
    return column.phone_like > SURE and not is_code and not column.is_counter and not _is_a_date(column)


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


def nearest_to_a_phone(columns: Sequence[Column], taken: set[str]) -> Column:
    """The column that is most like phone numbers."""
    free = [column for column in columns if column.name not in taken] or list(columns)
    return max(free, key=lambda column: (column.phone_like, column.share("[0-9]{5}"), -column.position))


# ids


def _ids(search: Search, taken: Iterable[Column]) -> tuple[Column, ...]:
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
        or (column.meanings and not _is_no_phone_at_all(column))
        or column.phone_like > MOST
        or not _may_be_id(column, _NEARLY_ALL)
        or _is_a_date(column)
    ):
        return False
    return column.share(r"^[0-9A-Za-z]+[-_/]?[0-9A-Za-z-]*[0-9]") > SURE


def _is_no_phone_at_all(column: Column) -> bool:
    """Whether the column is only called like one of phones: “Contact No.” is either, its values tell."""
    return set(column.meanings) == {Role.PHONE} and not column.phone_like


def _may_be_id(column: Column, least: float = SURE) -> bool:
    return (
        column.filled >= least
        and column.unique >= least
        and column.emails < MOST
        and not (column.is_counter and Role.CRM_ID not in column.meanings)
        and column.share(r"\s\S+\s") < 1 - SURE
    )


# dates and flags


def _dated(search: Search, role: Role) -> tuple[Column, DateGuess | None] | None:
    for column in search.candidates(role):
        guess = guess_dates(column, is_date_by_name=True)
        if guess is not None:
            return column, guess
    if search.export and search.export.roles.get(role):
        blank = [column for column in search.candidates(role) if column.is_blank]
        return (blank[0], None) if blank else None
    return None


def _wishes(search: Search) -> tuple[tuple[Column, Role], ...]:
    """Those that the export is known for, and all others that are called so."""
    found = {column.name: (column, role) for role in _WISHES for column in search.candidates(role)}
    for column in search.columns:
        if column.name not in found and (role := wish_in_name(column.name)):
            found[column.name] = (column, role)
    return tuple(found.values())


def _unclear(found: Roles, wishes: Iterable[tuple[Column, Role]]) -> tuple[Column, ...]:
    """Those that are called so, with values of which nobody knows what they mean; “Opt in” may be the date of it."""
    known = {column.name for column, _ in found.flags} | found.used()
    return tuple(column for column, _ in wishes if column.name not in known and not column.is_blank)


# attributes


def _attributes(search: Search, found: Roles) -> dict[Role, Column]:
    taken = found.used() | {column.name for column in (*(column for column, _ in found.flags), *found.unclear)}
    attributes = {role: column for role, column in ((Role.EMAIL, found.email), (Role.COUNTRY, found.country)) if column}
    taken |= {column.name for column in attributes.values()}
    for role in ATTRIBUTES:
        column = search.best(role, partial(_may_be, role, taken))
        if role not in attributes and role not in (Role.EMAIL, Role.COUNTRY) and column:
            attributes[role] = column
            taken.add(column.name)
    return {role: attributes[role] for role in ATTRIBUTES if role in attributes}


def _may_be(role: Role, taken: set[str], column: Column) -> bool:
    """Whether the column is free, and its values are not those of another thing that is called alike."""
    other = {Role.JOB_TITLE: _SALUTATION, Role.STATE: _TERRITORIES}.get(role)
    return column.name not in taken and not column.is_blank and not (other and column.share(other) > MOST)
