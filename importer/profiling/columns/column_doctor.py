"""All watchers of one source, and how full its columns are.

They look at source texts, which a transform may silently repair, and at the problems of the rows. To look for another
kind of damage, add a watcher beside the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from importer.model.examination import ColumnProfile
from importer.model.rules import PhoneRule, ValueType
from importer.model.whitespace import IMPORTER_PREFIX, UNSEEN_CHARACTERS, text_key
from importer.profiling.columns.date_symptoms import HalfSwapped, UnreadDates
from importer.profiling.columns.mojibake import Mojibake
from importer.profiling.columns.number_symptoms import Apostrophes, LostZeros, MixedDecimals, PhonesAsNumbers
from importer.profiling.columns.value_symptoms import ContactConsent, ProblemSymptoms
from importer.profiling.columns.watcher import WatchedRows, Watcher
from importer.profiling.consent_columns import consent_role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from importer.model.batch import MappedBatch, Target
    from importer.model.examination import Symptom
    from importer.model.mapping import Mapping
    from importer.model.problem import Problem
    from importer.model.problems import Problems
    from importer.model.source import SourceInfo


class ColumnDoctor:
    """Watches the rows of one source go by; `source` is its position in the run.

    What is kept does not grow with the rows. Rows that `where` leaves out are not looked at.
    """

    def __init__(self, targets: Sequence[Target], info: SourceInfo, mapping: Mapping, *, source: int) -> None:
        self._source = source
        self._by_label = {target.label: ProblemSymptoms(target, mapping) for target in targets}
        region_known = mapping.defaults.region is not None
        # Each kind once per column, however many targets read it.
        once: dict[tuple[type[Watcher], str], Watcher] = {}
        for target in targets:
            for column in target.columns:
                for watcher in _watchers(target, column, info, region_known=region_known):
                    once.setdefault((type(watcher), column), watcher)
        self._watchers: list[Watcher] = [*self._by_label.values(), *once.values()]
        asked = {text_key(condition.column) for condition in mapping.where}
        # “Opt in” may be the date of it; the mapping knows.
        asked |= {text_key(column) for target in targets if target.is_date for column in target.columns}
        for name in info.columns:
            if text_key(name) not in asked and (role := consent_role(name)):
                self._watchers.append(ContactConsent(name, role, mapping))
        names = [name for name in info.columns if name.strip() and not name.startswith(IMPORTER_PREFIX)]
        self._profiles = {name: ColumnProfile(name=name) for name in names}
        used = {column for target in targets for column in target.columns}
        self._used = [name for name in names if name in used]

    def watch(self, cells: pd.DataFrame, mapped: MappedBatch, problems: Problems) -> None:
        """Take in a batch with everything that is known to be wrong with it."""
        frame = mapped.frame
        if mapped.filtered.any():
            cells, frame = cells[~mapped.filtered], frame[~mapped.filtered]
        if cells.empty:
            return
        rows = WatchedRows(cells, frame, problems)
        for watcher in self._watchers:
            watcher.watch(rows)
        for column in self._used:
            profile = self._profiles[column]
            blank = pc.sum(pc.equal(pc.utf8_trim(rows.texts(column), UNSEEN_CHARACTERS), ""))
            self._profiles[column] = replace(
                profile,
                rows=profile.rows + len(cells),
                blanks=profile.blanks + blank.as_py(),
                problems=profile.problems + len(rows.refused(column)),
            )

    def note_settled(self, problem: Problem) -> None:
        """Count a problem that only the whole file could show."""
        if problem.field in self._by_label:
            self._by_label[problem.field].note(problem)

    @property
    def profiles(self) -> tuple[ColumnProfile, ...]:
        """How full each column of the source is, in its order."""
        return tuple(self._profiles.values())

    def symptoms(self) -> tuple[Symptom, ...]:
        """What was found in all rows, in the order of the columns."""
        found = [symptom for watcher in self._watchers for symptom in watcher.symptoms()]
        order = {name: place for place, name in enumerate(self._profiles)}
        found.sort(key=lambda symptom: order.get(symptom.column, len(order)))
        return tuple(replace(symptom, source=self._source) for symptom in found)


def _watchers(target: Target, column: str, info: SourceInfo, *, region_known: bool) -> Iterator[Watcher]:
    rule = target.rule
    if isinstance(rule, PhoneRule) and column in target.origins:
        known = region_known or rule.region is not None or rule.region_column is not None
        yield PhonesAsNumbers(column, info, region_known=known)
    if target.is_date:
        yield UnreadDates(column, target)
        yield HalfSwapped(column)
    elif target.type is ValueType.TEXT:
        yield LostZeros(column, is_phone=isinstance(rule, PhoneRule))
        if not isinstance(rule, PhoneRule):
            yield Apostrophes(column)
    elif target.type is ValueType.NUMBER:
        yield MixedDecimals(column)
    yield Mojibake(column, info)
