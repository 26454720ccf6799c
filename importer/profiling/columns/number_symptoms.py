"""What a spreadsheet does to digits that are no amounts: phone numbers, ids and postal codes as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.examination import FIRST_ROWS
from importer.model.problem import shown
from importer.profiling.columns.tally import Tally
from importer.profiling.columns.yaml_fixes import advice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.examination import Symptom
    from importer.model.source import SourceInfo
    from importer.profiling.columns.look import Look

_DECIMAL: Final = r"^\s*\+?[0-9]{6,}[.,]0+\s*$|^\s*\+?[0-9]+([.,][0-9]*)?[eE]\+?[0-9]{1,3}\s*$"
_BARE: Final = r"^[1-9][0-9]{6,14}$"
_WORKBOOKS: Final = frozenset({"xlsx", "xlsm", "xls", "ods"})
_AS_TEXT: Final = "format the column as text in the spreadsheet, and export it again from the original"
_USUAL: Final = 0.5
"""The share of a column's values that makes them the usual ones."""


class PhonesAsNumbers:
    """Watches a phone column. `phone-digits-lost` and `digits-lost` are told by another watcher."""

    def __init__(self, column: str, info: SourceInfo, *, region_known: bool) -> None:
        self._column = column
        self._region_known = region_known
        self._in_workbook = info.format in _WORKBOOKS
        self._repaired, self._bare = Tally(), Tally()

    def look(self, look: Look) -> None:
        """Decimals that nothing is said against were repaired; bare digits are a sign only where they were refused."""
        texts = look.texts(self._column)
        refused = look.index.isin(look.refused(self._column))
        decimal = np.asarray(pc.match_substring_regex(texts, _DECIMAL))
        self._repaired.add_places(decimal & ~refused, look.index)
        if self._in_workbook and refused.any():
            self._bare.add_places(np.asarray(pc.match_substring_regex(texts, _BARE)) & refused, look.index)

    def symptoms(self) -> Iterator[Symptom]:
        """What was repaired, and what could not be read as it stands."""
        if self._repaired.count:
            fix = advice(f"nothing to do now; next time {_AS_TEXT}")
            yield self._repaired.symptom("phones-as-decimals", self._column, fix)
        if self._bare.count:
            fix = advice(f"the spreadsheet may have taken a plus or a zero from their front; {_AS_TEXT}")
            if not self._region_known:
                fix = advice("set defaults.region in the mapping to the country whose numbers they are, such as IN")
            yield self._bare.symptom("phones-as-digits", self._column, fix)


_COMMA_DECIMAL: Final = (
    r"^\s*-?[0-9]{1,3}(\.[0-9]{3})*,([0-9]{1,2}|[0-9]{4,})\s*$|^\s*-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]{3}\s*$"
)
_POINT_OR_GROUP: Final = r"^\s*-?[1-9][0-9]{0,2}\.[0-9]{3}\s*$"


class MixedDecimals:
    """Watches a column of numbers: `1.234` is read with a decimal point, though others (`1.234,50`) have a comma."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._has_comma = False
        self._points = Tally()

    def look(self, look: Look) -> None:
        """Whether any number surely has a decimal comma, and which may have a point between thousands."""
        texts = look.texts(self._column)
        self._has_comma = self._has_comma or pc.any(pc.match_substring_regex(texts, _COMMA_DECIMAL)).as_py() is True
        places = np.flatnonzero(np.asarray(pc.match_substring_regex(texts, _POINT_OR_GROUP)))
        self._points.add_all(look.index.to_numpy()[places], texts.take(pa.array(places)))

    def symptoms(self) -> Iterator[Symptom]:
        """The numbers that may be a thousand times larger, if others have a decimal comma."""
        if self._has_comma and self._points.count:
            example = self._points.values[0].strip()
            whole = example.replace(".", "")
            advised = f"if “{example}” means {whole}, write it as {whole}, and the others alike"
            detail = f"“{example}” is read with a decimal point"
            yield self._points.symptom("decimals-mixed", self._column, advice(advised), detail)


class Apostrophes:
    """Watches a column of texts for the apostrophe that tells a spreadsheet that a cell is text: `'00123`."""

    def __init__(self, column: str) -> None:
        self._column = column
        self._filled = 0
        self._begun = Tally()

    def look(self, look: Look) -> None:
        """Names begin so too ('t Hooft): only the share over all rows tells."""
        texts = look.texts(self._column)
        begun = np.asarray(pc.match_substring_regex(texts, r"^\s*'[^\s']"))
        self._filled += pc.sum(pc.match_substring_regex(texts, r"\S")).as_py() or 0
        self._begun.add_all(look.index[begun].to_numpy(), texts.filter(begun))

    def symptoms(self) -> Iterator[Symptom]:
        """The sign, where most of the cells that hold anything begin so."""
        if self._begun.count > self._filled * _USUAL:
            fix = advice(
                "it is sent as a part of the value. Where it was only for the spreadsheet, remove it in the file"
            )
            detail = f"such as “{shown(self._begun.values[0], 20)}”"
            yield self._begun.symptom("apostrophes-in-front", self._column, fix, detail)


_POSTAL: Final = re.compile(r"\b(zip|post|postal|postcode|plz|cep|cap|pin|pincode|codigo postal|código postal)\b")
_POSTAL_LENGTHS: Final = range(5, 9)
_LONGEST: Final = 20
_MOST_LOST: Final = 3


class LostZeros:
    """Watches a column whose digits are a name, not an amount.

    Values of digits only that are shorter than the usual length have lost zeros if other values of that length begin
    with one, or if the column is one of postal codes.
    """

    def __init__(self, column: str, *, is_phone: bool) -> None:
        self._column = column
        self._is_phone = is_phone
        self._lengths = np.zeros(_LONGEST + 1, dtype=np.int64)
        self._with_zero = np.zeros(_LONGEST + 1, dtype=np.int64)
        self._first: dict[int, list[int]] = {}

    def look(self, look: Look) -> None:
        """Count the digit-only values by their length."""
        texts = look.texts(self._column)
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
                first += look.index[places].tolist()

    def symptoms(self) -> Iterator[Symptom]:
        """The values that are shorter than the usual length, if there is evidence."""
        usual = int(self._lengths.argmax())
        shorter = [length for length in range(max(1, usual - self._most_lost), usual) if self._without_zero(length)]
        if not shorter or not self._is_padded(usual):
            return
        rows = sorted(row for length in shorter for row in self._first[length])[:FIRST_ROWS]
        tally = Tally(count=sum(self._without_zero(length) for length in shorter), rows=rows)
        read = "they are read without it; " if self._is_phone else ""
        detail = f"others have {usual} digits"
        yield tally.symptom("leading-zeros-lost", self._column, advice(read + _AS_TEXT), detail)

    @property
    def _most_lost(self) -> int:
        return 1 if self._is_phone else _MOST_LOST

    def _without_zero(self, length: int) -> int:
        return int(self._lengths[length] - self._with_zero[length])

    def _is_padded(self, usual: int) -> bool:
        if self._lengths[usual] < _USUAL * self._lengths.sum():
            return False
        words = " ".join(re.split(r"[\W_]+", self._column.casefold()))
        return bool(self._with_zero[usual]) or (usual in _POSTAL_LENGTHS and bool(_POSTAL.search(words)))
