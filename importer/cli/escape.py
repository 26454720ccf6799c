"""Text from cells and servers, made safe for a terminal (CWE-150)."""

import unicodedata
from typing import Final

_LONGEST: Final = 2000
_DANGEROUS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def for_terminal(text: str, *, keep: str = "\n") -> str:
    """The text with every control, bidi, zero-width and unassigned character written as `\\xNN` or `\\uNNNN`."""
    shortened = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return "".join(c if c in keep or unicodedata.category(c) not in _DANGEROUS else _written(c) for c in shortened)


def _written(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
