"""What to do after one attempt, as a value."""

from dataclasses import dataclass
from enum import StrEnum

from importer.crm.conflict_or_throttle import Fingerprint
from importer.exit_codes import ExitCode


class Action(StrEnum):
    """The next step for the call."""

    ACCEPT = "accept"
    """It is done: the answer proves it."""
    EXISTS = "exists"
    """The lead exists; whether it is ours is for the ledger to say."""
    REJECT = "reject"
    """The server refuses this row's content."""
    DOUBT = "doubt"
    """It may have had effect: wait until it cannot any more, then retry."""
    RETRY = "retry"
    """It had no effect: retry."""
    THROTTLE = "throttle"
    """Too fast: wait; the row loses nothing."""
    UNCLEAR = "unclear"
    """A refusal whose meaning is unclear: retry, slowly."""
    STOP = "stop"
    """No row is to blame: stop the run."""


class Ending(StrEnum):
    """How a call ends once its tries are spent."""

    PENDING = "pending"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a run stops, and with which exit code."""

    exit_code: ExitCode
    reason: str
    tip: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """A run stops when the same verdict comes `limit` times with nothing accepted in between.

    `from_start`: only while nothing was accepted in this run at all. `apart`: seconds in which nothing is sent before
    one probe; requests in flight meanwhile do not count. `of_rows`: it may concern single rows, so the run stops only
    when different rows get it one after the other (never without a `stop`); a row that alone gets it is given up.
    """

    name: str
    limit: int = 0
    stop: Stop | None = None
    from_start: bool = False
    apart: float = 0.0
    of_rows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to do after one attempt.

    `possibly_sent`: true sets "may have had effect", false clears it (proof), `None` keeps it. `outage` counts towards
    the circuit breaker. `wait`: seconds that the server or a rule asks for; `pause`: seconds for which the server's
    budget is used up, although this call was accepted. `tries` is how often this row may get this kind of verdict
    before it ends as `ending`; `None`: it is never given up. `warnings` are (problem code, detail). `shape` is that of
    an unclear answer; `likely`: it is the learnt one.
    """

    action: Action
    message: str = ""
    http_status: int | None = None
    error_code: int | None = None
    lead_id: str = ""
    possibly_sent: bool | None = None
    outage: bool = False
    wait: float | None = None
    pause: float | None = None
    tries: int | None = None
    ending: Ending = Ending.PENDING
    streak: Streak | None = None
    stop: Stop | None = None
    warnings: tuple[tuple[str, str], ...] = ()
    shape: Fingerprint | None = None
    likely: bool = False

    @property
    def about_row(self) -> bool:
        """Whether the answer may be about this row alone; only its repetition on other rows says otherwise."""
        return self.streak is not None and self.streak.of_rows
