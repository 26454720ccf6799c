"""How much a child may take to read one workbook, so that a file nobody thought of cannot take the whole machine."""

from __future__ import annotations

import faulthandler
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

with suppress(ImportError):  # there is none on Windows
    import resource

WALL_CLOCK_TOLD: Final = "Timeout ("
"""So begins what `faulthandler` writes before it ends the child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Memory in bytes, computing time in seconds, and seconds that may pass until the next rows are ready.

    Memory and computing time are limited by the system, where it can (not on Windows).
    """

    memory: int = 2 << 30
    computing: int = 300
    waiting: int = 600

    def take_hold(self) -> None:
        """From now on this very child is limited."""
        if "resource" not in sys.modules:
            return
        _set(resource.RLIMIT_CORE, 0)
        _set(resource.RLIMIT_CPU, self.computing)
        _set(resource.RLIMIT_AS, self.memory)

    def start_waiting(self) -> None:
        """End the child unless `stop_waiting` comes in time; this works even while a library computes."""
        faulthandler.dump_traceback_later(self.waiting, exit=True, file=sys.stderr)

    @staticmethod
    def stop_waiting() -> None:
        """The child has done what it was waited for."""
        faulthandler.cancel_dump_traceback_later()


def _set(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    # The hard limit of computing time kills without a word, so it comes a little later.
    later = most + 5 if kind == resource.RLIMIT_CPU and hard == resource.RLIM_INFINITY else most
    resource.setrlimit(kind, (most, later))
