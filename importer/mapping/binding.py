"""Targets bound to the columns of a source, and what can be wrong with that before any row is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from importer.errors import Mistake
from importer.mapping.origins import Cells, Constant, FirstFilled, Origin, origin_of
from importer.mapping.steps import Step, carried_out, conversion, normalizer, owner_steps, preparing_steps
from importer.mapping.values.converted import text_series
from importer.model.batch import Place, Target
from importer.model.cells import first_filled, true_of_cells
from importer.model.key_path import shown_path
from importer.model.mapping import AttributeRule, OwnerBy, PhoneRule, Rule, ValueType
from importer.model.problems import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from importer.mapping.file.load import LoadedMapping
    from importer.mapping.file.references import Purpose
    from importer.model.mapping import Mapping as MappingFile
    from importer.model.problem import Problem
    from importer.model.problems import Problems

_LONGEST_VALUE: Final = 1_000
"""Characters of a cell that a problem keeps: the column doctor proposes whole words for a map, and no letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTarget:
    """A target with the origin of its texts and the steps they go through.

    `conversion` is the last of the steps, if any, and `region_column` the column that it looks at besides.
    """

    purpose: Purpose
    target: Target
    origin: Origin
    steps: tuple[Step, ...]
    conversion: Step | None = None
    region_column: str | None = None

    def read(self, cells: Cells) -> tuple[pd.Series[str], Problems]:
        """The target's text in every row, and the problems of the cells that could not be converted."""
        converted = carried_out(self.steps, self.origin.texts(cells), cells)
        return converted.values, self._problems(converted.findings, cells.frame)

    def _problems(self, findings: Problems, frame: pd.DataFrame) -> Problems:
        """The findings with field and column; of several columns a person should look at the first not blank."""
        columns = self.origin.columns
        if not len(findings) or not columns:
            return findings.having(field=self.target.label)
        rows = frame.iloc[frame.index.get_indexer(pd.Index(findings.rows))]
        column, cells = first_filled(rows, columns)
        detail = true_of_cells(findings.texts("detail"), cells, findings.texts("value"))
        value = shortened(cells, _LONGEST_VALUE)
        return findings.having(field=self.target.label, column=column, value=value, detail=detail)


def bound(purpose: Purpose, mapping: MappingFile, columns: Mapping[str, str], now: datetime) -> BoundTarget:
    """Bind one target; `columns` says which source column each name of the mapping means."""
    rule = purpose.rule
    if isinstance(rule, OwnerBy):
        origin: Origin = FirstFilled((columns[rule.column],))
        converting, steps = None, []
    else:
        origin = origin_of(rule, columns, normalizer(mapping, columns) if rule.digest_as else None)
        converting = conversion(rule, mapping.defaults, columns, now)
        steps = [*preparing_steps(rule), *([converting] if converting is not None else [])]
    if purpose.place is Place.ASSIGN and mapping.assign is not None:
        steps += owner_steps(mapping.assign.by, mapping.assign.when_blank)
    region = columns[rule.region_column] if isinstance(rule, PhoneRule) and rule.region_column is not None else None
    return BoundTarget(
        purpose=purpose,
        target=_target(purpose, origin, region),
        origin=origin,
        steps=tuple(steps),
        conversion=converting,
        region_column=region,
    )


def _target(purpose: Purpose, origin: Origin, region_column: str | None) -> Target:
    rule = purpose.rule
    extra = (region_column,) if region_column is not None and region_column not in origin.columns else ()
    return Target(
        label=purpose.label,
        place=purpose.place,
        path=purpose.path,
        columns=(*origin.columns, *extra),
        region_column=extra[0] if extra else None,
        type=rule.type if isinstance(rule, AttributeRule) else ValueType.TEXT,
        rule=rule if isinstance(rule, Rule) else None,
        event=purpose.event,
    )


def binding_mistakes(targets: Sequence[BoundTarget], loaded: LoadedMapping) -> Iterator[Mistake]:
    """Attributes of one name, and constants and defaults that cannot be converted."""
    for target in targets:
        yield from _unconvertible(target, loaded)
    counts = Counter(target.target.label for target in targets)
    for target in targets:
        if counts[target.target.label] > 1:
            yield Mistake(
                line=loaded.line(target.purpose.keys),
                key=shown_path(target.purpose.keys),
                message=f"{counts[target.target.label]} attributes are called {target.target.label}; rename one "
                f"(columns that become attributes by unmapped: attributes can be named in lead.attributes)",
            )


def _unconvertible(target: BoundTarget, loaded: LoadedMapping) -> Iterator[Mistake]:
    rule, alone = target.purpose.rule, Cells(pd.DataFrame(index=[0]))
    if not isinstance(rule, Rule) or target.region_column is not None:
        return
    found: list[tuple[str, Problem]] = []
    if isinstance(target.origin, Constant):
        texts = target.origin.texts(alone)
        found += [("value", finding) for finding in carried_out(target.steps, texts, alone).findings]
    if rule.default and target.conversion is not None:
        texts = text_series(rule.default, alone.index)
        found += [("default", finding) for finding in target.conversion(texts, alone).findings]
    for key, finding in found:
        if finding.warning:
            continue
        keys = (*target.purpose.keys, key)
        yield Mistake(line=loaded.line(keys), key=shown_path(keys), message=f"“{finding.value}” {finding.detail}")
