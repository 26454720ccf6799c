"""results.csv: one line per source row, for programs and spreadsheets."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.model.texts import TEXT, scalar
from importer.reporting.columns import neutral_texts, quoted, write_lines
from importer.reporting.files import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from importer.model.outcome import ResultBatch
    from importer.model.run import ReadSource, RunReport

RESULT_COLUMNS: Final = (
    "source",
    "sheet",
    "number",
    "crm_id",
    "status",
    "lead_id",
    "assign",
    "assigned_to",
    "events",
    "problems",
    "warnings",
    "message",
    "hint",
    "attempts",
    "http_status",
    "error_code",
    "finished_at",
)


_NAMES: Final = {"message": "explanation", "hint": "cure"}
"""What the report calls otherwise than the model."""

_OWN_WORDS: Final = {"status", "assign", "events", "problems", "warnings", "finished_at"}


@contextmanager
def results_csv(path: Path, run: RunReport) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch; UTF-8 without BOM, lines as RFC 4180 has them, ending in a line feed.

    Text that a spreadsheet could take for a formula has an apostrophe in front. Raises LocalDiskError.
    """
    with replacing(path) as file:
        file.write((",".join(RESULT_COLUMNS) + "\n").encode())
        yield lambda batch: write_lines(file, _cells(batch, run.sources[batch.source]))


def _cells(batch: ResultBatch, source: ReadSource) -> list[pa.Array | pa.Scalar]:
    place = [
        quoted(neutral_texts(pa.array([text], TEXT)))[0] for text in (Path(source.info.path).name, source.info.sheet)
    ]
    return [*place, *(_column(batch.table, name) for name in RESULT_COLUMNS[2:])]


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table[_NAMES.get(name, name)].combine_chunks()
    if not pa.types.is_large_string(column.type):
        return pc.coalesce(pc.cast(column, TEXT), scalar(""))
    return column if name in _OWN_WORDS else quoted(neutral_texts(column))
