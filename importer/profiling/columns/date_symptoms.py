"""Date columns that the mapping cannot read, and those that read well but may be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.file.references import keys_of
from importer.mapping.values.date_hints import fitting_formats, serial_day
from importer.model.problem import shown
from importer.model.rules import TimeRule
from importer.model.texts import TEXT
from importer.model.visible import shown_path
from importer.profiling.column_profile import SERIAL, TEXT_DATE
from importer.profiling.columns.watcher import Tally, WatchedRows, Watcher
from importer.profiling.columns.yaml_fixes import advice, entry, in_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.batch import Target
    from importer.model.examination import Symptom

_REAL: Final = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:|\s*$)"
_REAL_EARLY: Final = r"^\s*[0-9]{4}-[0-9]{2}-(0[1-9]|1[0-2])"
_TEXT_LATE: Final = r"^\s*((1[3-9]|[23][0-9])[/.-]|[0-9]{1,2}[/.-](1[3-9]|[23][0-9])[/.-])"
_NOT_READ: Final = pa.array(["date-ambiguous", "date-invalid"], TEXT)
_DISTINCT: Final = 2_000


class UnreadDates(Watcher):
    """Dates that the mapping cannot read: ambiguous, in another format, or a spreadsheet's count of days.

    Which formats fit is judged over all rows, of which `_DISTINCT` different texts are kept.
    """

    def __init__(self, column: str, target: Target) -> None:
        super().__init__(column)
        self._target = target
        self._serials, self._unread = Tally(), Tally()
        self._texts: dict[str, None] = {}
        self._advice = ""

    def watch(self, rows: WatchedRows) -> None:
        """The rows whose date was not read."""
        problems = rows.problems_of(self._column)
        problems = problems.where(np.asarray(pc.is_in(problems.texts("code"), _NOT_READ)))
        if not len(problems):
            return
        is_serial = np.asarray(pc.match_substring_regex(problems.texts("value"), SERIAL))
        serials, unread = problems.where(is_serial), problems.where(~is_serial)
        self._serials.add(serials.rows, serials.texts("value"))
        values = unread.texts("value")
        self._unread.add(unread.rows, values)
        if len(unread):
            self._advice = self._advice or unread.hints()[0].as_py()
        for text in pc.unique(values).to_pylist():
            if len(self._texts) >= _DISTINCT:
                break
            self._texts[text.strip()] = None

    def symptoms(self) -> Iterator[Symptom]:
        """Counts of days, then what could be read with another format."""
        if self._serials.count:
            example = self._serials.values[0].strip()
            fix = advice("give the column a date format in the spreadsheet, and export it again")
            detail = f"“{example}” would be {serial_day(example)}"
            yield self._serials.symptom("dates-as-serials", self._column, fix, detail)
        if not self._unread.count:
            return
        code, formats = "dates-unread", fitting_formats(list(self._texts))
        if not formats:
            fix, detail = advice(self._advice), f"such as “{shown(self._unread.values[0])}”"
        elif len(formats) > 1:
            both = " or ".join(entry("format", name) for name in formats)
            fix = advice(f"only you can know which is meant; add {both} to {shown_path(keys_of(self._target))}")
            code, detail = "dates-ambiguous", f"{' and '.join(formats)} both fit"
        else:
            (name,) = formats
            rule = self._target.rule
            known = [*rule.format] if isinstance(rule, TimeRule) else []
            all_formats = [*known, name] if known and name not in known else name
            fix = in_rule(self._target, "format", all_formats, otherwise=self._advice)
            detail = f"{name} fits"
        yield self._unread.symptom(code, self._column, fix, detail)


class HalfSwapped(Watcher):
    """A column that holds both real dates and text dates.

    A spreadsheet that reads 03/04/2026 and 25/04/2026 the American way makes a real date of the first, with day and
    month swapped, and leaves the second as text.
    """

    def __init__(self, column: str) -> None:
        super().__init__(column)
        self._early = Tally()
        self._late_real = self._texts = self._late_texts = 0

    def watch(self, rows: WatchedRows) -> None:
        """Count both kinds, and how many of each have a day after the twelfth."""
        texts = rows.texts(self._column)
        real = pc.match_substring_regex(texts, _REAL)
        early = pc.match_substring_regex(texts.filter(real), _REAL_EARLY)
        self._early.add(rows.index[np.asarray(real)][np.asarray(early)])
        self._late_real += pc.sum(pc.invert(early)).as_py() or 0
        others = texts.filter(pc.invert(real))
        written = others.filter(pc.match_substring_regex(others, TEXT_DATE))
        self._texts += len(written)
        self._late_texts += pc.sum(pc.match_substring_regex(written, _TEXT_LATE)).as_py() or 0

    def symptoms(self) -> Iterator[Symptom]:
        """The real dates that could have been swapped, where there are text dates beside them."""
        if not (self._early.count and self._texts):
            return
        if not self._late_real and self._late_texts == self._texts:
            detail = "almost certainly: no real date has a day after the 12th, and every text date has"
        else:
            detail = f"{self._texts:,} text dates; {self._late_real:,} real dates have a day after the 12th"
        fix = advice("export the column again as text from where it was right, and give its format")
        yield self._early.symptom("dates-half-swapped", self._column, fix, detail)
