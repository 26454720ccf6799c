"""Writes .xlsb workbooks as Excel does: cells in long form that refer to shared strings, styles and one date system."""

from __future__ import annotations

import struct
import zipfile

RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
)
ERRORS = {"#DIV/0!": 0x07, "#REF!": 0x17, "#N/A": 0x2A}


def record(kind, content=b""):
    length, size = bytearray(), len(content)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes(length) + content


def wide(text):
    packed = text.encode("utf-16-le")
    return struct.pack("<I", len(packed) // 2) + packed


def relations(*targets):
    lines = (f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>' for name, kind, target in targets)
    return f'<Relationships xmlns="{RELATIONS}">{"".join(lines)}</Relationships>'


def cell(position, value, strings, style=0):
    """A text is shared, a name of an error is an error, `("formula", x)` the result of one."""
    is_formula = isinstance(value, tuple)
    value = value[1] if is_formula else value
    head = struct.pack("<II", position, style)
    if isinstance(value, bool):
        return record(10 if is_formula else 4, head + bytes([value]))
    if isinstance(value, (int, float)):
        return record(9 if is_formula else 5, head + struct.pack("<d", value))
    if value in ERRORS:
        return record(11 if is_formula else 3, head + bytes([ERRORS[value]]))
    if is_formula:
        return record(8, head + wide(value))
    strings.setdefault(value, len(strings))
    return record(7, head + struct.pack("<I", strings[value]))


def sheet_of(rows, strings):
    """`rows` is row number (from 1) to cells; a cell is a value, or `(value, style)` in a list."""
    content = record(129) + record(145)
    for number, cells in rows.items():
        content += record(0, struct.pack("<IIHBBI", number - 1, 0, 300, 0, 0, 0))
        for position, value in enumerate(cells):
            if value is not None and value != "":
                value, style = value if isinstance(value, list) else (value, 0)
                content += cell(position, value, strings, style)
    return content + record(146) + record(130)


def styles_of(codes):
    formats = b"".join(record(44, struct.pack("<H", 164 + at) + wide(code)) for at, code in enumerate(codes))
    numbers = [0, *(164 + at for at in range(len(codes)))]
    looks = b"".join(record(47, struct.pack("<HH", 0, number) + bytes(12)) for number in numbers)
    return record(278) + record(615) + formats + record(616) + record(617) + looks + record(618) + record(279)


def write_xlsb(path, rows, codes=(), *, is_1904=False, **parts):
    """One sheet `Leads`; style n has the number format `codes[n - 1]`. `parts` replace or add parts."""
    strings: dict[str, int] = {}
    sheet = sheet_of(rows, strings)
    bundle = struct.pack("<II", 0, 1) + wide("rId1") + wide("Leads")
    book = record(131) + record(153, struct.pack("<III", is_1904, 0, 0)) + record(143) + record(156, bundle)
    texts = b"".join(record(19, b"\0" + wide(text)) for text in strings)
    written = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.bin")),
        "xl/workbook.bin": book + record(144) + record(132),
        "xl/_rels/workbook.bin.rels": relations(
            ("rId1", "worksheet", "worksheets/sheet1.bin"),
            ("rId2", "styles", "styles.bin"),
            ("rId3", "sharedStrings", "sharedStrings.bin"),
        ),
        "xl/worksheets/sheet1.bin": sheet,
        "xl/styles.bin": styles_of(codes),
        "xl/sharedStrings.bin": record(159, struct.pack("<II", len(strings), len(strings))) + texts + record(160),
        **parts,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in written.items():
            archive.writestr(name, content)
