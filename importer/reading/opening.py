"""A file becomes its tables: the one way into this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from importer.reading.csv.delimited import open_delimited
from importer.reading.file_kind import is_packed, refuse_foreign
from importer.reading.worker.client import open_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from importer.model.source import ReadOptions
    from importer.reading.table import Table


_LOCK_FILE_BYTES = 1 << 10
"""Excel's lock files have 165 bytes; a workbook has thousands."""


def lock_owner(path: Path) -> str | None:
    """Who has the workbook open, if this is Excel's lock file beside it (`""`: it names nobody); else `None`."""
    try:
        if not path.name.startswith("~$") or path.stat().st_size > _LOCK_FILE_BYTES:
            return None
        data = path.read_bytes()
    except OSError:
        return ""  # Excel may refuse to let anybody read it
    if len(data) > 56 and data[55]:
        return data[57 : 57 + 2 * data[55]].decode("utf-16-le", "replace").strip()
    return data[1 : 1 + data[0]].decode("cp1252", "replace").strip() if data else ""


def open_tables(path: Path, options: ReadOptions, wanted: frozenset[str] = frozenset()) -> list[Table]:
    """The tables of the file: one, or with `sheet="*"` every visible sheet with the same columns.

    `wanted` are the column names the mapping uses; they help to find the header row and the sheet.
    Raises `SourceError` naming file, sheet or row, with the cure.
    """
    if is_packed(path):
        return open_workbook(path, options, wanted)
    refuse_foreign(path)
    return [open_delimited(path, options, wanted)]
