"""The one way into this room: a file becomes its tables."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from importer.model.whitespace import EXAMPLE_ROW, REJECTED_ROW
from importer.reading import other
from importer.reading.csv.delimited import open_delimited
from importer.reading.file_kind import FROM_DAMAGE, head_of, is_container, refuse_foreign
from importer.reading.text_table import is_arrow_file, open_text_table
from importer.reading.worker.client import open_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.model.source import ReadOptions
    from importer.reading.given_file import GivenFile
    from importer.reading.table import Block, Table

_LOCK_FILE_BYTES: Final = 1 << 10
"""Excel's lock files have 165 bytes; a workbook has thousands."""
_SEARCHED: Final = 1 << 20


def open_tables(path: Path, options: ReadOptions, wanted: frozenset[str] = frozenset()) -> list[Table]:
    """The tables of the file: one, or with `sheet="*"` every visible sheet with the same columns.

    `wanted` are the column names the mapping uses; they help to find the header row and the sheet.
    Raises `SourceError` naming file, sheet or row, and how to fix it.
    """
    head = head_of(path)
    if is_container(head) or other.find(path, head):
        return open_workbook(path, options, wanted)
    if is_arrow_file(head):
        return [open_text_table(path, options)]
    refuse_foreign(path, head)
    return [open_delimited(path, options, wanted)]


def open_given(given: GivenFile, options: ReadOptions, wanted: frozenset[str] = frozenset()) -> list[Table]:
    """The tables of a file that may be a copy; they and all errors are named for what was given."""
    if given.name == str(given.path):
        return open_tables(given.path, options, wanted)
    with given.naming():
        return [_named(table, given) for table in open_tables(given.path, options, wanted)]


def _named(table: Table, given: GivenFile) -> Table:
    def blocks() -> Iterator[Block]:
        with given.naming():
            yield from table.blocks()

    notes = (f"“{given.member}” was unpacked from this archive",) if given.member else ()
    info = replace(table.info, path=given.name, notes=(*notes, *table.info.notes))
    return replace(table, info=info, blocks=blocks)


def is_corrected_rejects(path: Path) -> bool:
    """Whether the file has the columns that the importer adds to rejects.csv and rejects.xlsx, however it was saved.

    False for a file that cannot be opened: reading it says what is wrong.
    """
    return _names(path, REJECTED_ROW)


def has_layout_of_its_own(path: Path) -> bool:
    """Whether it is a template or a file of rejects: what a mapping says of sheets and header rows is not about it."""
    return _names(path, REJECTED_ROW) or _names(path, EXAMPLE_ROW)


def _names(path: Path, column: str) -> bool:
    """Whether the beginning of the file names a column of ours."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                ends = ("sharedStrings.xml", "/sheet1.xml", "/sheet2.xml", "content.xml")
                parts = [name for name in archive.namelist() if name.endswith(ends)]
                return any(_holds(column, archive.open(part).read(_SEARCHED)) for part in parts)
        with path.open("rb") as file:
            return _holds(column, file.read(_SEARCHED))
    except (*FROM_DAMAGE, RuntimeError):
        return False


def _holds(column: str, head: bytes) -> bool:
    return any(column.encode(encoding) in head for encoding in ("ascii", "utf-16-le", "utf-16-be"))


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
