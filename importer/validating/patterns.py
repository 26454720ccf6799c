"""The named patterns of `matches`, and how a whole column is held against one.

All are RE2 (Arrow's engine): linear in the length of the text whatever it holds, so no cell can make a check slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import pyarrow.compute as pc

from importer.model.octets import column_octets, large_texts

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    column = column_octets(large_texts(texts)).tobytes()
    return not any(octet in column for octet in octets)


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
