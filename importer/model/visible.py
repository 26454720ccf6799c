"""Text of cells, files and servers, made safe to show: on a terminal, in a log, on a page (CWE-150)."""

import shlex
import unicodedata
from typing import Final

LONGEST: Final = 20_000
"""Characters of one message."""

KeyPath = tuple[str | int, ...]
"""The keys and list positions that lead to a place of the mapping file."""

_DANGEROUS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, *, keep: str = "", longest: int | None = LONGEST) -> str:
    """The text with every control, bidi, zero-width and unassigned character written as `\\xNN` or `\\uNNNN`.

    Characters of `keep` stay. What is longer than `longest` is cut.
    """
    if longest is not None and len(text) > longest:
        text = text[: longest - 1] + "…"
    if text.isprintable():  # almost every text is
        return text
    return "".join(c if c in keep or not _is_dangerous(c) else _written(c) for c in text)


def file_word(path: object) -> str:
    """A file quoted as one word of a shell command; a name that begins with a dash is not taken for an option.

    A dash alone is standard input.
    """
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") and text != "-" else text)


def shown_path(path: KeyPath) -> str:
    """A place of the mapping file as a person reads it: `events[0].when.column`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def visible_json(text: str) -> str:
    """The same JSON document, with every such character in a string as JSON writes it."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or not _is_dangerous(c) else _as_json(c) for c in text)


def _is_dangerous(character: str) -> bool:
    return unicodedata.category(character) in _DANGEROUS


def _written(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _as_json(character: str) -> str:
    halves = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{halves[at : at + 2].hex()}" for at in range(0, len(halves), 2))
