"""results.csv: one line per source row, for programs and spreadsheets."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from importer.reporting.csv_columns import PLACE, ReportColumn, number, text, word, write_lines
from importer.reporting.private_files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.model.outcome import ResultBatch
    from importer.model.run import RunReport


RESULT_COLUMNS: Final = {
    column.name: column
    for column in (
        *PLACE,
        ReportColumn("crm_id", "the lead's id in your system", text("crm_id")),
        ReportColumn("status", "one of the [statuses](statuses.md)", word("status")),
        ReportColumn("lead_id", "the lead's id in Saleschat, once it is known", text("lead_id")),
        ReportColumn(
            "assign",
            "[the state of the assignment](statuses.md#assignments-and-events); empty when there is none",
            word("assign"),
        ),
        ReportColumn("assigned_to", "the user it is assigned to", text("assigned_to")),
        ReportColumn("events", "the state of the events; of several, the worst", word("events")),
        ReportColumn("problems", "codes that stop the row, joined with `;`", word("problems")),
        ReportColumn("warnings", "codes that do not, joined with `;`", word("warnings")),
        ReportColumn("message", "what happened, in words", text("message")),
        ReportColumn("hint", "what to do", text("hint")),
        ReportColumn("attempts", "how often the create was sent", number("attempts")),
        ReportColumn("http_status", "the last answer that decided about the row", number("http_status")),
        ReportColumn("error_code", "the code in that answer, if it had one", number("error_code")),
        ReportColumn("finished_at", "when the row was finished (UTC); empty until then", word("finished_at")),
    )
}
"""The columns in their order. To add a column, add an entry."""


@contextmanager
def results_csv(path: Path, run: RunReport) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch; UTF-8 without BOM, lines as RFC 4180 has them, ending in a line feed.

    Text that a spreadsheet could take for a formula has an apostrophe in front. Raises LocalDiskError.
    """
    with replacing(path) as file:
        file.write((",".join(RESULT_COLUMNS) + "\n").encode())
        yield lambda batch: write_lines(
            file,
            [column.cells(batch.table, run.sources[batch.source]) for column in RESULT_COLUMNS.values()],
        )
