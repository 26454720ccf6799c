"""Lines of a CSV file as RFC 4180 has them, ending in a line feed."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence


class CsvLines:
    """Writes rows of text to an open file."""

    def __init__(self, file: TextIO) -> None:
        self._plain = csv.writer(file, lineterminator="\n")
        self._quoted = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def write(self, cells: Sequence[str]) -> None:
        """Write one row; a cell may hold anything, line breaks included."""
        # Before Python 3.13 a lone carriage return is not quoted, and readers take it for the end of the line.
        writer = self._quoted if "\r" in "".join(cells) else self._plain
        writer.writerow(cells)
