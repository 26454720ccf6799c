"""What the values of a column look like: one answer, for suggested mappings and for the column doctor.

`Column` is asked about the first rows of a file, value by value; the patterns are also run over whole columns by Arrow.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from importer.mapping.values.phone_regions import region_code
from importer.profiling.consent_columns import MOST_FLAGS, flags_of
from importer.profiling.header_words import is_row_number, meanings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from importer.profiling.header_words import Role

LOOKED_AT: Final = 1000
"""Distinct values that are looked at where looking takes time."""

SERIAL: Final = r"^\s*[2-7][0-9]{4}([.,][0-9]+)?\s*$"
"""A spreadsheet's own count of days."""

TEXT_DATE: Final = r"^\s*[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{4}|[0-9]{2})($|[ ,T])"
"""A date in digits that begins with the day or the month."""

ANY_DATE: Final = (
    r"^(?:\w{3,9},? )?(?:\d{1,4}[-/. ]|[A-Za-z]{3,9}\.? \d{1,2},? )[\w-]+[-/., ]\s?\d{2,4}|^\d{4}-\d\d-\d\d"
)
"""What may be a date, in any format."""

DATE_COUNTS: Final = (("%s", r"^1[0-9]{9}$"), ("%Q", r"^1[0-9]{12}$"), ("%Y%m%d", r"^(?:19|20)[0-9]{6}$"))
"""Dates without separators. Only a column whose name speaks of a date is read so."""

DECIMAL_PHONE: Final = r"^\s*\+?[0-9]{6,}[.,]0+\s*$|^\s*\+?[0-9]+([.,][0-9]*)?[eE]\+?[0-9]{1,3}\s*$"
"""A phone number that a spreadsheet turned into a decimal."""

BARE_PHONE: Final = r"^[1-9][0-9]{6,14}$"
"""Digits that may be a phone number without its plus or its zero."""

DECIMAL_COMMA: Final = (
    r"^\s*-?[0-9]{1,3}(\.[0-9]{3})*,([0-9]{1,2}|[0-9]{4,})\s*$|^\s*-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]{3}\s*$"
)
"""A number that surely has a decimal comma."""

POINT_OR_GROUP: Final = r"^\s*-?[1-9][0-9]{0,2}\.[0-9]{3}\s*$"
"""A number whose point may be the decimal point, or group its thousands."""

EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"

_NEARLY_ALL: Final = 0.8
_LONGEST_COUNTRY: Final = 80
_MOST_WORDS: Final = 6
_PHONE_DIGITS: Final = range(7, 16)
_PHONE: Final = re.compile(r"^\+?[0-9(][0-9 ().\-/+x,]*(?:E\+?[0-9]+|ext\.? ?[0-9]+)?$")
_WORDED: Final = re.compile(r"^[^\W\d_][^\d_@/:;|<>=]{0,60}$")
_FRACTION: Final = re.compile(r"^[0-9]+[.,][0-9]*[1-9]$")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A source column with its cells, trimmed; `texts` are all rows, blank cells included."""

    name: str
    position: int
    texts: pd.Series[str]

    @cached_property
    def values(self) -> pd.Series[str]:
        """The cells that are not blank."""
        return self.texts[self.texts != ""]

    @cached_property
    def distinct(self) -> pd.Series[str]:
        """Each value once, in the order of the rows."""
        return self.values.drop_duplicates()

    @cached_property
    def sample(self) -> pd.Series[str]:
        """The first distinct values, for questions that take time."""
        return self.distinct.head(LOOKED_AT)

    @cached_property
    def meanings(self) -> dict[Role, float]:
        """How surely the name of the column means each role."""
        return meanings(self.name)

    @property
    def is_blank(self) -> bool:
        """Whether every cell is blank."""
        return self.values.empty

    @property
    def filled(self) -> float:
        """The share of rows with something in the cell."""
        return len(self.values) / len(self.texts) if len(self.texts) else 0.0

    @property
    def unique(self) -> float:
        """The share of different values among the filled cells: 1.0 where no value occurs twice."""
        return len(self.distinct) / len(self.values) if len(self.values) else 0.0

    @cached_property
    def emails(self) -> float:
        """The share of values that look like e-mail addresses."""
        return self.share(EMAIL)

    @cached_property
    def phone_like(self) -> float:
        """The share of values that are written like phone numbers and have as many digits."""
        return self._of_sample(_is_phone_like)

    @cached_property
    def worded(self) -> float:
        """The share of values that may be names of persons: a few words of letters."""
        return self._of_sample(lambda text: _WORDED.search(text) is not None and text.count(" ") < _MOST_WORDS)

    @cached_property
    def several_words(self) -> float:
        """The share of values of more than one word."""
        return self.share(r"\S\s+\S")

    @cached_property
    def countries(self) -> float:
        """The share of distinct values that are countries."""
        return self._of_sample(lambda text: len(text) <= _LONGEST_COUNTRY and region_code(text) is not None)

    @cached_property
    def is_counter(self) -> bool:
        """Whether it counts the rows: 1, 2, 3, also above a last line of another kind, or has the name of a counter."""
        if is_row_number(self.name):
            return True
        first = self.values.head(LOOKED_AT).tolist()
        counted = max(sum(text == str(at + start) for at, text in enumerate(first)) for start in (0, 1))
        return len(first) > 1 and counted >= _NEARLY_ALL * len(first)

    def flags(self, role: Role) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Its values that mean yes and those that mean no, if it is a column of such values."""
        return flags_of(role, Counter(self.values)) if len(self.distinct) <= MOST_FLAGS else ((), ())

    def share(self, pattern: str) -> float:
        """The share of the values in which the pattern is found."""
        found = re.compile(pattern).search
        return self._of_sample(lambda text: found(text) is not None)

    def _of_sample(self, fits: Callable[[str], bool]) -> float:
        texts = self._sample_texts
        return sum(map(fits, texts)) / len(texts) if texts else 0.0

    @cached_property
    def _sample_texts(self) -> list[str]:
        # A list, because most of the time goes into looking at few values of many columns.
        return self.sample.tolist()


def _is_phone_like(text: str) -> bool:
    if not _PHONE.search(text) or _FRACTION.search(text):
        return False
    return sum(map(str.isdigit, text)) in _PHONE_DIGITS
