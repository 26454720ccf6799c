"""Which character separates the cells of a text file."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from importer.errors import SourceError
from importer.model.whitespace import text_key

if TYPE_CHECKING:
    from collections.abc import Sequence

CANDIDATES = (",", ";", "\t", "|")
UNUSUAL = ("^", "~", "\x1f", "\x01", ":", "¦", "§", "#")
"""Separators that are named to a person but never taken without their word."""

_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SEP_LINE = re.compile(r"\A(?:\ufeff)?\"?sep=([^\r\n\"\x00])\"?\r?\n?\Z", re.I)
_SAMPLE_RECORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Delimiter:
    """The delimiter, how many cells most rows have by it, and whether a `sep=` line said so."""

    character: str
    width: int = 0
    said_by_file: bool = False


def find_delimiter(lines: Sequence[str], given: str | None, wanted: frozenset[str], place: str) -> Delimiter:
    """The delimiter of a text whose first physical lines are `lines`; raises `SourceError` where it is unclear."""
    said = _SEP_LINE.match(lines[0]) if lines else None
    body = lines[1:] if said else lines
    if given is not None:
        character = _given(given, place)
    elif said:
        character = said[1]
    else:
        character = _detected(body, wanted, place)
    return Delimiter(
        character=character,
        width=_fit(body, character, frozenset())[2],
        said_by_file=said is not None,
    )


def _given(given: str, place: str) -> str:
    character = _WORDS.get(given.lower(), given)
    if len(character) != 1 or character in '"\r\n\0':
        raise SourceError(
            f"{place}: “{given}” cannot be a delimiter",
            tip=f'Give one character, such as --delimiter ";", or one of these words: {", ".join(_WORDS)}.',
        )
    return character


def _detected(lines: Sequence[str], wanted: frozenset[str], place: str) -> str:
    ranked = sorted(CANDIDATES, key=lambda character: _fit(lines, character, wanted), reverse=True)
    best = ranked[0]
    if _fit(lines, best, wanted)[1] > 0:
        return best
    for character in UNUSUAL:
        if _fit(lines, character, frozenset())[1] > 0.9 and len(_widths(lines, character)) > 1:
            raise SourceError(
                f"{place}: no comma, semicolon, tab or pipe separates the cells, but {character!r} seems to",
                tip=f"If that is the delimiter, give it: --delimiter {character!r}.",
            )
    return ","


def _fit(lines: Sequence[str], character: str, wanted: frozenset[str]) -> tuple[int, float, int]:
    """How well the character separates: wanted columns in one row, share of rows of the usual width, that width."""
    rows = _rows(lines, character)
    keys = {text_key(name) for name in wanted}
    named_columns = max((len(keys & {text_key(cell) for cell in row}) for row in rows if len(row) > 1), default=0)
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return 0, 0.0, 0
    usual, count = max(widths.items(), key=lambda entry: (entry[1], entry[0]))
    return named_columns, round(count / len(rows), 1), usual


def _widths(lines: Sequence[str], character: str) -> list[int]:
    return [len(row) for row in _rows(lines, character)]


def _rows(lines: Sequence[str], character: str) -> list[list[str]]:
    reader = csv.reader(iter(lines), delimiter=character, skipinitialspace=True)
    try:
        return [row for row in islice(reader, _SAMPLE_RECORDS) if any(cell.strip() for cell in row)]
    except csv.Error:
        return []
