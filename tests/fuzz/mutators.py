"""Changes that get past a container's outer wall: random bytes in a zip file are refused by its checksums.

`plain` changes bytes by coverage (atheris) or at random; everything else here knows what a workbook is made of.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
from collections.abc import Callable

ChangeBytes = Callable[[bytes, int], bytes]

NUMBERS = (
    "", "0", "-1", "1", "1.5", "1e999", "nan", "007", "٣", "1048576", "1048577", "16384", "4294967296", "9" * 30, "x",
)  # fmt: skip
REFERENCES = ("A1", "XFD1048576", "XFE1", "A0", "A1048577", "a1", "1", "A", "AAAAAAAAAA1", "A99999999999", "$A$1", "é1")
TEXTS = ("", " ", "id", "#N/A", "1.81591E+11", "=1+1", "_x0041_", "&#0;", "&amp;", "&x;", "\u202e", "1900-01-00", "60")
WORDS = ("s", "e", "b", "d", "n", "str", "inlineStr", "hidden", "veryHidden", "External", "0" * 40)
SNIPPETS = (
    '<c r="B2" t="e"><v>#N/A</v></c>',
    '<c r="C2"><f>1+1</f></c>',
    '<c t="inlineStr"><is><t>x</t></is></c>',
    '<c r="C3" s="1"><v>501</v></c>',
    '<row r="2"><c r="A2"><v>1</v></c></row>',
    "<row><c><v>1</v></c></row>",
    "<si><t>x</t></si>",
    '<si><r><t>x</t></r><rPh sb="0" eb="1"><t>y</t></rPh></si>',
    '<dimension ref="A1:XFD1048576"/>',
    '<mergeCell ref="A1:B2"/>',
    '<sheet name="x" sheetId="9" r:id="r1"/>',
    '<workbookPr date1904="1"/>',
    '<numFmt numFmtId="164" formatCode="00000"/>',
    '<!DOCTYPE x [<!ENTITY a "b">]>',
    "<![CDATA[x]]>",
    "<!-- x -->",
    "<?xml version='1.0' encoding='utf-16'?>",
    '<table:table-row table:number-rows-repeated="1000"><table:table-cell/></table:table-row>',
    '<table:table-cell office:value-type="date" office:date-value="2026-02-30"/>',
    '<table:table-cell office:value-type="time" office:time-value="PT99H"/>',
)
NAMES = (
    "xl/workbook.xml",
    "xl/workbook.bin",
    "xl/vbaProject.bin",
    "content.xml",
    "mimetype",
    "../x.xml",
    "a" * 300,
    "é",
)


def change_workbook(content: bytes, most: int, rng: random.Random, plain: ChangeBytes) -> bytes:
    """A changed workbook of at most `most` bytes; the first byte, which chooses the options, is kept or drawn anew."""
    head = content[:1] if rng.random() < 0.8 and content else rng.randbytes(1)
    book = content[1:]
    if rng.random() < 0.1:
        changed = plain(book, most - 1)
    elif book.startswith(b"PK"):
        changed = _changed_package(book, rng, plain)
    elif rng.random() < 0.6:
        changed = _changed_records(book, rng)
    else:
        changed = plain(book, most - 1)
    return head + (changed if len(changed) < most else book)[: most - 1]


def change_bytes(content: bytes, most: int, rng: random.Random) -> bytes:
    """What stands in for atheris where it is not at hand: a few bytes overwritten, taken out, doubled or put in."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(changed) + 1)
        length = rng.choice((1, 1, 2, 4, 30))
        piece = rng.choice((rng.randbytes(length), bytes(changed[at : at + length]), b"", b'"', b"\n", b"\0", b"\xff"))
        changed[at : at + rng.choice((0, len(piece), length))] = piece
    return bytes(changed[:most])


def _changed_package(book: bytes, rng: random.Random, plain: ChangeBytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(book)) as archive:
            parts = [(entry.filename, archive.read(entry)) for entry in archive.infolist()[:50]]
    except Exception:  # noqa: BLE001 - whatever is wrong with it: it cannot be taken apart any more
        return plain(book, len(book) + 64)
    if not parts or rng.random() < 0.1:
        return _lying_directory(book, rng)
    if rng.random() < 0.1:
        parts = _changed_names(parts, rng)
    else:
        at = rng.randrange(len(parts))
        name, part = parts[at]
        parts[at] = (name, _changed_part(part, rng, plain))
    return _packed(parts, rng)


def _packed(parts: list[tuple[str, bytes]], rng: random.Random) -> bytes:
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, part in parts:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            # the directory's own record: a second part of one name is written without a warning
            archive.NameToInfo.pop(name, None)
            archive.writestr(entry, part)
    return packed.getvalue()


