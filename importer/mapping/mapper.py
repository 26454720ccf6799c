"""The mapping applied to the rows of a source."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING

import pandas as pd

from importer.errors import MappingError
from importer.mapping.binding import binding_mistakes, bound
from importer.mapping.file.references import header_columns, header_place, purposes, resolved, unmapped_columns
from importer.mapping.origins import Cells, Provenance
from importer.mapping.values.converted import each_text
from importer.model.batch import MappedBatch, Target
from importer.model.problems import Problems
from importer.model.whitespace import text_key

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from importer.mapping.file.load import LoadedMapping
    from importer.model.mapping import Condition
    from importer.model.source import SourceInfo


class Mapper:
    """A mapping bound to the columns of one source.

    Raises `MappingError` with every column that is not there, every constant that cannot be converted and all
    attributes of one name. `now` is where the future begins, for dates that cannot lie in it.
    """

    def __init__(self, loaded: LoadedMapping, info: SourceInfo, *, now: datetime) -> None:
        self._mapping = loaded.mapping
        self._info, self._now = info, now
        self._provenance = Provenance(file=PurePath(info.path).name, sheet=info.sheet)
        self._columns, mistakes = resolved(loaded, info)
        unmapped = unmapped_columns(self._columns, info) if loaded.mapping.unmapped == "attributes" else []
        self._columns.update({column: column for column in unmapped})
        wanted = purposes(loaded.mapping, unmapped)
        self._bound = [bound(purpose, loaded, self._columns, now) for purpose in wanted]
        mistakes += binding_mistakes(self._bound, loaded)
        if mistakes:
            tip = f"{header_place(info)} has these columns: {header_columns(info)}"
            raise MappingError(loaded.path, tuple(sorted(mistakes, key=lambda mistake: mistake.line)), tip=tip)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What the mapped frames hold, in order: lead fields, attributes, the owner, the events' attributes."""
        return tuple(bound_target.target for bound_target in self._bound)

    @property
    def columns(self) -> frozenset[str]:
        """Every source column that is read, also by conditions."""
        return frozenset(self._columns.values())

    def with_mapping(self, loaded: LoadedMapping) -> Mapper:
        """Another mapping bound to the same columns; raises `MappingError`."""
        return Mapper(loaded, self._info, now=self._now).in_run(self._provenance.run, self._provenance.date)

    def in_run(self, run_id: str, date: str) -> Mapper:
        """This mapper for the rows of a run, which began on that day: both can become attributes."""
        known = copy(self)
        known._provenance = replace(self._provenance, run=run_id, date=date)
        return known

    def only(self, labels: Collection[str]) -> Mapper:
        """This mapper without the targets that are not among the labels; the crm_id stays."""
        narrow = copy(self)
        narrow._bound = [self._bound[0], *(each for each in self._bound[1:] if each.target.label in labels)]
        return narrow

    def apply(self, frame: pd.DataFrame) -> MappedBatch:
        """Map some rows. Rows that `where` leaves out stay blank but for their crm_id, and have no problems."""
        everything = Cells(frame, self._provenance)
        kept = pd.Series(data=True, index=frame.index)
        for condition in self._mapping.where:
            kept &= self._matches(condition, everything)
        cells = everything if kept.all() else Cells(frame[kept], self._provenance)
        mapped: dict[str, pd.Series[str] | pd.Series[bool]] = {}
        problems: list[Problems] = []
        for bound_target in self._bound:
            mapped[bound_target.target.label], found = bound_target.read(cells)
            problems.append(found)
        for place, event in enumerate(self._mapping.events):
            always = pd.Series(data=True, index=cells.index)
            mapped[f"events[{place}]"] = always if event.when is None else self._matches(event.when, cells)
        if not kept.all():
            blank = {label: False if texts.dtype == bool else "" for label, texts in mapped.items()}
            mapped = {label: texts.reindex(frame.index, fill_value=blank[label]) for label, texts in mapped.items()}
            mapped["crm_id"] = self._bound[0].read(everything)[0]
        return MappedBatch(
            frame=pd.DataFrame(mapped, index=frame.index),
            filtered=~kept,
            problems=Problems.together(problems).in_row_order(),
        )

    def _matches(self, condition: Condition, cells: Cells) -> pd.Series[bool]:
        """Whether a condition matches each row; words are compared by their `text_key`."""
        texts = cells[self._columns[condition.column]]
        if condition.one_of is None:
            return (texts != "") == condition.not_blank
        return each_text(texts, text_key).isin({text_key(word) for word in condition.one_of})
