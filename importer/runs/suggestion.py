"""A first mapping for a file: reading joined with proposing. Sends nothing and could not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from importer.errors import LocalDiskError, SettingsError, SourceError
from importer.model.source import ReadOptions, SourceInfo
from importer.profiling.suggest import Suggestion, all_words, suggest
from importer.reading.opening import open_tables
from importer.reading.table import Table
from importer.reporting.private_files import replacing_text

MOST_ROWS: Final = 200_000
"""Rows that are read; of a longer file only the beginning counts, and the command says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """A proposed mapping, the table it is for, and whether all of its rows were looked at."""

    suggestion: Suggestion
    info: SourceInfo
    whole: bool


def suggest_mapping(file: Path, options: ReadOptions, target: Path) -> Suggested:
    """Read a file and propose a mapping that is to be written to `target`. Raises `SourceError`."""
    table = _opened(file, options)
    frame, whole = _rows(table)
    suggestion = suggest(table.info, frame, given=options, source=str(file), target=str(target))
    return Suggested(suggestion=suggestion, info=table.info, whole=whole)


def write_mapping(text: str, target: Path, *, force: bool) -> None:
    """Write the mapping; raises `SettingsError` if there is one and `force` was not given, else `LocalDiskError`."""
    if target.exists() and not force:
        raise SettingsError(f"{target} already exists", tip="Give another file with -o, or --force to overwrite it.")
    try:
        if not target.parent.is_dir():
            raise LocalDiskError(f"{target} cannot be written: there is no folder {target.parent}")
        with replacing_text(target) as file:
            file.write(text)
    except LocalDiskError as error:
        raise LocalDiskError(error.message, tip="Give another file with -o.") from error


def _opened(file: Path, options: ReadOptions) -> Table:
    try:
        return open_tables(file, options, all_words())[0]
    except SourceError:
        # No sheet has a column of a known name; then the first sheet with columns is used.
        return open_tables(file, options)[0]


def _rows(table: Table) -> tuple[pd.DataFrame, bool]:
    frames, rows = [], 0
    for batch in table.batches():
        frames.append(batch.frame)
        rows += len(batch.frame)
        if rows >= MOST_ROWS:
            return pd.concat(frames), False
    if not frames:
        raise SourceError(
            f"{table.info.path}: there is no row below the header in row {table.info.header_row}",
            tip="The mapping is also proposed from values: add at least one row.",
        )
    return pd.concat(frames), True
