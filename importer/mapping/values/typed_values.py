"""Typed values of attributes: cells to JSON literals, and old values to new ones."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from importer.mapping.values.converted import Broken, Converted, converted_by_value
from importer.mapping.values.number_parsing import read_integer, read_number
from importer.mapping.values.transforms import trimmed
from importer.model.whitespace import text_key, without_edges

if TYPE_CHECKING:
    import pandas as pd

_TRUE_WORDS: Final = "true t yes y on 1 1.0 ja wahr oui vrai si sí sì verdadero vero sim verdadeiro haan हाँ"
_FALSE_WORDS: Final = "false f no n off 0 0.0 nein falsch non faux falso não nao nahin नहीं"
_TRUE: Final = frozenset(map(text_key, _TRUE_WORDS.split()))
_FALSE: Final = frozenset(map(text_key, _FALSE_WORDS.split()))
_ENTRIES_SHOWN: Final = 5
_LONGEST_INTEGER: Final = 309


def translated(
    series: pd.Series[str], table: dict[str, str], otherwise: Literal["keep", "blank", "problem"]
) -> Converted:
    """New values for old ones: by the exact key, else by the only one of the same `text_key`. Blanks stay blank."""
    by_key: dict[str, list[str]] = {}
    for key in table:
        by_key.setdefault(text_key(key), []).append(key)

    def convert(text: str) -> str | Broken:
        if text in table:
            return table[text]
        keys = by_key.get(text_key(text), [])
        if len(keys) == 1:
            return table[keys[0]]
        if otherwise != "problem":
            return text if otherwise == "keep" else ""
        return Broken(code="value-not-in-map", detail=f"is not listed in map: {_listed(table)}")

    return converted_by_value(trimmed(series), convert)


def integers(series: pd.Series[str]) -> Converted:
    """Whole numbers as JSON writes them; see `amounts` for what is understood."""
    return converted_by_value(trimmed(series), read_integer)


def numbers(series: pd.Series[str]) -> Converted:
    """Numbers as JSON writes them; see `amounts` for what is understood."""
    return converted_by_value(trimmed(series), read_number)


def booleans(series: pd.Series[str]) -> Converted:
    """`true` or `false` for the usual words, in any case, in English and the languages that `init` knows."""
    return converted_by_value(trimmed(series), _boolean)


def lists(series: pd.Series[str], separator: str) -> Converted:
    """A JSON array of the texts between separators, without blanks around them and without blank entries."""

    def convert(text: str) -> str:
        entries = (without_edges(entry) for entry in text.split(separator))
        return _compact([entry for entry in entries if entry])

    return converted_by_value(trimmed(series), convert)


def jsons(series: pd.Series[str]) -> Converted:
    """Strict JSON, written compactly: no NaN, no key twice, no number that would lose digits."""
    return converted_by_value(trimmed(series), _json)


def _boolean(text: str) -> str | Broken:
    word = text_key(text)
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    return Broken(code="boolean-invalid", detail="is neither yes nor no, true nor false, 1 nor 0")


def _json(text: str) -> str | Broken:
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_float=_exact_float,
            parse_int=_short_integer,
        )
        compact = _compact(value)
        # A lone surrogate (\ud800) passes as JSON but cannot be sent.
        compact.encode()
    except json.JSONDecodeError as error:
        return Broken(code="json-invalid", detail=f"is not JSON: {error.msg.lower()} at character {error.pos + 1}")
    except UnicodeEncodeError:
        return Broken(code="json-invalid", detail="is not JSON: it holds half a character (a lone surrogate)")
    except RecursionError:
        return Broken(code="json-invalid", detail="is nested too deeply")
    except ValueError as error:
        return Broken(code="json-invalid", detail=f"is not JSON: {error}")
    return compact


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise ValueError(f"the key “{key}” appears twice")
        seen[key] = value
    return seen


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


def _exact_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or Decimal(repr(number)) != Decimal(text):
        raise ValueError(f"{text} has more digits than a number keeps")
    return number


def _short_integer(text: str) -> int:
    if len(text) > _LONGEST_INTEGER:
        raise ValueError(f"a number of {len(text)} digits is too long")
    return int(text)


def _listed(words: Iterable[str]) -> str:
    known = list(words)
    more = f" and {len(known) - _ENTRIES_SHOWN} more" if len(known) > _ENTRIES_SHOWN else ""
    return ", ".join(known[:_ENTRIES_SHOWN]) + more
