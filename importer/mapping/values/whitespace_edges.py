"""Which texts of a column begin or end with something that may not be seen, told from single bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.byte_columns import first_octets, octets_of
from importer.model.whitespace import UNSEEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SEEN: Final = np.zeros(257, dtype=bool)
"""The bytes that are surely seen: visible ASCII. (Not -1, which stands for a blank text.)"""
_SEEN[0x21:0x7F] = True


def perhaps_blank(texts: pa.LargeStringArray) -> NDArray[np.intp]:
    """The places of the texts that do not begin with a visible character of ASCII: all blank ones, and some others."""
    return np.flatnonzero(~_SEEN[first_octets(texts)])


def edged(texts: pa.LargeStringArray) -> NDArray[np.intp]:
    """The places of the texts that begin or end with a character that cannot be seen."""
    if not len(texts):
        return np.zeros(0, dtype=np.intp)
    offsets, octets = octets_of(texts)
    if offsets[0] == offsets[-1]:
        return np.zeros(0, dtype=np.intp)
    # A blank text has no edges of its own; the bytes beside it are looked at in their place.
    first = octets[np.minimum(offsets[:-1], len(octets) - 1)]
    last = octets[np.maximum(offsets[1:] - 1, 0)]
    doubtful = np.flatnonzero(~(_SEEN[first] & _SEEN[last]))
    if not len(doubtful):
        return doubtful
    found = pc.match_substring_regex(texts.take(pa.array(doubtful)), rf"\A{UNSEEN}|{UNSEEN}\z")
    edges: NDArray[np.intp] = doubtful[np.asarray(found)]
    return edges
