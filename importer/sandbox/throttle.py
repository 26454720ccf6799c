"""How many requests the sandbox accepts: a token bucket per organization and endpoint.

Written here because the in-process limiters at hand count by the wall clock or in windows, and a test of pacing
needs the exact moment at which the next request is accepted.
"""

from collections.abc import Callable


class Throttle:
    """Buckets that hold at most `burst` tokens and regain `rate` tokens a second; a rate of 0 throttles nothing."""

    def __init__(self, *, rate: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def accepts(self, org: str, endpoint: str) -> bool:
        """Whether there is a token for this request, which is then used up."""
        if not self._rate:
            return True
        now = self._monotonic()
        tokens, since = self._buckets.get((org, endpoint), (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        # A token that is short by a rounding error is a token.
        accepted = tokens >= 1 - 1e-9
        self._buckets[(org, endpoint)] = (max(tokens - 1, 0.0) if accepted else tokens, now)
        return accepted
