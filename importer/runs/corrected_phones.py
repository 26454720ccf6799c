"""Phone numbers of a mended rejects.csv: a spreadsheet program takes them for numbers, and drops the plus.

`+6591234567` comes back as `6591234567`, which reads as a number of India where that is the mapping's region. What was
left to be mended is known, so the plus is put back; what somebody typed is not, so it must be sure or is a problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.mapping.values.phone import read_phone
from importer.model.problem import Problem
from importer.model.rules import PhoneRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from importer.model.batch import MappedBatch, Target

_DIGITS: Final = r"[1-9][0-9]{6,14}"
_FIX: Final = (
    "Write it with a plus, the country code and spaces (+65 9123 4567), so that spreadsheets do not change it."
)


class CorrectedPhones:
    """Looks after the phone columns of a mended table; `left` are the numbers that earlier runs left to be mended."""

    def __init__(self, targets: tuple[Target, ...], left: frozenset[str]) -> None:
        self._left = left
        phones = [target for target in targets if isinstance(target.rule, PhoneRule)]
        self._labels = {column: target.label for target in phones for column in target.columns}

    def restored(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows with the plus back where the number had one when it was left."""
        changed = {}
        for column in self._labels:
            bare = frame[column][frame[column].str.fullmatch(_DIGITS)]
            plus = {text: f"+{text}" for text in bare.unique() if f"+{text}" in self._left}
            if plus:
                changed[column] = frame[column].replace(plus)
        return frame.assign(**changed) if changed else frame

    def doubtful(self, frame: pd.DataFrame, mapped: MappedBatch) -> Iterator[Problem]:
        """A problem for each number that was typed anew and is one with a plus as well as without."""
        for column, label in self._labels.items():
            for row, text in self._bare(frame[column]).items():
                taken = str(mapped.frame.at[row, label])
                other = read_phone(f"+{text}", "") if taken and taken != f"+{text}" else None
                if isinstance(other, str):
                    detail = f"may be {other} or {taken}: spreadsheets drop the plus"
                    yield Problem(
                        row=int(str(row)),
                        code="phone-region-missing",
                        detail=detail,
                        field=label,
                        column=column,
                        value=text,
                        fix=_FIX,
                    )

    def _bare(self, cells: pd.Series[str]) -> pd.Series[str]:
        """The numbers that are digits alone, apart from those that were left like that."""
        texts = cells[cells.str.fullmatch(_DIGITS)]
        return texts[~texts.isin(self._left)]
