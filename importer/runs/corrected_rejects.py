"""Cells of a corrected rejects.csv that a spreadsheet program has changed: phones to numbers, dates to its own form.

`+6591234567` comes back as `6591234567`, which reads as a number of India where that is the mapping's region.
`05/08/2026` comes back as `5/8/2026` or `05/08/26`, and `2026-04-05` as `4/5/2026` in one country and as `05.04.2026`
in another. What earlier runs rejected is known, so a cell that can only be one of those is put back as it was. A cell
that may be one of those or something else is a problem, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from importer.mapping.values.phone import read_phone
from importer.model.problem import Problem
from importer.model.rules import PhoneRule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd

    from importer.model.batch import MappedBatch, Target

_MONTHS: Final = 12


class _Kind(Protocol):
    """How spreadsheets change one kind of cell: only texts of this pattern, in columns of these targets."""

    pattern: re.Pattern[str]
    code: str
    fix: str

    def is_for(self, target: Target) -> bool: ...

    def original(self, text: str) -> str | None:
        """The rejected text that this can only be."""
        ...

    def doubt(self, text: str, taken: str) -> str:
        """What else than `taken`, as the mapping reads it, the text may be; the empty text if nothing."""
        ...


class CorrectedRejects:
    """Looks after the phone and date columns of one table; `rejected` are the phones and dates of earlier rejects."""

    def __init__(self, targets: tuple[Target, ...], rejected: frozenset[str]) -> None:
        self._rejected = rejected
        kinds: tuple[_Kind, ...] = (_Phones(rejected), _Dates(rejected))
        self._columns = [
            (column, target.label, kind)
            for kind in kinds
            for target in targets
            if kind.is_for(target)
            for column in target.columns
        ]

    def restored(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows with the cells as they were rejected, where a spreadsheet has only written them otherwise."""
        for column, _, kind in self._columns:
            texts = [text for text in frame[column].unique() if kind.pattern.fullmatch(text)]
            before = {text: original for text in texts if (original := kind.original(text)) is not None}
            if before:
                frame = frame.assign(**{column: frame[column].replace(before)})
        return frame

    def ambiguous(self, frame: pd.DataFrame, mapped: MappedBatch) -> Iterator[Problem]:
        """A problem for each cell that nobody rejected like this, and that may have been changed by a spreadsheet."""
        for column, label, kind in self._columns:
            cells, taken = frame[column], mapped.frame[label]
            new = cells[~cells.isin(self._rejected) & (taken != "")]
            for row, text in new.items():
                if kind.pattern.fullmatch(text) and (detail := kind.doubt(text, str(taken.at[row]))):
                    yield Problem(
                        row=int(str(row)),
                        code=kind.code,
                        detail=detail,
                        field=label,
                        column=column,
                        value=text,
                        fix=kind.fix,
                    )


@dataclass(frozen=True)
class _Phones:
    """Spreadsheets drop the plus."""

    rejected: frozenset[str]
    pattern = re.compile(r"[1-9][0-9]{6,14}")
    code = "phone-region-missing"
    fix = "Write it with a plus, the country code and spaces (+65 9123 4567), so that spreadsheets do not change it."

    def is_for(self, target: Target) -> bool:
        return isinstance(target.rule, PhoneRule)

    def original(self, text: str) -> str | None:
        return f"+{text}" if f"+{text}" in self.rejected else None

    def doubt(self, text: str, taken: str) -> str:
        other = read_phone(f"+{text}", "") if taken != f"+{text}" else None
        return f"may be {other} or {taken}: spreadsheets drop the plus" if isinstance(other, str) else ""


class _Dates:
    """Spreadsheets write dates in the form of their country; the numbers stay, and often their order."""

    pattern = re.compile(r"[0-9]{1,4}([-/. ])[0-9]{1,2}\1[0-9]{2,4}(?:[ T][0-9]{1,2}:[0-9:.]{2,12})?")
    code = "date-ambiguous"
    fix = (
        "Reopen rejects.csv with this column as text (in Excel: Data, From Text/CSV, without type detection),"
        " and fix it there."
    )

    def __init__(self, rejected: frozenset[str]) -> None:
        dates = [text for text in rejected if self.pattern.fullmatch(text)]
        self._rejected = rejected
        self._by_numbers = _unambiguous(dates)
        self._by_day_and_month = {key: text for text in dates if (key := _day_and_month(text))}

    def is_for(self, target: Target) -> bool:
        return target.is_date

    def original(self, text: str) -> str | None:
        return None if text in self._rejected else self._by_numbers.get(_numbers(text))

    def doubt(self, text: str, taken: str) -> str:  # noqa: ARG002
        """Where one begins with its year and the other does not, the order of day and month is open."""
        key = _day_and_month(text)
        original = self._by_day_and_month.get((not key[0], *key[1:])) if key else None
        return f"may be “{original}” with day and month in another order" if original else ""


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


def _day_and_month(text: str) -> tuple[bool, int, int, int] | None:
    """Whether the year is first, then day and month by size, and the year; `None` if they cannot be swapped."""
    numbers = _numbers(text)
    is_iso = re.match(r"[0-9]{4}-", text) is not None
    year, *others = numbers[:3] if is_iso else (numbers[2], *numbers[:2])
    smaller, larger = sorted(others)
    return (is_iso, smaller, larger, year) if smaller < larger <= _MONTHS else None
