"""Columns that show who may or must not be contacted, and the condition that leaves those people out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from importer.mapping.values.typed_values import read_boolean
from importer.model.whitespace import text_key
from importer.profiling.header_words import Role, meanings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_FLAGS: Final = 30
"""Different values of a column of flags; a column of more holds something else."""

_SURE: Final = 0.8
"""The share of filled cells that must mean yes or no: a single remark does not count against the column."""

_IN: Final = frozenset(
    {"subscribed", "opted-in", "opt-in", "optin", "ok", "non-dnd", "not-dnd", "no-dnd", "angemeldet"}
)
_OUT: Final = frozenset({"unsubscribed", "opted-out", "opt-out", "optout", "blocked"})
_AGREED_WORDS: Final = (
    "granted given agreed accepted confirmed active x erteilt zugestimmt eingewilligt aceptado otorgado concedido"
    " accordé accepté accettato concesso"
)
_REFUSED_WORDS: Final = (
    "denied revoked withdrawn refused rejected declined cleaned bounced pending none inactive widerrufen verweigert"
    " abgelehnt entzogen nicht-erteilt revocado rechazado denegado recusado refusé retiré révoqué revocato rifiutato"
)
_NAMED: Final = 0.9
"""How surely a value must read like the name of such a column to mean the same."""

_DATE: Final = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}\b.*")
_YES: Final = {Role.CONSENT: _IN.union(_AGREED_WORDS.split()), Role.OPT_OUT: _OUT | {"x"}}
"""Words that mean the same as the name of the column. Under “Opt out” the word “opted in” means no."""
_NO: Final = {Role.CONSENT: _OUT.union(_REFUSED_WORDS.split()), Role.OPT_OUT: _IN | {"none"}}


def consent_role(name: str) -> Role | None:
    """Whether a column of this name holds consent, or its opposite."""
    roles = {role: sure for role, sure in meanings(name).items() if role in (Role.CONSENT, Role.OPT_OUT)}
    return max(roles, key=lambda role: roles[role]) if roles else None


def flags_of(role: Role, counts: Mapping[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which of the values mean yes, and which no, if most of the cells hold one or the other; else nothing.

    `counts` holds how many cells have each value, without blank cells.
    """
    if not counts or len(counts) > MOST_FLAGS:
        return (), ()
    other = Role.CONSENT if role is Role.OPT_OUT else Role.OPT_OUT
    yes: list[str] = []
    no: list[str] = []
    for value in counts:
        meant, word, named = read_boolean(value), text_key(value).replace(" ", "-"), meanings(value)
        # The date of an objection means that somebody objected.
        is_objection = role is Role.OPT_OUT and _DATE.fullmatch(value) is not None
        if meant == "true" or word in _YES[role] or named.get(role, 0.0) > _NAMED or is_objection:
            yes.append(value)
        elif meant == "false" or word in _NO[role] or named.get(other, 0.0) > _NAMED:
            no.append(value)
    decided = sum(counts[value] for value in (*yes, *no))
    return (tuple(yes), tuple(no)) if decided >= _SURE * sum(counts.values()) else ((), ())


def wanted_values(role: Role, yes: Sequence[str], no: Sequence[str], *, with_blank: bool) -> tuple[str, ...]:
    """The values of the rows that stay, each in one spelling: people whose answer is unclear are left out.

    Nothing for a column in which every value forbids contact.
    """
    if role is Role.OPT_OUT and not no:
        return ()
    wanted = (yes or ("yes",)) if role is Role.CONSENT else (*no, *([""] if with_blank else []))
    return tuple({text_key(value): value for value in reversed(wanted)}.values())[::-1]
