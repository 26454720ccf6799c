"""Which column has which role: the names of the columns propose, the values decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from importer.mapping.values.phone import phones
from importer.profiling.consent_columns import consent_role
from importer.profiling.header_words import ATTRIBUTES, Role, squeezed
from importer.profiling.suggest.date_guess import DateGuess, guess_dates
from importer.profiling.suggest.region_guess import Hints, RegionGuess, guess_region

if TYPE_CHECKING:
    from importer.profiling.column_profile import Column
    from importer.profiling.suggest.exports import Export

MOST: Final = 0.5
"""The share of values that has to look right in a column whose name is right."""

SURE: Final = 0.8
"""The share of values that has to look right in a column whose name means nothing."""

_NEARLY_ALL: Final = 0.98
_SALUTATION: Final = r"(?i)^(?:mr|mrs|ms|miss|dr|prof|herr|frau|sr|sra|srta|dott|sig|m|mme|mlle|shri|smt)\.?$"
_TERRITORIES: Final = (
    r"(?i)^(?:emea|apac|amer|americas|na|nam|noram|latam|anz|dach|mea|mena|nordics?|benelux|uki|cee|asean|global|row"
    r"|worldwide|north|south|east|west|central|zone)\b"
)
"""Parts of a market, as sales teams divide it: a column of them is called “Region”, but holds no states."""
_FEW: Final = 5
_HINTS: Final = 500
_MOST_PHONES: Final = 3


@dataclass(frozen=True, kw_only=True)
class Search:
    """The columns of a source, and the program that it is an export of, if it is a known one."""

    columns: Sequence[Column]
    export: Export | None

    def candidates(self, role: Role) -> list[Column]:
        """The columns that may have the role, the surest first; if a known export has the role, only its columns."""
        if self.export and role in self.export.roles:
            by_key = {squeezed(column.name): column for column in reversed(self.columns)}
            keys = [squeezed(name) for name in self.export.roles[role]]
            return [by_key[key] for key in keys if key in by_key]
        found = [column for column in self.columns if column.meanings.get(role, 0.0) >= MOST]
        return sorted(found, key=lambda column: -column.meanings[role])

    def best(self, role: Role, fits: Callable[[Column], bool]) -> Column | None:
        """The surest of them that fits."""
        return next((column for column in self.candidates(role) if fits(column)), None)

    def is_known(self, column: Column) -> bool:
        """Whether the column has a role in the known export."""
        roles = self.export.roles.values() if self.export else ()
        return any(squeezed(column.name) == squeezed(name) for names in roles for name in names)


@dataclass(frozen=True, kw_only=True)
class Names:
    """Where the first and the last name come from; a full name has both parts. A person must look where `unsure`."""

    first: Column
    last: Column | None = None
    first_is_full: bool = False
    last_is_full: bool = False
    unsure: bool = False


@dataclass(frozen=True, kw_only=True)
class Roles:
    """The columns that have a role. What is `None` or empty was not found."""

    ids: tuple[Column, ...] = ()
    names: Names | None = None
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
    """The roles of the columns, each decided among those that are left."""
    search = Search(columns=columns, export=export)
    consents = _consents(search)
    email = search.best(Role.EMAIL, lambda column: column.emails > MOST)
    if email is None:
        owners = search.candidates(Role.OWNER)
        like_it = (c for c in columns if c.emails > SURE and c.unique > MOST and c not in owners)
        email = next(like_it, None)
    phones = _phones(search)
    found = Roles(
        ids=_ids(search, taken=phones),
        names=_names(search, taken=[*phones, *([email] if email else [])]),
        phones=phones,
        email=email,
        country=search.best(Role.COUNTRY, lambda column: column.countries > MOST),
        opt_in=_dated(search, Role.OPT_IN),
        created=_dated(search, Role.CREATED),
        owner=search.best(Role.OWNER, lambda column: not column.is_blank),
        flags=tuple((column, role) for column, role in consents if column.flags(role) != ((), ())),
    )
    known = {column.name for column, _ in found.flags} | found.used()
    # “Opt in” may be the date of it.
    unclear = tuple(column for column, _ in consents if column.name not in known and not column.is_blank)
    found = replace(found, unclear=unclear)
    return replace(found, attributes=_attributes(search, found))


# names


def _names(search: Search, taken: Iterable[Column]) -> Names | None:
    """The columns of the first and the last name, or the one that holds both; `None` if none has such a name."""
    first = search.best(Role.FIRST_NAME, _is_a_name)
    last = search.best(Role.LAST_NAME, _is_a_name)
    full = next((c for c in search.candidates(Role.FULL_NAME) if c.worded > MOST and c not in taken), None)
    if first and last:
        return Names(first=first, last=last)
    if first:
        # `Vorname` and `Name`: the second is the last name, unless it holds the first, too.
        return Names(first=first, last=full, last_is_full=full is not None and _holds(full, first))
    if last:
        # `Nombre` and `Apellido`: the first is the first name, unless it holds the last, too.
        if full is None:
            return Names(first=last, unsure=True)
        return Names(first=full, last=last, first_is_full=_holds(full, last))
    if full:
        is_full = full.several_words > 0.2
        return Names(first=full, last=full if is_full else None, first_is_full=is_full, last_is_full=is_full)
    named = [column for role in (Role.FIRST_NAME, Role.FULL_NAME) for column in search.candidates(role)]
    named = [column for column in named if column not in taken and column.emails < MOST]
    return Names(first=named[0], unsure=True) if named else None


def _holds(full: Column, part: Column) -> bool:
    """Whether most cells of one column are those of the other with something more."""
    both = [
        (whole.casefold(), piece.casefold())
        for whole, piece in zip(full.texts.tolist(), part.texts.tolist(), strict=True)
        if whole and piece
    ][:200]
    return sum(piece in whole and len(whole) > len(piece) for whole, piece in both) > len(both) / 2


def _is_a_name(column: Column) -> bool:
    """Whether it holds names, or has the name of such a column and holds at least something."""
    is_called = max(column.meanings.get(role, 0.0) for role in (Role.FIRST_NAME, Role.LAST_NAME)) > SURE
    return column.worded > MOST or (is_called and not column.is_blank and column.emails < MOST)


def nearest_to_a_name(columns: Sequence[Column], taken: set[str]) -> Column:
    """The column that is most like names, for people to look at, where no column has such a name."""
    free = [column for column in columns if column.name not in taken] or list(columns)
    return max(free, key=lambda column: (column.worded > MOST, column.unique * column.worded, -column.position))


# phones


def _phones(search: Search) -> tuple[Column, ...]:
    named = search.candidates(Role.PHONE)
    filled = [column for column in named if column.phone_like > MOST and not _is_a_date(column)]
    if filled:
        return tuple(filled[:_MOST_PHONES])
    unnamed = [column for column in search.columns if not search.is_known(column) and _may_be_phone(column)]
    if unnamed:
        return tuple(sorted(unnamed, key=lambda column: -column.phone_like)[:1])
    return tuple(sorted(named, key=lambda column: column.is_blank))[:1]


def _may_be_phone(column: Column) -> bool:
    """Whether a column with another name may hold phone numbers, by its values alone."""
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
    """The columns that may be the id, the best first: different in every row, and named or known as one."""
    known = search.export is not None and Role.CRM_ID in search.export.roles
    named = [column for column in search.candidates(Role.CRM_ID) if column not in taken and _may_be_id(column)]
    if known or named:
        return tuple(named)
    return tuple(column for column in search.columns if column not in taken and _is_like_an_id(column))


def _is_like_an_id(column: Column) -> bool:
    """Whether a column with another name may be an id: a code that is different in every row."""
    if (
        len(column.values) < _FEW
        # “Contact No.” may be a phone or an id; its values show it.
        or (column.meanings and (set(column.meanings) != {Role.PHONE} or column.phone_like))
        or column.phone_like > MOST
        or not _may_be_id(column, _NEARLY_ALL)
        or _is_a_date(column)
    ):
        return False
    return column.share(r"^[0-9A-Za-z]+[-_/]?[0-9A-Za-z-]*[0-9]") > SURE


def _may_be_id(column: Column, least: float = SURE) -> bool:
    return (
        column.filled >= least
        and column.unique >= least
        and column.emails < MOST
        and not (column.is_counter and Role.CRM_ID not in column.meanings)
        and column.share(r"\s\S+\s") < 1 - SURE
    )


# dates and consent


def _dated(search: Search, role: Role) -> tuple[Column, DateGuess | None] | None:
    for column in search.candidates(role):
        guess = guess_dates(column, is_date_by_name=True)
        if guess is not None:
            return column, guess
    if search.export and search.export.roles.get(role):
        blank = [column for column in search.candidates(role) if column.is_blank]
        return (blank[0], None) if blank else None
    return None


def _consents(search: Search) -> list[tuple[Column, Role]]:
    """The columns of consent and of objections: those of the known export, and all others with such a name."""
    found = {column.name: (column, role) for role in (Role.CONSENT, Role.OPT_OUT) for column in search.candidates(role)}
    for column in search.columns:
        if column.name not in found and (role := consent_role(column.name)):
            found[column.name] = (column, role)
    return list(found.values())


# attributes


def _attributes(search: Search, found: Roles) -> dict[Role, Column]:
    attributes = {role: column for role, column in ((Role.EMAIL, found.email), (Role.COUNTRY, found.country)) if column}
    taken = found.used() | {column.name for column in (*(column for column, _ in found.flags), *found.unclear)}
    taken |= {column.name for column in attributes.values()}
    for role in ATTRIBUTES:
        if role in (Role.EMAIL, Role.COUNTRY):
            continue
        # The values of another thing that has the same name.
        other = {Role.JOB_TITLE: _SALUTATION, Role.STATE: _TERRITORIES}.get(role)
        for column in search.candidates(role):
            if column.name not in taken and not column.is_blank and not (other and column.share(other) > MOST):
                attributes[role] = column
                taken.add(column.name)
                break
    return {role: attributes[role] for role in ATTRIBUTES if role in attributes}
