"""Date columns that nobody can read, and those that read well but may be wrong."""

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
from importer.profiling.columns.tally import Tally
from importer.profiling.columns.yaml_fixes import advice, entry, in_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.batch import Target
    from importer.model.examination import Symptom
    from importer.profiling.columns.look import Look

_REAL: Final = r"^\s*[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:|\s*$)"
_REAL_EARLY: Final = r"^\s*[0-9]{4}-[0-9]{2}-(0[1-9]|1[0-2])"
_TEXT: Final = r"^\s*[0-9]{1,2}[/.-][0-9]{1,2}[/.-]([0-9]{4}|[0-9]{2})($|[ ,T])"
_TEXT_LATE: Final = r"^\s*((1[3-9]|[23][0-9])[/.-]|[0-9]{1,2}[/.-](1[3-9]|[23][0-9])[/.-])"
_SERIAL: Final = r"^\s*[2-7][0-9]{4}([.,][0-9]+)?\s*$"
_NOT_READ: Final = pa.array(["date-ambiguous", "date-invalid"], TEXT)
_DISTINCT: Final = 2_000


class UnreadDates:
    """Dates that the mapping cannot read: ambiguous, in another format, or a spreadsheet's count of days.

    Which formats fit is judged over all rows, of which `_DISTINCT` different texts are kept.
    """

    def __init__(self, column: str, target: Target) -> None:
        self._column = column
        self._target = target
        self._serials, self._unread = Tally(), Tally()
        self._texts: dict[str, None] = {}
        self._advice = ""

    def look(self, look: Look) -> None:
        """The rows whose date was not read."""
        problems = look.problems_of(self._column)
        problems = problems.where(np.asarray(pc.is_in(problems.texts("code"), _NOT_READ)))
        if not len(problems):
            return
        is_serial = np.asarray(pc.match_substring_regex(problems.texts("value"), _SERIAL))
        serials, unread = problems.where(is_serial), problems.where(~is_serial)
        self._serials.add_all(serials.rows, serials.texts("value"))
        values = unread.texts("value")
        self._unread.add_all(unread.rows, values)
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
        if self._unread.count:
            yield self._of_unread()

    def _of_unread(self) -> Symptom:
        formats = fitting_formats(list(self._texts))
        if not formats:
            return self._unread.symptom(
                "dates-unread", self._column, advice(self._advice), f"such as “{shown(self._unread.values[0])}”"
            )
        both = " or ".join(entry("format", name) for name in formats)
        if len(formats) > 1:
            only_you = advice(f"only you can know which is meant; add {both} to {shown_path(keys_of(self._target))}")
            return self._unread.symptom("dates-ambiguous", self._column, only_you, f"{' and '.join(formats)} both fit")
        (name,) = formats
        fix = in_rule(self._target, "format", self._with_those_of_the_mapping(name), otherwise=self._advice)
        return self._unread.symptom("dates-unread", self._column, fix, f"{name} fits")

    def _with_those_of_the_mapping(self, name: str) -> str | list[str]:
        rule = self._target.rule
        known = [*rule.format] if isinstance(rule, TimeRule) else []
        return [*known, name] if known and name not in known else name


class HalfSwapped:
    """A column that holds both real dates and text dates.

    A spreadsheet that reads 03/04/2026 and 25/04/2026 the American way makes a real date of the first, with day and
    month swapped, and leaves the second as text.
    """

    def __init__(self, column: str) -> None:
        self._column = column
        self._early = Tally()
        self._late_real = self._texts = self._late_texts = 0

    def look(self, look: Look) -> None:
        """Count both kinds, and how many of each have a day after the twelfth."""
        texts = look.texts(self._column)
        real = pc.match_substring_regex(texts, _REAL)
        early = pc.match_substring_regex(texts.filter(real), _REAL_EARLY)
        self._early.add_index(look.index[np.asarray(real)][np.asarray(early)])
        self._late_real += pc.sum(pc.invert(early)).as_py() or 0
        others = texts.filter(pc.invert(real))
        written = others.filter(pc.match_substring_regex(others, _TEXT))
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
