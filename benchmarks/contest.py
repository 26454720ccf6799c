"""Contestants that take turns at the same work, round after round, so that a busy minute hits all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measuring import Command, Failed, Measured, measured
from benchmarks.settings import Settings

SLOW: Final = 60.0
"""Seconds; a slower contestant is measured at most three times."""


@dataclass(kw_only=True)
class Contestant:
    """A program that does the work. `command` is called for each round and may raise Failed."""

    name: str
    kind: str
    command: Callable[[], Command]
    rounds: dict[int, Measured] = field(default_factory=dict)
    failed: str = ""

    def median(self, what: Callable[[Measured], float]) -> float:
        """The median over the rounds."""
        return median(what(each) for each in self.rounds.values())


def compete(contestants: list[Contestant], settings: Settings, name: str) -> None:
    """Run all contestants in every round. One that fails is left out from then on and keeps the reason."""
    running = [each for each in contestants if settings.wants(each.kind)]
    for number in range(settings.repeat):
        turn = number % len(running) if running else 0
        for each in (*running[turn:], *running[:turn]):
            if each.failed or _is_done(each):
                continue
            if settings.time_is_up():
                each.failed = "" if each.rounds else "not measured: the time was up"
                continue
            settings.say(f"{name}: {each.name}, round {number + 1} of {settings.repeat}")
            try:
                log = settings.cache / "logs" / f"{name}-{each.name}.log".replace("/", "-").replace(" ", "-")
                each.rounds[number] = measured(each.command(), log, longest=settings.longest)
            except Failed as error:
                each.failed = f"not measured: {error}"
                settings.say(f"{name}: {each.name} {each.failed}")


def _is_done(contestant: Contestant) -> bool:
    return len(contestant.rounds) >= 3 and contestant.median(lambda each: each.wall) > SLOW


def ratio(
    one: Contestant, other: Contestant, what: Callable[[Measured], float] = lambda each: each.wall
) -> float | None:
    """The time of one ÷ that of the other: the median over the rounds that both have run."""
    both = [what(one.rounds[n]) / what(other.rounds[n]) for n in one.rounds if n in other.rounds]
    return median(both) if both else None


def table(contestants: list[Contestant], ours: Contestant, rows: int, settings: Settings) -> list[str]:
    """The medians of all contestants, and how many times our time they took."""
    lines = [
        "| | rounds | wall s | from – to | CPU s | peak MiB | rows/s | its time ÷ ours |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in contestants:
        if each.failed and not each.rounds:
            lines.append(f"| {each.name} | {each.failed} | | | | | | |")
        elif each.rounds:
            lines.append(_line(each, ours, rows))
        elif settings.wants(each.kind):
            lines.append(f"| {each.name} | not measured | | | | | | |")
    return lines


def _line(each: Contestant, ours: Contestant, rows: int) -> str:
    wall = each.median(lambda m: m.wall)
    walls = sorted(m.wall for m in each.rounds.values())
    times = ratio(each, ours)
    return (
        f"| {each.name} | {len(each.rounds)} | {wall:.2f} | {walls[0]:.2f} – {walls[-1]:.2f}"
        f" | {each.median(lambda m: m.cpu):.2f} | {each.median(lambda m: m.peak):.0f}"
        f" | {rows / wall:,.0f} | {'' if times is None else f'{times:.2f}'} |"
    )


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A goal: `value` is to be at most (or at least) `limit`."""

    text: str
    value: float | None
    limit: float
    at_least: bool = False
    unit: str = ""

    def line(self, *, holds: bool = True) -> str:
        """A line of the list of goals; with `holds` false the list is too small for the goal to mean anything."""
        if self.value is None:
            return f"- {self.text}: not measured"
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        word = "at least" if self.at_least else "at most"
        verdict = ("met" if met else "MISSED") if holds else "set for 1,000,000 rows"
        goal = f"{word} {self.limit:g}{self.unit}: {verdict}"
        return f"- {self.text}: **{self.value:.3g}{self.unit}** ({goal})"


def fresh(folder: Path) -> Path:
    """The folder, with nothing of an earlier round in it."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
