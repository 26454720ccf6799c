"""The sheet "Import" that opens a workbook report: counts, problems by rule, and links to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import IO, TYPE_CHECKING, Final

from importer.model.outcome import STATUSES
from importer.reporting.annotated.sheet_writer import BOLD, HEADING, NUMBER, TEXT, TITLE, Cell, Line, write_sheet
from importer.reporting.annotated.styles import Look
from importer.reporting.status_text import ending, place, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.model.operation import RowId
    from importer.model.run import RunReport
    from importer.reporting.annotated.styles import Styles
    from importer.reporting.overview import Overview

IMPORT: Final = "Import"
ROWS_LISTED: Final = 2_000
"""Rows that need attention which the sheet lists; all of them are in rejects.csv."""

_WIDTHS: Final = (34, 24, 60, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSheet:
    """The sheet; `link` says on which sheet and in which row of this workbook a source row is."""

    run: RunReport
    overview: Overview
    notes: tuple[str, ...]
    link: Callable[[RowId], tuple[str, int] | None]

    def write(self, file: IO[bytes], styles: Styles, namespace: str) -> None:
        """Write the sheet's part; looks are added to the styles."""
        lines = chain(self._head(), self._counts(), self._rules(), self._rows_shown())
        write_sheet(file, lines, styles=styles, widths=_WIDTHS, namespace=namespace)

    def _head(self) -> Iterator[Line]:
        run = self.run
        where = f"to {run.org} on {run.base_url}" if run.org else ""
        yield [Cell(value="Import report", look=TITLE)]
        yield [Cell(value=sentence(run, attention=self.overview.attention_count), look=TEXT)]
        yield [
            Cell(
                value=f"Run {run.run_id}, {run.command} {where}".strip()
                + f", {run.started_at[:16].replace('T', ' ')} UTC",
                look=TEXT,
            )
        ]
        for note in filter(None, (ending(run), *self.notes)):
            yield [Cell(value=note, look=BOLD)]

    def _counts(self) -> Iterator[Line]:
        yield from _heading("Outcome", "Rows", "What it means")
        for status, wording in STATUSES.items():
            if count := self.run.counts.get(status, 0):
                label = Cell(value=wording.label, look=Look(tone=wording.tone, is_wrapped=True))
                yield [label, Cell(value=count, look=NUMBER), Cell(value=wording.meaning)]

    def _rules(self) -> Iterator[Line]:
        groups = self.overview.groups
        if groups:
            yield from _heading("Rule", "Rows", "What is wrong", "What to do")
        for group in groups:
            title = f"{group.title} (warning)" if group.warning else group.title
            example = group.examples[0]
            name = Cell(value=title, link=self.link(example.row))
            cause, hint = Cell(value=group.cause), Cell(value=group.hint or example.hint)
            yield [name, Cell(value=group.rows, look=NUMBER), cause, hint]

    def _rows_shown(self) -> Iterator[Line]:
        overview = self.overview
        if overview.shown:
            yield from _heading("Row", "Outcome", "What happened", "What to do")
        for row in overview.shown:
            name = Cell(value=place(self.run, row.row), link=self.link(row.row))
            yield [name, Cell(value=row.outcome), Cell(value=row.message), Cell(value=row.hint)]
        if overview.attention_count > len(overview.shown):
            more = f"The first {len(overview.shown):,} of {overview.attention_count:,}; all of them are in rejects.csv."
            yield [Cell(value=more, look=BOLD)]


def _heading(*texts: str) -> Iterator[Line]:
    yield []
    yield [Cell(value=text, look=HEADING) for text in texts]
