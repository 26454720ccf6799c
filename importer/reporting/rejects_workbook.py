"""rejects.xlsx: the rows of rejects.csv as text cells, to be fixed in a spreadsheet program and imported as they are.

openpyxl is imported when there is a reject: it takes as long to import as a small list takes to check.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc

from importer.model.outcome import NEEDS_A_PERSON, Tone
from importer.model.visible import file_word
from importer.reporting.merged_headers import Union
from importer.reporting.private_files import removed
from importer.reporting.rejects import REJECT_COLUMNS, added_cells
from importer.reporting.status_text import ending, sentence
from importer.reporting.workbook_text import CELL_LENGTH, COMMENTS, shortened, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from importer.model.outcome import ResultBatch
    from importer.model.run import RunReport
    from importer.reporting.overview import Overview
    from importer.reporting.text_workbook import TextWorkbook

FRONT: Final = "Summary"
ROWS: Final = "Rows to fix"
ROWS_WRITTEN: Final = 100_000
"""With more rejects there is no workbook: nobody fixes them by hand, and all of them are in rejects.csv."""

LAST_COLUMN: Final = 16_384
_AT_ONCE: Final = 2_000
_WIDTHS: Final = {"_importer_message": 60, "_importer_hint": 60}
_FRONT_WIDTHS: Final = (34, 12, 60, 60)


@contextmanager
def rejects_xlsx(
    path: Path, run: RunReport, overview: Overview, notes: Sequence[str] = ()
) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch: it keeps the rows that need attention. Without any, there is no file.

    The sheet in front says what `overview` has counted when the block ends, and the `notes`. Raises LocalDiskError.
    """
    rejects = _Rejects(path, run)
    try:
        yield rejects.add
        if rejects.book is None or rejects.is_too_large:
            removed(path)
            return
        rejects.book.write(path, rejects.front(overview, notes), last_row=rejects.count + 1)
    finally:
        if rejects.book is not None:
            rejects.book.discard()


class _Rejects:
    """Writes the sheet of the rows, and knows what the sheet in front has to say."""

    def __init__(self, path: Path, run: RunReport) -> None:
        self._path = path
        self._run = run
        self._union = Union([source.info for source in run.sources])
        self._headers = [*self._union.headers, *REJECT_COLUMNS]
        self._places = [
            dict(zip(source.info.columns, self._union.positions(index), strict=True))
            for index, source in enumerate(run.sources)
        ]
        self.book: TextWorkbook | None = None
        self.count = 0
        self._left_out = 0
        certain = sum(run.counts.get(status, 0) for status in NEEDS_A_PERSON)
        self.is_too_large = certain > ROWS_WRITTEN or len(self._headers) > LAST_COLUMN

    def add(self, batch: ResultBatch) -> None:
        """Write the rows of a batch that need attention."""
        rows = batch.table.filter(batch.table["needs_attention"])
        if self.count + self._left_out + len(rows) > ROWS_WRITTEN:
            self.is_too_large = True
        if not len(rows) or self.is_too_large:
            return
        self.book = self.book or self._opened()
        for first in range(0, len(rows), _AT_ONCE):  # as lists, a whole batch takes hundreds of megabytes
            own = batch.cells.slice(first, _AT_ONCE)
            self._write(self.book, batch, rows.slice(first, _AT_ONCE), own)

    def _write(self, book: TextWorkbook, batch: ResultBatch, rows: pa.Table, cells: pa.Table) -> None:
        findings = _by_row(batch, rows)
        columns = [column.fill_null("").to_pylist() for column in cells.columns]
        own = zip(*columns, strict=True) if columns else repeat((), len(rows))  # nothing is kept of a purged run
        for line, own_cells in zip(rows.to_pylist(), own, strict=True):
            texts = self._union.cells(batch.source, own_cells)
            if any(len(text) > CELL_LENGTH for text in texts):
                self._left_out += 1
                continue
            self.count += 1
            marks = self._marks(batch.source, findings.get(line["number"], []))
            book.add([*map(whole, texts), *map(shortened, added_cells(line))], marks)

    def front(self, overview: Overview, notes: Sequence[str]) -> Iterator[list[str | int]]:
        """The lines of the sheet in front."""
        run = self._run
        mapping = file_word(run.mapping_path) if run.mapping_path else "MAPPING.yaml"
        yield [f"Rows to fix of run {run.run_id}"]
        yield [sentence(run, attention=overview.attention_count)]
        yield [
            f"Fix the cells on the sheet “{ROWS}” (wrong ones are red; their comments say what to do), save this"
            f" workbook, and import it as it is: importer run {self._path.name} -m {mapping}"
        ]
        for note in filter(None, (ending(run), *notes, *self._own_notes())):
            yield [note]
        yield []
        yield ["Rule", "Rows", "What is wrong", "What to do"]
        for group in overview.groups:
            if not group.warning:
                yield [group.title, group.rows, group.cause, group.hint or group.examples[0].hint]

    def _own_notes(self) -> Iterator[str]:
        if self._left_out:
            rows = "1 row is" if self._left_out == 1 else f"{self._left_out:,} rows are"
            yield f"{rows} only in rejects.csv: no cell of a workbook can hold more than {CELL_LENGTH:,} characters."
        if self.book and self.book.comments >= COMMENTS:
            yield f"Only the first {COMMENTS:,} wrong cells carry a comment; all of them are red."

    def _opened(self) -> TextWorkbook:
        from importer.reporting.text_workbook import TextWorkbook

        widths = [_WIDTHS.get(name, 18) for name in self._headers]
        book = TextWorkbook(self._path, FRONT, ROWS, front_widths=_FRONT_WIDTHS, widths=widths)
        book.add([shortened(name) for name in self._headers], {})
        return book

    def _marks(self, source: int, findings: Sequence[dict[str, Any]]) -> dict[int, tuple[Tone, str]]:
        """The tone and the comment of each wrong cell by its place; what stops the row decides about the color."""
        marks: dict[int, tuple[Tone, str]] = {}
        for finding in sorted(findings, key=lambda finding: not finding["warning"]):
            place = self._places[source].get(finding["column"])
            if place is not None:
                tone = Tone.WAITING if finding["warning"] else Tone.PERSON
                comment = f"{finding['message']}\n{finding['hint']}\n[{finding['code']}]"
                before = f"{marks[place][1]}\n\n" if place in marks else ""
                marks[place] = (tone, shortened(before + comment))
        return marks


def _by_row(batch: ResultBatch, rows: pa.Table) -> dict[int, list[dict[str, Any]]]:
    """The findings of these rows by the number of the row."""
    found: dict[int, list[dict[str, Any]]] = {}
    wanted = pc.is_in(batch.problems["number"], value_set=rows["number"].combine_chunks())
    for finding in batch.problems.filter(wanted).to_pylist():
        found.setdefault(finding["number"], []).append(finding)
    return found
