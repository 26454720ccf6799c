"""Records in which spaces stand between quotation marks and delimiters: `"A1", "Anna" ,"x"`.

`csv` takes the marks behind a space for a part of the cell, and refuses a space behind them; spreadsheets show `Anna`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

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


@cache
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    mark = re.escape(delimiter)
    inside = r'[^"]*(?:""[^"]*)*'
    quoted = rf' *"({inside})" *(?={mark}|[\r\n]*\Z)'
    return re.compile(rf'{quoted}|(?! *")([^{mark}\r\n]*)(?={mark}|[\r\n]*\Z)|( *"{inside}\Z)'), re.compile(
        r"[\r\n]*\Z"
    )
