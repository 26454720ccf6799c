"""Records with spaces of any kind between quotation marks and delimiters: `"A1", "Anna" ,"x"`.

`csv` takes the marks behind a space for a part of the cell, and refuses a space behind them; spreadsheets show `Anna`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from importer.model.whitespace import UNSEEN_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_LINES = 100
"""Lines of one record that are looked at."""


def cells_without_padding(lines: list[str], delimiter: str, next_line: Callable[[], str]) -> list[str] | None:
    """The cells of the record that begins with these lines; `None` if anything but spaces is beside a quotation mark.

    `next_line` is asked for more where a cell is still open, and raises `StopIteration` at the end.
    """
    text = "".join(lines)
    for _ in range(_MOST_LINES):
        cells = _cells(text, delimiter)
        if cells is not None:
            return cells or None
        try:
            text += next_line()
        except StopIteration:
            break
    return None


def has_padded_quote(line: str, delimiter: str) -> bool:
    """Whether a quotation mark may open a cell behind spaces, which `csv` takes for a part of the cell."""
    return delimiter != " " and '"' in line and _opening(delimiter).search(line) is not None


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells; none at all where the quotation marks are wrong, `None` where one is not closed yet."""
    cell, end = _patterns(delimiter)
    cells, at = [], 0
    while match := cell.match(text, at):
        quoted, plain, is_open = match.groups()
        if is_open:
            return None
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if end.match(text, at):
            return cells
        at += 1
    return []


def _spaces(delimiter: str) -> str:
    """A class of every space that is neither the delimiter nor the end of a line."""
    return f"[{''.join(each for each in UNSEEN_CHARACTERS if each not in {delimiter, chr(10), chr(13)})}]"


@cache
def _opening(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'(?:\A|{re.escape(delimiter)}){_spaces(delimiter)}+"')


@cache
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    mark, space = re.escape(delimiter), _spaces(delimiter)
    inside = r'[^"]*(?:""[^"]*)*'
    quoted = rf'{space}*"({inside})"{space}*(?={mark}|[\r\n]*\Z)'
    plain = rf'(?!{space}*")([^{mark}\r\n]*)(?={mark}|[\r\n]*\Z)'
    return re.compile(rf'{quoted}|{plain}|({space}*"{inside}\Z)'), re.compile(r"[\r\n]*\Z")
