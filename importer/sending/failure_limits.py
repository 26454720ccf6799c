"""How many failures of one kind in a row are about the run and not about its rows."""

from collections import Counter, defaultdict
from typing import Final

from importer.clock import Clock
from importer.crm.verdict import Action, Stop, Verdict
from importer.model.operation import Kind, RowId
from importer.sending.request_queue import Waiting

SEVERAL: Final = 5
"""So many rows with the same refusal are about the run, even if the endpoint has accepted other rows before."""


class FailureLimits:
    """Counts the verdicts of each kind since the endpoint last accepted a request."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lengths: Counter[tuple[Kind, str]] = Counter()
        # How often each row had it. Rows tried by an earlier process are counted apart: they may be why it stopped.
        self._fresh: defaultdict[tuple[Kind, str], dict[RowId, int]] = defaultdict(dict)
        self._tried_before: defaultdict[tuple[Kind, str], dict[RowId, int]] = defaultdict(dict)
        self._noted_at: dict[str, float] = {}
        self._accepted: set[Kind] = set()

    def note(self, verdict: Verdict, waiting: Waiting, ticket: float) -> Stop | None:
        """Why to stop now, if this verdict on an attempt made at `ticket` reaches a limit."""
        kind = waiting.call.operation.kind
        if verdict.action in (Action.ACCEPT, Action.EXISTS):
            self._accepted.add(kind)
            for counts in (self._lengths, self._fresh, self._tried_before):
                for key in [key for key in counts if key[0] is kind]:
                    del counts[key]
        streak = verdict.streak
        if streak is None or (streak.from_start and self._accepted):
            return None
        key = kind, streak.name
        met = self._tried_before if waiting.tried_before else self._fresh
        met[key][waiting.call.row] = waiting.times(verdict)
        if streak.apart and ticket < self._noted_at.get(streak.name, float("-inf")):
            return None
        self._noted_at[streak.name] = self._clock.monotonic()
        self._lengths[key] += 1
        if streak.of_rows:
            return streak.stop if self._is_about_the_run(verdict, waiting) else None
        return streak.stop if self._lengths[key] >= streak.limit else None

    def _is_about_the_run(self, verdict: Verdict, waiting: Waiting) -> bool:
        assert verdict.streak is not None  # noqa: S101 - the caller looked
        key = waiting.call.operation.kind, verdict.streak.name
        rows = len(self._fresh[key])
        if key[0] in self._accepted:
            return rows >= SEVERAL
        if rows > 1:
            return self._lengths[key] >= verdict.streak.limit
        return self._nobody_else_is_left(verdict, waiting) and not self._others_are_fine(waiting)

    def is_set_aside(self, verdict: Verdict, waiting: Waiting) -> bool:
        """Whether only this row had the verdict, often enough: then it is about the row."""
        assert verdict.streak is not None  # noqa: S101 - the caller looked
        several = len(self._fresh[waiting.call.operation.kind, verdict.streak.name]) >= SEVERAL
        return not several and self._nobody_else_is_left(verdict, waiting) and self._others_are_fine(waiting)

    def _others_are_fine(self, waiting: Waiting) -> bool:
        """Whether a request was accepted, or the row has stopped the run before."""
        return bool(self._accepted) or waiting.tried_before

    def _nobody_else_is_left(self, verdict: Verdict, waiting: Waiting) -> bool:
        """Whether every row with this verdict since the last success has used up its tries."""
        assert verdict.streak is not None  # noqa: S101 - the caller looked
        key = waiting.call.operation.kind, verdict.streak.name
        times = [waiting.times(verdict), *self._fresh[key].values(), *self._tried_before[key].values()]
        return min(times) >= (verdict.tries or 0)
