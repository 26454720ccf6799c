"""leads.csv: one line per row that is sent, with the values as the requests have them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from importer.model.fields import LEAD_FIELDS
from importer.model.texts import TEXT, scalar
from importer.reporting.csv_columns import PLACE, Cells, ReportColumn, quoted, text, write_lines
from importer.reporting.private_files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from importer.model.outcome import ResultBatch
    from importer.model.run import ReadSource, RunReport


def _if_sent(name: str) -> Cells:
    """A column of a value that not every source has."""

    def cells(rows: pa.Table, source: ReadSource) -> pa.Array | pa.Scalar:
        return text(name)(rows, source) if name in rows.column_names else scalar("")

    return cells


_ATTRIBUTES: Final = "attributes.<name>"

LEAD_COLUMNS: Final = {
    column.name: column
    for column in (
        *PLACE,
        *(ReportColumn(field.name, field.help, _if_sent(field.name)) for field in LEAD_FIELDS),
        ReportColumn(
            _ATTRIBUTES,
            "a column for each attribute, in the mapping's order, nested ones as `attributes.address.street`;"
            " lists and objects as compact JSON",
            _if_sent(_ATTRIBUTES),
        ),
        ReportColumn("assign_to", "the user it is assigned to", text("assign_to")),
        ReportColumn(
            "events", "the names of its events, each with its key (`NAME:KEY`), joined with `;`", text("events")
        ),
    )
}
"""The columns in their order, the attributes as one entry."""


@contextmanager
def leads_csv(path: Path, run: RunReport, values: Sequence[str]) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch; `values` are those that the leads of the run have.

    UTF-8 without BOM. Text that a spreadsheet could take for a formula has an apostrophe in front, as in results.csv.
    Raises LocalDiskError.
    """
    attributes = [ReportColumn(name, "", _if_sent(name)) for name in values if name.startswith("attributes.")]
    columns = [
        column for entry in LEAD_COLUMNS.values() for column in (attributes if entry.name == _ATTRIBUTES else [entry])
    ]
    with replacing(path) as file:
        write_lines(file, [quoted(pa.array([column.name], TEXT)) for column in columns])

        def write(batch: ResultBatch) -> None:
            if len(batch.leads):
                write_lines(file, [column.cells(batch.leads, run.sources[batch.source]) for column in columns])

        yield write
