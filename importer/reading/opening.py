"""A file becomes its tables: the one way into this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reading.delimited import open_delimited
from importer.reading.fence import open_workbook
from importer.reading.formats import is_packed, refuse_foreign

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.source import ReadOptions
    from importer.reading.table import Table


def open_tables(path: Path, options: ReadOptions, wanted: frozenset[str] = frozenset()) -> list[Table]:
    """The tables of the file: one, or with `sheet="*"` every visible sheet with the same columns.

    `wanted` are the column names the mapping uses; they help to find the header row and the sheet.
    Raises `SourceError` naming file, sheet or row, with the cure.
    """
    if is_packed(path):
        return open_workbook(path, options, wanted)
    refuse_foreign(path)
    return [open_delimited(path, options, wanted)]
