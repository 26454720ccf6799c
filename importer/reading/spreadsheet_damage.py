"""Cells whose text shows that a spreadsheet has already lost the value: error texts and rounded numbers.

A CSV file holds what the spreadsheet showed when it was saved: `#N/A`, or `1.81591E+11` where a phone number was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from importer.model.problem import Problem
from importer.reading.cell_text import is_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

_ROUNDED = re.compile(r"[-+]?\d(?:[.,](\d+))?E\+(\d{2,3})")
_SHOWN_AS_ROUNDED = 11
"""Numbers of twelve digits and more are shown as `1.2E+11` in a column without a format."""

_MARKS = (b"#", b"E+", b"Err", b"Fehler:")
"""One of these is in each text of an error and in each rounded number."""


def may_be_damaged(octets: bytes) -> bool:
    """Whether some text in UTF-8 may hold such a cell; to look into the bytes takes no time."""
    return any(mark in octets for mark in _MARKS)


def suspicious(columns: pa.Table, numbers: NDArray[np.int64]) -> Iterator[Problem]:
    """A problem for each cell that holds an error text or a rounded number; fast where there is none."""
    for column, texts in zip(columns.column_names, columns.columns, strict=True):
        signs = pc.or_(pc.starts_with(texts, "#"), pc.match_substring(texts, "E+"))
        hits = pc.or_(signs, pc.match_substring_regex(texts, r"^[EF]\w+:\d{3}$"))
        for at in pc.indices_nonzero(hits).to_pylist():
            text = texts[at].as_py()
            if is_error(text):
                code, detail = "cell-error", "is an error, not a value"
            elif is_rounded(text):
                code, detail = "digits-lost", "was rounded by a spreadsheet, its last digits are gone"
            else:
                continue
            yield Problem(row=int(numbers[at]), code=code, detail=detail, column=column, value=text)


def is_rounded(text: str) -> bool:
    """Whether the text is a whole number in scientific notation with fewer digits than the number had."""
    match = _ROUNDED.fullmatch(text.strip())
    if match is None:
        return False
    exponent = int(match[2])
    return exponent >= _SHOWN_AS_ROUNDED and len(match[1] or "") < exponent
