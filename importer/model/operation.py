"""The calls that a run will carry out, each of them once."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """The endpoints of the Leads API, in the order in which the requests of a row are made."""

    CREATE = "create"
    ASSIGN = "assign"
    EVENT = "event"

    @property
    def about(self) -> "RequestKind":
        """Its entry in the table of kinds."""
        return KINDS_OF_REQUESTS[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """What reports call the requests of one kind, and how long a follow-up may be sent again.

    `column` is the column of results.csv that shows how they ended, `purpose` follows a number of them, and `subject`
    begins the sentence about one that failed. A follow-up whose unanswered request is older than `stale_after` is not
    sent again: a person may have assigned the lead to somebody else since, and nobody promises for how long the server
    knows a `distinct_id`.
    """

    noun: str
    column: str
    title: str
    purpose: str
    subject: str
    stale_after: timedelta = timedelta.max


KINDS_OF_REQUESTS: Final = {
    Kind.CREATE: RequestKind(
        noun="create", column="create", title="Create leads", purpose="to create leads", subject="The create"
    ),
    Kind.ASSIGN: RequestKind(
        noun="assignment",
        column="assign",
        title="Assign leads",
        purpose="to assign leads",
        subject="The assignment",
        stale_after=timedelta(hours=1),
    ),
    Kind.EVENT: RequestKind(
        noun="event",
        column="events",
        title="Record events",
        purpose="to record events",
        subject="An event",
        stale_after=timedelta(hours=24),
    ),
}
"""One entry for each kind. Its path and rate are in `crm/endpoints.py`, which journal and reports do not know."""

FOLLOW_UP_KINDS: Final = tuple(kind for kind in Kind if kind is not Kind.CREATE)
"""What may follow a create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call to be carried out once: its key and its exact body.

    `key` is what makes a repetition harmless: the `crm_id` of a create, the user of an assignment (last write wins),
    the `distinct_id` of an event. `body` is the request's JSON in UTF-8, byte for byte.
    """

    kind: Kind
    key: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An operation on its way: which row it belongs to and how its lead is addressed.

    `ordinal` counts the operations of a row from 0 (the create). `lead_id` is the CRM's own id once it is known.
    `possibly_sent` says that an earlier request may have had effect without an answer.
    """

    row: "RowId"
    ordinal: int
    operation: Operation
    crm_id: str
    lead_id: str = ""
    attempts: int = 0
    possibly_sent: bool = False


@dataclass(frozen=True, slots=True, order=True)
class RowId:
    """Which row: the position of its source within the run (from 0) and the number that a spreadsheet shows."""

    source: int
    number: int

    def __str__(self) -> str:
        return f"{self.source}:{self.number}"
