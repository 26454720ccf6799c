"""Dates of a mended rejects.csv: a spreadsheet program takes them for dates, and writes them in its own form.

`05/08/2026` comes back as `5/8/2026` or `05/08/26`: the same numbers in the same order, so it is put back as it was.
`2026-04-05` comes back as `4/5/2026` in one country and as `05.04.2026` in another, and `05/08/2026`, saved in a
workbook, as the 8th of May or the 5th of August: that is a problem, never a guess.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from importer.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from importer.model.batch import MappedBatch, Target

_DATE: Final = re.compile(r"[0-9]{1,4}([-/. ])[0-9]{1,2}\1[0-9]{2,4}(?:[ T][0-9]{1,2}:[0-9:.]{2,12})?", re.ASCII)
_ISO: Final = re.compile(r"[0-9]{4}-", re.ASCII)
_MONTHS: Final = 12
_FIX: Final = (
    "Reopen rejects.csv with this column as text (in Excel: Data, From Text/CSV, without type detection),"
    " and fix it there."
)


def looks_like_a_date(text: str) -> bool:
    """Numbers as a date has them, with or without a time."""
    return _DATE.fullmatch(text) is not None


class CorrectedDates:
    """Looks after the date columns of a mended table; `left` are the cells that earlier runs left to be mended."""

    def __init__(self, targets: tuple[Target, ...], left: frozenset[str]) -> None:
        dated = [target for target in targets if target.is_date]
        self._labels = {column: target.label for target in dated for column in target.columns}
        self._left = left
        dates = [text for text in left if looks_like_a_date(text)] if dated else []
        self._by_numbers = _unambiguous(dates)
        self._left_turnable = {turnable: text for text in dates if (turnable := _turnable(text))}

    def restored(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows with the dates that a spreadsheet has only written otherwise as they were left."""
        changed = {}
        for column in self._labels:
            texts = [text for text in frame[column].unique() if text not in self._left and looks_like_a_date(text)]
            before = {text: was for text in texts if (was := self._by_numbers.get(_numbers(text)))}
            if before:
                changed[column] = frame[column].replace(before)
        return frame.assign(**changed) if changed else frame

    def doubtful(self, frame: pd.DataFrame, mapped: MappedBatch) -> Iterator[Problem]:
        """A problem for each date that may be one that was left, with day and month in another order."""
        for column, label in self._labels.items():
            cells = frame[column]
            for row, text in cells[~cells.isin(self._left) & (mapped.frame[label] != "")].items():
                was = self._of_the_other_form(text)
                if was:
                    detail = f"may be “{was}” with day and month in another order"
                    yield Problem(
                        row=int(str(row)),
                        code="date-ambiguous",
                        detail=detail,
                        field=label,
                        column=column,
                        value=text,
                        fix=_FIX,
                    )

    def _of_the_other_form(self, text: str) -> str | None:
        """A date that was left, of the same numbers, where one of both begins with its year: then the order is open."""
        turnable = _turnable(text) if looks_like_a_date(text) else None
        return self._left_turnable.get((not turnable[0], *turnable[1:])) if turnable else None


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers in their order, a year without its century, and no seconds where they are 0."""
    first, second, third, *time = (int(number) for number in re.findall(r"[0-9]+", text))
    while time and not time[-1]:
        time.pop()
    return (first % 100 if first > 31 else first, second, third % 100, *time)


def _unambiguous(dates: Iterable[str]) -> dict[tuple[int, ...], str]:
    """The dates by their numbers, where only one has them."""
    found: dict[tuple[int, ...], set[str]] = {}
    for text in dates:
        found.setdefault(_numbers(text), set()).add(text)
    return {numbers: next(iter(texts)) for numbers, texts in found.items() if len(texts) == 1}


def _turnable(text: str) -> tuple[bool, int, int, int] | None:
    """Whether the year stands first, then day and month by size, and the year; nothing if they cannot be swapped."""
    numbers = _numbers(text)
    is_iso = _ISO.match(text) is not None
    year, *others = numbers[:3] if is_iso else (numbers[2], *numbers[:2])
    smaller, larger = sorted(others)
    return (is_iso, smaller, larger, year) if smaller < larger <= _MONTHS else None
