"""Lines that the column doctor proposes for the mapping are tried on the rows before they are shown.

A line is shown only if it changes what it promises and nothing else. Otherwise its comment takes its place.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from importer.errors import MappingError, SourceError
from importer.mapping import LoadedMapping, with_line
from importer.mapping.file.references import keys_of
from importer.model.batch import Batch, Place
from importer.model.examination import Symptom
from importer.model.texts import TEXT
from importer.model.visible import KeyPath
from importer.reading.table import Table
from importer.runs.row_pipeline import CheckedBatch, Opened, RowChecks, first_rows
from importer.sending.stop_request import StopRequest

_ENCODING: Final = ("source", "encoding")
_FILTERED_FOR: Final = frozenset({"crm_id", "phone_number"})
"""The fields whose blank rows a condition may leave out."""


@dataclass(kw_only=True)
class _Trial:
    """One line: what it changes in each source (`changed` counts rows), and whether anything else (`is_exact`)."""

    symptom: Symptom
    mapping: LoadedMapping
    labels: frozenset[str]
    changed: Counter[int] = field(default_factory=Counter)
    is_exact: bool = True

    def keeps_its_promise(self, symptom: Symptom) -> bool:
        """Whether the rows that the symptom counts changed, and no others."""
        return self.is_exact and self.changed[symptom.source] == symptom.count


class FixTrials:
    """Reads the rows a second time, and compares the results of each line with those of the mapping as it is.

    `reopened` gives the tables as another mapping says how to read them.
    """

    def __init__(
        self,
        opened: Sequence[Opened],
        loaded: LoadedMapping,
        *,
        limit: int | None,
        rejected: frozenset[str],
        reopened: Callable[[LoadedMapping], list[Table]],
        stop: StopRequest,
    ) -> None:
        self._opened = opened
        self._loaded = loaded
        self._limit = limit
        self._rejected = rejected
        self._reopened = reopened
        self._stop = stop

    def tried_out(self, symptoms: Sequence[Symptom]) -> tuple[Symptom, ...]:
        """The symptoms with every line that keeps its promise, and comments instead of the others."""
        trials: dict[str, _Trial] = {}
        for symptom in symptoms:
            if symptom.place and symptom.fix not in trials and (trial := self._trial(symptom)):
                trials[symptom.fix] = trial
        of_rules = [trial for trial in trials.values() if trial.symptom.place != _ENCODING]
        for trial in trials.values():
            if trial not in of_rules:
                self._try_encoding(trial)
        if of_rules:
            self._try_rules(of_rules)
        shown: dict[KeyPath, str] = {}
        return tuple(_as_shown(symptom, trials, shown) for symptom in symptoms)

    def _trial(self, symptom: Symptom) -> _Trial | None:
        labels = _labels(self._opened[0], symptom.place)
        try:
            changed = with_line(self._loaded, symptom.place, symptom.fix)
            for opened in self._opened:
                opened.mapper.with_mapping(changed)
            return _Trial(symptom=symptom, mapping=changed, labels=labels)
        except MappingError:
            return None

    def _try_rules(self, trials: list[_Trial]) -> None:
        rest = self._limit
        for source, opened in enumerate(self._opened):
            pairs = [(trial, *self._both(opened, trial)) for trial in trials if trial.is_exact]
            for batch in first_rows(opened.table.batches(), rest):
                rest = None if rest is None else rest - len(batch.frame)
                for trial, before, after in pairs:
                    self._stop.look()
                    _compare(trial, source, before.checked(batch), after.checked(batch))

    def _both(self, opened: Opened, trial: _Trial) -> tuple[RowChecks, RowChecks]:
        """The checks of the mapping and of the changed one, of the fields that the line is about."""
        before = replace(opened, mapper=opened.mapper.only(trial.labels))
        after = replace(opened, mapper=opened.mapper.with_mapping(trial.mapping).only(trial.labels))
        return RowChecks(before, self._loaded, self._rejected), RowChecks(after, trial.mapping, self._rejected)

    def _try_encoding(self, trial: _Trial) -> None:
        """A line about reading must leave the columns, the rows and every cell of plain ASCII as they are."""
        column, rest = trial.symptom.column, self._limit
        try:
            tables = self._reopened(trial.mapping)
            for source, (opened, table) in enumerate(zip(self._opened, tables, strict=True)):
                trial.is_exact &= table.info.columns == opened.table.info.columns
                for old, new in zip(opened.table.batches(), table.batches(), strict=True):
                    if not trial.is_exact or rest == 0:
                        return
                    rest = self._compare_cells(trial, source, column, (old, new), rest)
        except (SourceError, ValueError):  # ValueError: not as many rows
            trial.is_exact = False

    @staticmethod
    def _compare_cells(
        trial: _Trial, source: int, column: str, batches: tuple[Batch, Batch], rest: int | None
    ) -> int | None:
        old, new = (batch.frame.iloc[:rest] for batch in batches)
        trial.is_exact &= old.index.equals(new.index)
        if trial.is_exact and column in old:
            trial.changed[source] += int((old[column] != new[column]).sum())
        return None if rest is None else rest - len(old)


def _labels(opened: Opened, place: KeyPath) -> frozenset[str]:
    """The fields that a line at this place of the mapping is about."""
    if place[0] == "where":
        return _FILTERED_FOR
    targets = opened.mapper.targets
    if place[0] == "assign":
        return frozenset(target.label for target in targets if target.place is Place.ASSIGN)
    return frozenset(target.label for target in targets if place[: len(keys_of(target))] == keys_of(target))


def _compare(trial: _Trial, source: int, before: CheckedBatch, after: CheckedBatch) -> None:
    was, now = before.mapped, after.mapped
    refused, still_refused = _refused(before, trial.labels), _refused(after, trial.labels)
    filtered = (was.filtered != now.filtered).to_numpy()
    if trial.symptom.place[0] == "where":
        changed = filtered
        wrong = was.filtered.to_numpy() & filtered
        if trial.symptom.code == "blank-but-required":
            wrong |= filtered & ~refused
    else:
        fields = list(trial.labels)
        blank = (was.frame[fields] == "").any(axis=1).to_numpy()
        changed = (was.frame != now.frame).any(axis=1).to_numpy() | (refused != still_refused)
        wrong = filtered | (changed & (still_refused | ~(refused | blank)))
    trial.changed[source] += int(changed.sum())
    trial.is_exact &= not wrong.any()


def _refused(checked: CheckedBatch, labels: frozenset[str]) -> NDArray[np.bool_]:
    """The rows that a problem of these fields stops."""
    problems = checked.problems
    ours = np.asarray(pc.is_in(problems.texts("field"), pa.array(sorted(labels), TEXT))) & problems.stops
    return checked.batch.frame.index.isin(problems.rows[ours])


def _as_shown(symptom: Symptom, trials: Mapping[str, _Trial], shown: dict[KeyPath, str]) -> Symptom:
    """`shown` are the lines so far: of two for one place, the second would undo the first."""
    if not symptom.place:
        return symptom
    trial = trials.get(symptom.fix)
    comment = symptom.otherwise
    if trial and trial.keeps_its_promise(symptom):
        if shown.setdefault(symptom.place, symptom.fix) == symptom.fix:
            return replace(symptom, otherwise="")
        comment = "# Set the line above for this place of the mapping, then run check again for the next one."
    return replace(symptom, fix=comment, place=(), otherwise="")
