"""A column of dates to one canonical form: epoch digits, a day, or a time with its offset. Never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.values.converted import Broken, Converted, findings_of, plainly_spaced, text_series, trimmed
from importer.mapping.values.date_formats import ISO, Moments, example, read_moments, shape
from importer.mapping.values.date_hints import why_not_understood
from importer.model.problems import Problems
from importer.model.texts import TEXT, large_texts, scalar

if TYPE_CHECKING:
    from numpy.typing import NDArray

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_PER_UNIT: Final = {"s": 1_000_000, "ms": 1_000}
_ONE_DAY: Final = timedelta(days=1)
_YEARS_AHEAD: Final = 20
"""Contracts and cards end within this; a date that `%y` puts further into the future could as well be a birthday."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRule:
    """How a column of dates is read and written.

    `formats` are those of `date_formats`; ISO dates are understood as well (unless a format says `%Y-%d-%m`).
    `timezone` is an IANA name, for texts without an offset. With a `unit` the result is epoch digits, rounded down;
    without, `2026-11-22` for `date_only` and else `2026-11-22T15:04:05+05:30`. `date_only` takes the day in
    `timezone`, and its first moment where a moment is asked for. `earliest` and `latest` are aware, and so is `now`:
    what `%y` puts after it has a warning, and is a problem if it is more than 20 years ahead.
    """

    formats: tuple[str, ...] = ()
    timezone: str = "UTC"
    unit: Literal["s", "ms"] | None = None
    date_only: bool = False
    latest: datetime | None = None
    earliest: datetime | None = None
    now: datetime | None = None


