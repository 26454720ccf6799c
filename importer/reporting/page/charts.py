"""The numbers behind the page's pictures, in percent of their width and height."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from importer.model.outcome import STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from importer.model.outcome import Wording

BARS: Final = 60
"""Bars of a timeline at most."""

_VISIBLE: Final = 0.6
"""Percent of the width that even one row of a million gets, so that it is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One status in the bar of all rows."""

    wording: Wording
    count: int
    percent: float
    start: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Rows settled in a stretch of time that begins at `time`."""

    time: str
    count: int
    start: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Rows settled over time: bars of `minutes` minutes each, the tallest of `most` rows."""

    bars: tuple[Bar, ...]
    minutes: int
    most: int
    width: float


def shares(counts: Mapping[str, int]) -> list[Share]:
    """The statuses that occur, side by side from left to right."""
    present = {status: counts[status] for status in STATUSES if counts.get(status)}
    total = sum(present.values())
    widths = {status: max(_VISIBLE, 100 * count / total) for status, count in present.items()}
    scale = 100 / sum(widths.values(), start=0.0) if widths else 0.0
    found: list[Share] = []
    start = 0.0
    for status, count in present.items():
        width = widths[status] * scale
        percent = 100 * count / total
        found.append(Share(wording=STATUSES[status], count=count, percent=percent, start=start, width=width))
        start += width
    return found


def timeline(minutes: Mapping[str, int]) -> Timeline | None:
    """Rows by minute as bars; nothing for a run of fewer than three minutes, which a picture would not explain."""
    times = {datetime.fromisoformat(minute): count for minute, count in minutes.items()}
    if not times:
        return None
    first, last = min(times), max(times)
    length = int((last - first) / timedelta(minutes=1)) + 1
    if length < 3:
        return None
    step = -(-length // BARS)
    sums = [0] * -(-length // step)
    for time, count in times.items():
        sums[int((time - first) / timedelta(minutes=1)) // step] += count
    most = max(sums)
    bars = tuple(
        Bar(
            time=f"{first + timedelta(minutes=index * step):%Y-%m-%d %H:%M}",
            count=count,
            start=100 * index / len(sums),
            height=100 * count / most,
        )
        for index, count in enumerate(sums)
    )
    return Timeline(bars=bars, minutes=step, most=most, width=100 / len(sums))
