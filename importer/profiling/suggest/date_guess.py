"""Which date formats fit a whole column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.values.date_formats import ISO, read_moments
from importer.mapping.values.date_hints import COMMON_FORMATS, best_fits, without_twins
from importer.profiling.column_profile import ANY_DATE, DATE_COUNTS

if TYPE_CHECKING:
    from importer.profiling.column_profile import Column

_LEAST: Final = 0.6
_SURE: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class DateGuess:
    """How a column writes its dates.

    `formats` are what a rule needs; empty where ISO dates, which need none, are all there is. `rivals` are formats that
    fit just as well and mean other days: then nothing is decided. `fits` of `total` distinct values are understood.
    """

    formats: tuple[str, ...] = ()
    rivals: tuple[tuple[str, ...], ...] = ()
    fits: int
    total: int
    has_time: bool
    has_offset: bool = False


def guess_dates(column: Column, *, is_date_by_name: bool) -> DateGuess | None:
    """How the column writes dates; `None` if most of its values are no dates."""
    if column.is_blank:
        return None
    texts = pa.array(column.distinct)
    for name, pattern in DATE_COUNTS if is_date_by_name else ():
        if column.share(pattern) >= _SURE:
            fits = pc.sum(pc.match_substring_regex(texts, pattern)).as_py()
            is_epoch = "Y" not in name
            return DateGuess(formats=(name,), fits=fits, total=len(texts), has_time=is_epoch, has_offset=is_epoch)
    if column.share(ANY_DATE) < _LEAST:
        return None
    iso = read_moments(texts, ISO)
    fits, rest = int(iso["fits"].sum()), texts.filter(pa.array(~iso["fits"]))
    best = best_fits(rest, _families()) if len(rest) else []
    formats = without_twins(best)
    fits += int(best[0].fits.sum()) if best else 0
    if fits / len(texts) < _LEAST:
        return None
    if not best:
        read = iso[iso["fits"]]
        has_time, has_offset = bool(read["has_time"].any()), bool(read["has_offset"].all())
        return DateGuess(fits=fits, total=len(texts), has_time=has_time, has_offset=has_offset)
    return DateGuess(
        formats=formats[0],
        rivals=tuple(formats) if len(formats) > 1 else (),
        fits=fits,
        total=len(texts),
        has_time=any("%H" in name or "%I" in name for name in formats[0]),
    )


@cache
def _families() -> dict[str, tuple[str, ...]]:
    """The common formats by how they write the day, each with all the times beside it."""
    families: dict[str, tuple[str, ...]] = {}
    for name in COMMON_FORMATS:
        if "%Y-%m-%d" not in name and "%Y%m%d" not in name:
            day = re.split(r",? %[HI]", name)[0]
            families[day] = (*families.get(day, ()), name)
    return families
