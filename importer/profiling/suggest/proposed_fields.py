"""The fields of a proposed mapping, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from importer.profiling.header_words import Role
from importer.profiling.suggest.roles import MOST, nearest_to_a_name, nearest_to_a_phone
from importer.profiling.suggest.yaml_page import Page, rule, scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.model.source import ReadOptions
    from importer.profiling.column_profile import Column
    from importer.profiling.suggest.date_guess import DateGuess
    from importer.profiling.suggest.exports import Export
    from importer.profiling.suggest.region_guess import RegionGuess
    from importer.profiling.suggest.roles import Roles
    from importer.profiling.suggest.yaml_page import Value

_ALL: Final = 0.99
_MISSING: Final = "TODO: name the column of the first name"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Everything that is known about a source before its mapping is written.

    With `by_country`, a number is best read as one of the country of its row.
    """

    source: str
    target: str
    name: str
    rows: int
    columns: Sequence[Column]
    roles: Roles
    region: RegionGuess
    by_country: bool
    export: Export | None
    given: ReadOptions


def add_crm_id(page: Page, proposal: Proposal) -> None:
    """What makes a row a lead."""
    roles = proposal.roles
    page.comment("What makes a row a lead: a second row, or a later file, with the same id is the same lead.", indent=2)
    if roles.ids:
        chosen, *others = roles.ids
        if Role.CRM_ID not in chosen.meanings and proposal.export is None:
            page.look(f"“{chosen.name}” is different in nearly every row, so it may be an id. Is it?", indent=2)
        if (repeated := len(chosen.values) - len(chosen.distinct)) or chosen.filled < 1:
            blank = len(chosen.texts) - len(chosen.values)
            page.comment(
                f"Rows without an id: {blank:,}; rows that repeat the id of another one: {repeated:,}.", indent=2
            )
        if others:
            page.comment(f"Just as different in every row: {listed(others)}.", indent=2)
        page.add(f"  crm_id: {rule({'column': chosen.name})}")
        return
    columns = _digested(roles, proposal.columns)
    page.look(
        f"no column is an id, so one is made of {listed(columns)}, whatever its spelling: as long as that stays, the id"
        " stays. A column with an id of your own is better.",
        indent=2,
    )
    prefix = f"{proposal.name[:40]}-"
    digested = tuple(column.name for column in columns)
    page.add(f"  crm_id: {rule({'digest_of': digested, 'digest_as': 'normalized', 'prefix': prefix})}")


def _digested(roles: Roles, columns: Sequence[Column]) -> list[Column]:
    """What an id can be made of: the e-mail address, else the number, if every row has one; else both; else names."""
    likely = [column for column in (roles.email, *roles.phones) if column is not None and not column.is_blank]
    for column in likely:
        if column.filled > _ALL and _different(column) > MOST:
            return [column]
    if likely:
        return likely
    names = [column for column in (roles.names.first, roles.names.last) if column] if roles.names else []
    names = list({column.name: column for column in names if not column.is_blank}.values())
    return names or [column for column in columns if not column.is_blank][:3] or list(columns[:1])


def _different(column: Column) -> float:
    """How many of the cells are different persons: another spelling of an address or a number is none."""
    spellings = column.values.str.lower().str.replace(r"[^\w@]+|^0+", "", regex=True)
    return float(spellings.nunique() / len(column.values))