def _changed_names(parts: list[tuple[str, bytes]], rng: random.Random) -> list[tuple[str, bytes]]:
    at = rng.randrange(len(parts))
    name, part = parts[at]
    spelt = rng.choice((name.upper(), "/" + name, name.replace("/", "\\"), name + "/", rng.choice(NAMES)))
    return rng.choice(
        (
            parts[:at] + parts[at + 1 :],
            [*parts, (name, part)],
            [*parts, (rng.choice(NAMES), part)],
            [*parts[:at], (spelt, part), *parts[at + 1 :]],
        )
    )


def _lying_directory(book: bytes, rng: random.Random) -> bytes:
    """One number of the zip's directory or of a local head is another one: sizes, flags, methods, offsets, counts."""
    places = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", book)]
    if not places:
        return book
    changed = bytearray(book)
    at = rng.choice(places) + rng.choice((4, 6, 8, 10, 14, 16, 18, 20, 22, 24, 26, 28, 30, 42))
    number = rng.choice((0, 1, 8, 9, 12, 99, 0xFFFF, 0xFFFFFFFF, rng.randrange(1 << 16), rng.randrange(1 << 32)))
    width = rng.choice(("<H", "<I"))
    piece = struct.pack(width, number & (0xFFFF if width == "<H" else 0xFFFFFFFF))
    changed[at : at + len(piece)] = piece
    return bytes(changed)


def _changed_part(part: bytes, rng: random.Random, plain: ChangeBytes) -> bytes:
    how = rng.randrange(8)
    if how == 0 or b"<" not in part[:200]:
        return plain(part, len(part) + 64)
    if how <= 3:
        return _another_value(part, rng)
    if how == 4:
        return _another_text(part, rng)
    if how == 5:
        at = rng.choice([found.start() for found in re.finditer(rb"<", part)])
        return part[:at] + rng.choice(SNIPPETS).encode() + part[at:]
    return _moved_elements(part, rng)


def _another_value(part: bytes, rng: random.Random) -> bytes:
    values = list(re.finditer(rb'="([^"]*)"', part))
    if not values:
        return part
    value = rng.choice(values)
    others = [value[1] for value in values]
    written = rng.choice((rng.choice(NUMBERS), rng.choice(REFERENCES), rng.choice(WORDS), rng.choice(TEXTS)))
    new = rng.choice((written.encode("utf-8", "replace"), rng.choice(others)))
    return part[: value.start(1)] + new.replace(b"<", b"") + part[value.end(1) :]


def _another_text(part: bytes, rng: random.Random) -> bytes:
    texts = list(re.finditer(rb">([^<]*)<", part))
    if not texts:
        return part
    text = rng.choice(texts)
    written = rng.choice((rng.choice(NUMBERS), rng.choice(TEXTS), rng.choice(TEXTS) * 50))
    return part[: text.start(1)] + written.encode() + part[text.end(1) :]


def _moved_elements(part: bytes, rng: random.Random) -> bytes:
    """A stretch from one tag to another is taken out, doubled or put elsewhere."""
    tags = [found.start() for found in re.finditer(rb"<", part)]
    begin, end, to = (rng.choice(tags) for _ in range(3))
    begin, end = min(begin, end), max(begin, end)
    piece, rest = part[begin:end][:4096], part[:begin] + part[end:]
    where = rng.choice((rest, part))
    to = min(to, len(where))
    return where[:to] + rng.choice((piece, piece * 2, b"")) + where[to:]


def _changed_records(book: bytes, rng: random.Random) -> bytes:
    """The records of an old workbook (type, length, content) keep their frame and get other contents or types."""
    start = max(book.find(b"\x09\x08\x10\x00"), 0)
    changed = bytearray(book)
    records: list[tuple[int, int]] = []
    at = start
    while at + 4 <= len(book) and len(records) < 2_000:
        length = int.from_bytes(book[at + 2 : at + 4], "little")
        records.append((at, length))
        at += 4 + length
    for at, length in rng.sample(records, min(len(records), rng.choice((1, 1, 2, 4)))):
        where = at + 4 + rng.randrange(max(length, 1))
        piece = rng.choice((b"\xff\xff", b"\0\0", b"\xff\xff\xff\xff", rng.randbytes(1), rng.randbytes(8)))
        if rng.random() < 0.15:
            where, piece = at + rng.choice((0, 2)), rng.choice((rng.randbytes(1), b"\xff\xff", b"\0\0"))
        changed[where : where + len(piece)] = piece
    return bytes(changed[: len(book)])
