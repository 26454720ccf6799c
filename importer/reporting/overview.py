"""An overview of all rows, collected in one pass and in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.operation import RowId
from importer.model.outcome import NEEDS_A_PERSON, STATES_FOR_A_PERSON, STATUSES, RowStatus
from importer.model.problem import KINDS
from importer.reporting.status_text import FOLLOW_UP_COLUMNS, follow_ups, outcome, what_happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from importer.model.lead_preview import LeadPreview
    from importer.model.outcome import ResultBatch
    from importer.reporting.status_text import Line

EXAMPLES: Final = 5
"""How many rows of one rule are shown."""

ROWS_SHOWN: Final = 2_000
"""Rows that need attention which a report shows at once; all of them are in rejects.csv."""


LEADS_SHOWN: Final = 20
"""The first leads, which a report shows beside their cells; all of them are in leads.csv."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A row that breaks a rule: what is wrong and what to do."""

    row: RowId
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A row that needs attention, in words; `codes` say why."""

    row: RowId
    crm_id: str
    outcome: str
    message: str
    hint: str
    codes: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Group:
    """The rows that one rule (or one kind of answer) is about."""

    code: str
    title: str
    cause: str
    hint: str
    warning: bool = False
    rows: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def wanted(self) -> int:
        """How many more examples there may be."""
        return EXAMPLES - len(self.examples)

    def show(self, row: RowId, message: str, hint: str) -> None:
        """Add an example."""
        self.examples.append(Example(row=row, message=message, hint=hint))


class Overview:
    """Watches the rows of a run go by; keeps at most `limit` of those that need attention, and counts them all."""

    def __init__(self, *, limit: int = ROWS_SHOWN) -> None:
        self.limit = limit
        self.shown: list[ShownRow] = []
        self.attention_count = 0
        self.leads: list[tuple[RowId, LeadPreview]] = []
        self._groups: dict[tuple[str, bool], Group] = {}

    def watch(self, batches: Iterable[ResultBatch]) -> Iterator[ResultBatch]:
        """Hand the batches on after a look at each."""
        for batch in batches:
            self.add(batch)
            yield batch

    def add(self, batch: ResultBatch) -> None:
        """Take in a batch."""
        self._add_findings(batch)
        first = batch.previews[: LEADS_SHOWN - len(self.leads)]
        self.leads += [(RowId(batch.source, lead.number), lead) for lead in first]
        rows = batch.table.filter(batch.table["needs_attention"])
        self.attention_count += len(rows)
        for line in rows[: max(0, self.limit - len(self.shown))].to_pylist():
            self.shown.append(
                ShownRow(
                    row=RowId(batch.source, line["number"]),
                    crm_id=line["crm_id"],
                    outcome=outcome(line),
                    message=what_happened(line),
                    hint=line["hint"],
                    codes=tuple(line["problems"].split(";") if line["problems"] else _reasons(line)),
                )
            )
        for line in rows.filter(pc.equal(rows["problems"], "")).to_pylist():
            for code in _reasons(line):
                group = self._groups.setdefault((code, False), _answer_group(line, code))
                group.rows += 1
                if group.wanted:
                    group.show(RowId(batch.source, line["number"]), what_happened(line), line["hint"])

    def _add_findings(self, batch: ResultBatch) -> None:
        warnings = np.asarray(batch.problems["warning"])
        for warning in (False, True):
            self._add_groups(batch.source, batch.problems.filter(pa.array(warnings == warning)), warning=warning)

    def _add_groups(self, source: int, problems: pa.Table, *, warning: bool) -> None:
        codes = problems["code"].combine_chunks().dictionary_encode()
        keys = np.asarray(problems["number"]) * (len(codes.dictionary) + 1) + np.asarray(codes.indices)
        _, first = np.unique(keys, return_index=True)  # a row counts once for each of its codes
        of_code = np.asarray(codes.indices)[first]
        for number, code in enumerate(codes.dictionary.to_pylist()):
            places = first[of_code == number]
            group = self._group(code, warning=warning)
            group.rows += len(places)
            for found in problems.take(pa.array(places[: group.wanted])).to_pylist():
                group.show(RowId(source, found["number"]), found["message"], found["hint"])

    @property
    def groups(self) -> list[Group]:
        """Errors first, then warnings; the most frequent first."""
        return sorted(self._groups.values(), key=lambda group: (group.warning, -group.rows, group.code))

    def _group(self, code: str, *, warning: bool) -> Group:
        # A problem of a field that may be left out is a warning, in the same run in which it stops other rows.
        if (code, warning) not in self._groups:
            kind = KINDS.get(code)
            self._groups[code, warning] = Group(
                code=code,
                title=kind.title if kind else code,
                cause=kind.cause if kind else "",
                hint=kind.fix if kind else "",
                warning=warning,
            )
        return self._groups[code, warning]


def _reasons(line: Line) -> list[str]:
    """What to call the reasons of a row that breaks no local rule but needs attention: how its requests ended."""
    codes = [f"{name}-{line[name]}" for name in FOLLOW_UP_COLUMNS if line[name] in STATES_FOR_A_PERSON]
    if line["status"] in NEEDS_A_PERSON:
        number = line["error_code"] or line["http_status"]
        codes.insert(0, f"{line['status']}-{number}" if number else line["status"])
    return codes


def _answer_group(line: Line, code: str) -> Group:
    name, _, rest = code.partition("-")
    if kind := FOLLOW_UP_COLUMNS.get(name):
        title = f"{kind.about.noun.capitalize()} {rest}"
        return Group(code=code, title=title, cause=" ".join(follow_ups(line)), hint=line["hint"])
    wording = STATUSES[RowStatus(line["status"])]
    clause = wording.clause[0].upper() + wording.clause[1:] + (f" ({rest})" if rest else "")
    return Group(code=code, title=clause, cause=wording.meaning, hint=line["hint"])
