"""How much text the cells of a sheet refer to: one long shared string, used by every cell, would fill the memory."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING

from importer.reading.markup import CHUNK

if TYPE_CHECKING:
    from typing import IO

_END = b"</si>"
_REFERENCE = re.compile(rb"""\st=["']s["']""")
_PLAIN_REFERENCE = re.compile(rb"""\st=["']s["'][^>]*><(?:\w+:)?v>(\d+)</""")
_TAIL = 64


def lengths_of(strings: IO[bytes]) -> array[int]:
    """The length in bytes of each shared string, its markup included."""
    lengths = array("L")
    open_length = 0
    tail = b""
    while piece := strings.read(CHUNK):
        *closed, rest = (tail + piece).replace(b":si>", b"si>").split(_END)
        for text in closed:
            lengths.append(open_length + len(text))
            open_length = 0
        keep = min(len(rest), len(_END))
        tail = rest[len(rest) - keep :]
        open_length += len(rest) - keep
    return lengths


def referred_bytes(sheet: IO[bytes], lengths: array[int]) -> int:
    """At most so many bytes of shared strings are referred to by the cells of the sheet."""
    longest = max(lengths, default=0)
    total = 0
    tail = b""
    while piece := sheet.read(CHUNK):
        text = tail + piece
        cut = max(text.rfind(b"<", 0, len(text) - _TAIL), 0)
        text, tail = text[:cut], text[cut:]
        total += _referred(text, lengths, longest)
    return total + _referred(tail, lengths, longest)


def _referred(text: bytes, lengths: array[int], longest: int) -> int:
    references = len(_REFERENCE.findall(text))
    known = [int(number) for number in _PLAIN_REFERENCE.findall(text)]
    sizes = sum(lengths[number] for number in known if number < len(lengths))
    return sizes + max(0, references - len(known)) * longest
