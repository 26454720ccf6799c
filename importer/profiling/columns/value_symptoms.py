"""Symptoms of values: blank cells, values outside a map or a list, near ids, lost digits, missing consent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.file.references import keys_of
from importer.mapping.values.converted import trimmed
from importer.model.batch import Place
from importer.model.examination import FIRST_ROWS
from importer.model.fields import FIELDS_BY_NAME, LEAD_FIELDS
from importer.model.problem import shown
from importer.model.texts import TEXT, large_texts
from importer.model.visible import shown_path
from importer.model.whitespace import text_key
from importer.profiling.columns.watcher import Tally, WatchedRows, Watcher
from importer.profiling.columns.yaml_fixes import Fix, advice, entry, flow, in_rule, leaving_out
from importer.profiling.consent_columns import MOST_FLAGS, flags_of, wanted_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.batch import Target
    from importer.model.examination import Symptom
    from importer.model.mapping import Mapping
    from importer.model.problem import Problem
    from importer.profiling.header_words import Role

SIGN_OF: Final = {
    **{f"{field.slug}-missing": "blank-but-required" for field in LEAD_FIELDS},
    "value-missing": "blank-but-required",
    "owner-missing": "blank-but-required",
    "value-not-in-map": "outside-the-map",
    "owner-not-in-map": "outside-the-map",
    "value-not-allowed": "outside-the-list",
    "phone-digits-lost": "digits-lost",
    "digits-lost": "digits-lost",
    "crm-id-near-duplicate": "ids-nearly-same",
}
"""The symptom that problems of a code add up to."""


class ProblemSymptoms(Watcher):
    """Counts the problems of one target by the symptom that they add up to."""

    def __init__(self, target: Target, mapping: Mapping) -> None:
        super().__init__(target.columns[0] if target.columns else target.label)
        self._target = target
        self._mapping = mapping
        self._tallies: dict[str, Tally] = {}

    def watch(self, rows: WatchedRows) -> None:
        """Problems of the rows, and values that the mapping drops without a problem."""
        rule, label = self._target.rule, self._target.label
        drops = rule is not None and rule.map is not None and rule.otherwise == "blank"
        for column in self._target.columns:
            problems = rows.problems_of(column)
            # What is only a warning is left out, as the mapping asks for.
            ours = problems.where(np.asarray(pc.equal(problems.texts("field"), label)) & problems.stops)
            codes = ours.texts("code").dictionary_encode()
            signs = pa.array([SIGN_OF.get(code) for code in codes.dictionary.to_pylist()], TEXT).take(codes.indices)
            for sign in pc.unique(signs.drop_null()).to_pylist():
                found = ours.where(np.asarray(pc.equal(signs, sign).fill_null(fill_value=False)))
                # `one_of` lists what the mapping makes of the cells, which problems quote.
                mapped = rows.mapped.loc[found.rows.tolist(), label]
                values = large_texts(mapped) if sign == "outside-the-list" else found.texts("value")
                self._tally(sign).add(found.rows, values)
            if drops:
                texts = trimmed(rows.cells[column])
                dropped = texts[(rows.mapped[label] == "") & (texts != "")]
                if len(dropped):
                    self._tally("outside-the-map").add(dropped.index, large_texts(dropped))

    def note(self, problem: Problem) -> None:
        """Count a problem that only the whole file could show."""
        if sign := SIGN_OF.get(problem.code):
            self._tally(sign).add(np.array([problem.row]), pa.array([problem.value], TEXT))

    def _tally(self, sign: str) -> Tally:
        return self._tallies.setdefault(sign, Tally())

    def symptoms(self) -> Iterator[Symptom]:
        """One for each kind."""
        for sign, tally in self._tallies.items():
            examples = ", ".join(f"“{shown(value, 20)}”" for value in tally.values[:FIRST_ROWS])
            detail = examples if sign.startswith("outside") else ""
            yield tally.symptom(sign, self._column, self._fix(sign, tally), detail)

    def _fix(self, sign: str, tally: Tally) -> Fix:
        if sign == "digits-lost":
            return advice("format the column as text, and export it again from the original")
        if sign == "ids-nearly-same":
            # Never a transform: ids are case-sensitive, and it would give every other lead a new id, too.
            return advice(
                "ids are case-sensitive; if two that differ only in case are one lead, use one spelling in the file"
            )
        if sign == "blank-but-required":
            return self._fix_of_blank_cells()
        return self._fix_of_other_values(sign, tally.values)

    def _fix_of_blank_cells(self) -> Fix:
        """Blank ids and phones cannot be filled by one word for all: only left out, or taken from elsewhere."""
        if self._target.place is Place.ASSIGN:
            line = f"{entry('when_blank', 'skip')}   # such leads get no owner"
            otherwise = advice("fill in the owners in the file").line
            return Fix(line=line, place=("assign", "when_blank"), otherwise=otherwise)
        if self._target.place is Place.LEAD and not FIELDS_BY_NAME[self._target.label].takes_any_text:
            return leaving_out(self._mapping, column=self._column, not_blank=True)
        # No line: whatever it held would be sent as soon as it is pasted.
        key = shown_path(keys_of(self._target))
        return advice(f"fill in the cells, or add a `default` to {key} in the mapping: what to send for a blank")

    def _fix_of_other_values(self, sign: str, values: list[str]) -> Fix:
        rule = self._target.rule
        if rule is None:
            return advice(f"add to assign.by.map who gets the leads of {', '.join(flow(value) for value in values)}")
        if sign == "outside-the-list":
            allowed = [*(rule.one_of or ()), *values]
            return in_rule(self._target, "one_of", allowed, otherwise="correct the cells, or add the values to one_of")
        by_key: dict[str, str] = {}  # `map` takes values of one key for the same
        for value in values:
            by_key.setdefault(text_key(value), value)
        otherwise = "add the values to map, or say otherwise: keep"
        remark = "   # the new ones are sent as they are, unless you write what they become"
        mapped = {**(rule.map or {}), **{value: value for value in by_key.values()}}
        return in_rule(self._target, "map", mapped, otherwise=otherwise, remark=remark)


class ContactConsent(Watcher):
    """People who, by a column of the list, are not to be contacted, and whom the mapping does not leave out."""

    def __init__(self, column: str, role: Role, mapping: Mapping) -> None:
        super().__init__(column)
        self._role = role
        self._mapping = mapping
        self._cells: dict[str, Tally] = {}
        self._filled = Tally()

    def watch(self, rows: WatchedRows) -> None:
        """Each value with its rows, as long as the values are few."""
        texts = trimmed(rows.cells[self._column])
        self._filled.add(rows.index[texts != ""])
        if len(self._cells) > MOST_FLAGS:
            return
        codes, values = pd.factorize(texts)
        for code, value in enumerate(values[: MOST_FLAGS + 1]):
            self._cells.setdefault(value, Tally()).add(rows.index[codes == code])

    def symptoms(self) -> Iterator[Symptom]:
        """The rows that the condition would leave out."""
        counts = {value: tally.count for value, tally in self._cells.items() if value}
        yes, no = flags_of(self._role, counts)
        if not (yes or no):
            if self._filled.count:
                examples = ", ".join(f"“{shown(value, 20)}”" for value in [*counts][:FIRST_ROWS])
                advised = (
                    "look at the column; to leave people out, write a condition on it under `where` in the mapping"
                )
                yield self._filled.symptom("contact-unclear", self._column, advice(advised), examples)
            return
        kept = wanted_values(self._role, yes, no, with_blank="" in self._cells)
        if kept:
            left_out = [value for value in self._cells if text_key(value) not in {*map(text_key, kept)}]
            fix = leaving_out(self._mapping, column=self._column, one_of=list(kept))
        else:
            left_out = [*counts]
            fix = leaving_out(self._mapping, column=self._column, not_blank=False)
        rows = sorted(row for value in left_out for row in self._cells[value].rows)[:FIRST_ROWS]
        tally = Tally(count=sum(self._cells[value].count for value in left_out), rows=rows)
        if tally.count:
            examples = ", ".join(f"“{value}”" if value else "blank" for value in left_out[:FIRST_ROWS])
            yield tally.symptom("do-not-contact", self._column, fix, examples)
