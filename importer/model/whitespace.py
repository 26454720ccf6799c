"""What cannot be seen in a text, and which texts people take for the same: one rule for headers, cells and ids."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

IMPORTER_PREFIX: Final = "_importer_"
"""Columns that begin like this were added by the importer to rejects.csv; they are ignored on reading."""

REJECTED_ROW: Final = f"{IMPORTER_PREFIX}row"
"""The one of these columns by which rejects are recognized: the row's number in the file it came from."""

EXAMPLE_ROW: Final = f"{IMPORTER_PREFIX}example"
"""The column of a template in which the example row is marked; a row with any text in it is never read."""

_SPACES: Final = (
    *((0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)),
)
"""Unicode's White_Space, and the separators of ASCII: what `str.isspace` knows."""

# Variation selectors and tag characters are ignorable, too, but change how the character before them looks.
_INVISIBLE: Final = (
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180E, 0x180E)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0)),
    *((0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0001, 0xE0001)),
)
"""Unicode's Default_Ignorable_Code_Point: zero-width characters, direction marks, soft hyphens, byte order marks."""

UNSEEN: Final = "[" + "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in _SPACES + _INVISIBLE) + "]"
"""One character that nobody sees, as a class for RE2."""

UNSEEN_CHARACTERS: Final = "".join(
    chr(point) for first, last in _SPACES + _INVISIBLE for point in range(first, last + 1)
)
"""All of them, for `str.strip`."""

_PLAIN: Final = {
    ord(character): "\n" if character in "\x85\u2028\u2029" else " " if character.isspace() else None
    for character in UNSEEN_CHARACTERS
    if not character.isascii()
}


def without_edges(text: str) -> str:
    """Without what cannot be seen at either end."""
    return text.strip(UNSEEN_CHARACTERS)


def without_unseen(text: str) -> str:
    """Without what cannot be seen anywhere."""
    return "".join(with_plain_spaces(text).split())


def with_plain_spaces(text: str) -> str:
    """With ASCII's spaces and line breaks for those of Unicode, and without everything else that cannot be seen."""
    return text.translate(_PLAIN)


def collapsed(text: str) -> str:
    """The words with one space between them, and nothing that cannot be seen at either end of any."""
    return " ".join(word for part in text.split() if (word := without_edges(part)))


def text_key(text: str) -> str:
    """The same for all texts that people take for the same: case, spaces and Unicode's form (NFC) do not count."""
    plain = collapsed(text)
    if plain.isascii():
        return plain.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).casefold())


def normalized_id(crm_id: str) -> str:
    """The same for all ids that a server may take for one: spaces, case and every Unicode form (NFKC) do not count."""
    return text_key(unicodedata.normalize("NFKC", crm_id))


def find_column(name: str, columns: Sequence[str]) -> str | None:
    """The column that `name` means: the exact one, else the only one of the same key; `None` if there is none."""
    if name in columns:
        return name
    key = text_key(name)
    matches = [column for column in columns if text_key(column) == key]
    return matches[0] if len(matches) == 1 else None
