"""Columns of text, converted: canonical texts, and a finding for every cell that could not be converted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.model.problems import Problems
from importer.model.texts import TEXT, large_texts
from importer.model.whitespace import UNSEEN_CHARACTERS, with_plain_spaces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A converted column: the index of the source, canonical texts, `""` where the cell is blank or broken.

    `findings` are the cells that could not be converted, and warnings; the mapper adds field and column.
    """

    values: pd.Series[str]
    findings: Problems = field(default_factory=Problems.none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why one value cannot be converted, in any row.

    `detail` continues the sentence `Column: “value” …`; `fix` is given where more is known than the code's usual fix.
    """

    code: str
    detail: str
    fix: str = ""


def text_series(texts: object, index: pd.Index) -> pd.Series[str]:
    """Texts as a column of a frame."""
    return pd.Series(texts, index=index, dtype="str")


def trimmed(series: pd.Series[str]) -> pd.Series[str]:
    """Without what cannot be seen at either end: spaces of every kind, byte order marks, zero-width characters."""
    return text_series(pc.utf8_trim(large_texts(series), UNSEEN_CHARACTERS), series.index)


def plainly_spaced(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """`with_plain_spaces` of each text."""
    others = pc.invert(pc.string_is_ascii(texts))
    changed = [with_plain_spaces(text) for text in texts.filter(others).to_pylist()]
    return pc.replace_with_mask(texts, others, pa.array(changed, TEXT))


def each_text(series: pd.Series[str], change: Callable[[str], str]) -> pd.Series[str]:
    """The column with each distinct text changed once."""
    codes, uniques = pd.factorize(series)
    return text_series(pa.array(map(change, uniques), TEXT).take(pa.array(codes)), series.index)


def converted_by_value(series: pd.Series[str], convert: Callable[[str], str | Broken]) -> Converted:
    """Convert each distinct value once, without the spaces around it. Blank cells stay blank."""
    codes, uniques = pd.factorize(trimmed(series))
    results = [convert(text) if text else "" for text in uniques]
    texts = pa.array(["" if isinstance(result, Broken) else result for result in results], TEXT)
    broken = {code: result for code, result in enumerate(results) if isinstance(result, Broken)}
    values = text_series(texts.take(pa.array(codes)), series.index)
    return Converted(values=values, findings=findings_of(series, codes, broken))


def findings_of(
    series: pd.Series[str], codes: NDArray[np.intp], broken: Mapping[int, Broken], *, warning: bool = False
) -> Problems:
    """A finding for every row whose code is among the broken, in row order; the values are those of `series`."""
    if not broken:
        return Problems.none()
    reasons = np.full(int(codes.max()) + 1, -1)
    reasons[list(broken)] = np.arange(len(broken))
    places = np.flatnonzero(reasons[codes] >= 0)
    of_row = pa.array(reasons[codes[places]])
    return Problems.in_columns(
        series.index[places].to_numpy(dtype="int64"),
        code=pa.array([why.code for why in broken.values()], TEXT).take(of_row),
        detail=pa.array([why.detail for why in broken.values()], TEXT).take(of_row),
        value=large_texts(series).take(pa.array(places)),
        fix=pa.array([why.fix for why in broken.values()], TEXT).take(of_row),
        warning=warning,
    )
