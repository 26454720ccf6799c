"""A column as a person looks at it: its name, how full it is, and what its values look like."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from importer.mapping.values.converted import trimmed
from importer.mapping.values.phone_regions import region_code
from importer.profiling.consent_columns import MOST_FLAGS, flags_of
from importer.profiling.header_words import is_row_number, meanings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from importer.profiling.header_words import Role

LOOKED_AT: Final = 1000
"""Distinct values that are looked at where looking takes time."""

_NEARLY_ALL: Final = 0.8
_LONGEST_WORD: Final = 40
_MOST_WORDS: Final = 6
_LEAST_PHONE_DIGITS: Final = 7
_MOST_PHONE_DIGITS: Final = 15
_EMAIL: Final = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_PHONE: Final = re.compile(r"^\+?[0-9(][0-9 ().\-/+x,]*(?:E\+?[0-9]+|ext\.? ?[0-9]+)?$")
_WORDED: Final = re.compile(r"^[^\W\d_][^\d_@/:;|<>=]{0,60}$")
_FRACTION: Final = re.compile(r"^[0-9]+[.,][0-9]*[1-9]$")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A source column with its cells, trimmed; `texts` are all rows, blanks included."""

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
        """How surely its name says each role."""
        return meanings(self.name)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is in it."""
        return self.values.empty

    @property
    def filled(self) -> float:
        """The share of rows in which something is."""
        return len(self.values) / len(self.texts) if len(self.texts) else 0.0

    @property
    def unique(self) -> float:
        """How much of what is filled is different: 1.0 where no value stands twice."""
        return len(self.distinct) / len(self.values) if len(self.values) else 0.0

    @cached_property
    def emails(self) -> float:
        """The share of values that look like e-mail addresses."""
        return self.share(_EMAIL)

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
        return self._of_sample(lambda text: len(text) <= 2 * _LONGEST_WORD and region_code(text) is not None)

    @cached_property
    def is_counter(self) -> bool:
        """Whether it counts the rows: 1, 2, 3, also above a last line of another kind, or is called so."""
        if is_row_number(self.name):
            return True
        first = self.values.head(LOOKED_AT).tolist()
        counted = max(sum(text == str(at + start) for at, text in enumerate(first)) for start in (0, 1))
        return len(first) > 1 and counted >= _NEARLY_ALL * len(first)

    def flags(self, role: Role) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Its values that mean yes and those that mean no, if they are of the kind that consent is written in."""
        if len(self.distinct) > MOST_FLAGS:
            return (), ()
        return flags_of(role, Counter(self.values))

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
    return _LEAST_PHONE_DIGITS <= sum(map(str.isdigit, text)) <= _MOST_PHONE_DIGITS


def columns_of_frame(frame: pd.DataFrame, names: Sequence[str]) -> tuple[Column, ...]:
    """The columns that have a name, with their cells trimmed."""
    return tuple(
        Column(name=name, position=position, texts=trimmed(frame[name]))
        for position, name in enumerate(names)
        if name.strip()
    )
