"""People who, by a column of the list, are not to be contacted, and whom the mapping does not leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from importer.mapping.values.converted import trimmed
from importer.model.examination import FIRST_ROWS
from importer.model.problem import shown
from importer.model.whitespace import text_key
from importer.profiling.columns.tally import Tally
from importer.profiling.columns.yaml_fixes import advice, leaving_out
from importer.profiling.consent_columns import MOST_FLAGS, flags_of, wanted_values
from importer.profiling.header_words import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.examination import Symptom
    from importer.model.mapping import Mapping
    from importer.profiling.columns.look import Look


class ContactWishes:
    """Counts the values of a column that, by its name, holds consent or its opposite."""

    def __init__(self, column: str, role: Role, mapping: Mapping) -> None:
        self._column = column
        self._role = role
        self._mapping = mapping
        self._cells: dict[str, Tally] = {}
        self._filled = Tally()

    def look(self, look: Look) -> None:
        """Each value with its rows, as long as the values are few."""
        texts = trimmed(look.cells[self._column])
        self._filled.add_places((texts != "").to_numpy(), look.index)
        if len(self._cells) > MOST_FLAGS:
            return
        codes, values = pd.factorize(texts)
        for code, value in enumerate(values[: MOST_FLAGS + 1]):
            self._cells.setdefault(value, Tally()).add_places(codes == code, look.index)

    def symptoms(self) -> Iterator[Symptom]:
        """The rows that the condition would leave out."""
        counts = {value: tally.count for value, tally in self._cells.items() if value}
        yes, no = flags_of(self._role, counts)
        if not (yes or no):
            yield from self._unclear(counts)
            return
        kept = wanted_values(self._role, yes, no, blanks="" in self._cells)
        if kept:
            left_out = [value for value in self._cells if text_key(value) not in {*map(text_key, kept)}]
            fix = leaving_out(self._mapping, column=self._column, one_of=list(kept))
        else:
            left_out = [*counts]
            fix = leaving_out(self._mapping, column=self._column, not_blank=False)
        tally = Tally(count=sum(self._cells[value].count for value in left_out))
        tally.rows = sorted(row for value in left_out for row in self._cells[value].rows)[:FIRST_ROWS]
        if tally.count:
            examples = ", ".join(f"“{value}”" if value else "blank" for value in left_out[:FIRST_ROWS])
            yield tally.symptom("do-not-contact", self._column, fix, examples)

    def _unclear(self, counts: dict[str, int]) -> Iterator[Symptom]:
        """No line: nobody knows which of the values speak against the rows."""
        if self._filled.count:
            examples = ", ".join(f"“{shown(value, 20)}”" for value in [*counts][:FIRST_ROWS])
            fix = advice(
                "look at the column; to leave people out, write a condition on it under `where` in the mapping"
            )
            yield self._filled.symptom("contact-unclear", self._column, fix, examples)
