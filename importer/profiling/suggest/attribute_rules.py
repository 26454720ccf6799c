"""What a column would be as an attribute: its key, and a guess at its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.mapping.values.number_parsing import read_integer, read_number
from importer.mapping.values.typed_values import read_boolean, read_json
from importer.profiling.header_words import Role, words_of
from importer.profiling.suggest.date_guess import guess_dates

if TYPE_CHECKING:
    from collections.abc import Callable

    from importer.mapping.values.converted import Broken
    from importer.profiling.column_profile import Column
    from importer.profiling.suggest.yaml_page import Value

_LONGEST_KEY: Final = 60
_MOST_DIGITS: Final = 9
_SEPARATORS: Final = (";", "|")
_DATE_WORDS: Final = frozenset(words_of("date time datum uhrzeit fecha data heure hora tithi birthday on at"))
_CODES: Final = frozenset({Role.CRM_ID, Role.PHONE, Role.POSTAL_CODE})


def attribute_key(column: Column, taken: set[str]) -> str:
    """A key made from the column's name, different from those that are taken."""
    key = "_".join(words_of(column.name))[:_LONGEST_KEY].strip("_") or f"column_{column.position + 1}"
    number = 1
    while (unique := key if number == 1 else f"{key}_{number}") in taken:
        number += 1
    return unique


def attribute_rule(column: Column) -> dict[str, Value]:
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
