"""One command as a whole: wall time, CPU time and peak memory, its child processes and theirs included.

CPU time is what the kernel reports at the end (`wait4`). Memory is sampled every 20 ms: the sum of the resident memory
of all its processes, shared pages counted in each (Linux; elsewhere the largest process alone). The samples also hold
the CPU time used so far.
"""

import os
import signal
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PERIOD: Final = 0.02
_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to start; `good` are the exit codes that mean that the work was done."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    stdin: Path | None = None
    good: tuple[int, ...] = (0,)
    shown: str = ""


@dataclass(kw_only=True)
class Measured:
    """What a command took. Seconds and MiB; `line` is (monotonic time, CPU seconds so far)."""

    wall: float
    cpu: float
    peak: float
    exit_code: int
    error: str
    began: float
    line: list[tuple[float, float]]

    def cpu_between(self, first: float, last: float) -> float:
        """CPU seconds between two moments of the monotonic clock."""
        return self._at(last) - self._at(first)

    def _at(self, moment: float) -> float:
        times = [time for time, _ in self.line]
        position = bisect_right(times, moment)
        if position == 0:
            return 0.0
        if position == len(times):
            return self.line[-1][1]
        (before, low), (after, high) = self.line[position - 1], self.line[position]
        return low + (high - low) * (moment - before) / (after - before)


class Failed(Exception):
    """The command did not do its work; the text is the reason."""


def measured(
    command: Command, log: Path, *, longest: float, until: Callable[[], bool] | None = None, kept: bool = False
) -> Measured:
    """Run it to its end, or kill it as soon as `until` is true. Raises Failed when it takes too long or fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as errors, (command.stdin or Path(os.devnull)).open("rb") as given:
        began = time.monotonic()
        started = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env={**os.environ, **command.environment},
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        watch = _Watch(started.pid)
        stopped = False
        while (ended := os.wait4(started.pid, os.WNOHANG))[0] == 0:
            watch.look()
            if until is not None and until():
                stopped = True
            if stopped or time.monotonic() - began > longest:
                _kill(started.pid)
            time.sleep(PERIOD)
        wall = time.monotonic() - began
    _, status, usage = ended
    started.returncode = os.waitstatus_to_exitcode(status)
    largest = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)
    result = Measured(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=max(watch.peak / (1 << 20), largest),
        exit_code=started.returncode,
        error=log.read_text(encoding="utf-8", errors="replace")[-2000:],
        began=began,
        line=watch.line,
    )
    if stopped or kept:
        return result
    if wall > longest:
        raise Failed(f"given up after {longest:.0f} s")
    if result.exit_code not in command.good:
        lines = [line for line in result.error.splitlines() if line.strip()]
        raise Failed(f"exit code {result.exit_code}: {lines[-1][:200] if lines else 'without a message'}")
    return result


def _kill(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


class _Watch:
    """Samples a process and all its descendants."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self.peak = 0
        self.line: list[tuple[float, float]] = []

    def look(self) -> None:
        memory = ticks = 0
        for number in _family(self._leader):
            try:
                stat = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
                memory += int(stat[21]) * _PAGE
                # its own time, and that of its children that have ended
                ticks += sum(map(int, stat[11:15]))
            except (OSError, IndexError):
                continue
        self.peak = max(self.peak, memory)
        self.line.append((time.monotonic(), ticks / _TICK))


def _family(number: int) -> Iterable[int]:
    yield number
    try:
        tasks = list(Path(f"/proc/{number}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return
    for child in children:
        yield from _family(int(child))
