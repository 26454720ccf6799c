"""Chance that can be repeated: which request meets which fault."""

import hashlib
import random
from collections import Counter
from dataclasses import dataclass
from typing import Final

from importer.sandbox.endpoints import Endpoint
from importer.sandbox.faults import Fault, Faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """What the dice say about one request: the fault it meets, the status for it, and seconds of delay."""

    fault: Fault | None = None
    status: int = 0
    delay: float = 0.0


SPARED: Final = Roll()


class Dice:
    """Decides which request meets which fault.

    The n-th attempt of the same request (endpoint, path and body) always meets the same fault under the same seed,
    whatever else is under way, so that a rehearsal can be repeated.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._rates = [(fault, faults.rate(fault)) for fault in Fault if faults.rate(fault)]
        self._attempts: Counter[bytes] = Counter()

    def roll(self, endpoint: Endpoint, path: bytes, body: bytes) -> Roll:
        """The fate of this request."""
        if endpoint not in self._faults.endpoints or not (self._rates or self._faults.slow):
            return SPARED
        request = hashlib.blake2b(b"\0".join((endpoint.encode(), path, body)), digest_size=16).digest()
        self._attempts[request] += 1
        attempt = self._attempts[request]
        if self._faults.attempts is not None and attempt > self._faults.attempts:
            return SPARED
        return self._fate(random.Random(b"%d %d %s" % (self._faults.seed, attempt, request)))

    def _fate(self, dice: random.Random) -> Roll:
        faults = self._faults
        fault = self._choose(dice.random())
        gateway = fault in (Fault.GATEWAY_BEFORE, Fault.GATEWAY_AFTER)
        status = dice.choice(faults.gateway_status) if gateway else faults.error_status
        slow = dice.random() < faults.slow
        delay = faults.slow_seconds + dice.random() * faults.slow_jitter if slow else 0.0
        return Roll(fault=fault, status=status, delay=delay)

    def _choose(self, point: float) -> Fault | None:
        for fault, rate in self._rates:
            if point < rate:
                return fault
            point -= rate
        return None
