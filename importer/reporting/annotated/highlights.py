"""What is marked on a sheet of the user's own workbook: problem cells, their comments, and one more column."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

from importer.model.outcome import STATUSES, RowStatus, Tone
from importer.reporting.annotated.sheet import LAST_COLUMN, RowMark
from importer.reporting.annotated.styles import Look
from importer.reporting.annotated.xml_edit import NotCopied
from importer.reporting.merged_headers import named, slots
from importer.reporting.status_text import outcome, what_happened
from importer.reporting.workbook_text import COMMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from importer.model.outcome import ResultBatch
    from importer.model.source import SourceInfo
    from importer.reporting.annotated.sheet import HeaderCell, Survey
    from importer.reporting.annotated.styles import Styles
    from importer.reporting.status_text import Line

ADDED_COLUMN: Final = "Import"
ADDED_WIDTH: Final = 60


class Highlights:
    """The marks of one sheet: `rows` by their numbers, `comments` by row and column, at most `COMMENTS` cells."""

    def __init__(self, source: SourceInfo, found: Survey, styles: Styles) -> None:
        self.added = max(found.last, 1) + 1
        if self.added > LAST_COLUMN:
            raise NotCopied("no column is left")
        # The look of the neighbor, so that the new column does not look foreign.
        look = next((cell.look for cell in found.header if cell.column == found.last), 0)
        self.rows = {source.header_row: RowMark(text=ADDED_COLUMN, look=look)}
        self.comments: dict[tuple[int, int], list[str]] = {}
        self._columns = _positions(found.header, source)
        self._styles = styles

    def add(self, batch: ResultBatch) -> None:
        """Mark the rows of a batch."""
        findings: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for finding in batch.problems.to_pylist():
            findings[finding["number"]].append(finding)
        for line in batch.table.to_pylist():
            self.rows[line["number"]] = self._mark(line, findings.get(line["number"], []))

    def _mark(self, line: Line, findings: Sequence[Mapping[str, Any]]) -> RowMark:
        tone = Tone.PERSON if line["needs_attention"] else STATUSES[RowStatus(line["status"])].tone
        fills: dict[int, Tone] = {}
        # What stops the row comes last, and so wins where a cell has a warning, too.
        for finding in sorted(findings, key=lambda finding: not finding["warning"]):
            if column := self._columns.get(finding["column"]):
                fills[column] = Tone.WAITING if finding["warning"] else Tone.PERSON
                cell = (line["number"], column)
                if cell in self.comments or len(self.comments) < COMMENTS:
                    comment = f"{finding['message']}\n{finding['hint']}\n[{finding['code']}]"
                    self.comments.setdefault(cell, []).append(comment)
        return RowMark(text=_import_cell(line), look=self._styles.look(Look(tone=tone)), fills=fills)


def _import_cell(line: Line) -> str:
    """The words of the added column: outcome, lead id, and what to fix where the row needs attention."""
    text = outcome(line)
    if line["lead_id"]:
        text = f"{text}, lead {line['lead_id']}"
    if not line["needs_attention"]:
        return text
    return f"{text}: {what_happened(line).rstrip('.')}. {line['hint']}".rstrip()


def _positions(header: Sequence[HeaderCell], source: SourceInfo) -> dict[str, int]:
    """In which column of the sheet each column of the source is."""
    by_slot = dict(zip(slots(cell.text for cell in header), (cell.column for cell in header), strict=True))
    found: dict[str, int] = {}
    last = header[0].column - 1 if header else 0
    for name, slot in zip(source.columns, slots(named(source)), strict=True):
        # A header that reads differently (a date, say) follows the one before it.
        last = by_slot.get(slot, last + 1)
        found[name] = last
    return found
