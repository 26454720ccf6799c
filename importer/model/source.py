"""A table in a file: what was asked for, and what was found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What the user specified about the file; `None` is detected, and reported as a note."""

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """A table that is being read: which file, how it was read, and its columns.

    `columns` are the header's texts made unique (`Phone`, `Phone (2)`); `headers` are the texts themselves.
    `positions` are the places of the columns in their rows, from 0; a journal may be older than they are.
    `header_row` is the number a spreadsheet shows. `notes` are what was detected and what a person should know.
    """

    path: str
    sha256: str
    format: str
    columns: tuple[str, ...]
    headers: tuple[str, ...]
    header_row: int
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    notes: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
