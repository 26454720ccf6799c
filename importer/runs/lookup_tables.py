"""The tables that a mapping looks values up in, read before any row of a list."""

from __future__ import annotations

import stat
from dataclasses import replace
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from importer.errors import MappingError, Mistake, SourceError
from importer.mapping.file.references import no_such_column, purposes
from importer.mapping.values.converted import trimmed
from importer.model.lookup import Lookup, LookupTable
from importer.model.problem import shown
from importer.model.rules import Rule
from importer.model.source import ReadOptions
from importer.model.visible import shown_path
from importer.model.whitespace import find_column
from importer.reading.opening import open_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.mapping import LoadedMapping
    from importer.model.batch import Batch
    from importer.reading.table import Table

_MOST_VALUES: Final = 100_000
"""They are held in memory, beside the rows."""


class _Wrong(Exception):
    """Why a table cannot be used, and the key of the lookup that is to blame."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def with_lookups(loaded: LoadedMapping) -> LoadedMapping:
    """The mapping with its tables. Raises MappingError with every one that cannot be used."""
    tables: dict[Lookup, LookupTable] = {}
    mistakes = []
    for purpose in purposes(loaded.mapping):
        lookup = purpose.rule.lookup if isinstance(purpose.rule, Rule) else None
        if lookup is None or lookup in tables:
            continue
        try:
            tables[lookup] = _read(Path(loaded.path).parent, lookup)
        except _Wrong as wrong:
            keys = (*purpose.keys, "lookup", wrong.key)
            mistakes.append(Mistake(line=loaded.line(keys), key=shown_path(keys), message=str(wrong)))
    if mistakes:
        raise MappingError(loaded.path, tuple(mistakes), tip="Fix the mapping, or the file it looks values up in.")
    return replace(loaded, lookups=tables)


def _read(folder: Path, lookup: Lookup) -> LookupTable:
    path = _regular_file(folder, lookup)
    try:
        table = open_tables(path, ReadOptions(), frozenset({lookup.key, lookup.value}))[0]
        key, value = _column(table, lookup, "key"), _column(table, lookup, "value")
        values = _values(table, lookup, key, value)
    except SourceError as error:
        raise _Wrong("file", f"{error.message}. {error.tip}") from None
    return LookupTable(path=str(path), sha256=table.info.sha256, values=values)


def _regular_file(folder: Path, lookup: Lookup) -> Path:
    """A link would lead out of the folder, and a pipe would be waited for."""
    parts = PurePosixPath(lookup.file.replace("\\", "/")).parts
    for path in accumulate(parts, lambda above, name: above / name, initial=folder):
        if path != folder and path.is_symlink():
            raise _Wrong("file", f"{path} is a symbolic link, and lookups follow none; put the file itself there")
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise _Wrong("file", f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if not stat.S_ISREG(mode):
        raise _Wrong("file", f"{path} is not a file; name a CSV file or workbook")
    return path


def _column(table: Table, lookup: Lookup, which: str) -> str:
    name = getattr(lookup, which)
    column = find_column(name, table.info.columns)
    if column is None:
        raise _Wrong(which, no_such_column(name, table.info))
    return column


def _values(table: Table, lookup: Lookup, key: str, value: str) -> dict[str, str]:
    """The new value of each old one. A row without an old value says nothing."""
    values: dict[str, str] = {}
    rows: dict[str, int] = {}
    for batch in table.batches():
        _refuse_unreadable(batch, lookup, (key, value))
        for row, old, new in _pairs(batch, key, value):
            if values.setdefault(old, new) != new:
                first, second = (f"“{shown(text, 30)}”" for text in (values[old], new))
                raise _Wrong(
                    "key",
                    f"“{shown(old, 30)}” has two values in {lookup.file}: {first} in row {rows[old]} and {second} in "
                    f"row {row}; keep one of the rows",
                )
            rows.setdefault(old, row)
        if len(values) > _MOST_VALUES:
            raise _Wrong("file", f"{lookup.file} has more than {_MOST_VALUES:,} values; a lookup holds no more")
    return values


def _refuse_unreadable(batch: Batch, lookup: Lookup, columns: tuple[str, str]) -> None:
    for problem in batch.problems:
        if not problem.warning and (not problem.column or problem.column in columns):
            where = f"row {problem.row} of {lookup.file}" + (f", column {problem.column}" if problem.column else "")
            what = f"“{shown(problem.value, 30)}” {problem.detail}" if problem.value else problem.detail
            raise _Wrong("file", f"{where}: {what}")


def _pairs(batch: Batch, key: str, value: str) -> Iterator[tuple[int, str, str]]:
    olds, news = trimmed(batch.frame[key]).tolist(), trimmed(batch.frame[value]).tolist()
    for row, old, new in zip(batch.frame.index.tolist(), olds, news, strict=True):
        if old:
            yield row, old, new