def dates(series: pd.Series[str], rule: DateRule) -> Converted:
    """The dates of a column by `rule`. Each distinct text is read once."""
    codes, uniques = pd.factorize(trimmed(series))
    texts = plainly_spaced(large_texts(uniques))
    broken: dict[int, Broken] = {}
    moments = _read(texts, rule, broken)
    _explain(texts, moments["fits"], rule, broken, series.index)
    zone = ZoneInfo(rule.timezone)
    if rule.date_only:
        _keep_days(moments, zone)
    micros = _instants(moments, zone, broken, rule)
    for word, bound, beyond in (("before", rule.earliest, micros.__lt__), ("after", rule.latest, micros.__gt__)):
        if bound is not None:
            why = Broken(code="date-out-of-range", detail=f"lies {word} {bound:%Y-%m-%d}")
            for place in np.flatnonzero(moments["fits"] & np.asarray(beyond((bound - _EPOCH) // _MICRO))).tolist():
                broken.setdefault(place, why)
    warnings = _centuries(texts, moments, micros, rule, broken)
    understood = moments["fits"].copy()
    understood[list(broken)] = False
    written = pa.array(_written(moments, micros, rule), TEXT)
    values = pc.if_else(pa.array(understood), written, scalar("")).take(pa.array(codes))
    findings = [findings_of(series, codes, broken), findings_of(series, codes, warnings, warning=True)]
    return Converted(values=text_series(values, series.index), findings=Problems.together(findings))


def _read(texts: Any, rule: DateRule, broken: dict[int, Broken]) -> Moments:
    """What the formats read; a text that two formats read differently is broken."""
    formats = [*rule.formats] if any("%Y-%d-%m" in name for name in rule.formats) else [*rule.formats, ISO]
    merged = read_moments(texts, formats[0])
    reader = np.zeros(len(texts), dtype=np.int64)
    for number, name in enumerate(formats[1:], start=1):
        more = read_moments(texts, name)
        differs = (more["clock"] != merged["clock"]) | (more["offset"] != merged["offset"])
        for place in np.flatnonzero(merged["fits"] & more["fits"] & differs).tolist():
            one, other = shape(formats[reader[place]]), shape(name)
            broken[place] = Broken(
                code="date-ambiguous",
                detail=f"fits both {one} and {other} of the mapping, as different dates",
                fix="Keep only the right format in the mapping.",
            )
        is_new = more["fits"] & ~merged["fits"]
        reader[is_new], merged[is_new] = number, more[is_new]
    return merged


def _explain(texts: Any, fits: Any, rule: DateRule, broken: dict[int, Broken], index: pd.Index) -> None:
    """Add why each text that is not blank was not understood; hints name the rows that were seen together."""
    places = np.flatnonzero(~fits & np.asarray(pc.not_equal(texts, ""))).tolist()
    if not places:
        return
    if rule.formats:
        shapes = " or ".join(map(shape, rule.formats))
        detail = f"is not a date of the form {shapes}, for example {example(rule.formats[0])}"
        why = [Broken(code="date-invalid", detail=detail)] * len(places)
    else:
        rows = f"rows {index[0]} to {index[-1]}" if index[0] != index[-1] else f"row {index[0]}"
        why = why_not_understood(texts.take(pa.array(places)), rows)
    broken.update(zip(places, why, strict=True))


def _keep_days(moments: Moments, zone: ZoneInfo) -> None:
    """Make of each moment the day that it falls on in the zone, without time and offset."""
    clock = moments["clock"].copy()
    if moments["has_offset"].any():
        utc = pd.DatetimeIndex(clock - moments["offset"].astype("timedelta64[m]"), tz="UTC")
        clock = np.where(moments["has_offset"], utc.tz_convert(zone).tz_localize(None).to_numpy(), clock)
    moments["clock"] = clock.astype("datetime64[D]")
    moments["has_offset"] = moments["has_time"] = False


def _instants(moments: Moments, zone: ZoneInfo, broken: dict[int, Broken], rule: DateRule) -> NDArray[np.int64]:
    """Microseconds since 1970 for each moment that fits; times that a zone skips or repeats are broken."""
    clock = moments["clock"]
    micros: NDArray[np.int64] = clock.astype(np.int64) - moments["offset"] * 60_000_000
    naive = np.flatnonzero(moments["fits"] & ~moments["has_offset"])
    local = pd.DatetimeIndex(clock[naive]).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    micros[naive] = local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    for place in naive[np.asarray(local.isna())].tolist():
        wall = clock[place].item()
        if moments["has_time"][place]:
            broken[place] = _not_once(wall, zone, rule.timezone)
        else:
            # A day begins with its first moment, even if the clock does not show midnight then.
            micros[place] = (wall.replace(tzinfo=zone).astimezone(UTC) - _EPOCH) // _MICRO
    return micros


def _not_once(wall: datetime, zone: ZoneInfo, name: str) -> Broken:
    first = wall.replace(tzinfo=zone)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        return Broken(code="date-nonexistent", detail=f"did not exist in {name}: clocks went forward and skipped it")
    offsets = [moment.isoformat()[-6:] for moment in (first, first.replace(fold=1))]
    return Broken(
        code="date-twice",
        detail=f"existed twice in {name}: clocks went back, so it occurred twice",
        fix=f"Add the UTC offset: {' or '.join(offsets)}.",
    )


def _centuries(
    texts: Any, moments: Moments, micros: NDArray[np.int64], rule: DateRule, broken: dict[int, Broken]
) -> dict[int, Broken]:
    """Warn of what a two-digit year puts into the future; add what is too far ahead to `broken`."""
    short = [name for name in rule.formats if "%y" in name]
    if rule.now is None or not short:
        return {}
    future = np.flatnonzero(moments["fits"] & (micros > (rule.now + _ONE_DAY - _EPOCH) // _MICRO))
    ahead = texts.take(pa.array(future))
    read_short = np.any([read_moments(ahead, name)["fits"] for name in short], axis=0)
    warnings = {}
    for place in future[read_short].tolist():
        day = str(moments["clock"][place])[:10]
        if int(day[:4]) > rule.now.year + _YEARS_AHEAD:
            why = Broken(
                code="date-ambiguous",
                detail=f"could be {int(day[:4]) - 100}{day[4:]} or {day}: its year has no century",
                fix="Write the year with four digits. In a spreadsheet, give the column a date format with YYYY and "
                "export it again; then replace %y in the mapping with %Y.",
            )
            broken.setdefault(place, why)
        elif place not in broken:
            warnings[place] = Broken(
                code="date-in-future", detail=f"is read as {day}: a year from 00 to 68 is one from 2000 to 2068"
            )
    return warnings


def _written(moments: Moments, micros: NDArray[np.int64], rule: DateRule) -> Any:
    clock = moments["clock"]
    if rule.unit is not None:
        return pc.cast(pa.array(micros // _PER_UNIT[rule.unit]), TEXT)
    if rule.date_only:
        return np.datetime_as_string(clock, unit="D").astype(object)
    fractions = (clock.astype(np.int64) % 1_000_000).tolist()
    offsets = ((clock.astype(np.int64) - micros) // 1_000_000).tolist()
    pairs = list(zip(fractions, offsets, strict=True))
    endings = {pair: _ending(*pair) for pair in set(pairs)}
    return np.datetime_as_string(clock, unit="s").astype(object) + np.array([endings[p] for p in pairs], dtype=object)


def _ending(micros: int, offset: int) -> str:
    """Fraction of the second and offset, as ISO 8601 writes them."""
    sign, (minutes, seconds) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    return f"{fraction}{sign}{minutes // 60:02d}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
