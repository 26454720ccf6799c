"""Writes .xls workbooks, record by record: of Excel 97 (texts in Unicode) or of Excel 5 (texts in a code page)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

ERRORS = {"#NULL!": 0x00, "#DIV/0!": 0x07, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#NUM!": 0x24, "#N/A": 0x2A}
SECTOR = 512
FREE, END, IN_TABLE = 0xFFFF_FFFF, 0xFFFF_FFFE, 0xFFFF_FFFD


def write_xls(path: Path, rows: dict[int, list[Any]], codes: dict[int, str] | None = None, **options: Any) -> Path:
    """One sheet “Leads”. A number comes as `(number, format)`; `codes` are the file's own formats by their numbers."""
    path.write_bytes(compound(stream_of(rows, codes or {}, **options), "Book" if options.get("old") else "Workbook"))
    return path


def stream_of(
    rows: dict[Any, Any],
    codes: dict[int, str],
    *,
    codepage: int | None = 1200,
    encoding: str = "cp1252",
    old: bool = False,
    is_1904: bool = False,
    head: bytes = b"",
    more: bytes = b"",
) -> bytes:
    text = (lambda size, text: narrow(size, text, encoding)) if old else wide
    used = sorted({value[1] for row in rows.values() for value in row if isinstance(value, tuple)} | {0})
    head = begin(5, old) + head
    if codepage:
        head += record(0x42, struct.pack("<H", codepage))
    head += record(0x22, struct.pack("<H", is_1904))
    for number, code in codes.items():
        head += record(0x41E, struct.pack("<H", number) + text("B" if old else "H", code))
    head += b"".join(record(0xE0, struct.pack("<HHH", 0, number, 1) + bytes(10 if old else 14)) for number in used)
    name = text("B", "Leads")
    begins = len(head) + 10 + len(name) + 4
    head += record(0x85, struct.pack("<IH", begins, 0) + name) + record(0x0A)
    cells = b"".join(
        cell(row - 1, column, value, used, text)
        for row, values in rows.items()
        for column, value in enumerate(values)
        if value is not None
    )
    return head + begin(0x10, old) + cells + more + record(0x0A)


def begin(kind: int, old: bool) -> bytes:
    return record(0x809, struct.pack("<HHHH", 0x500 if old else 0x600, kind, 0xDBB, 1996) + bytes(0 if old else 8))


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def narrow(size: str, text: str, encoding: str) -> bytes:
    content = text.encode(encoding)
    return struct.pack(f"<{size}", len(content)) + content


def wide(size: str, text: str) -> bytes:
    content = text.encode("utf-16-le")
    return struct.pack(f"<{size}B", len(content) // 2, 1) + content


def cell(
    row: int, column: int, value: str | tuple[Any, ...] | float, used: list[int], text: Callable[..., Any]
) -> bytes:
    number, form = value if isinstance(value, tuple) else (value, 0)
    place = struct.pack("<HHH", row, column, used.index(form))
    if isinstance(number, str) and number in ERRORS:
        return record(0x205, place + bytes((ERRORS[number], 1)))
    if isinstance(number, str):
        return record(0x204, place + text("H", number))
    if isinstance(number, bool):
        return record(0x205, place + bytes((number, 0)))
    return record(0x203, place + struct.pack("<d", number))


def compound(stream: bytes, name: str) -> bytes:
    """The stream in a compound file: a table of sectors, a directory, and the stream."""
    stream = stream.ljust(4096, b"\0")
    count = -(-len(stream) // SECTOR)
    chain = [*range(3, 2 + count), END]
    table = struct.pack(f"<{2 + count}I", IN_TABLE, END, *chain).ljust(SECTOR, b"\xff")
    assert len(table) == SECTOR
    entry = (f"{name}\0".encode("utf-16-le"), 2, FREE, 2, len(stream))
    directory = entry_of("Root Entry\0".encode("utf-16-le"), 5, 1, END, 0) + entry_of(*entry) + bytes(256)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(10)
    header += struct.pack("<IIIIIIII", 1, 1, 0, 4096, END, 0, END, 0) + struct.pack("<I", 0)
    return header.ljust(SECTOR, b"\xff") + table + directory + stream.ljust(count * SECTOR, b"\0")


def entry_of(name: bytes, kind: int, child: int, start: int, size: int) -> bytes:
    head = name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name), kind, 1, FREE, FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)
