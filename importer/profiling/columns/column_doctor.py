"""All watchers of one source, and how full its columns are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from importer.model.examination import ColumnProfile
from importer.model.rules import PhoneRule, ValueType
from importer.model.whitespace import IMPORTER_PREFIX, UNSEEN_CHARACTERS, text_key
from importer.profiling.columns.consent_symptoms import ContactWishes
from importer.profiling.columns.date_symptoms import HalfSwapped, UnreadDates
from importer.profiling.columns.look import Look, by_column
from importer.profiling.columns.mojibake import Mojibake
from importer.profiling.columns.number_symptoms import Apostrophes, LostZeros, MixedDecimals, PhonesAsNumbers
from importer.profiling.columns.value_symptoms import ToldByProblems
from importer.profiling.consent_columns import wish_in_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from importer.model.batch import MappedBatch, Target
    from importer.model.examination import Symptom
    from importer.model.mapping import Mapping
    from importer.model.problem import Problem
    from importer.model.problems import Problems
    from importer.model.source import SourceInfo
    from importer.profiling.columns.look import Watcher


class ColumnDoctor:
    """Watches the rows of one source go by; `source` is its position in the run.

    What is kept does not grow with the rows. Rows that `where` leaves out are not looked at.
    """

    def __init__(self, targets: Sequence[Target], info: SourceInfo, mapping: Mapping, *, source: int) -> None:
        self._source = source
        self._told = {target.label: ToldByProblems(target, mapping) for target in targets}
        region = mapping.defaults.region is not None
        self._watchers: list[Watcher] = [*self._told.values(), *_watchers(targets, info, region=region)]
        asked = {text_key(condition.column) for condition in mapping.where}
        # “Opt in” may be the date of it; the mapping knows.
        asked |= {text_key(column) for target in targets if target.is_date for column in target.columns}
        for name in info.columns:
            if text_key(name) not in asked and (role := wish_in_name(name)):
                self._watchers.append(ContactWishes(name, role, mapping))
        names = [name for name in info.columns if name.strip() and not name.startswith(IMPORTER_PREFIX)]
        self._profiles = {name: ColumnProfile(name=name) for name in names}
        used = {column for target in targets for column in target.columns}
        self._used = [name for name in names if name in used]

    def look(self, cells: pd.DataFrame, mapped: MappedBatch, problems: Problems) -> None:
        """Take in a batch with everything that is known to be wrong with it."""
        frame = mapped.frame
        if mapped.filtered.any():
            cells, frame = cells[~mapped.filtered], frame[~mapped.filtered]
        if cells.empty:
            return
        look = Look(cells=cells, mapped=frame, problems=by_column(problems))
        for watcher in self._watchers:
            watcher.look(look)
        for column in self._used:
            self._profiles[column] = _fuller(self._profiles[column], look)

    def note_settled(self, problem: Problem) -> None:
        """A problem that only the whole file could tell."""
        if problem.field in self._told:
            self._told[problem.field].note(problem)

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


def _watchers(targets: Sequence[Target], info: SourceInfo, *, region: bool) -> list[Watcher]:
    """Each kind once per column, however many targets read it."""
    found: dict[tuple[type[Watcher], str], Watcher] = {}
    for target in targets:
        for column in target.columns:
            for watcher in _of_target(target, column, info, region=region):
                found.setdefault((type(watcher), column), watcher)
    return list(found.values())


def _of_target(target: Target, column: str, info: SourceInfo, *, region: bool) -> Iterator[Watcher]:
    rule = target.rule
    if isinstance(rule, PhoneRule) and column in target.origins:
        known = region or rule.region is not None or rule.region_column is not None
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


def _fuller(profile: ColumnProfile, look: Look) -> ColumnProfile:
    texts = look.texts(profile.name)
    blanks = pc.sum(pc.equal(pc.utf8_trim(texts, UNSEEN_CHARACTERS), ""))
    return replace(
        profile,
        rows=profile.rows + len(look.cells),
        blanks=profile.blanks + (blanks.as_py() or 0),
        problems=profile.problems + len(look.refused(profile.name)),
    )
