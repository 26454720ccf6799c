"""What a cell of a workbook can hold, and its colors: the same in every workbook that we write."""

from __future__ import annotations

import re
from typing import Final

from importer.model.outcome import Tone

CELL_LENGTH: Final = 32_767
"""Characters that a cell can hold."""

COMMENTS: Final = 5_000
"""Comments on one sheet: with more, spreadsheet programs become slow."""

COLORS: Final = {
    Tone.GOOD: "FFDDF3E4",
    Tone.CALM: "FFECEEF1",
    Tone.WAITING: "FFFFF3CD",
    Tone.PERSON: "FFFBD5D5",
}

# What XML cannot hold; and what Excel would read as one of its escapes.
_ILLEGAL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE_OF_EXCEL: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def plain(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _ILLEGAL.sub("", text)


def shortened(text: str) -> str:
    """Text of ours for a cell or a comment: only what a workbook can hold, and nothing that reads as an escape."""
    return _ESCAPE_OF_EXCEL.sub("_x005F_", plain(_lines(text))[:CELL_LENGTH])


def whole(text: str) -> str:
    """Text of a source for a cell, so that reading gives the same text back, but for the kind of its line breaks."""
    escaped = _ESCAPE_OF_EXCEL.sub("_x005F_", _lines(text))
    return _ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", escaped)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
