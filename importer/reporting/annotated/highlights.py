"""What is marked on a sheet of the user's own workbook: problem cells, their comments, and one more column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from importer.model.outcome import STATUSES, Tone
from importer.reporting.annotated.merged_headers import named, slots
from importer.reporting.annotated.workbook.sheet import Mark
from importer.reporting.annotated.workbook.styles import Look
from importer.reporting.annotated.workbook.survey import LAST_COLUMN
from importer.reporting.annotated.workbook.xml_edit import NotCopied
from importer.reporting.status_text import outcome, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importer.model.outcome import RowResult
    from importer.model.problem import Problem
    from importer.model.source import SourceInfo
    from importer.reporting.annotated.workbook.comments import Comments
    from importer.reporting.annotated.workbook.styles import Styles
    from importer.reporting.annotated.workbook.survey import HeaderCell

ADDED_COLUMN: Final = "Import"
ADDED_WIDTH: Final = 60
COMMENTS: Final = 5_000
"""Comments on one sheet: with more, spreadsheet programs become slow. The added column tells it for every row."""


class SheetMarks:
    """The marks of one sheet. `header` are the cells of its header, `last` the last column of its table."""

    def __init__(
        self, source: SourceInfo, header: Sequence[HeaderCell], last: int, *, styles: Styles, comments: Comments
    ) -> None:
        self.added = max(last, 1) + 1
        if self.added > LAST_COLUMN:
            raise NotCopied("no column is left")
        self._header_row = source.header_row
        # The look of the neighbour, so that the new column does not look foreign.
        self._header_look = next((cell.look for cell in header if cell.column == last), 0)
        self._columns = _positions(header, source)
        self._styles = styles
        self._comments = comments
        self._tones: dict[Tone, Mark] = {}

    def marks(self, rows: Iterable[RowResult]) -> Iterator[tuple[int, Mapping[int, Mark]]]:
        """The marks of the header and of each row; comments are collected on the way."""
        yield self._header_row, {self.added: Mark(lambda _: self._header_look, ADDED_COLUMN)}
        for row in rows:
            yield row.row.number, self._of_row(row)

    def _of_row(self, row: RowResult) -> dict[int, Mark]:
        look = self._styles.look(Look(tone=Tone.PERSON if row.needs_a_person else STATUSES[row.status].tone))
        marks = {}
        # What stops the row comes last, and so wins where a cell has a warning, too.
        for problem in sorted(row.problems, key=lambda problem: not problem.warning):
            if column := self._columns.get(problem.column):
                marks[column] = self._filled(Tone.WAITING if problem.warning else Tone.PERSON)
                self._comments.add(row.row.number, column, _told(problem))
        marks[self.added] = Mark(lambda _: look, _outcome(row))
        return marks

    def _filled(self, tone: Tone) -> Mark:
        if tone not in self._tones:
            self._tones[tone] = Mark(lambda look: self._styles.filled(look, tone))
        return self._tones[tone]


def _outcome(row: RowResult) -> str:
    """The words of the added column: outcome, lead id, and what is wrong with the cure where a person is needed."""
    text = outcome(row)
    if row.lead_id:
        text = f"{text}, lead {row.lead_id}"
    return f"{text}: {told(row).rstrip('.')}. {row.cure}".rstrip() if row.needs_a_person else text


def _told(problem: Problem) -> str:
    return f"{problem.message}\n{problem.hint}\n[{problem.code}]"


def _positions(header: Sequence[HeaderCell], source: SourceInfo) -> dict[str, int]:
    """In which column of the sheet each column of the source stands."""
    standing = dict(zip(slots(cell.text for cell in header), (cell.column for cell in header), strict=True))
    found: dict[str, int] = {}
    last = header[0].column - 1 if header else 0
    for name, slot in zip(source.columns, slots(named(source)), strict=True):
        # A header that reads differently (a date, say) stands where the one before it ends.
        last = standing.get(slot, last + 1)
        found[name] = last
    return found
