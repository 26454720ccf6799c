"""Which formats would fit a column of dates that do not match any format. Said, never used.

A column is judged batch by batch (50,000 rows), because a million rows are never held at once; so each hint names the
rows it knows. In others a day beyond the 12th may tell what is ambiguous in these. No row is read by such a judgement,
so rows of either batch are rejected alike; only the reason that is told differs. The column doctor judges all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
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

_EPOCHS: Final = (("%s", r"^[0-9]{9,10}$", "seconds"), ("%Q", r"^[0-9]{12,13}$", "milliseconds"))
_ISO_SHAPE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}|$)"
_SERIAL: Final = r"^[2-7][0-9]{4}([.,][0-9]+)?$"
_SERIAL_EPOCH: Final = np.datetime64("1899-12-30", "D")
_SAMPLE: Final = 2000
"""Distinct texts that all common formats are tried on; those that fit best are tried on the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A format, and which of the texts it fits."""

    format: str
    fits: NDArray[np.bool_]


def why_not_understood(texts: Any, rows: str) -> list[Broken]:
    """For each distinct text that is no ISO date: why, and which format would fit. `rows` says which rows were seen."""
    best = _best_fits(texts)
    serial = _serial_days(texts)
    epochs = _epoch_units(texts)
    neither = [_UNREAL if iso else _NEITHER for iso in np.asarray(pc.match_substring_regex(texts, _ISO_SHAPE))]
    return [
        _because(place, best, rows) or _number(text, serial[place], epochs[place]) or neither[place]
        for place, text in enumerate(texts.to_pylist())
    ]


def fitting_formats(texts: Sequence[str]) -> list[str]:
    """The formats that fit most of the distinct texts of a column; none if that is less than half of them."""
    best = _best_fits(pa.array(texts, TEXT))
    if not best or 2 * int(best[0].fits.sum()) < len(texts):
        return []
    return _without_twins([fit.format for fit in best])


def serial_day(text: str) -> str:
    """The day that a spreadsheet would show for its own count of days; `""` for any other text."""
    return _serial_days(pa.array([text], TEXT))[0]


_NEITHER: Final = Broken(code="date-invalid", detail="is not an ISO date such as 2026-11-22 or 2026-11-22 15:04:05")
_UNREAL: Final = Broken(code="date-invalid", detail="looks like an ISO date, but there is no such day, time or offset")


def _best_fits(texts: Any) -> list[Fit]:
    """The formats that fit most of the texts, in the order of `COMMON_FORMATS`."""
    counts = {name: int(read_moments(texts.slice(0, _SAMPLE), name).fits.sum()) for name in COMMON_FORMATS}
    most = max(counts.values())
    if not most:
        return []
    fits = [Fit(format=name, fits=read_moments(texts, name).fits) for name, count in counts.items() if count == most]
    most = max(int(fit.fits.sum()) for fit in fits)
    return [fit for fit in fits if int(fit.fits.sum()) == most]


def _because(place: int, best: list[Fit], rows: str) -> Broken | None:
    fitting = [fit for fit in best if fit.fits[place]]
    if not fitting:
        return None
    names = _without_twins([fit.format for fit in fitting])
    others = f"{'all' if bool(fitting[0].fits.all()) else 'most'} dates of {rows} that are not understood"
    if len(names) == 1:
        return Broken(
            code="date-invalid",
            detail=f"is not an ISO date; {shape(names[0])} would fit it, and {others}",
            fix=f"If that is meant, add to the mapping: {_yaml(names[0])}",
        )
    either = " and ".join(map(shape, names))
    lines = ", or ".join(_yaml(name) for name in names)
    return Broken(
        code="date-ambiguous",
        detail=f"fits {either}, and so do {others}: day and month could be swapped in all of them",
        fix=f"Set the right one in the mapping: {lines}",
    )


def _without_twins(names: list[str]) -> list[str]:
    """Without formats that read the same (`%b` and `%B` both fit May)."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.replace("%B", "%b").replace("%A", "%a"), name)
    return list(seen.values())


def _yaml(name: str) -> str:
    return f'format: "{name}"'


def _number(text: str, serial: str, epoch: str) -> Broken | None:
    if serial:
        return Broken(
            code="date-invalid",
            detail=f"is a number, perhaps a spreadsheet's own count of days ({text} would be {serial})",
            fix="Give the column a date format in the spreadsheet, and export it again.",
        )
    if epoch:
        name, words = epoch.split()
        return Broken(
            code="date-invalid",
            detail=f"is a number, perhaps {words} since 1970",
            fix=f'If that is meant, add to the mapping: format: "{name}"',
        )
    return None


def _serial_days(texts: Any) -> list[str]:
    """The day that a spreadsheet would show for each text; `""` where it is no such number."""
    serial = np.asarray(pc.match_substring_regex(texts, _SERIAL))
    return [
        str(_SERIAL_EPOCH + np.timedelta64(int(text[:5]), "D")) if is_serial else ""
        for text, is_serial in zip(texts.to_pylist(), serial, strict=True)
    ]


def _epoch_units(texts: Any) -> list[str]:
    """The directive and the unit of each text that looks like a count since 1970; else `""`."""
    units = [""] * len(texts)
    for name, pattern, words in _EPOCHS:
        for place in np.flatnonzero(np.asarray(pc.match_substring_regex(texts, pattern))):
            units[place] = f"{name} {words}"
    return units
