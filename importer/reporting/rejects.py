"""rejects.csv: the rows that need a person, in the source's own columns, to be mended and imported as they are."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from importer.model.columns import IMPORTER_PREFIX
from importer.reporting.delimited import CsvLines
from importer.reporting.files import replacing_text
from importer.reporting.headers import Union
from importer.reporting.neutral import neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from importer.model.outcome import RowResult
    from importer.model.run import RunReport

REJECT_COLUMNS: Final = tuple(f"{IMPORTER_PREFIX}{name}" for name in ("row", "status", "problems", "message", "hint"))
"""The columns that the importer adds after the source's own."""


@contextmanager
def rejects_csv(path: Path, run: RunReport) -> Iterator[Callable[[RowResult], None]]:
    """The file, to be given row after row: it keeps those that need a person; headers only when there is none.

    UTF-8 with BOM, so that Excel shows accents right. The source's cells stay exactly what they were, so they bring
    nothing that the source did not have; what the importer adds is neutralised. Raises LocalDiskError.
    """
    union = Union([source.info for source in run.sources])
    with replacing_text(path, encoding="utf-8-sig") as file:
        lines = CsvLines(file)
        lines.write((*union.headers, *REJECT_COLUMNS))

        def write(row: RowResult) -> None:
            if row.needs_a_person:
                lines.write((*union.cells(row.row.source, row.cells), *_added(row)))

        yield write


def _added(row: RowResult) -> tuple[str, ...]:
    return (
        str(row.row.number),
        row.status,
        row.codes(warnings=False),
        neutral(row.explanation),
        neutral(row.cure),
    )
