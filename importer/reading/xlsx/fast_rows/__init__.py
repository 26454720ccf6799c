"""An accelerator: the rows of an Open XML sheet and the texts that its cells share, cut by patterns.

A sheet that is not written plainly (prefixes, comments, rows without a number, another encoding) is left to the
parser, which without the accelerator reads every sheet. So are shared texts that are not written plainly.
The folder can be deleted together with its calls, one in `reading/xlsx/open_xml.py`, one in
`reading/xlsx/shared_strings.py`.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, Final

from importer.reading.xlsx.cell_values import NeedsParser, without_escapes, written_out
from importer.reading.xlsx.fast_rows.row_pattern import NotPlain, PlainRows
from importer.reading.xlsx.shared_strings import parsed_texts_of
from importer.reading.xlsx.sheet_parser import LARGEST_CELL
from importer.reading.zip_package import CHUNK, PROLOG, ROOT_KEEPS_SPACES, WHITE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from importer.reading.record import Piece
    from importer.reading.xlsx.cell_values import Values
    from importer.reading.zip_package import Package

LARGEST_ROW: Final = 64 << 20
"""Bytes of XML from one row to the next."""

_ROW_END = b"</row>"
_PROLOG = re.compile(PROLOG + rb"\s*(<worksheet\b[^<>]*>)(?:(?!<sheetData)[^!?])*?<sheetData\s*(/?)>", re.I)
_EPILOG = re.compile(rb'\s*(?:<row r="\d+"[^<>]*/>\s*)*</sheetData')


_TEXT_END = b"</si>"
_SIMPLE_TEXT = re.compile(r'<si><t( xml:space="preserve")?>([^<]*)</t></si>')
_NOT_AS_WRITTEN = re.compile(r"[&\r]|_x|<t>\s|[ \t\n]</t>")
_BEFORE_TEXTS = re.compile(PROLOG + rb"\s*(<sst\b[^<>]*>)", re.I)


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
    """Every row of a sheet that is written plainly; raises `NotPlain` where it is not."""
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


def texts_by_pattern(package: Package, part: str) -> Generator[Sequence[str], None, int | None]:
    """The texts from the first on; returns how many these were if more are left to the parser."""
    read = 0
    try:
        with package.open(part) as file:
            for texts in plain_texts(file):
                read += len(texts)
                yield texts
    except NeedsParser:
        return read
    return None


def plain_texts(file: IO[bytes]) -> Iterator[Sequence[str]]:
    """The texts of a part that is written plainly; raises `NeedsParser` where it is not."""
    text = file.read(CHUNK)
    before = _BEFORE_TEXTS.match(text)
    if not before:
        raise NeedsParser
    keep_all = bool(ROOT_KEEPS_SPACES(before[1]))
    text = text[before.end() :]
    while True:
        head, found, end = text.rpartition(_TEXT_END)
        if found:
            yield _texts_in(head, keep_all=keep_all)
        if end.lstrip().startswith(b"</sst"):
            break
        piece = file.read(CHUNK)
        if not piece or len(end) > LARGEST_CELL * 4:
            raise NeedsParser
        text = end + piece
    while file.read(CHUNK):  # to the end, where the checksum is compared
        pass


def _texts_in(head: bytes, *, keep_all: bool) -> Sequence[str]:
    """The texts of whole elements, but for the last closing tag; those of several pieces go to the parser."""
    if b"<!" in head or b"<?" in head:
        raise NeedsParser
    text = head.decode() + "</si>"
    found: list[tuple[str, str]] = _SIMPLE_TEXT.findall(text)
    if 4 * len(found) == text.count("<"):
        if not _NOT_AS_WRITTEN.search(text):
            return [text for _, text in found]
        return [_meant(text, keeps_spaces=bool(keeps) or keep_all) for keeps, text in found]
    root = '<sst xml:space="preserve">' if keep_all else "<sst>"
    texts: list[str] = []
    for string in text.split("</si>")[:-1]:
        if simple := _SIMPLE_TEXT.fullmatch(f"{string.lstrip()}</si>"):
            texts.append(_meant(simple[2], keeps_spaces=bool(simple[1]) or keep_all))
        else:
            texts += parsed_texts_of(f"{root}{string}</si></sst>")
    return texts


def _meant(text: str, *, keeps_spaces: bool) -> str:
    if "&" in text or "\r" in text:
        text = written_out(text)
    if not keeps_spaces:
        text = text.strip(WHITE)
    return without_escapes(text) if "_x" in text else text
