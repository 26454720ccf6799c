"""Cells whose text shows that a spreadsheet has already lost the value: error texts and rounded numbers.

A CSV file holds what the spreadsheet showed when it was saved: `#N/A`, or `1.81591E+11` where a phone number was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problem import Problem
from importer.model.texts import TEXT
from importer.reading.error_texts import is_error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ROUNDED = re.compile(r"[-+]?\d(?:[.,](\d+))?E\+(\d{2,3})")
_SHOWN_AS_ROUNDED = 11
"""Numbers of twelve digits and more are shown as `1.2E+11` in a column without a format."""


def suspicious(cells: Mapping[str, pa.Array], numbers: Sequence[int]) -> Iterator[Problem]:
    """A problem for each cell that holds an error text or a rounded number; fast where there is none."""
    every = pa.chunked_array(list(cells.values()), TEXT)
    if not pc.any(_hits(every)).as_py():
        return
    for column, texts in cells.items():
        for at in pc.indices_nonzero(_hits(texts)).to_pylist():
            if problem := _problem(texts[at].as_py(), column, numbers[at]):
                yield problem


def _hits(texts: Any) -> Any:
    """Which texts are worth a closer look."""
    signs = pc.or_(pc.starts_with(texts, "#"), pc.match_substring(texts, "E+"))
    return pc.or_(signs, pc.match_substring_regex(texts, r"^[EF]\w+:\d{3}$"))


def _problem(text: str, column: str, number: int) -> Problem | None:
    if is_error(text):
        return Problem(row=number, code="cell-error", detail="is an error, not a value", column=column, value=text)
    if is_rounded(text):
        detail = "was rounded by a spreadsheet, its last digits are gone"
        return Problem(row=number, code="digits-lost", detail=detail, column=column, value=text)
    return None


def is_rounded(text: str) -> bool:
    """Whether the text is a whole number in scientific notation with fewer digits than the number had."""
    match = _ROUNDED.fullmatch(text.strip())
    if match is None:
        return False
    exponent = int(match[2])
    return exponent >= _SHOWN_AS_ROUNDED and len(match[1] or "") < exponent
