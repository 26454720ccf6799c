"""What a spreadsheet does to digits that are no amounts: phone numbers, ids and postal codes as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow.compute as pc

from importer.model.examination import FIRST_ROWS
from importer.model.problem import shown
from importer.profiling.column_profile import BARE_PHONE, DECIMAL_COMMA, DECIMAL_PHONE, POINT_OR_GROUP
from importer.profiling.columns.watcher import Tally, WatchedRows, Watcher
from importer.profiling.columns.yaml_fixes import advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.examination import Symptom
    from importer.model.source import SourceInfo

_WORKBOOKS: Final = frozenset({"xlsx", "xlsm", "xls", "ods"})
_AS_TEXT: Final = "format the column as text in the spreadsheet, and export it again from the original"
_USUAL: Final = 0.5
"""The share of a column's values that makes them the usual ones."""

_POSTAL: Final = re.compile(r"\b(zip|post|postal|postcode|plz|cep|cap|pin|pincode|codigo postal|código postal)\b")
_POSTAL_LENGTHS: Final = range(5, 9)
_LONGEST: Final = 20
_MOST_LOST: Final = 3


class PhonesAsNumbers(Watcher):
    """Phone numbers that a spreadsheet made numbers of. Those that lost digits are counted by their problems."""

    def __init__(self, column: str, info: SourceInfo, *, region_known: bool) -> None:
        super().__init__(column)
        self._region_known = region_known
        self._in_workbook = info.format in _WORKBOOKS
        self._repaired, self._bare = Tally(), Tally()

    def watch(self, rows: WatchedRows) -> None:
        """Decimals without a problem were repaired; bare digits are a sign only where they were refused."""
        texts = rows.texts(self._column)
        refused = rows.index.isin(rows.refused(self._column))
        decimal = np.asarray(pc.match_substring_regex(texts, DECIMAL_PHONE))
        self._repaired.add(rows.index[decimal & ~refused])
        if self._in_workbook and refused.any():
            self._bare.add(rows.index[np.asarray(pc.match_substring_regex(texts, BARE_PHONE)) & refused])

    def symptoms(self) -> Iterator[Symptom]:
        """What was repaired, and what could not be read as it is."""
        if self._repaired.count:
            fix = advice(f"nothing to do now; next time {_AS_TEXT}")
            yield self._repaired.symptom("phones-as-decimals", self._column, fix)
        if self._bare.count:
            fix = advice(f"the spreadsheet may have taken a plus or a zero from their front; {_AS_TEXT}")
            if not self._region_known:
                fix = advice("set defaults.region in the mapping to the country whose numbers they are, such as IN")
            yield self._bare.symptom("phones-as-digits", self._column, fix)


class MixedDecimals(Watcher):
    """Numbers such as `1.234`, read with a decimal point, though others (`1.234,50`) have a decimal comma."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self._has_comma = False
        self._points = Tally()

    def watch(self, rows: WatchedRows) -> None:
        """Whether any number surely has a decimal comma, and which may have a point between thousands."""
        texts = rows.texts(self._column)
        self._has_comma = self._has_comma or pc.any(pc.match_substring_regex(texts, DECIMAL_COMMA)).as_py() is True
        pointed = pc.match_substring_regex(texts, POINT_OR_GROUP)
        self._points.add(rows.index[np.asarray(pointed)], texts.filter(pointed))

    def symptoms(self) -> Iterator[Symptom]:
        """The numbers that may be a thousand times larger, if others have a decimal comma."""
        if self._has_comma and self._points.count:
            example = self._points.values[0].strip()
            whole = example.replace(".", "")
            advised = f"if “{example}” means {whole}, write it as {whole}, and the others likewise"
            detail = f"“{example}” is read with a decimal point"
            yield self._points.symptom("decimals-mixed", self._column, advice(advised), detail)


class Apostrophes(Watcher):
    """The apostrophe that makes a cell text in a spreadsheet: `'00123`."""

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self._filled = 0
        self._begun = Tally()

    def watch(self, rows: WatchedRows) -> None:
        """Names begin so too ('t Hooft): only the share over all rows shows it."""
        texts = rows.texts(self._column)
        begun = pc.match_substring_regex(texts, r"^\s*'[^\s']")
        self._filled += pc.sum(pc.match_substring_regex(texts, r"\S")).as_py() or 0
        self._begun.add(rows.index[np.asarray(begun)], texts.filter(begun))

    def symptoms(self) -> Iterator[Symptom]:
        """The symptom, where most of the cells that hold anything begin so."""
        if self._begun.count > self._filled * _USUAL:
            fix = advice(
                "it is sent as a part of the value. Where it was only for the spreadsheet, remove it in the file"
            )
            detail = f"such as “{shown(self._begun.values[0], 20)}”"
            yield self._begun.symptom("apostrophes-in-front", self._column, fix, detail)


class LostZeros(Watcher):
    """Values of a column whose digits are a code, not an amount, without their leading zeros.

    Values of digits only that are shorter than the usual length have lost zeros if other values of that length begin
    with one, or if the column is one of postal codes.
    """

    def __init__(self, column: str, *, is_phone: bool) -> None:
        super().__init__(column)
        self._is_phone = is_phone
        self._lengths = np.zeros(_LONGEST + 1, dtype=np.int64)
        self._with_zero = np.zeros(_LONGEST + 1, dtype=np.int64)
        self._first: dict[int, list[int]] = {}

    def watch(self, rows: WatchedRows) -> None:
        """Count the digit-only values by their length."""
        texts = rows.texts(self._column)
        digits = np.array(pc.utf8_is_digit(texts))
        if not digits.any():
            return
        lengths = np.asarray(pc.utf8_length(texts))
        digits &= lengths <= _LONGEST
        zero = np.asarray(pc.starts_with(texts, "0"))
        self._lengths += np.bincount(lengths[digits], minlength=_LONGEST + 1)
        self._with_zero += np.bincount(lengths[digits & zero], minlength=_LONGEST + 1)
        for length in np.unique(lengths[digits & ~zero]).tolist():
            first = self._first.setdefault(length, [])
            if len(first) < FIRST_ROWS:
                places = np.flatnonzero(digits & ~zero & (lengths == length))[: FIRST_ROWS - len(first)]
                first += rows.index[places].tolist()

    def symptoms(self) -> Iterator[Symptom]:
        """The values that are shorter than the usual length, if there is evidence."""
        usual = int(self._lengths.argmax())
        without_zero = self._lengths - self._with_zero
        most_lost = 1 if self._is_phone else _MOST_LOST
        shorter = [length for length in range(max(1, usual - most_lost), usual) if without_zero[length]]
        if not shorter or self._lengths[usual] < _USUAL * self._lengths.sum():
            return
        words = " ".join(re.split(r"[\W_]+", self._column.casefold()))
        if not self._with_zero[usual] and not (usual in _POSTAL_LENGTHS and _POSTAL.search(words)):
            return
        rows = sorted(row for length in shorter for row in self._first[length])[:FIRST_ROWS]
        tally = Tally(count=int(without_zero[shorter].sum()), rows=rows)
        read = "they are read without it; " if self._is_phone else ""
        detail = f"others have {usual} digits"
        yield tally.symptom("leading-zeros-lost", self._column, advice(read + _AS_TEXT), detail)
