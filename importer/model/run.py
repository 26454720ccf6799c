"""A run: what was asked for, how far it came, and what it amounts to."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from importer.model.examination import Examination, OwnerCount
from importer.model.operation import Kind
from importer.model.outcome import FollowUp
from importer.model.proposal import ProposedMapping
from importer.model.source import ReadOptions, SourceInfo

STANDARD_INPUT: Final = "-"
"""A file of this name is what is piped in."""


class RunState(StrEnum):
    """How far a run has come. Only the last three are ever shown as the state of an ended run."""

    PREPARING = "preparing"
    PLANNED = "planned"
    SENDING = "sending"
    FINISHED = "finished"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class OnDuplicate(StrEnum):
    """What a lead that exists already gets."""

    SKIP = "skip"
    FOLLOW_UP = "follow-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What a person asked for, kept with the run so that `resume` needs nothing but the journal.

    `files` and `mapping_path` stand as they were given; `mapping_text` is the mapping as it was then. `rate` is in
    requests per second and endpoint (0: no limit, `None`: the published one), `settle` and `timeout` in seconds.
    `max_invalid` is a number (`12`), a share (`5%`), or empty. Where no mapping was given, `proposed` says what was
    guessed, and nothing may be sent. `lookups` are the paths of the files that the mapping looks values up in,
    with the SHA-256 of each. It never holds a credential.
    """

    files: tuple[str, ...]
    mapping_path: str
    mapping_text: str
    options: ReadOptions = field(default_factory=ReadOptions)
    limit: int | None = None
    max_invalid: str = ""
    base_url: str = ""
    org: str = ""
    sandbox: bool = False
    rate: float | None = None
    concurrency: int = 16
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    skip_known: bool = False
    accept_drift: bool = False
    canary: bool = True
    settle: float = 60.0
    assign_spacing: float = 10.0
    assume_new: bool = False
    timeout: float = 60.0
    lookups: dict[str, str] = field(default_factory=dict)
    proposed: ProposedMapping | None = None

    @property
    def is_piped(self) -> bool:
        """Whether a list of it was piped in, so that nobody can read it a second time."""
        return STANDARD_INPUT in self.files


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """How many requests were made of each kind, and how many of all were throttled or repeated."""

    sent: dict[Kind, int] = field(default_factory=dict)
    throttled: int = 0
    retried: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """The attempts of one endpoint that ended within ten seconds from `at` (UTC), each counted once.

    An attempt `settled` its call, or the call was made again: because it was `throttled`, or `repeated` for another
    reason.
    """

    kind: str
    at: str
    settled: int = 0
    throttled: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What sending would take: rows, requests, and seconds at the given rates."""

    rows_to_send: int = 0
    requests: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A run and those that imported its corrected rows, as one: what became of the `rows` of the run `first`.

    `created` leads at first and `mended` later; `left` rows still need attention, or are not sent yet.
    The rest of `rows` needs nothing: duplicates, and rows that are left out on purpose.
    """

    first: str
    rows: int
    created: int
    mended: int
    left: int

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        rest = self.rows - self.created - self.mended - self.left
        counts = [
            f"{self.created:,} created at first",
            f"{self.mended:,} after fixing",
            f"{self.left:,} left",
            *([f"{rest:,} need nothing"] if rest > 0 else []),
            *([f"{-rest:,} of them new in later files"] if rest < 0 else []),
        ]
        return f"{self.rows:,} {'row' if self.rows == 1 else 'rows'} of run {self.first}: {', '.join(counts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """A user, and the state of the assignments to them."""

    name: str
    states: Counter[FollowUp]

    @property
    def rows(self) -> int:
        """All rows that name this user."""
        return self.states.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSource:
    """A source of a run with the number of its rows."""

    info: SourceInfo
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A run as its report shows it. Read from the journal alone.

    `counts`, `problems` and the `follow_ups` of each kind are keyed by the words of the report; times are ISO 8601 in
    UTC. `assigned` names the users with most rows first; `repeated` counts the rows whose create took more than one
    attempt.
    `mends` is the run whose rejected rows this one imported; a run without such relatives has no story.
    """

    run_id: str
    command: str
    state: RunState
    exit_code: int
    reason: str
    sources: tuple[ReadSource, ...]
    mapping_path: str
    mapping_sha256: str
    org: str
    base_url: str
    started_at: str
    finished_at: str
    seconds: float
    rows: int
    counts: dict[str, int] = field(default_factory=dict)
    follow_ups: dict[Kind, dict[str, int]] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    requests: Requests = field(default_factory=Requests)
    estimate: Estimate = Estimate()
    examination: Examination = field(default_factory=Examination)
    owners: tuple[OwnerCount, ...] = ()
    assigned: tuple[Assigned, ...] = ()
    repeated: int = 0
    traffic: tuple[Traffic, ...] = ()
    mends: str = ""
    story: Story | None = None
    proposed: ProposedMapping | None = None
