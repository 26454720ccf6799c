"""results.csv: one line per source row, for programs and spreadsheets."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from string import ascii_letters, digits
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.octets import column_octets, first_octets, holds_any
from importer.reporting.files import replacing
from importer.reporting.neutral import neutral

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


_TEXT: Final = pa.large_string()
_NAMES: Final = {"message": "explanation", "hint": "cure"}
"""What the report calls otherwise than the model."""

_OWN_WORDS: Final = {"status", "assign", "events", "problems", "warnings", "finished_at"}
_HARMLESS: Final = np.zeros(257, dtype=bool)
"""The first bytes of cells (-1 for a blank one) that no spreadsheet takes for a formula; all others are looked at."""
_HARMLESS[[*(ascii_letters + digits).encode(), -1]] = True

_MARKS: Final = b'",\r\n'
_QUOTED: Final = f"[{_MARKS.decode()}]"


@contextmanager
def results_csv(path: Path, run: RunReport) -> Iterator[Callable[[ResultBatch], None]]:
    """The file, to be given batch after batch; UTF-8 without BOM, lines as RFC 4180 has them, ending in a line feed.

    Text that a spreadsheet could take for a formula has an apostrophe in front. Raises LocalDiskError.
    """
    with replacing(path) as file:
        file.write((",".join(RESULT_COLUMNS) + "\n").encode())
        yield lambda batch: _write(file, _lines(batch, run.sources[batch.source]))


def _write(file: BinaryIO, lines: pa.LargeStringArray) -> None:
    file.write(column_octets(lines).tobytes())


def _lines(batch: ResultBatch, source: ReadSource) -> pa.LargeStringArray:
    cells = [_cells(batch.table, name) for name in RESULT_COLUMNS[2:]]
    place = [_quoted(_neutral(pa.array([text], _TEXT)))[0] for text in (Path(source.info.path).name, source.info.sheet)]
    lines = pc.binary_join_element_wise(*place, *cells, _scalar(","))
    return pc.binary_join_element_wise(lines, _scalar(""), _scalar("\n"))


def _cells(table: pa.Table, name: str) -> pa.Array:
    column = table[_NAMES.get(name, name)].combine_chunks()
    if not pa.types.is_large_string(column.type):
        return pc.coalesce(pc.cast(column, _TEXT), _scalar(""))
    return column if name in _OWN_WORDS else _quoted(_neutral(column))


def _neutral(column: pa.Array) -> pa.Array:
    harmless = _HARMLESS[first_octets(column)]
    if harmless.all():
        return column
    suspect = pa.array(~harmless)
    texts = [neutral(text) for text in column.filter(suspect).to_pylist()]
    return pc.replace_with_mask(column, suspect, pa.array(texts, _TEXT))


def _quoted(column: pa.Array) -> pa.Array:
    """Quotes around the cells that need them; a lone carriage return ends the line for many readers."""
    if not holds_any(column, _MARKS):
        return column
    filled = pc.indices_nonzero(pc.not_equal(column, ""))  # of messages, which most rows have not
    mask = np.zeros(len(column), dtype=bool)
    mask[filled.filter(pc.match_substring_regex(column.take(filled), _QUOTED))] = True
    needy = pa.array(mask)
    doubled = pc.replace_substring(column.filter(needy), '"', '""')
    within = pc.binary_join_element_wise(_scalar('"'), doubled, _scalar('"'), _scalar(""))
    return pc.replace_with_mask(column, needy, within)


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, _TEXT)
