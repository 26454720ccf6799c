"""The texts that the cells of a workbook share, cut by patterns as long as the part is laid out plainly.

It belongs to the same accelerator as the rows, and can be deleted together with the one call in
`reading/xlsx/shared_strings.py`.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from importer.reading.xlsx.cell_values import Remarkable, without_escapes, written_out
from importer.reading.xlsx.shared_strings import parsed_texts_of
from importer.reading.xlsx.sheet_parser import LARGEST_CELL
from importer.reading.xml_stream import CHUNK, PROLOG, ROOT_KEEPS_SPACES, WHITE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from importer.reading.zip_package import Package

_END = b"</si>"
_PLAIN = re.compile(r'\s*<si><t( xml:space="preserve")?>([^<]*)</t>')
_SIMPLE = re.compile(r'<si><t( xml:space="preserve")?>([^<]*)</t></si>')
_NOT_AS_IT_STANDS = re.compile(r"[&\r]|_x|<t>\s|[ \t\n]</t>")
_BEFORE = re.compile(PROLOG + rb"\s*(<sst\b[^<>]*>)", re.I)


def texts_by_pattern(package: Package, part: str) -> Generator[Sequence[str], None, int | None]:
    """The texts from the first on; returns how many these were if more are left to the parser."""
    read = 0
    try:
        with package.open(part) as file:
            for texts in plain_texts(file):
                read += len(texts)
                yield texts
    except Remarkable:
        return read
    return None


def plain_texts(file: IO[bytes]) -> Iterator[Sequence[str]]:
    """The texts of a part that is laid out plainly; raises `Remarkable` where it is not."""
    text = file.read(CHUNK)
    before = _BEFORE.match(text)
    if not before:
        raise Remarkable
    keep_all = bool(ROOT_KEEPS_SPACES(before[1]))
    text = text[before.end() :]
    while True:
        head, found, end = text.rpartition(_END)
        if found:
            yield _cut(head, keep_all=keep_all)
        if end.lstrip().startswith(b"</sst"):
            break
        piece = file.read(CHUNK)
        if not piece or len(end) > LARGEST_CELL * 4:
            raise Remarkable
        text = end + piece
    while file.read(CHUNK):  # to the end, where the checksum is compared
        pass


def _cut(head: bytes, *, keep_all: bool) -> Sequence[str]:
    if b"<!" in head or b"<?" in head:
        raise Remarkable
    text = head.decode() + "</si>"
    found: list[tuple[str, str]] = _SIMPLE.findall(text)
    if 4 * len(found) != text.count("<"):
        return [text for string in text.split("</si>")[:-1] for text in _text_of(string, keep_all=keep_all)]
    if _NOT_AS_IT_STANDS.search(text):
        return [_meant(text, keeps_blanks=bool(keeps) or keep_all) for keeps, text in found]
    return [text for _, text in found]


def _meant(text: str, *, keeps_blanks: bool) -> str:
    if "&" in text or "\r" in text:
        text = written_out(text)
    if not keeps_blanks:
        text = text.strip(WHITE)
    return without_escapes(text) if "_x" in text else text


def _text_of(string: str, *, keep_all: bool) -> Iterable[str]:
    plain = _PLAIN.fullmatch(string)
    if not plain:
        root = '<sst xml:space="preserve">' if keep_all else "<sst>"
        return parsed_texts_of(f"{root}{string}</si></sst>")
    keeps, text = plain.groups()
    return (_meant(text, keeps_blanks=bool(keeps) or keep_all),)
