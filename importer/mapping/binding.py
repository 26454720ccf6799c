"""Targets bound to the columns of a source, and what can be wrong with that before any row is read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pandas as pd

from importer.errors import Mistake
from importer.mapping.origins import Cells, Origin, origin_of
from importer.mapping.steps import Step, carried_out, normalizer, owner_steps, steps_of
from importer.mapping.values.converted import text_series
from importer.model.batch import Place, Target
from importer.model.mapping import OwnerBy
from importer.model.problems import first_filled, shortened, true_of_cells
from importer.model.rules import AttributeRule, PhoneRule, Rule, ValueType
from importer.model.visible import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from importer.mapping.file.load import LoadedMapping
    from importer.mapping.file.references import Purpose
    from importer.model.problems import Problems

_LONGEST_VALUE: Final = 1_000
"""Characters of a cell that a problem keeps: the column doctor proposes whole words for a map, and no letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundTarget:
    """A target with the origin of its texts and the steps they go through."""

    purpose: Purpose
    target: Target
    origin: Origin
    steps: tuple[Step, ...]

    def read(self, cells: Cells) -> tuple[pd.Series[str], Problems]:
        """The target's text in every row, and the problems of the cells that could not be converted.

        Of several columns a problem names the first one that is not blank, with its cell as it is in the source.
        """
        converted = carried_out(self.steps, self.origin.texts(cells), cells)
        findings, label = converted.findings, self.target.label
        if not len(findings) or not self.origin.columns:
            return converted.values, findings.having(field=label)
        rows = cells.frame.iloc[cells.index.get_indexer(pd.Index(findings.rows))]
        column, quoted = first_filled(rows, self.origin.columns)
        detail = true_of_cells(findings.texts("detail"), quoted, findings.texts("value"))
        value = shortened(quoted, _LONGEST_VALUE)
        return converted.values, findings.having(field=label, column=column, value=value, detail=detail)


def bound(purpose: Purpose, loaded: LoadedMapping, columns: Mapping[str, str], now: datetime) -> BoundTarget:
    """Bind one target; `columns` maps each name of the mapping to its source column."""
    mapping, lookups = loaded.mapping, loaded.lookups
    rule, steps = purpose.rule, list[Step]()
    if isinstance(rule, OwnerBy):
        origin = origin_of(Rule(column=rule.column), columns)
    else:
        origin = origin_of(rule, columns, normalizer(mapping, columns, now, lookups) if rule.digest_as else None)
        steps += steps_of(rule, mapping.defaults, columns, now, lookups)
    if purpose.place is Place.ASSIGN and mapping.assign is not None:
        steps += owner_steps(mapping.assign.by, mapping.assign.when_blank)
    region = columns.get(rule.region_column or "") if isinstance(rule, PhoneRule) else None
    region = region if region not in origin.columns else None
    target = Target(
        label=purpose.label,
        place=purpose.place,
        path=purpose.path,
        columns=origin.columns if region is None else (*origin.columns, region),
        region_column=region,
        type=rule.type if isinstance(rule, AttributeRule) else ValueType.TEXT,
        rule=rule if isinstance(rule, Rule) else None,
        event=purpose.event,
    )
    return BoundTarget(purpose=purpose, target=target, origin=origin, steps=tuple(steps))


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


def _unconvertible(bound_target: BoundTarget, loaded: LoadedMapping) -> Iterator[Mistake]:
    """Mistakes in a rule's constant, and in its default, which is what all steps make of a blank text."""
    rule, one_row = bound_target.purpose.rule, Cells(pd.DataFrame(index=[0]))
    if not isinstance(rule, Rule) or (isinstance(rule, PhoneRule) and rule.region_column is not None):
        return
    for key, written, text in (("value", rule.value, rule.value), ("default", rule.default, "")):
        if not written:
            continue
        keys = (*bound_target.purpose.keys, key)
        for finding in carried_out(bound_target.steps, text_series(text, one_row.index), one_row).findings:
            if not finding.warning:
                message = f"“{finding.value}” {finding.detail}"
                yield Mistake(line=loaded.line(keys), key=shown_path(keys), message=message)
