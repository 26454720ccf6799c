"""YAML as people write it: with comments, one line per field, and quotes only where they are needed."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from importer.model.proposal import Look

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH: Final = 110
_PLAIN: Final = re.compile(r"[^\W\d_](?:[\w./()+-]| (?! ))*(?<! )")
_NO_TEXTS: Final = frozenset(("yes", "no", "true", "false", "on", "off", "y", "n", "null", "none"))
"""What other readers of YAML take for something else than a text."""

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}

Value = str | tuple[str, ...] | dict[str, str]


@dataclass(slots=True)
class Page:
    """The lines of a mapping that is being written, and the places that people should look at."""

    lines: list[str] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Add lines as they are."""
        self.lines.extend(lines)

    def comment(self, text: str, indent: int = 0) -> None:
        """Add a comment, wrapped."""
        start = f"{' ' * indent}# "
        self.lines.extend(textwrap.wrap(printable(text), _WIDTH, initial_indent=start, subsequent_indent=start))

    def look(self, text: str, indent: int = 0, *, must: bool = False) -> None:
        """Add a comment that people should see."""
        self.looks.append(Look(line=len(self.lines) + 1, text=printable(text), must=must))
        start = f"{' ' * indent}# "
        first = f"{start}{'TODO' if must else 'LOOK'}: "
        self.lines.extend(
            textwrap.wrap(printable(text), _WIDTH, initial_indent=first, subsequent_indent=f"{start}      ")
        )

    @property
    def text(self) -> str:
        """The whole page."""
        return "\n".join(self.lines) + "\n"


def scalar(text: str) -> str:
    """A text as YAML, in quotes where it would be something else without."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _NO_TEXTS:
        return text
    return '"' + "".join(_ESCAPES.get(char) or _visible(char) for char in text) + '"'


def rule(keys: Mapping[str, Value]) -> str:
    """The rule of a field on one line; of a column alone, just its name."""
    if list(keys) == ["column"]:
        return _value(keys["column"])
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in keys.items()) + "}"


def printable(text: str) -> str:
    """The text on one line, with everything that cannot be seen written out."""
    return "".join(_visible(char) for char in " ".join(text.split()))


def _value(value: Value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {scalar(text)}" for key, text in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(scalar(text) for text in value) + "]"
    return scalar(value)


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
