"""Which common formats fit a column of dates. To add a common format, add it to `_DAY_FORMATS` or `_TIMES`.

Hints are shown, never used to read a date. A column is judged batch by batch (50,000 rows), because a million rows are
never held at once; so each hint names the rows it knows. In others a day beyond the 12th may show what is ambiguous in
these. Rows of both batches are rejected; only the reason differs. The column doctor judges all rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from importer.mapping.values.converted import Broken
from importer.mapping.values.date_formats import read_moments, shape
from importer.model.texts import TEXT

_DAY_FORMATS: Final = (
    *("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d/%m/%y", "%m/%d/%y"),
    *("%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y"),
    *("%d.%m.%Y", "%m.%d.%Y", "%Y.%m.%d", "%d.%m.%y"),
    *("%Y-%m-%d", "%Y. %m. %d.", "%Y. %m. %d", "%d. %m. %Y", "%Y年%m月%d日"),
    *("%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %b %y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
    *("%Y%m%d", "%a, %d %b %Y", "%A, %d %B %Y", "%A, %B %d, %Y"),
)
_TIMES: Final = (
    *("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", ", %H:%M:%S"),
    *(" %H:%M:%S %z", ", %I:%M:%S %p", ", %H:%M"),
)
COMMON_FORMATS: Final = (*(day + time for day, time in product(_DAY_FORMATS, _TIMES)), "%Y-%m-%dT%H:%M:%S.%fZ")
_EACH_ALONE: Final = {name: (name,) for name in COMMON_FORMATS}

_EPOCHS: Final = (
    ("%s", re.compile(r"[0-9]{9,10}"), "seconds"),
    ("%Q", re.compile(r"[0-9]{12,13}"), "milliseconds"),
)
_ISO_SHAPE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}|$)"
_SERIAL: Final = re.compile(r"[2-7][0-9]{4}([.,][0-9]+)?")
_SERIAL_EPOCH: Final = np.datetime64("1899-12-30", "D")
_SAMPLE: Final = 2000
"""Distinct texts that all common formats are tried on; those that fit best are tried on the rest."""

_NEITHER: Final = Broken(code="date-invalid", detail="is not an ISO date such as 2026-11-22 or 2026-11-22 15:04:05")
_UNREAL: Final = Broken(code="date-invalid", detail="looks like an ISO date, but there is no such day, time or offset")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Formats that belong together, as far as they occur, and which of the texts one of them fits."""

    formats: tuple[str, ...]
    fits: NDArray[np.bool_]


def best_fits(texts: Any, families: Mapping[str, tuple[str, ...]]) -> list[Fit]:
    """The families of formats that fit most of the distinct texts, in their order; none if nothing fits."""
    sample = texts.slice(0, _SAMPLE)
    tried = {name: int(_fits(sample, formats).any(axis=0).sum()) for name, formats in families.items()}
    most = max(tried.values())
    found = []
    for name in (name for name, count in tried.items() if count == most > 0):
        fits = _fits(texts, families[name])
        used = tuple(each for each, fitted in zip(families[name], fits, strict=True) if fitted.any())
        found.append(Fit(formats=used, fits=np.asarray(fits.any(axis=0))))
    counts = [int(fit.fits.sum()) for fit in found]
    return [fit for fit, count in zip(found, counts, strict=True) if count == max(counts)]


def _fits(texts: Any, formats: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([read_moments(texts, name)["fits"] for name in formats])


def without_twins(fits: Sequence[Fit]) -> list[tuple[str, ...]]:
    """The formats of each, without those that read the same (`%b` and `%B` both fit May)."""
    seen: dict[str, tuple[str, ...]] = {}
    for fit in fits:
        seen.setdefault("\n".join(fit.formats).replace("%B", "%b").replace("%A", "%a"), fit.formats)
    return list(seen.values())


def fitting_formats(texts: Sequence[str]) -> list[str]:
    """The formats that fit most of the distinct texts of a column; none if that is less than half of them."""
    best = best_fits(pa.array(texts, TEXT), _EACH_ALONE)
    if not best or 2 * int(best[0].fits.sum()) < len(texts):
        return []
    return [name for (name,) in without_twins(best)]


def why_not_understood(texts: Any, rows: str) -> list[Broken]:
    """For each distinct text that is no ISO date: why, and which format would fit. `rows` names the rows seen."""
    best = best_fits(texts, _EACH_ALONE)
    looks_iso = np.asarray(pc.match_substring_regex(texts, _ISO_SHAPE))
    return [
        _fitted(place, best, rows) or _counted(text) or (_UNREAL if looks_iso[place] else _NEITHER)
        for place, text in enumerate(texts.to_pylist())
    ]


def _fitted(place: int, best: list[Fit], rows: str) -> Broken | None:
    possible = [fit for fit in best if fit.fits[place]]
    if not possible:
        return None
    names = [name for (name,) in without_twins(possible)]
    lines = [f'format: "{name}"' for name in names]
    others = f"{'all' if bool(possible[0].fits.all()) else 'most'} dates of {rows} that are not understood"
    if len(names) == 1:
        return Broken(
            code="date-invalid",
            detail=f"is not an ISO date; {shape(names[0])} would fit it, and {others}",
            fix=f"If that is meant, add to the mapping: {lines[0]}",
        )
    return Broken(
        code="date-ambiguous",
        detail=f"fits {' and '.join(map(shape, names))}, and so do {others}: day and month could be swapped in all of "
        "them",
        fix=f"Set the right one in the mapping: {', or '.join(lines)}",
    )


def _counted(text: str) -> Broken | None:
    """A text that is a count of days, or of seconds or milliseconds since 1970."""
    if day := serial_day(text):
        return Broken(
            code="date-invalid",
            detail=f"is a number, perhaps a spreadsheet's own count of days ({text} would be {day})",
            fix="Give the column a date format in the spreadsheet, and export it again.",
        )
    for name, pattern, unit in _EPOCHS:
        if pattern.fullmatch(text):
            return Broken(
                code="date-invalid",
                detail=f"is a number, perhaps {unit} since 1970",
                fix=f'If that is meant, add to the mapping: format: "{name}"',
            )
    return None


def serial_day(text: str) -> str:
    """The day that a spreadsheet would show for its own count of days; `""` for any other text."""
    return str(_SERIAL_EPOCH + np.timedelta64(int(text[:5]), "D")) if _SERIAL.fullmatch(text) else ""
