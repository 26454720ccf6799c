"""Which date formats fit a whole column."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.values.date_formats import ISO, read_moments
from importer.mapping.values.date_hints import COMMON_FORMATS

if TYPE_CHECKING:
    from importer.profiling.suggest.column_profile import Column

_DATE: Final = r"^(?:\w{3,9},? )?(?:\d{1,4}[-/. ]|[A-Za-z]{3,9}\.? \d{1,2},? )[\w-]+[-/., ]\s?\d{2,4}|^\d{4}-\d\d-\d\d"
_COUNTS: Final = (("%s", r"^1[0-9]{9}$"), ("%Q", r"^1[0-9]{12}$"), ("%Y%m%d", r"^(?:19|20)[0-9]{6}$"))
"""Dates without separators. Only a column whose name speaks of a date is read so."""
_LEAST: Final = 0.6
_SURE: Final = 0.8
_TRIED: Final = 2000


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
    if is_date_by_name:
        for name, pattern in _COUNTS:
            if column.share(pattern) >= _SURE:
                return DateGuess(
                    formats=(name,),
                    fits=pc.sum(pc.match_substring_regex(texts, pattern)).as_py(),
                    total=len(texts),
                    has_time="Y" not in name,
                    has_offset="Y" not in name,
                )
    if column.share(_DATE) < _LEAST:
        return None
    return _by_pattern(texts)


def _by_pattern(texts: Any) -> DateGuess | None:
    iso = read_moments(texts, ISO)
    rest = texts.filter(pa.array(~iso["fits"]))
    families = _best_families(rest) if len(rest) else []
    if not families:
        if iso["fits"].mean() < _LEAST:
            return None
        return DateGuess(
            fits=int(iso["fits"].sum()),
            total=len(texts),
            has_time=bool(iso["has_time"][iso["fits"]].any()),
            has_offset=bool(iso["has_offset"][iso["fits"]].all()),
        )
    formats, understood = families[0]
    fits = int(iso["fits"].sum()) + understood
    if fits / len(texts) < _LEAST:
        return None
    return DateGuess(
        formats=formats,
        rivals=tuple(formats for formats, _ in families) if len(families) > 1 else (),
        fits=fits,
        total=len(texts),
        has_time=any("%H" in name or "%I" in name for name in formats),
    )


def _best_families(texts: Any) -> list[tuple[tuple[str, ...], int]]:
    """The ways to write a day that fit most of the texts, each with the times beside it that occur."""
    tried = {family: _fits(texts.slice(0, _TRIED), names) for family, names in _families().items()}
    most = max((int(fits.any(axis=0).sum()) for fits in tried.values()), default=0)
    if not most:
        return []
    best = [family for family, fits in tried.items() if int(fits.any(axis=0).sum()) == most]
    found = []
    for family in best:
        names = _families()[family]
        fits = _fits(texts, names)
        used = tuple(name for name, row in zip(names, fits, strict=True) if row.any())
        found.append((used, int(fits.any(axis=0).sum())))
    most = max(count for _, count in found)
    return _without_twins([(used, count) for used, count in found if count == most])


def _without_twins(found: list[tuple[tuple[str, ...], int]]) -> list[tuple[tuple[str, ...], int]]:
    """Without families that read the same (`%b` and `%B` both fit May)."""
    seen = {
        tuple(name.replace("%B", "%b").replace("%A", "%a") for name in used): (used, count) for used, count in found
    }
    return list(seen.values())


def _fits(texts: Any, names: tuple[str, ...]) -> Any:
    return np.array([read_moments(texts, name)["fits"] for name in names])


def _families() -> dict[str, tuple[str, ...]]:
    """The common formats by how they write the day."""
    families: dict[str, list[str]] = defaultdict(list)
    for name in COMMON_FORMATS:
        if "%Y-%m-%d" not in name and "%Y%m%d" not in name:
            families[re.split(r",? %[HI]", name)[0]].append(name)
    return {family: tuple(names) for family, names in families.items()}
