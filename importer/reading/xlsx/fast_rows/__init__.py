"""An accelerator: the rows of an Open XML sheet, cut by a pattern.

A sheet that is not laid out plainly (prefixes, comments, rows without a number, another encoding) is left to the
parser, which without the accelerator reads every sheet. The texts that cells share have a pattern in `fast_texts.py`.
The folder can be deleted together with its calls, one in `reading/xlsx/sheet_rows.py`, one in
`reading/xlsx/shared_strings.py`.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from importer.reading.xlsx.fast_rows.row_pattern import NotPlain, PlainRows
from importer.reading.xml_stream import CHUNK, PROLOG, ROOT_KEEPS_SPACES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from importer.reading.xlsx.cell_values import Values
    from importer.reading.xlsx.row_pieces import Piece
    from importer.reading.zip_package import Package

LARGEST_ROW: Final = 64 << 20
"""Bytes of XML from one row to the next."""

_ROW_END = b"</row>"
_PROLOG = re.compile(PROLOG + rb"\s*(<worksheet\b[^<>]*>)(?:(?!<sheetData)[^!?])*?<sheetData\s*(/?)>", re.I)
_EPILOG = re.compile(rb'\s*(?:<row r="\d+"[^<>]*/>\s*)*</sheetData')


def rows_by_pattern(package: Package, part: str, values: Values) -> Generator[Piece, None, int | None]:
    """The rows of a sheet from its first on; returns the last row's number if more are left to the parser."""
    read = 0
    try:
        with package.open(part) as file:
            for piece in plain_rows(file, values):
                if len({*piece.numbers}) < len(piece):
                    raise NotPlain  # a row element for each cell; the parser puts them together
                yield piece
                read = piece.numbers[-1]
    except NotPlain:
        return read
    return None


def plain_rows(file: IO[bytes], values: Values) -> Iterator[Piece]:
    """Every row of a sheet that is laid out plainly; raises `NotPlain` where it is not."""
    text, is_empty, keeps_spaces = _after_prolog(file)
    rows = PlainRows(values, keeps_spaces=keeps_spaces)
    while not is_empty:
        head, found, end = text.rpartition(_ROW_END)
        finished = b"</sheetData" in end
        if found:
            yield from rows.of(head.decode())
        if finished:
            if not _EPILOG.match(end):
                raise NotPlain
            break
        piece = file.read(CHUNK)
        if not piece or len(end) > LARGEST_ROW:
            raise NotPlain
        text = end + piece
    while file.read(CHUNK):  # to the end, where the checksum is compared
        pass


def _after_prolog(file: IO[bytes]) -> tuple[bytes, bool, bool]:
    """The bytes after `<sheetData>`, whether there is nothing in it, and whether spaces around all texts count."""
    text = file.read(CHUNK)
    match = _PROLOG.match(text)
    if not match:
        raise NotPlain
    return text[match.end() :], bool(match[2]), bool(ROOT_KEEPS_SPACES(match[1]))
