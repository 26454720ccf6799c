"""A delimited text file (CSV and its relatives) as a table: its encoding, its delimiter, its header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from importer import accelerators
from importer.errors import SourceError
from importer.model.source import ReadOptions, SourceInfo
from importer.model.whitespace import text_key
from importer.reading.csv.encodings import Survey, find_encoding, survey
from importer.reading.csv.records import LARGEST_CELL, DelimitedFile, Delimiter, lines_in, open_text
from importer.reading.file_kind import SAVE_AS
from importer.reading.header import Header, find_header, sample_of
from importer.reading.table import BATCH_SIZE, Table, blocks_of, rows_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from importer.reading.table import Block

CANDIDATES = (",", ";", "\t", "|")
UNUSUAL = ("^", "~", "\x1f", "\x01", ":", "¦", "§", "#")
"""Separators that are suggested to a person but only used if they confirm them."""

_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SEP_LINE = re.compile(r"\A(?:\ufeff)?\"?sep=([^\r\n\"\x00])\"?\r?\n?\Z", re.I)
_SAMPLE_RECORDS = 200
_SAMPLE_LINES = 2_000
_SAMPLE_CHARACTERS = 1 << 18


def open_delimited(path: Path, options: ReadOptions, wanted: frozenset[str]) -> Table:
    """The table in a delimited text file; raises `SourceError` if it is something else."""
    csv.field_size_limit(LARGEST_CELL)
    found = survey(path)
    _refuse_binary(path, found)
    encoding = find_encoding(path, found, options.encoding)
    delimiter = find_delimiter(_first_lines(path, encoding.name), options.delimiter, wanted, str(path))
    file = DelimitedFile(path=path, encoding=encoding.name, delimiter=delimiter, holds_nul=found.holds_nul)
    sample = sample_of(file.records(), options.header_row)
    header = find_header(sample, wanted, options.header_row, str(path))
    notes = [*encoding.notes]
    if header.width == 1:  # one column is never taken silently
        notes.append(f"read as one column: the header row does not contain the delimiter {delimiter.character!r}")
    columns, headers, positions = header.of_source
    info = SourceInfo(
        path=str(path),
        sha256=found.sha256,
        format="csv",
        columns=columns,
        headers=headers,
        positions=positions,
        header_row=header.row,
        encoding=encoding.name,
        delimiter=delimiter.character,
        notes=(*notes, *header.notes),
    )
    return Table(path=path, info=info, header=header, blocks=partial(_blocks, file, header))


def _blocks(file: DelimitedFile, header: Header) -> Iterator[Block]:
    """The filled rows below the header: by Arrow, which takes a delimiter of one byte, or by `csv`."""
    if accelerators.are_on() and file.delimiter.character.isascii():
        from importer.reading.csv.arrow_reader import blocks_by_arrow

        return blocks_by_arrow(file, header)
    return blocks_of(islice(file.records(), header.row, None), header, rows_at_once(header, BATCH_SIZE))


def _refuse_binary(path: Path, found: Survey) -> None:
    """Text holds no control characters to speak of; a stray NUL is a problem of its row."""
    if found.is_wide:
        return
    strange = sum(found.head.count(code) for code in range(32) if code not in b"\t\n\r\x0b\x0c\x1a\x1c\x1d\x1e\x1f\x01")
    if strange > max(64, len(found.head) // 20):
        raise SourceError(f"{path}: neither a text file nor a workbook", tip=SAVE_AS)


def _first_lines(path: Path, encoding: str) -> list[str]:
    lines: list[str] = []
    size = 0
    with open_text(path, encoding) as text:
        for line in islice(lines_in(text, path), _SAMPLE_LINES):
            if size > _SAMPLE_CHARACTERS and lines:
                break
            lines.append(line)
            size += len(line)
    return lines


def find_delimiter(lines: Sequence[str], given: str | None, wanted: frozenset[str], place: str) -> Delimiter:
    """The delimiter of a text whose first physical lines are `lines`; raises `SourceError` where it is unclear."""
    named = _SEP_LINE.match(lines[0]) if lines else None
    body = lines[1:] if named else lines
    if given is not None:
        character = _given(given, place)
    elif named:
        character = named[1]
    else:
        character = _detected(body, wanted, place)
    return Delimiter(
        character=character,
        width=_fit(body, character, frozenset())[2],
        named_by_file=named is not None,
    )


def _given(given: str, place: str) -> str:
    character = _WORDS.get(given.lower(), given)
    if len(character) != 1 or character in '"\r\n\0':
        raise SourceError(
            f"{place}: “{given}” cannot be a delimiter",
            tip=f'Give one character, such as --delimiter ";", or one of these words: {", ".join(_WORDS)}.',
        )
    return character


def _detected(lines: Sequence[str], wanted: frozenset[str], place: str) -> str:
    ranked = sorted(CANDIDATES, key=lambda character: _fit(lines, character, wanted), reverse=True)
    best = ranked[0]
    if _fit(lines, best, wanted)[1] > 0:
        return best
    for character in UNUSUAL:
        if _fit(lines, character, frozenset())[1] > 0.9 and len(_rows(lines, character)) > 1:
            raise SourceError(
                f"{place}: no comma, semicolon, tab or pipe separates the cells, but {character!r} seems to",
                tip=f"If that is the delimiter, give it: --delimiter {character!r}.",
            )
    return ","


def _fit(lines: Sequence[str], character: str, wanted: frozenset[str]) -> tuple[int, float, int]:
    """How well the character separates: wanted columns in one row, share of rows of the usual width, that width."""
    rows = _rows(lines, character)
    keys = {text_key(name) for name in wanted}
    named_columns = max((len(keys & {text_key(cell) for cell in row}) for row in rows if len(row) > 1), default=0)
    widths = Counter(len(row) for row in rows if len(row) > 1)
    if not widths:
        return 0, 0.0, 0
    usual, count = max(widths.items(), key=lambda entry: (entry[1], entry[0]))
    return named_columns, round(count / len(rows), 1), usual


def _rows(lines: Sequence[str], character: str) -> list[list[str]]:
    reader = csv.reader(iter(lines), delimiter=character, skipinitialspace=True)
    try:
        return [row for row in islice(reader, _SAMPLE_RECORDS) if any(cell.strip() for cell in row)]
    except csv.Error:
        return []
