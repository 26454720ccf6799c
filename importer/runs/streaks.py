"""The same bad news again and again is about the run, not about the rows."""

from collections import Counter

from importer.clock import Clock
from importer.crm.verdict import Action, Stop, Verdict


class Streaks:
    """Counts how often each kind of verdict fell with nothing accepted in between."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lengths: Counter[str] = Counter()
        self._noted_at: dict[str, float] = {}
        self._any_accepted = False

    def note(self, verdict: Verdict, ticket: float) -> Stop | None:
        """Why to stop now, if this verdict on a call that was made at `ticket` completes a streak."""
        if verdict.action in (Action.ACCEPT, Action.EXISTS):
            self._lengths.clear()
            self._any_accepted = True
        streak = verdict.streak
        if streak is None or (streak.from_start and self._any_accepted):
            return None
        if streak.apart and ticket < self._noted_at.get(streak.name, float("-inf")):
            return None
        self._noted_at[streak.name] = self._clock.monotonic()
        self._lengths[streak.name] += 1
        return streak.stop if self._lengths[streak.name] >= streak.limit else None
