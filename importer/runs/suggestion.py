"""A first mapping for a file: reading joined with proposing. Sends nothing and could not."""

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Final

import pandas as pd

from importer.errors import LocalDiskError, SettingsError, SourceError
from importer.model.proposal import ProposedMapping
from importer.model.run import STANDARD_INPUT
from importer.model.source import ReadOptions, SourceInfo
from importer.model.visible import file_word
from importer.profiling.suggest import Suggestion, all_words, suggest
from importer.reading.given_file import GivenFile
from importer.reading.opening import open_given
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


def suggest_mapping(file: Path, given: GivenFile, options: ReadOptions, target: Path) -> Suggested:
    """Read a file, whose content is that of `given`, and propose a mapping for `target`. Raises `SourceError`."""
    table = _opened(given, options)
    frame, whole = _rows(table)
    suggestion = suggest(table.info, frame, given=options, source=str(file), target=str(target))
    return Suggested(suggestion=suggestion, info=table.info, whole=whole)


def proposed_mapping(file: Path, given: GivenFile, options: ReadOptions) -> tuple[str, ProposedMapping]:
    """The text of the mapping that `init` would write for a file, and what was guessed. Raises `SourceError`."""
    target = _free(mapping_file_of(file))
    suggestion = suggest_mapping(file, given, options, target).suggestion
    return suggestion.text, ProposedMapping(
        source=str(file),
        target=str(target),
        command=_init_command(file, options, target),
        columns=tuple((column.name, column.becomes) for column in suggestion.columns),
        looks=suggestion.looks,
    )


def no_mapping(files: Sequence[Path], options: ReadOptions) -> SettingsError:
    """The refusal to send by a mapping that nobody has seen."""
    target = mapping_file_of(files[0])
    write = f"Write one and review it: {_init_command(files[0], options, target)}"
    there = f"{target} exists; to use it, give -m {file_word(target)}"
    return SettingsError("a run needs a mapping, and none was given (-m)", tip=there if target.exists() else write)


def mapping_file_of(file: Path) -> Path:
    """Where `init` writes the mapping of a file unless -o is given: in the current folder."""
    if str(file) == STANDARD_INPUT:
        return Path("standard-input.mapping.yaml")
    inner = file.with_suffix("") if file.suffix.lower() in (".gz", ".zip") else file
    return Path(f"{inner.stem}.mapping.yaml")


def _free(target: Path) -> Path:
    """The target, or the first numbered name beside it that is free: a mapping somebody has edited stays."""
    numbered = (target.with_name(f"{target.name.removesuffix('.yaml')}-{n}.yaml") for n in count(2))
    return target if not target.exists() else next(name for name in numbered if not name.exists())


def _init_command(file: Path, options: ReadOptions, target: Path) -> str:
    given = [(name, value) for name, value in asdict(options).items() if value is not None]
    flags = [f"--{name.replace('_', '-')}={shlex.quote(str(value))}" for name, value in given]
    return " ".join(["importer init", file_word(file), *flags, "-o", file_word(target)])


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


def _opened(given: GivenFile, options: ReadOptions) -> Table:
    try:
        return open_given(given, options, all_words())[0]
    except SourceError:
        # No sheet has a column of a known name; then the first sheet with columns is used.
        return open_given(given, options)[0]


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
