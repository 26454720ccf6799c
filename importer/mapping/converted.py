"""What a transform makes of a column: canonical texts, and a finding for every cell that could not be converted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Why one cell could not be converted; the mapper makes it a `Problem` by adding field and column.

    `detail` continues the sentence `Column: “value” …`; `cure` is given where more is known than the code's own cure.
    """

    row: int
    code: str
    value: str
    detail: str
    cure: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """A converted column: the index of the source, canonical texts, `""` where the cell is blank or broken."""

    values: pd.Series[str]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why one value cannot be converted, wherever it stands."""

    code: str
    detail: str
    cure: str = ""


def text_series(texts: object, index: pd.Index) -> pd.Series[str]:
    """Texts as a column of a frame."""
    return pd.Series(texts, index=index, dtype="str")


def converted_by_value(series: pd.Series[str], convert: Callable[[str], str | Broken]) -> Converted:
    """Convert each distinct value once. Blanks stay blank without asking."""
    codes, uniques = pd.factorize(series)
    results = [convert(text) if text else "" for text in uniques]
    texts = np.array(["" if isinstance(result, Broken) else result for result in results], dtype=object)
    broken = {code: result for code, result in enumerate(results) if isinstance(result, Broken)}
    return Converted(values=text_series(texts[codes], series.index), findings=findings_of(series, codes, broken))


def findings_of(series: pd.Series[str], codes: NDArray[np.intp], broken: Mapping[int, Broken]) -> tuple[Finding, ...]:
    """A finding for every row whose code is among the broken, in row order; the values are those of `series`."""
    if not broken:
        return ()
    places = np.flatnonzero(np.isin(codes, list(broken)))
    rows, values, kinds = series.index[places].tolist(), series.iloc[places].tolist(), codes[places].tolist()
    return tuple(
        Finding(row=row, code=why.code, value=value, detail=why.detail, cure=why.cure)
        for row, value, why in zip(rows, values, (broken[kind] for kind in kinds), strict=True)
    )
