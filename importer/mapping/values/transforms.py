"""Named text transforms, and the parts of a full name.

Every transform takes a text column and returns one of the same index; none can fail, and a blank stays a blank.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.values.converted import text_series
from importer.mapping.values.whitespace_edges import edged
from importer.model.byte_columns import is_ascii
from importer.model.texts import TEXT, keys, large_texts
from importer.model.whitespace import collapsed, text_key, with_plain_spaces, without_edges, without_unseen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

_PARTICLES: Final = (
    "af al ap av bin bint da dal de de' degli dei del della delle den der des di do dos du el ibn la las le lo los "
    "mac san santa st st. te ten ter van vom von y zu zum zur 't"
)
_SURNAME_PARTICLES: Final = frozenset(_PARTICLES.split())
_SUFFIXES: Final = frozenset(("jr", "sr", "ii", "iii", "iv", "md", "phd", "mba", "esq"))


def trimmed(series: pd.Series[str]) -> pd.Series[str]:
    """Without what cannot be seen at either end: spaces of every kind, byte order marks, zero-width characters."""
    texts = large_texts(series)
    places = edged(texts)
    if not len(places):
        return series
    return text_series(_changed_at(places, texts, without_edges), series.index)


def plainly_spaced(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """`with_plain_spaces` of each text."""
    if is_ascii(texts):
        return texts
    ascii_only = np.asarray(pc.string_is_ascii(texts))
    return _changed_at(np.flatnonzero(~ascii_only), texts, with_plain_spaces)


def text_keys(series: pd.Series[str]) -> pd.Series[str]:
    """`text_key` of each text."""
    return text_series(keys(large_texts(series), text_key), series.index)


def _changed_at(
    places: NDArray[np.intp], texts: pa.LargeStringArray, change: Callable[[str], str]
) -> pa.LargeStringArray:
    """The texts with a change at these places."""
    changed = [change(text) for text in texts.take(pa.array(places)).to_pylist()]
    mask = np.zeros(len(texts), dtype=bool)
    mask[places] = True
    return pc.replace_with_mask(texts, pa.array(mask), pa.array(changed, TEXT))


def name_part(series: pd.Series[str], part: Literal["first", "last"]) -> pd.Series[str]:
    """The first or the last name in a full name.

    `Last, First` is turned round. Otherwise the last word is the last name, together with the particles before it
    (`Ludwig van der Berg` is `Ludwig` and `van der Berg`). A single word is a first name. Both parts together always
    hold every word of the name.
    """
    at = 0 if part == "first" else 1
    names = {name: _split_name(name)[at] for name in series.unique()}
    return text_series(series.map(names), series.index)


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


def _strip_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f"))


def normalized_text(text: str) -> str:
    """What the spellings of one name or e-mail address have in common: an address keeps its accents."""
    plain = collapsed(unicodedata.normalize("NFKC", text))
    return plain.lower() if "@" in plain else _strip_accents(plain.casefold())


def _title(text: str) -> str:
    """Capitals at the beginning of words; a word of mixed case (McDonald) already says what it wants."""
    return re.sub(r"(?<![^\W\d_]['’])[^\W\d_]+|(?<=['’])[^\W\d_]+", _capitalised, text)


def _capitalised(match: re.Match[str]) -> str:
    word = match.group()
    after_apostrophe = match.start() > 0 and match.string[match.start() - 1] in "'’"
    if after_apostrophe and len(word) == 1:
        return word.lower()
    return word.capitalize() if word.islower() or word.isupper() else word


def _each(
    change: Callable[[str], str], ascii_at_once: Callable[[pa.LargeStringArray], pa.LargeStringArray] | None = None
) -> Callable[[pd.Series[str]], pd.Series[str]]:
    """A change of texts, of each different one once; `ascii_at_once` makes the same of a column that is ASCII."""

    def changed(series: pd.Series[str]) -> pd.Series[str]:
        if ascii_at_once:
            texts = large_texts(series)
            if is_ascii(texts):
                return text_series(ascii_at_once(texts), series.index)
        return text_series(series.map({text: change(text) for text in series.unique()}), series.index)

    return changed


TRANSFORMS: Final[Mapping[str, Callable[[pd.Series[str]], pd.Series[str]]]] = {
    "lower": _each(str.lower, pc.ascii_lower),
    "upper": _each(str.upper, pc.ascii_upper),
    "title": _each(_title),
    "collapse_spaces": _each(collapsed),
    "digits": _each(lambda text: "".join(str(unicodedata.digit(c)) for c in text if c.isdecimal())),
    "letters": _each(lambda text: "".join(c for c in text if c.isalpha() or unicodedata.category(c)[0] == "M")),
    "strip_accents": _each(_strip_accents),
    "nfc": _each(lambda text: unicodedata.normalize("NFC", text)),
    "nfkc": _each(lambda text: unicodedata.normalize("NFKC", text)),
    "remove_spaces": _each(without_unseen),
}
"""What `transform:` may name."""
