"""A column of phone numbers to E.164."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from importer.mapping.converted import Broken, Converted, Finding, text_series
from importer.mapping.numbering import plain_e164
from importer.mapping.phone import read_phone
from importer.mapping.regions import region_code
from importer.mapping.texts import trimmed

if TYPE_CHECKING:
    from numpy.typing import NDArray


def phones(series: pd.Series[str], region: str | None, regions: pd.Series[str] | None) -> Converted:
    """E.164 for each number; numbers without country code are read as numbers of their row's country.

    The country of a row is its cell in `regions` (a code, a name, or a calling code with plus), and `region` where that
    cell is blank or there is no such column. A cell that is no country matters only where the number needs one.
    """
    texts = trimmed(series)
    countries, of_row = _countries(len(series), region or "", regions)
    found = _plain(texts, countries, of_row)
    read: dict[tuple[str, int], str | Broken] = {}
    findings = []
    for place in np.flatnonzero((found == "") & (texts != "").to_numpy()).tolist():
        text, country = texts.iloc[place], int(of_row[place])
        if (text, country) not in read:
            read[text, country] = read_phone(text, countries[country])
        result = read[text, country]
        if isinstance(result, Broken):
            findings.append(_finding(series.index[place], series.iloc[place], result))
        else:
            found[place] = result
    return Converted(values=text_series(found, series.index), findings=tuple(findings))


def _countries(count: int, region: str, regions: pd.Series[str] | None) -> tuple[list[str], NDArray[np.intp]]:
    """The countries that occur, and which of them each row has. A cell that is no country stands for itself."""
    if regions is None:
        return [region_code(region) or region], np.zeros(count, dtype=np.intp)
    of_row, cells = pd.factorize(trimmed(regions))
    return [region_code(cell or region) or cell or region for cell in cells], of_row


def _plain(texts: pd.Series[str], countries: list[str], of_row: NDArray[np.intp]) -> NDArray[np.object_]:
    """The numbers that need no closer look; `""` for the others."""
    found = np.full(len(texts), "", dtype=object)
    arrow = pa.array(texts)
    for country, name in enumerate(countries):
        places = np.flatnonzero(of_row == country)
        plain = plain_e164(arrow.take(pa.array(places)), name)
        found[places] = np.asarray(plain.fill_null(""), dtype=object)
    return found


def _finding(row: int, value: str, why: Broken) -> Finding:
    return Finding(row=row, code=why.code, value=value, detail=why.detail, cure=why.cure)
