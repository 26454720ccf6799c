"""A proposed mapping as the text of a file, with a comment wherever a person should look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from importer.mapping.values.number_parsing import read_integer, read_number
from importer.mapping.values.typed_values import read_boolean, read_json
from importer.model.visible import file_word
from importer.profiling.consent_columns import wanted_values
from importer.profiling.header_words import Role, words_of
from importer.profiling.suggest.date_guess import guess_dates
from importer.profiling.suggest.proposed_fields import add_crm_id, add_names, add_opt_in, add_phone, listed
from importer.profiling.suggest.region_guess import TIMEZONES
from importer.profiling.suggest.roles import SURE
from importer.profiling.suggest.yaml_page import Page, printable, rule, scalar

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.mapping.values.converted import Broken
    from importer.profiling.column_profile import Column
    from importer.profiling.suggest.proposed_fields import Proposal
    from importer.profiling.suggest.roles import Roles
    from importer.profiling.suggest.yaml_page import Value

_MOST_PROPOSED: Final = 300
"""Attributes that are written down as comments; a mapping file may not grow without end."""
_LONGEST_NAME: Final = 200
_OWNERS_SHOWN: Final = 30
_LONGEST_KEY: Final = 60
_MOST_DIGITS: Final = 9
_SEPARATORS: Final = (";", "|")
_DATE_WORDS: Final = frozenset(words_of("date time datum uhrzeit fecha data heure hora tithi birthday on at"))
_CODES: Final = frozenset({Role.CRM_ID, Role.PHONE, Role.POSTAL_CODE})


def written(proposal: Proposal) -> Page:
    """The mapping file of a proposal. It always loads."""
    page = Page()
    _top(page, proposal)
    _defaults(page, proposal)
    _where(page, proposal.roles)
    page.add("", "lead:")
    add_crm_id(page, proposal)
    add_names(page, proposal)
    add_phone(page, proposal)
    add_opt_in(page, proposal)
    _attributes(page, proposal)
    _assign(page, proposal)
    page.add(
        "", "duplicates:", "  in_file: report  # rows of one id that differ: none of them is sent (or: first, last)"
    )
    page.add("  phone: warn  # two leads with one number: both are sent, with a warning (or: problem, allow)")
    return page


# above the fields


def _top(page: Page, proposal: Proposal) -> None:
    page.comment(f"Proposed by importer init from {proposal.source} ({proposal.rows:,} rows).")
    page.comment("It is a proposal: see the lines marked LOOK and TODO, then try it. Nothing is sent by:")
    page.add(f"#   importer check {file_word(printable(proposal.source))} -m {file_word(printable(proposal.target))}")
    page.comment("docs/mapping.md explains every key.")
    if proposal.export:
        page.add("#")
        page.comment(f"The header is that of an export of {proposal.export.name}.")
        for note in proposal.export.notes:
            page.comment(note)
    page.add("", "version: 1", f"name: {scalar(proposal.name)}  # becomes a part of the run id")
    given = {
        "sheet": proposal.given.sheet,
        "header_row": str(proposal.given.header_row) if proposal.given.header_row else None,
        "encoding": proposal.given.encoding,
        "delimiter": proposal.given.delimiter,
    }
    if any(given.values()):
        page.add("", "source:", *(f"  {key}: {scalar(value)}" for key, value in given.items() if value))


def _defaults(page: Page, proposal: Proposal) -> None:
    region, dated, export = proposal.region, proposal.roles.opt_in or proposal.roles.created, proposal.export
    needs_zone = dated is not None and not (dated[1] and dated[1].has_offset)
    zone = ""
    if needs_zone:
        known = TIMEZONES.get(region.region, "") if region.sure else ""
        zone = (export.timezone if export else "") or known
    if not (region.region or zone or region.looked_at):
        return
    page.add("", "defaults:")
    if region.region and region.sure:
        _region(page, proposal)
    elif region.looked_at:
        page.look(
            f"{region.looked_at} phone numbers that were looked at have no country code, and do not show which"
            f" country they are from (in {region.region}, {region.fits} are valid). If you know it, name it:",
            indent=2,
            must=True,
        )
        page.add(f"  # region: {region.region}")
    if zone:
        if export is None or not export.timezone:
            page.look(f"dates without a time zone are taken to be those of {zone}; that is a guess.", indent=2)
        page.add(f"  timezone: {zone}")
    elif needs_zone:
        page.look("dates without a time zone are taken to be UTC. Elsewhere, say where:", indent=2)
        page.add("  # timezone: America/New_York")


def _region(page: Page, proposal: Proposal) -> None:
    region = proposal.region
    if proposal.by_country:
        page.comment(f"Numbers without a country code are of the row's country; without one, of {region.region}.", 2)
    elif region.looked_at:
        why = f" ({region.evidence})" if region.evidence else ""
        rivals = f" Nearly as many are valid in {', '.join(region.rivals[:5])}." if region.rivals else ""
        page.look(
            f"numbers without a country code are read as numbers of {region.region}{why}:"
            f" {region.fits} of {region.looked_at} looked at are valid there.{rivals}",
            indent=2,
        )
    else:
        page.comment("Every number has a country code; this is for the day when one has none.", indent=2)
    page.add(f"  region: {region.region}")


def _where(page: Page, roles: Roles) -> None:
    if roles.flags:
        page.add("")
        names = listed([column for column, _ in roles.flags])
        page.look(f"{names} may say who must not be contacted. To leave those people out, remove the #:", must=True)
        page.add("# where:")
    for column, role in roles.flags:
        yes, no = column.flags(role)
        wanted = wanted_values(role, yes, no, with_blank=len(column.texts) > len(column.values))
        condition: dict[str, Value] = {"column": column.name}
        condition |= {"one_of": wanted} if wanted else {"not_blank": "false"}
        page.add(f"#   - {rule(condition)}  # {_counts(column)}")
    for column in roles.unclear:
        page.add("")
        page.look(
            f"{listed([column])} may say who must not be contacted, in values that init does not understand"
            f" ({_counts(column)}). To leave those people out, write a condition on it under where.",
            must=True,
        )


def _counts(column: Column) -> str:
    counts = ", ".join(f"{value} {count:,}" for value, count in column.values.value_counts().head(6).items())
    blank = len(column.texts) - len(column.values)
    return printable(counts) + (f", blank {blank:,}" if blank else "")


# attributes and owner


def _attributes(page: Page, proposal: Proposal) -> None:
    roles = proposal.roles
    page.add("", "  # Other attributes for the CRM: the name there, and where the value comes from.", "  attributes:")
    taken: set[str] = set()
    for role, column in roles.attributes.items():
        taken.add(role.value)
        keys: dict[str, Value] = {"column": column.name}
        remark = ""
        if role is Role.EMAIL:
            keys["transform"] = "lower"
            if column.emails > SURE:
                keys["matches"] = "email"
                keys["on_problem"] = "blank"  # a lead without an address is better than none
                without = sum("@" not in text for text in column.values)
                remark = (
                    f"  # cells without an e-mail address in them: {without:,}; left out, and check names their rows"
                )
                remark = remark if without else ""
        page.add(f"    {role.value}: {rule(keys)}{remark}")
    used = roles.used()
    rest = [column for column in proposal.columns if column.name not in used and len(column.name) <= _LONGEST_NAME]
    filled = [column for column in rest if not column.is_blank]
    if filled:
        page.comment("The other columns. Remove the # from those you want; the types are guesses.", indent=4)
    for column in filled[:_MOST_PROPOSED]:
        key = _attribute_key(column, taken)
        taken.add(key)
        page.add(f"    # {scalar(key)}: {rule(_attribute_rule(column))}")
    if len(filled) > _MOST_PROPOSED:
        page.comment(f"And {len(filled) - _MOST_PROPOSED:,} more columns.", indent=4)
    blank = [column for column in rest if column.is_blank]
    if blank:
        page.comment(f"Empty in this file: {listed(blank[:20])}{' and more' if len(blank) > 20 else ''}.", indent=4)


def _attribute_key(column: Column, taken: set[str]) -> str:
    """A key made from the column's name, different from those that are taken."""
    key = "_".join(words_of(column.name))[:_LONGEST_KEY].strip("_") or f"column_{column.position + 1}"
    number = 1
    while (unique := key if number == 1 else f"{key}_{number}") in taken:
        number += 1
    return unique


