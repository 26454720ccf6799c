"""problems.csv: one line per problem and warning, for programs and pivot tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.texts import TEXT, joined, scalar
from importer.reporting.annotated.sheet_writer import column_letters
from importer.reporting.csv_columns import PLACE, ReportColumn, text, word, write_lines
from importer.reporting.private_files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.model.outcome import ResultBatch
    from importer.model.run import ReadSource, RunReport


def _reference(rows: pa.Table, source: ReadSource) -> pa.Array:
    """Letters and number, blank where the problem is about no column of the source."""
    columns = source.info.columns
    letters = pa.array([column_letters(place + 1) for place in source.info.positions or range(len(columns))], TEXT)
    found = letters.take(pc.index_in(rows["column"].combine_chunks(), pa.array(columns, TEXT)))
    return pc.coalesce(joined(found, pc.cast(rows["number"].combine_chunks(), TEXT)), scalar(""))


def _severity(rows: pa.Table, _: ReadSource) -> pa.Array:
    return pc.if_else(rows["warning"].combine_chunks(), scalar("warning"), scalar("error"))


PROBLEM_COLUMNS: Final = {
    column.name: column
    for column in (
        *PLACE,
        ReportColumn("column", "the column of the source; empty when the whole row is meant", text("column")),
        ReportColumn("cell", "the cell as a spreadsheet calls it, such as `C12`, also for CSV", _reference),
        ReportColumn("field", "the field of the lead that the column is mapped to", text("field")),
        ReportColumn("code", "the [problem code](problem-codes.md)", word("code")),
        ReportColumn("severity", "`error` (stops the row) or `warning`", _severity),
        ReportColumn("value", "the value of the cell, shortened", text("value")),
        ReportColumn("message", "what is wrong: column, value and rule", text("message")),
        ReportColumn("hint", "what to do", text("hint")),
    )
}
"""The columns in their order. To add a column, add an entry."""


@contextmanager
def problems_csv(path: Path, run: RunReport) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch; headers only when nothing is wrong.

    UTF-8 without BOM. Text that a spreadsheet could take for a formula has an apostrophe in front, as in results.csv.
    Raises LocalDiskError.
    """
    with replacing(path) as file:
        file.write((",".join(PROBLEM_COLUMNS) + "\n").encode())

        def write(batch: ResultBatch) -> None:
            if len(batch.problems):
                source = run.sources[batch.source]
                write_lines(file, [column.cells(batch.problems, source) for column in PROBLEM_COLUMNS.values()])

        yield write
