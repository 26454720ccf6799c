"""One cell as a typed value: the JSON literal of a boolean, a list or a JSON text, and new values for old ones.

To add a type, add its reader to `READERS`; numbers are read in `number_parsing`, dates in `date_column`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Literal

from importer.mapping.values.converted import Broken
from importer.mapping.values.number_parsing import read_integer, read_number
from importer.model.rules import ValueType
from importer.model.whitespace import text_key, without_edges

_TRUE_WORDS: Final = "true t yes y on 1 1.0 ja wahr oui vrai si sí sì verdadero vero sim verdadeiro haan हाँ"
_FALSE_WORDS: Final = "false f no n off 0 0.0 nein falsch non faux falso não nao nahin नहीं"
_TRUE: Final = frozenset(map(text_key, _TRUE_WORDS.split()))
_FALSE: Final = frozenset(map(text_key, _FALSE_WORDS.split()))
_ENTRIES_SHOWN: Final = 5
_LONGEST_INTEGER: Final = 309


def read_boolean(text: str) -> str | Broken:
    """`true` or `false` for the usual words, in any case, in English and the languages that `init` knows."""
    word = text_key(text)
    if word in _TRUE:
        return "true"
    if word in _FALSE:
        return "false"
    return Broken(code="boolean-invalid", detail="is neither yes nor no, true nor false, 1 nor 0")


def read_json(text: str) -> str | Broken:
    """Strict JSON, written compactly: no NaN, no key twice, no number that would lose digits."""
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


def read_list(text: str, separator: str) -> str:
    """A JSON array of the texts between separators, without the spaces around them and without blank entries."""
    entries = (without_edges(entry) for entry in text.split(separator))
    return _compact([entry for entry in entries if entry])


READERS: Final[Mapping[ValueType, Callable[[str], str | Broken]]] = {
    ValueType.INTEGER: read_integer,
    ValueType.NUMBER: read_number,
    ValueType.BOOLEAN: read_boolean,
    ValueType.JSON: read_json,
}
"""The types of attributes that are read cell by cell, without anything else from the mapping."""


def map_reader(
    table: Mapping[str, str], otherwise: Literal["keep", "blank", "problem"], missing: Broken | None = None
) -> Callable[[str], str | Broken]:
    """A reader that gives new values for old ones: by the exact key, else by the only one of the same `text_key`.

    `missing` is the problem of a value that the table does not have, if the mapping's `map` is not the table.
    """
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
        if missing is not None:
            return missing
        more = f" and {len(table) - _ENTRIES_SHOWN} more" if len(table) > _ENTRIES_SHOWN else ""
        listed = ", ".join([*table][:_ENTRIES_SHOWN]) + more
        return Broken(code="value-not-in-map", detail=f"is not listed in map: {listed}")

    return convert


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
