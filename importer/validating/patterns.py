"""The named patterns of `matches`, and how a whole column is held against one.

All are RE2 (Arrow's engine): linear in the length of the text whatever it holds, so no cell can make a check slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from importer.model.byte_columns import column_octets, holds_any, octets_of
from importer.model.texts import large_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"

EMAIL: Final = rf"[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{_LABEL}(?:\.{_LABEL})*"
"""A valid e-mail address by the HTML standard, section 4.10.5.1.5 (the pattern of `<input type=email>`)."""

E164: Final = r"\+[1-9][0-9]{1,14}"
"""ITU-T E.164: at most 15 digits, no leading zero; it names no least number of digits."""

EPOCH: Final = r"-?[0-9]{1,18}"
"""Whole seconds or milliseconds that fit the contract's int64."""

NUMBER: Final = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

UUID: Final = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
"""RFC 9562, section 4, in either case."""

UUID_LENGTH: Final = 36

URL: Final = r"[hH][tT][tT][pP][sS]?://[^\s/?#@\\]+(?:[/?#][^\s\\]*)?"
"""An absolute web address with a host (RFC 3986, section 3), without user information and blanks."""

NAMED: Final[Mapping[str, tuple[str, str]]] = {
    "email": (EMAIL, "is not an e-mail address"),
    "e164": (E164, "is not a number such as +919876543210"),
    "url": (URL, "is not a web address such as https://x.example"),
    "digits": (r"[0-9]+", "does not consist of digits only"),
    "uuid": (UUID, "is not a UUID"),
}
"""The words of `matches`: what the whole text must look like, and what is said of one that does not."""


def holds(texts: pd.Series[str], pattern: str) -> pd.Series[bool]:
    """Which texts hold the pattern somewhere."""
    found = pc.match_substring_regex(large_texts(texts), pattern)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index, dtype=bool)


def matches(texts: pd.Series[str], pattern: str) -> pd.Series[bool]:
    r"""Which texts are the pattern from their first to their last character (a final line break counts)."""
    return holds(texts, rf"\A(?:{pattern})\z")


def contains(texts: pd.Series[str], text: str) -> pd.Series[bool]:
    """Which texts hold another text."""
    found = pc.match_substring(large_texts(texts), text)
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index, dtype=bool)


def free_of(texts: pd.Series[str], octets: bytes) -> bool:
    """Whether none of these ASCII characters stands anywhere in the column."""
    return not holds_any(large_texts(texts), octets)


def byte_lengths(texts: pd.Series[str]) -> NDArray[np.int64]:
    """How many bytes each text has, which is no less than its characters."""
    offsets, _ = octets_of(large_texts(texts))
    return np.diff(offsets)


def all_e164(texts: pd.Series[str]) -> bool:
    """Whether every text that is not blank surely matches `E164`."""
    begins, lengths, octets = _filled(texts)
    if not len(begins):
        return True
    if lengths.min() < 3 or lengths.max() > 16:
        return False
    second = octets[begins + 1]
    return bool((octets[begins] == ord("+")).all() and (second != ord("0")).all()) and _digits(octets) == (
        len(octets) - len(begins)
    )


def all_epochs(texts: pd.Series[str]) -> bool:
    """Whether every text that is not blank surely matches `EPOCH`: digits only, as all moments since 1970 have."""
    _, lengths, octets = _filled(texts)
    return int(lengths.max(initial=0)) <= 18 and _digits(octets) == len(octets)


def _filled(texts: pd.Series[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Of the texts that are not blank: where they begin in the bytes of all, their lengths, and these bytes."""
    lengths = byte_lengths(texts)
    begins = np.cumsum(lengths) - lengths
    filled = lengths > 0
    return begins[filled], lengths[filled], column_octets(large_texts(texts))


def _digits(octets: NDArray[np.uint8]) -> int:
    return int(np.count_nonzero((octets >= ord("0")) & (octets <= ord("9"))))


def free_of_controls(texts: pd.Series[str], *, layout_allowed: bool) -> bool:
    """Whether the column surely holds no control character, but for tabs and line breaks where they are allowed."""
    column = column_octets(large_texts(texts))
    least = int(column.min(initial=0x20))
    if least < 0x20 and not (layout_allowed and least >= 0x09):
        return False
    raw = column.tobytes()
    # U+0080 to U+009F begin with 0xC2 in UTF-8, as do a few honest letters.
    return not any(octet in raw for octet in (0x7F, 0xC2, *(_CONTROL_OCTETS if least < 0x20 else b"")))


_CONTROL_OCTETS: Final = bytes(octet for octet in range(0x09, 0x20) if octet not in b"\t\n\r")
