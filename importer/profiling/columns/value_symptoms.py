"""Symptoms that the problems of the rows add up to: blanks, values outside a map or a list, near ids, lost digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.file.references import keys_of
from importer.model.batch import Place
from importer.model.fields import FIELDS_BY_NAME, LEAD_FIELDS
from importer.model.problem import shown
from importer.model.texts import TEXT, large_texts
from importer.model.visible import shown_path
from importer.model.whitespace import text_key
from importer.profiling.columns.tally import Tally
from importer.profiling.columns.yaml_fixes import Fix, advice, entry, flow, in_rule, leaving_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.batch import Target
    from importer.model.examination import Symptom
    from importer.model.mapping import Mapping
    from importer.model.problem import Problem
    from importer.model.problems import Problems
    from importer.profiling.columns.look import Look

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
"""Which sign a problem is."""

_EXAMPLES: Final = 5


class ToldByProblems:
    """Counts the problems of one target; `settled` ones come once the last row is known."""

    def __init__(self, target: Target, mapping: Mapping) -> None:
        self._target = target
        self._mapping = mapping
        self._tallies: dict[str, Tally] = {}

    def look(self, look: Look) -> None:
        """Problems of the rows, and values that the mapping drops without a word."""
        for column in self._target.columns:
            self._note_signs(look, look.problems_of(column))
        rule = self._target.rule
        if rule is not None and rule.map is not None and rule.otherwise == "blank":
            self._note_dropped(look)

    def note(self, problem: Problem) -> None:
        """Count a problem that only the whole file could tell, if it is a sign."""
        sign = SIGN_OF.get(problem.code)
        if sign:
            self._tally(sign).add(problem.row, problem.value)

    def _note_signs(self, look: Look, problems: Problems) -> None:
        ours = problems.where(np.asarray(pc.equal(problems.texts("field"), self._target.label)))
        codes = ours.texts("code").dictionary_encode()
        signs = pa.array([SIGN_OF.get(code) for code in codes.dictionary.to_pylist()], TEXT).take(codes.indices)
        for sign in pc.unique(signs.drop_null()).to_pylist():
            found = ours.where(np.asarray(pc.equal(signs, sign).fill_null(fill_value=False)))
            # `one_of` lists what the mapping makes of the cells, which problems quote.
            mapped = look.mapped.loc[found.rows.tolist(), self._target.label]
            values = large_texts(mapped) if sign == "outside-the-list" else found.texts("value")
            self._tally(sign).add_all(found.rows, values)

    def _tally(self, sign: str) -> Tally:
        return self._tallies.setdefault(sign, Tally())

    def symptoms(self) -> Iterator[Symptom]:
        """One per sign."""
        column = self._target.columns[0] if self._target.columns else self._target.label
        for sign, tally in self._tallies.items():
            examples = ", ".join(f"“{shown(value, 20)}”" for value in tally.values[:_EXAMPLES])
            detail = examples if sign.startswith("outside") else ""
            yield tally.symptom(sign, column, self._fix(sign, column, tally), detail)

    def _note_dropped(self, look: Look) -> None:
        mapped = look.mapped[self._target.label]
        for column in self._target.columns:
            texts = look.cells[column]
            for place in np.flatnonzero((mapped == "") & (texts != "")).tolist():
                if text := texts.iloc[place].strip():
                    self._tally("outside-the-map").add(int(look.index[place]), text)

    def _fix(self, sign: str, column: str, tally: Tally) -> Fix | str:
        if sign == "digits-lost":
            return advice("format the column as text, and export it again from the original")
        if sign == "ids-nearly-same":
            # Never a transform: ids are case-sensitive, and it would give every other lead a new id, too.
            return advice(
                "ids are case-sensitive; if two that differ only in case are one lead, write them alike in the file"
            )
        if sign == "blank-but-required":
            return self._of_blank(column)
        return self._of_outsider(sign, tally.values)

    def _of_blank(self, column: str) -> Fix | str:
        """Blanks of an id or a phone cannot be filled by one word for all: only left out, or taken from elsewhere."""
        if self._target.place is Place.ASSIGN:
            line = f"{entry('when_blank', 'skip')}   # such leads get no owner"
            return Fix(line=line, place=("assign", "when_blank"), otherwise=advice("fill in the owners in the file"))
        if self._target.place is Place.LEAD and not FIELDS_BY_NAME[self._target.label].takes_any_text:
            return leaving_out(self._mapping, column=column, not_blank=True)
        # No line: whatever stood there would be sent as soon as it is pasted.
        key = shown_path(keys_of(self._target))
        return advice(f"fill in the cells, or add a `default` to {key} in the mapping: what to send for a blank")

    def _of_outsider(self, sign: str, values: list[str]) -> Fix | str:
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
