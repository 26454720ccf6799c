"""What the rate limiter reaches against servers whose limits it does not know: `python benchmarks/rate_limits.py`.

Prints the tables of docs/reliability.md, in virtual time: the share of the permitted rate that was used, and the share
of requests that were refused, after one minute of adapting.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.crm.test_rate_limiter import LIMITERS, Limiter, Outcome, Window, push
from tests.virtual_time import run_virtually


def cell(outcome: Outcome) -> str:
    return f"{outcome.efficiency:.0%}, {outcome.refused:.1%}"


def _always(limiter: Limiter) -> Callable[[float], Limiter]:
    return lambda _: limiter


def main() -> None:
    print(f"| asked for, permitted (per second) | {' | '.join(LIMITERS)} |")
    print("|---|" + "---|" * len(LIMITERS))
    for ceiling, rate in ((10, 3), (10, 5), (10, 8), (10, 10), (50, 30), (200, 120)):
        cells = []
        for make in LIMITERS.values():
            limiter = make(rate)
            outcome = run_virtually(push(_always(limiter), ceiling=ceiling, seconds=300, settled_after=60, latency=0.1))
            cells.append(cell(outcome))
        print(f"| {ceiling}, {rate} | {' | '.join(cells)} |")
    print("\n| window without `Retry-After` | fixed | sliding |\n|---|---|---|")
    for limit, seconds in ((50, 10), (30, 10), (300, 60), (180, 60)):
        cells = []
        for sliding in (False, True):
            window = Window(limit, seconds, sliding=sliding)
            outcome = run_virtually(push(_always(window), ceiling=10, seconds=900, settled_after=120))
            cells.append(cell(outcome))
        print(f"| {limit} in {seconds} s | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
