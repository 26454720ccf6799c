"""rejects.csv: the rows that need attention, in the source's own columns, to be corrected and imported as they are."""

from __future__ import annotations

import codecs
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.texts import TEXT, scalar
from importer.model.whitespace import IMPORTER_PREFIX, REJECTED_ROW
from importer.reporting.csv_columns import ReportColumn, number, quoted, text, word, write_lines
from importer.reporting.merged_headers import Union
from importer.reporting.private_files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.model.outcome import ResultBatch
    from importer.model.run import RunReport
    from importer.reporting.status_text import Line

REJECT_COLUMNS: Final = {
    column.name: column
    for column in (
        ReportColumn(REJECTED_ROW, "the row's number in the source, as the spreadsheet shows it", number("number")),
        ReportColumn(f"{IMPORTER_PREFIX}status", "its [status](statuses.md)", word("status")),
        ReportColumn(
            f"{IMPORTER_PREFIX}problems", "its [problem codes](problem-codes.md), joined with `;`", word("problems")
        ),
        ReportColumn(f"{IMPORTER_PREFIX}message", "what is wrong: column, value and rule", text("message")),
        ReportColumn(f"{IMPORTER_PREFIX}hint", "what to do", text("hint")),
    )
}
"""The columns that the importer adds after the source's own."""


def added_cells(line: Line) -> list[str]:
    """The cells of these columns for a row, as they are: a workbook needs no apostrophe to say what is text."""
    names = ("number" if name == REJECTED_ROW else name.removeprefix(IMPORTER_PREFIX) for name in REJECT_COLUMNS)
    return [str(line[name]) for name in names]


@contextmanager
def rejects_csv(path: Path, run: RunReport) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch: it keeps the rows that need attention; headers only when there is none.

    UTF-8 with BOM, so that Excel shows accents right. The source's cells stay exactly what they were, so they bring
    nothing that the source did not have; what the importer adds is neutralised. Raises LocalDiskError.
    """
    union = Union([source.info for source in run.sources])
    with replacing(path) as file:
        file.write(codecs.BOM_UTF8)
        write_lines(file, [quoted(pa.array([name], TEXT)) for name in (*union.headers, *REJECT_COLUMNS)])

        def write(batch: ResultBatch) -> None:
            rows = batch.table.filter(batch.table["needs_attention"])
            if len(rows):
                source = run.sources[batch.source]
                added = [column.cells(rows, source) for column in REJECT_COLUMNS.values()]
                write_lines(file, [*_own(batch, union), *added])

        yield write


def _own(batch: ResultBatch, union: Union) -> list[pa.Array | pa.Scalar]:
    """The source's cells; blank where the source has no such column."""
    columns = dict(zip(union.positions(batch.source), batch.cells.columns, strict=False))
    return [
        quoted(pc.fill_null(columns[place].combine_chunks(), "")) if place in columns else scalar("")
        for place in range(len(union.headers))
    ]
