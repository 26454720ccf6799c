"""Named text transforms, and the parts of a full name. To add a transform, add an entry to `TRANSFORMS`.

A transform changes one text; none can fail, and a blank text stays blank.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from importer.mapping.values.converted import each_text
from importer.model.whitespace import collapsed, without_unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

_PARTICLES: Final = (
    "af al ap av bin bint da dal de de' degli dei del della delle den der des di do dos du el ibn la las le lo los "
    "mac san santa st st. te ten ter van vom von y zu zum zur 't"
)
_SURNAME_PARTICLES: Final = frozenset(_PARTICLES.split())
_SUFFIXES: Final = frozenset(("jr", "sr", "ii", "iii", "iv", "md", "phd", "mba", "esq"))


def name_parts(series: pd.Series[str], part: str) -> pd.Series[str]:
    """The first or the last name in each full name.

    `Last, First` is turned round. Otherwise the last word is the last name, together with the particles before it
    (`Ludwig van der Berg` is `Ludwig` and `van der Berg`). A single word is a first name. Both parts together always
    hold every word of the name.
    """
    at = 0 if part == "first" else 1
    return each_text(series, lambda name: _split_name(name)[at])


def _split_name(name: str) -> tuple[str, str]:
    before, _, after = name.partition(",")
    is_suffix = after.replace(".", "").strip().casefold() in _SUFFIXES
    if before.strip() and after.strip() and not is_suffix:
        return " ".join(after.split()), " ".join(before.split())
    words = name.split()
    if is_suffix and len(words) > 1:
        # `Lee Smith, Jr.`: the suffix goes with the last name.
        words = [*words[:-2], " ".join(words[-2:])]
    start = max(1, len(words) - 1)
    while start > 1 and words[start - 1].casefold() in _SURNAME_PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def normalized_text(text: str) -> str:
    """What the spellings of one name or e-mail address have in common: an address keeps its accents."""
    plain = collapsed(unicodedata.normalize("NFKC", text))
    return plain.lower() if "@" in plain else _strip_accents(plain.casefold())


def _strip_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f"))


def _title(text: str) -> str:
    """Capitals at the beginning of words; a word of mixed case (McDonald) is left as it is."""
    return re.sub(r"(?<![^\W\d_]['’])[^\W\d_]+|(?<=['’])[^\W\d_]+", _capitalized, text)


def _capitalized(match: re.Match[str]) -> str:
    word = match.group()
    after_apostrophe = match.start() > 0 and match.string[match.start() - 1] in "'’"
    if after_apostrophe and len(word) == 1:
        return word.lower()
    return word.capitalize() if word.islower() or word.isupper() else word


TRANSFORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": _title,
    "collapse_spaces": collapsed,
    "digits": lambda text: "".join(str(unicodedata.digit(char)) for char in text if char.isdecimal()),
    "letters": lambda text: "".join(char for char in text if char.isalpha() or unicodedata.category(char)[0] == "M"),
    "strip_accents": _strip_accents,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
    "nfkc": lambda text: unicodedata.normalize("NFKC", text),
    "remove_spaces": without_unseen,
}
"""What `transform:` may name."""
