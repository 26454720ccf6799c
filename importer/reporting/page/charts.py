"""The numbers behind the page's pictures, in percent of their width and height."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor, log10
from typing import TYPE_CHECKING, Final

from importer.model.operation import Kind
from importer.model.outcome import STATUSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from importer.model.outcome import Wording
    from importer.model.run import Traffic

_VISIBLE_WIDTH: Final = 0.6
"""Percent of the width that even one row of a million gets, so that it is seen."""

_BARS: Final = 72
"""Bars of a panel at most."""

_FEWEST: Final = 3
"""With fewer bars, a picture shows less than the numbers beside it."""

_VISIBLE_HEIGHT: Final = 2.0
"""Percent of the height that even one attempt gets, so that it is seen."""

_STEPS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (10, 20, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400)
)

_ENDINGS: Final = ("settled", "throttled", "repeated")

MEANINGS: Final = {
    "settled": "answered, and done",
    "throttled": "throttled, sent again later",
    "repeated": "no clear answer, sent again",
}
"""What the colors mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One status in the bar of all rows."""

    wording: Wording
    count: int
    percent: float
    start: float
    width: float


def shares(counts: Mapping[str, int]) -> list[Share]:
    """The statuses that occur, side by side from left to right."""
    present = {status: counts[status] for status in STATUSES if counts.get(status)}
    total = sum(present.values())
    widths = {status: max(_VISIBLE_WIDTH, 100 * count / total) for status, count in present.items()}
    scale = 100 / sum(widths.values(), start=0.0) if widths else 0.0
    found: list[Share] = []
    start = 0.0
    for status, count in present.items():
        width = widths[status] * scale
        percent = 100 * count / total
        found.append(Share(wording=STATUSES[status], count=count, percent=percent, start=start, width=width))
        start += width
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The attempts of a bar that ended in one way."""

    ending: str
    top: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The attempts of a stretch of time that begins at `time`."""

    time: str
    start: float
    counts: dict[str, int]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One endpoint: its bars, its attempts by ending, and the most of them in a second."""

    title: str
    bars: tuple[Bar, ...]
    counts: dict[str, int]
    busiest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPicture:
    """All endpoints on one scale: `full` requests a second are 100 %, each bar is `seconds` long."""

    panels: tuple[Panel, ...]
    endings: tuple[str, ...]
    seconds: int
    step: str
    full: float
    width: float
    first: str
    last: str


def traffic_picture(traffic: Sequence[Traffic]) -> TrafficPicture | None:
    """The picture, or nothing for a run that was too short for one."""
    if not traffic:
        return None
    times = [datetime.fromisoformat(each.at) for each in traffic]
    begin, end = min(times), max(times) + _STEPS[0]
    step = next((step for step in _STEPS if (end - begin) / step <= _BARS), (end - begin) / _BARS)
    count = -(-(end - begin) // step)
    if count < _FEWEST:
        return None
    sums = {kind: [Counter[str]() for _ in range(count)] for kind in Kind}
    for time, each in zip(times, traffic, strict=True):
        sums[Kind(each.kind)][(time - begin) // step].update({ending: getattr(each, ending) for ending in _ENDINGS})
    used = {kind: bars for kind, bars in sums.items() if any(bar.total() for bar in bars)}
    seconds = step.total_seconds()
    full = _round(max(bar.total() for bars in used.values() for bar in bars) / seconds)
    starts = [f"{begin + index * step:%Y-%m-%d %H:%M:%S}" for index in range(count)]
    panels = tuple(_panel(kind.about.title, bars, starts, seconds, full) for kind, bars in used.items())
    return TrafficPicture(
        panels=panels,
        endings=tuple(ending for ending in _ENDINGS if any(panel.counts.get(ending) for panel in panels)),
        seconds=round(seconds),
        step=_in_words(seconds),
        full=full,
        width=100 / count,
        first=f"{begin:%Y-%m-%d %H:%M:%S}",
        last=f"{end:%H:%M:%S}" if end.date() == begin.date() else f"{end:%Y-%m-%d %H:%M:%S}",
    )


def _panel(title: str, sums: Sequence[Counter[str]], starts: Sequence[str], seconds: float, full: float) -> Panel:
    bars = tuple(
        Bar(time=time, start=100 * index / len(sums), counts=dict(bar), parts=tuple(_parts(bar, full * seconds)))
        for index, (time, bar) in enumerate(zip(starts, sums, strict=True))
        if bar.total()
    )
    counts = sum(sums, start=Counter[str]())
    return Panel(title=title, bars=bars, counts=dict(counts), busiest=max(bar.total() for bar in sums) / seconds)


def _parts(bar: Counter[str], full: float) -> Iterable[Part]:
    """The endings of a bar, from the ground up."""
    heights = {ending: max(_VISIBLE_HEIGHT, 100 * bar[ending] / full) for ending in _ENDINGS if bar[ending]}
    total = max(_VISIBLE_HEIGHT, 100 * bar.total() / full)
    if len(heights) > 1 and "settled" in heights:  # which makes room, so that the whole bar stays true
        heights["settled"] = max(0.0, total - sum(heights.values()) + heights["settled"])
    top = 100.0
    for ending in _ENDINGS:
        if height := heights.get(ending, 0.0):
            top -= height
            yield Part(ending=ending, top=top, height=height)


def _in_words(seconds: float) -> str:
    for unit, length in (("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:g} s"


def _round(value: float) -> float:
    """The next number that reads well on an axis."""
    scale = 10.0 ** floor(log10(value))
    return next(scale * step for step in (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10) if scale * step >= value * 0.999)
