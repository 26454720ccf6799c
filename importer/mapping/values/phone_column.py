"""A column of phone numbers to E.164."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer import accelerators
from importer.mapping.values.converted import Broken, Converted, findings_of, text_series
from importer.mapping.values.phone import read_phone
from importer.mapping.values.phone_regions import region_code
from importer.mapping.values.transforms import plainly_spaced, trimmed
from importer.model.texts import TEXT, large_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray


def phones(series: pd.Series[str], region: str | None, regions: pd.Series[str] | None) -> Converted:
    """E.164 for each number; numbers without country code are read as numbers of their row's country.

    The country of a row is its cell in `regions` (a code, a name, or a calling code with plus), and `region` where that
    cell is blank or there is no such column. A cell that is no country matters only where the number needs one.
    """
    texts = plainly_spaced(large_texts(trimmed(series)))
    countries, of_row = _countries(len(series), region or "", regions)
    found = _found_by_column(texts, countries, of_row)
    unread = np.asarray(pc.and_(pc.is_null(found), pc.not_equal(texts, "")))
    left = np.flatnonzero(unread)
    if not len(left):
        return Converted(values=text_series(found.fill_null(""), series.index))
    regions_left = [countries[country] for country in of_row[left].tolist()]
    results = list(map(read_phone, texts.take(pa.array(left)).to_pylist(), regions_left))
    read = pa.array(["" if isinstance(result, Broken) else result for result in results], TEXT)
    whole = pc.replace_with_mask(found, pa.array(unread), read)
    broken = {at: result for at, result in enumerate(results) if isinstance(result, Broken)}
    return Converted(
        values=text_series(whole.fill_null(""), series.index),
        findings=findings_of(series.iloc[left], np.arange(len(left)), broken),
    )


def _found_by_column(texts: pa.LargeStringArray, countries: list[str], of_row: NDArray[np.intp]) -> pa.LargeStringArray:
    """What the accelerator reads; null where each number has to be read by itself."""
    if not accelerators.are_on():
        return pa.nulls(len(texts), TEXT)
    from importer.mapping.values.numbering import e164_by_column

    return e164_by_column(texts, countries, of_row)


def _countries(count: int, region: str, regions: pd.Series[str] | None) -> tuple[list[str], NDArray[np.intp]]:
    """The countries that occur, and which of them each row has. A cell that is no country stands for itself."""
    if regions is None:
        return [region_code(region) or region], np.zeros(count, dtype=np.intp)
    of_row, cells = pd.factorize(trimmed(regions))
    return [region_code(cell or region) or cell or region for cell in cells], of_row
