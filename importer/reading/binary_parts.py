"""The parts of an .xlsb workbook besides its sheets: where the sheets lie, shared strings, styles, the date system.

A binary part is a row of records: type and length as seven-bit numbers, then the content ([MS-XLSB] 2.1.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import IO, TYPE_CHECKING, Final, NamedTuple

from importer.reading.number_formats import NumberFormat, format_of
from importer.reading.packages import book_targets, related_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.reading.packages import Package

_SHEET: Final = 156
_BOOK: Final = 153
_STRING: Final = 19
_FORMAT: Final = 44
_STYLE: Final = 47
_STYLES_BEGIN: Final = 617
_STYLES_END: Final = 618

_LENGTH: Final = Struct("<I")
_NO_TEXT: Final = 0xFFFF_FFFF
_PARENT_AND_FORMAT: Final = Struct("<HH")
_LEAST: Final = 1 << 16


class BinarySheet(NamedTuple):
    """A sheet as the workbook names it."""

    part: str
    is_visible: bool
    holds_cells: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryParts:
    """What the cells of an .xlsb workbook refer to, and its sheets by name."""

    sheets: dict[str, BinarySheet]
    strings: list[str]
    styles: list[NumberFormat]
    is_1904: bool


def binary_parts(package: Package) -> BinaryParts:
    """The workbook around the sheets; raises `SourceError` where it is damaged."""
    strings = related_part(package, "sharedStrings")
    styles = related_part(package, "styles")
    sheets, is_1904 = _sheets(package)
    return BinaryParts(
        sheets=sheets,
        strings=_strings(package, strings) if strings else [],
        styles=_styles(package, styles) if styles else [],
        is_1904=is_1904,
    )


def records(part: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Type and content of each record; raises `EOFError` where the last one is cut off."""
    rest = b""
    while piece := part.read(_LEAST):
        block, at = rest + piece, 0
        while (found := _record(block, at)) is not None:
            kind, begin, at = found
            yield kind, block[begin:at]
        rest = block[at:]
    if rest:
        raise EOFError("a part ends within a record")


def _record(block: bytes, at: int) -> tuple[int, int, int] | None:
    """Type, begin and end of the content of the record that begins here; `None` if its end is not in the block."""
    try:
        kind = block[at]
        at += 1
        if kind & 0x80:
            kind = kind & 0x7F | (block[at] & 0x7F) << 7
            at += 1
        length = shift = 0
        for _ in range(4):
            byte = block[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
    except IndexError:
        return None
    return (kind, at, at + length) if at + length <= len(block) else None


def text_at(content: bytes, at: int) -> tuple[str, int]:
    """The text that stands there after its length, and where it ends; a text that is not there is `""`."""
    (length,) = _LENGTH.unpack_from(content, at)
    begin = at + _LENGTH.size
    if length == _NO_TEXT:
        return "", begin
    end = begin + 2 * length
    if end > len(content):
        raise EOFError("a record ends within a text")
    return content[begin:end].decode("utf-16-le", errors="replace"), end


def _sheets(package: Package) -> tuple[dict[str, BinarySheet], bool]:
    book, targets = book_targets(package)
    sheets: dict[str, BinarySheet] = {}
    is_1904 = False
    with package.open(book) as file:
        for kind, content in records(file):
            if kind == _SHEET:
                relation, at = text_at(content, 8)
                part, role = targets.get(relation, ("", ""))
                is_visible = not any(content[:4])
                sheets[text_at(content, at)[0]] = BinarySheet(part, is_visible, role == "worksheet")
            elif kind == _BOOK:
                is_1904 = bool(content[0] & 1)
    return sheets, is_1904


def _strings(package: Package, part: str) -> list[str]:
    with package.open(part) as file:
        return [text_at(content, 1)[0] for kind, content in records(file) if kind == _STRING]


def _styles(package: Package, part: str) -> list[NumberFormat]:
    codes: dict[int, str] = {}
    styles: list[NumberFormat] = []
    inside = False
    with package.open(part) as file:
        for kind, content in records(file):
            if kind == _FORMAT:
                codes[int.from_bytes(content[:2], "little")] = text_at(content, 2)[0]
            elif kind in (_STYLES_BEGIN, _STYLES_END):
                inside = kind == _STYLES_BEGIN
            elif kind == _STYLE and inside:
                _, number = _PARENT_AND_FORMAT.unpack_from(content)
                styles.append(format_of(number, codes.get(number)))
    return styles
