"""A column of phone numbers to E.164."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.converted import Broken, Converted, findings_of, text_series
from importer.mapping.numbering import Found, found_plainly, scattered
from importer.mapping.phone import read_phone
from importer.mapping.regions import region_code
from importer.mapping.texts import plainly_spaced, trimmed
from importer.model.texts import TEXT, large_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def phones(series: pd.Series[str], region: str | None, regions: pd.Series[str] | None) -> Converted:
    """E.164 for each number; numbers without country code are read as numbers of their row's country.

    The country of a row is its cell in `regions` (a code, a name, or a calling code with plus), and `region` where that
    cell is blank or there is no such column. A cell that is no country matters only where the number needs one.
    """
    texts = plainly_spaced(large_texts(trimmed(series)))
    countries, of_row = _countries(len(series), region or "", regions)
    found = scattered(len(texts), [*_plain(texts, countries, of_row)])
    left = np.flatnonzero(np.asarray(pc.and_(pc.is_null(found), pc.not_equal(texts, ""))))
    if not len(left):
        return Converted(values=text_series(found.fill_null(""), series.index))
    regions_left = [countries[country] for country in of_row[left].tolist()]
    results = list(map(read_phone, texts.take(pa.array(left)).to_pylist(), regions_left))
    known = np.flatnonzero(np.asarray(found.is_valid()))
    mended = pa.array(["" if isinstance(result, Broken) else result for result in results], TEXT)
    whole = scattered(len(texts), [Found(known, found.take(pa.array(known))), Found(left, mended)])
    broken = {at: result for at, result in enumerate(results) if isinstance(result, Broken)}
    return Converted(
        values=text_series(whole.fill_null(""), series.index),
        findings=findings_of(series.iloc[left], np.arange(len(left)), broken),
    )


def _countries(count: int, region: str, regions: pd.Series[str] | None) -> tuple[list[str], NDArray[np.intp]]:
    """The countries that occur, and which of them each row has. A cell that is no country stands for itself."""
    if regions is None:
        return [region_code(region) or region], np.zeros(count, dtype=np.intp)
    of_row, cells = pd.factorize(trimmed(regions))
    return [region_code(cell or region) or cell or region for cell in cells], of_row


def _plain(texts: pa.LargeStringArray, countries: list[str], of_row: NDArray[np.intp]) -> Iterator[Found]:
    """The numbers that need no closer look. Those with a plus say their country themselves."""
    international = np.array(pc.match_substring_regex(texts, r"\A\(?\+"))
    for country, name in [(-1, ""), *enumerate(countries)]:
        places = np.flatnonzero(international if country < 0 else (of_row == country) & ~international)
        if len(places):
            yield from (part.of(places) for part in found_plainly(texts.take(pa.array(places)), name))