def add_names(page: Page, proposal: Proposal) -> None:
    """The first and the last name."""
    names = proposal.roles.names
    if names is None:
        taken = proposal.roles.used()
        nearest = nearest_to_a_name(proposal.columns, taken)
        page.look(
            f"no column seems to hold the first name, which is required. “{nearest.name}” is put here so that check"
            " can show the file; every row stays invalid until you name the right column, and remove one_of.",
            indent=2,
            must=True,
        )
        page.add(f"  first_name: {rule({'column': nearest.name, 'one_of': _MISSING})}")
        return
    first: dict[str, Value] = {"column": names.first.name}
    if names.first_is_full:
        first["part"] = "first"
    if names.unsure:
        page.look(f"is “{names.first.name}” the first name? Its values do not look like names.", indent=2, must=True)
    elif names.first_is_full or names.last_is_full:
        page.comment("“Asha Rao” and “Rao, Asha” both are Asha, Rao.", indent=2)
    page.add(f"  first_name: {rule(first)}")
    if names.first.filled < 1 and not names.unsure:
        blank = len(names.first.texts) - len(names.first.values)
        page.lines[-1] += f"  # blank cells: {blank:,}; a lead must have it"
    if names.last is not None:
        last: dict[str, Value] = {"column": names.last.name}
        if names.last_is_full:
            last["part"] = "last"
        page.add(f"  last_name: {rule(last)}")


def add_phone(page: Page, proposal: Proposal) -> None:
    """The phone number; how it is read is written under `defaults`."""
    roles = proposal.roles
    if not roles.phones:
        nearest = nearest_to_a_phone(proposal.columns, roles.used())
        page.look(
            f"no column seems to hold phone numbers, which are required. “{nearest.name}” is put here so that check can"
            " show the file; name the right column.",
            indent=2,
            must=True,
        )
        page.add(f"  phone_number: {rule({'column': nearest.name})}")
        return
    names = tuple(column.name for column in roles.phones)
    keys: dict[str, Value] = {"column": names[0]} if len(names) == 1 else {"columns": names}
    if all(column.is_blank for column in roles.phones):
        page.look(f"{listed(roles.phones)} is empty in this file, and a lead needs a number.", indent=2, must=True)
    elif all(column.phone_like <= 0.5 for column in roles.phones):
        page.look(f"few values of {listed(roles.phones)} look like phone numbers.", indent=2, must=True)
    if roles.country and proposal.region.looked_at:
        if proposal.by_country:
            keys["region_column"] = roles.country.name
        else:
            page.look(
                f"“{roles.country.name}” is not used to read the numbers: with it, fewer of them are valid. If it is"
                f" the country of the number, add region_column: {scalar(roles.country.name)}.",
                indent=2,
            )
    if len(names) > 1:
        page.comment("The first one that is filled counts.", indent=2)
    page.add(f"  phone_number: {rule(keys)}")


def add_opt_in(page: Page, proposal: Proposal) -> None:
    """When the person agreed, or a date that may be it."""
    if proposal.roles.opt_in:
        column, guess = proposal.roles.opt_in
        _dated(page, column, guess, hash_sign="")
    elif proposal.roles.created:
        column, guess = proposal.roles.created
        page.look(
            f"“{column.name}” is a date, but does it say when the person agreed to be contacted? If so, remove the #:",
            indent=2,
        )
        _dated(page, column, guess, hash_sign="# ")


def _dated(page: Page, column: Column, guess: DateGuess | None, hash_sign: str) -> None:
    def line(formats: tuple[str, ...]) -> str:
        keys: dict[str, Value] = {"column": column.name}
        if formats:
            keys["format"] = formats[0] if len(formats) == 1 else formats
        return f"opt_in_date: {rule(keys)}"

    if guess is None:
        page.add(f"  {hash_sign}{line(())}  # empty in this file")
    elif guess.rivals:
        page.look(
            f"the dates of “{column.name}” fit {' and '.join(formats[0] for formats in guess.rivals)} equally well, and"
            " nothing in them shows which is meant. Use one of these lines instead:",
            indent=2,
            must=not hash_sign,
        )
        page.add(*(f"  # {line(formats)}" for formats in guess.rivals))
        if not hash_sign:
            page.add(f"  {line(())}")
    else:
        if guess.fits < guess.total:
            page.look(
                f"{guess.total - guess.fits:,} of {guess.total:,} different dates are not of this form.", indent=2
            )
        page.add(f"  {hash_sign}{line(guess.formats)}")


def listed(columns: Sequence[Column]) -> str:
    """Columns in words."""
    return ", ".join(f"“{column.name}”" for column in columns)
