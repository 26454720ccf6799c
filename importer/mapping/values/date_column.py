"""A column of dates to one canonical form: epoch digits, a day, or a time with its offset. Never guessed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from importer.mapping.values.converted import Broken, Converted, findings_of, text_series
from importer.mapping.values.date_formats import ISO, Moments, example, read_moments, shape
from importer.mapping.values.date_hints import why_not_understood
from importer.mapping.values.transforms import plainly_spaced, trimmed
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

    `formats` are those of `date_formats`; ISO dates are understood beside them (unless a format says `%Y-%d-%m`).
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
    moments = _read(texts, rule, broken, _rows_of(series))
    zone = ZoneInfo(rule.timezone)
    if rule.date_only:
        moments = _days_of(moments, zone)
    micros = _instants(moments, zone, broken, rule)
    _check_window(moments, micros, rule, broken)
    warnings = _centuries(texts, moments, micros, rule, broken)
    understood = moments.fits.copy()
    understood[list(broken)] = False
    written = pa.array(_written(moments, micros, rule), TEXT)
    values = pc.if_else(pa.array(understood), written, scalar("")).take(pa.array(codes))
    findings = [findings_of(series, codes, broken), findings_of(series, codes, warnings, warning=True)]
    return Converted(values=text_series(values, series.index), findings=Problems.together(findings))


def _rows_of(series: pd.Series[str]) -> str:
    """The rows that were seen together, as a hint names them."""
    first, last = (series.index[0], series.index[-1]) if len(series) else (0, 0)
    return f"rows {first} to {last}" if first != last else f"row {first}"


def _read(texts: Any, rule: DateRule, broken: dict[int, Broken], rows: str) -> Moments:
    """What the formats read; a text that two formats read differently is broken, and so is one that none reads."""
    formats = [*rule.formats] if any("%Y-%d-%m" in name for name in rule.formats) else [*rule.formats, ISO]
    merged = read_moments(texts, formats[0])
    reader = np.zeros(len(texts), dtype=np.int64)
    for number, name in enumerate(formats[1:], start=1):
        more = read_moments(texts, name)
        differs = (more.clock != merged.clock) | (more.offset != merged.offset)
        for place in np.flatnonzero(merged.fits & more.fits & differs):
            broken[int(place)] = _two_readings(formats[reader[place]], name)
        reader = np.where(more.fits & ~merged.fits, number, reader)
        merged = _merged(merged, more)
    _explain(texts, merged, rule, broken, rows)
    return merged


def _two_readings(one: str, other: str) -> Broken:
    return Broken(
        code="date-ambiguous",
        detail=f"fits both {shape(one)} and {shape(other)} of the mapping, as different dates",
        fix="Keep only the right format in the mapping.",
    )


def _merged(one: Moments, other: Moments) -> Moments:
    """The readings of one format, and where it has none those of the other."""
    first = one.fits
    return Moments(
        fits=first | other.fits,
        clock=np.where(first, one.clock, other.clock),
        offset=np.where(first, one.offset, other.offset),
        has_offset=np.where(first, one.has_offset, other.has_offset),
        has_time=np.where(first, one.has_time, other.has_time),
    )


def _explain(texts: Any, moments: Moments, rule: DateRule, broken: dict[int, Broken], rows: str) -> None:
    """Add why each text that is not blank was not understood."""
    places = np.flatnonzero(~moments.fits & np.asarray(pc.not_equal(texts, ""))).tolist()
    if not places:
        return
    if rule.formats:
        shapes = " or ".join(map(shape, rule.formats))
        detail = f"is not a date of the form {shapes}, for example {example(rule.formats[0])}"
        why = [Broken(code="date-invalid", detail=detail)] * len(places)
    else:
        why = why_not_understood(texts.take(pa.array(places)), rows)
    broken.update(zip(places, why, strict=True))


def _days_of(moments: Moments, zone: ZoneInfo) -> Moments:
    """The days that the moments fall on in the zone, without time and offset."""
    clock = moments.clock
    if moments.has_offset.any():
        utc = pd.DatetimeIndex(clock - moments.offset.astype("timedelta64[m]"), tz="UTC")
        clock = np.where(moments.has_offset, utc.tz_convert(zone).tz_localize(None).to_numpy(), clock)
    nothing = np.zeros(len(clock), dtype=bool)
    days = clock.astype("datetime64[D]").astype("datetime64[us]")
    return replace(moments, clock=days, has_offset=nothing, has_time=nothing)


def _instants(moments: Moments, zone: ZoneInfo, broken: dict[int, Broken], rule: DateRule) -> NDArray[np.int64]:
    """Microseconds since 1970 for each moment that fits; times that a zone skips or repeats are broken."""
    micros = moments.clock.astype(np.int64) - moments.offset * 60_000_000
    naive = np.flatnonzero(moments.fits & ~moments.has_offset)
    local = pd.DatetimeIndex(moments.clock[naive]).tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    micros[naive] = local.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
    for place in naive[np.asarray(local.isna())]:
        wall = moments.clock[place].item()
        if moments.has_time[place]:
            broken[int(place)] = _not_once(wall, zone, rule.timezone)
        else:
            # A day begins with its first moment, whatever the clock shows then.
            micros[place] = (wall.replace(tzinfo=zone).astimezone(UTC) - _EPOCH) // _MICRO
    return micros


def _not_once(wall: datetime, zone: ZoneInfo, name: str) -> Broken:
    first = wall.replace(tzinfo=zone)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall:
        return Broken(code="date-nonexistent", detail=f"did not exist in {name}: clocks went forward and skipped it")
    offsets = [_offset_text(moment) for moment in (first, first.replace(fold=1))]
    return Broken(
        code="date-twice",
        detail=f"existed twice in {name}: clocks went back, so it occurred twice",
        fix=f"Add the UTC offset: {' or '.join(offsets)}.",
    )


def _offset_text(moment: datetime) -> str:
    return moment.isoformat()[-6:]


def _check_window(moments: Moments, micros: NDArray[np.int64], rule: DateRule, broken: dict[int, Broken]) -> None:
    """Add what lies before `earliest` or after `latest`."""
    bounds = (("before", rule.earliest, micros.__lt__), ("after", rule.latest, micros.__gt__))
    for word, bound, beyond in bounds:
        if bound is None:
            continue
        outside = moments.fits & np.asarray(beyond((bound - _EPOCH) // _MICRO))
        why = Broken(code="date-out-of-range", detail=f"lies {word} {bound:%Y-%m-%d}")
        for place in np.flatnonzero(outside):
            broken.setdefault(int(place), why)


def _centuries(
    texts: Any, moments: Moments, micros: NDArray[np.int64], rule: DateRule, broken: dict[int, Broken]
) -> dict[int, Broken]:
    """Warn of what a two-digit year puts into the future; add what is too far ahead to `broken`."""
    short = [name for name in rule.formats if "%y" in name]
    if rule.now is None or not short:
        return {}
    future = np.flatnonzero(moments.fits & (micros > (rule.now + _ONE_DAY - _EPOCH) // _MICRO))
    ahead = texts.take(pa.array(future))
    read_short = np.any([read_moments(ahead, name).fits for name in short], axis=0)
    warnings = {}
    for place in future[read_short].tolist():
        day = str(moments.clock[place])[:10]
        earlier = f"{int(day[:4]) - 100}{day[4:]}"
        if int(day[:4]) > rule.now.year + _YEARS_AHEAD:
            broken.setdefault(place, _century_open(day, earlier))
        elif place not in broken:
            warnings[place] = Broken(
                code="date-in-future", detail=f"is read as {day}: a year from 00 to 68 is one from 2000 to 2068"
            )
    return warnings


def _century_open(day: str, earlier: str) -> Broken:
    return Broken(
        code="date-ambiguous",
        detail=f"could be {earlier} or {day}: its year has no century",
        fix="Write the year with four digits. In a spreadsheet, give the column a date format with YYYY and export it "
        "again; then replace %y in the mapping with %Y.",
    )


def _written(moments: Moments, micros: NDArray[np.int64], rule: DateRule) -> Any:
    if rule.unit is not None:
        return pc.cast(pa.array(micros // _PER_UNIT[rule.unit]), TEXT)
    if rule.date_only:
        return np.datetime_as_string(moments.clock, unit="D").astype(object)
    seconds = np.datetime_as_string(moments.clock, unit="s").astype(object)
    fraction = (moments.clock.astype(np.int64) % 1_000_000).astype(object)
    offset = (moments.clock.astype(np.int64) - micros) // 1_000_000
    endings = {(part, shift): _ending(part, shift) for part, shift in set(zip(fraction, offset.tolist(), strict=True))}
    both: NDArray[np.object_] = seconds + np.array(
        [endings[pair] for pair in zip(fraction, offset.tolist(), strict=True)], dtype=object
    )
    return both


def _ending(micros: int, offset: int) -> str:
    """Fraction of the second and offset, as ISO 8601 writes them."""
    sign, (minutes, seconds) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    fraction = f".{micros:06d}".rstrip("0") if micros else ""
    return f"{fraction}{sign}{minutes // 60:02d}:{minutes % 60:02d}" + (f":{seconds:02d}" if seconds else "")