def _attribute_rule(column: Column) -> dict[str, Value]:
    """The rule of a column as an attribute, with a type that all of its values have: it rejects none of them."""
    rule: dict[str, Value] = {"column": column.name}
    by_name = not _DATE_WORDS.isdisjoint(words_of(column.name))
    guess = guess_dates(column, is_date_by_name=by_name)
    if guess is not None:
        if guess.fits < guess.total or guess.rivals:
            return rule
        formats: dict[str, Value] = {}
        if guess.formats:
            formats["format"] = guess.formats[0] if len(guess.formats) == 1 else guess.formats
        return rule | {"type": "datetime" if guess.has_time else "date"} | formats
    if len(column.distinct) <= 2 and _read_by(read_boolean, column) and column.share("[^01]") > 0:
        return rule | {"type": "boolean"}
    if kind := _number_type(column):
        return rule | {"type": kind}
    if column.share(r"^[\[{]") == 1.0 and _read_by(read_json, column):
        return rule | {"type": "json"}
    for separator in _SEPARATORS:
        if column.share(rf"\w ?\{separator} ?\w") > 0.3:
            return rule | {"type": "list", "separator": separator}
    return rule


def _read_by(read: Callable[[str], str | Broken], column: Column) -> bool:
    """Whether every value is of the type."""
    return all(isinstance(read(text), str) for text in column.distinct)


