"""What is marked on a sheet of the user's own workbook: problem cells, their comments, and one more column."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from importer.model.outcome import STATUSES, RowStatus, Tone
from importer.reporting.annotated.merged_headers import named, slots
from importer.reporting.annotated.workbook.sheet import Mark
from importer.reporting.annotated.workbook.styles import Look
from importer.reporting.annotated.workbook.survey import LAST_COLUMN
from importer.reporting.annotated.workbook.xml_edit import NotCopied
from importer.reporting.status_text import outcome, what_happened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from importer.model.outcome import ResultBatch
    from importer.model.source import SourceInfo
    from importer.reporting.annotated.workbook.comments import Comments
    from importer.reporting.annotated.workbook.styles import Styles
    from importer.reporting.annotated.workbook.survey import HeaderCell
    from importer.reporting.status_text import Line

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

    def marks(self, batches: Iterable[ResultBatch]) -> Iterator[tuple[int, Mapping[int, Mark]]]:
        """The marks of the header and of each row; comments are collected on the way."""
        yield self._header_row, {self.added: Mark(lambda _: self._header_look, ADDED_COLUMN)}
        for batch in batches:
            findings: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
            for finding in batch.problems.to_pylist():
                findings[finding["number"]].append(finding)
            for line in batch.table.to_pylist():
                yield line["number"], self._of_row(line, findings.get(line["number"], []))

    def _of_row(self, line: Line, findings: Sequence[Mapping[str, Any]]) -> dict[int, Mark]:
        tone = Tone.PERSON if line["needs_attention"] else STATUSES[RowStatus(line["status"])].tone
        look = self._styles.look(Look(tone=tone))
        marks = {}
        # What stops the row comes last, and so wins where a cell has a warning, too.
        for finding in sorted(findings, key=lambda finding: not finding["warning"]):
            if column := self._columns.get(finding["column"]):
                marks[column] = self._filled(Tone.WAITING if finding["warning"] else Tone.PERSON)
                comment = f"{finding['message']}\n{finding['hint']}\n[{finding['code']}]"
                self._comments.add(line["number"], column, comment)
        marks[self.added] = Mark(lambda _: look, _import_cell(line))
        return marks

    def _filled(self, tone: Tone) -> Mark:
        if tone not in self._tones:
            self._tones[tone] = Mark(lambda look: self._styles.filled(look, tone))
        return self._tones[tone]


def _import_cell(line: Line) -> str:
    """The words of the added column: outcome, lead id, and what to fix where the row needs attention."""
    text = outcome(line)
    if line["lead_id"]:
        text = f"{text}, lead {line['lead_id']}"
    if not line["needs_attention"]:
        return text
    return f"{text}: {what_happened(line).rstrip('.')}. {line['hint']}".rstrip()


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