def _number_type(column: Column) -> str:
    """A code is no number, even of digits only: it may begin with a zero, and nobody adds it up."""
    is_code = not _CODES.isdisjoint(column.meanings)
    if is_code or column.share(r"^0[0-9]") or column.share(rf"[0-9]{{{_MOST_DIGITS + 1}}}"):
        return ""
    if _read_by(read_integer, column):
        return "integer"
    return "number" if _read_by(read_number, column) else ""


def _assign(page: Page, proposal: Proposal) -> None:
    owner = proposal.roles.owner
    page.add("", "# Who gets the lead.")
    if owner is None:
        page.add("# assign:", "#   round_robin: [asha@yourcompany.example, ben@yourcompany.example]")
        return
    if owner.emails > 0.5:
        # Owners without an e-mail address among those that have one: a line that names them, to be filled in.
        names = [name for name in owner.distinct if "@" not in name and len(name) <= _LONGEST_NAME][:_OWNERS_SHOWN]
        if names:
            page.look(
                f"“{owner.name}” holds names, too. The CRM needs e-mail addresses: correct these, and use this line:"
            )
            by_name = ", ".join(f"{scalar(name)}: {_address(name)}" for name in names)
            page.add(f"#   user_email: {{column: {scalar(owner.name)}, map: {{{by_name}}}, otherwise: keep}}")
        page.add("assign:", f"  user_email: {rule({'column': owner.name, 'transform': 'lower'})}")
        page.add("  when_blank: skip  # or: problem, or the e-mail of who gets those leads")
        return
    if owner.share(r"\d") > 0.5 and not owner.share(r"\w \w"):
        page.look(f"“{owner.name}” holds ids. If they are the users' ids in the CRM, too, remove the #:")
        page.add("# assign:", f"#   user_id: {rule({'column': owner.name})}", "#   when_blank: skip")
        return
    page.look(f"“{owner.name}” holds names, and the CRM needs e-mail addresses or ids. Fill them in and remove the #:")
    page.add("# assign:", "#   by:", f"#     column: {scalar(owner.name)}", "#     map:")
    for name in owner.distinct.head(_OWNERS_SHOWN):
        if len(name) <= _LONGEST_NAME:
            page.add(f"#       {scalar(name)}: {_address(name)}")
    if len(owner.distinct) > _OWNERS_SHOWN:
        page.add(f"#       # and {len(owner.distinct) - _OWNERS_SHOWN:,} more")
    page.add("#   when_blank: skip")


def _address(name: str) -> str:
    local = re.sub(r"[^a-z0-9]+", ".", " ".join(words_of(name)))
    return f"{local.strip('.') or 'someone'}@yourcompany.example"
