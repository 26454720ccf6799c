"""What became of a row and of its follow-ups: the words of the report."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pyarrow as pa

    from importer.model.lead_preview import LeadPreview


class RowStatus(StrEnum):
    """Exactly one per row; see docs/statuses.md for what each promises."""

    VALID = "valid"
    INVALID = "invalid"
    DUPLICATE_IN_FILE = "duplicate_in_file"
    CONFLICT_IN_FILE = "conflict_in_file"
    FILTERED = "filtered"
    SKIPPED_KNOWN = "skipped_known"
    CREATED = "created"
    DUPLICATE = "duplicate"
    CREATED_UNCONFIRMED = "created_unconfirmed"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    PENDING = "pending"


class Tone(StrEnum):
    """How serious a status is, and so how it is colored."""

    GOOD = "good"
    CALM = "calm"
    WAITING = "waiting"
    PERSON = "person"
    """Somebody has to look at the row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A status in plain words: `label` for tables, `clause` to go on after a number, `meaning` as a sentence.

    `promise` and `next_step` say in Markdown what it promises and what to do (docs/statuses.md is made from them).
    `is_fixable`: the row itself is wrong; of others that need attention it is not known what became of them.
    `is_never_sent`: it was decided before the first request that nothing of the row is sent.
    """

    label: str
    clause: str
    meaning: str
    promise: str
    next_step: str = "nothing"
    tone: Tone
    is_fixable: bool = False
    is_never_sent: bool = False


STATUSES: Final[dict[RowStatus, Wording]] = {
    RowStatus.CREATED: Wording(
        label="created",
        clause="created",
        meaning="The CRM confirmed that it created the lead.",
        promise="Saleschat confirmed that it created this lead",
        tone=Tone.GOOD,
    ),
    RowStatus.VALID: Wording(
        label="valid",
        clause="ready to be sent",
        meaning="Ready: a run would send this row.",
        promise="only after `check`: a run would send it",
        tone=Tone.GOOD,
    ),
    RowStatus.DUPLICATE: Wording(
        label="already there",
        clause="already there",
        meaning="The lead existed before this run and was not changed.",
        promise="the lead existed before any request that could have created it",
        next_step="nothing; by default it gets no assignment and no event (`--on-duplicate`)",
        tone=Tone.CALM,
    ),
    RowStatus.SKIPPED_KNOWN: Wording(
        label="known, skipped",
        clause="skipped as known",
        meaning="The lead is known from an earlier run, so it is not sent again.",
        promise="`--skip-known` was given and the lead is known from an earlier run",
        tone=Tone.CALM,
        is_never_sent=True,
    ),
    RowStatus.DUPLICATE_IN_FILE: Wording(
        label="repeated in the file",
        clause="repeated in the file",
        meaning="Another row has the same CRM id; only that row is sent.",
        promise=(
            "another row has the same `crm_id` and the same content, or the mapping picked another row of that id; "
            "never sent"
        ),
        tone=Tone.CALM,
        is_never_sent=True,
    ),
    RowStatus.FILTERED: Wording(
        label="left out",
        clause="left out by the mapping",
        meaning="The mapping’s `where` excludes this row.",
        promise="the mapping's `where` excludes it",
        tone=Tone.CALM,
        is_never_sent=True,
    ),
    RowStatus.PENDING: Wording(
        label="pending",
        clause="still pending",
        meaning="Not sent or not answered yet. To continue: `importer resume`.",
        promise="not finished, because the run was stopped",
        next_step="`importer resume`",
        tone=Tone.WAITING,
    ),
    RowStatus.INVALID: Wording(
        label="invalid",
        clause="invalid",
        meaning="The row breaks a rule, so it is not sent.",
        promise="it breaks a rule; it was never sent",
        next_step="fix it; its [problem codes](problem-codes.md) say how",
        tone=Tone.PERSON,
        is_fixable=True,
        is_never_sent=True,
    ),
    RowStatus.CONFLICT_IN_FILE: Wording(
        label="in conflict",
        clause="in conflict with another row",
        meaning="Several rows have the same CRM id but different content, so none of them is sent.",
        promise=(
            "another row has the same `crm_id` but different content. No row of the group is sent, because a lead "
            "cannot be changed once it is created"
        ),
        next_step="keep the right one, or set `duplicates.in_file` in the [mapping](mapping.md#duplicates)",
        tone=Tone.PERSON,
        is_fixable=True,
        is_never_sent=True,
    ),
    RowStatus.REJECTED: Wording(
        label="rejected",
        clause="rejected by the CRM",
        meaning="The CRM refused this row.",
        promise=(
            "Saleschat refused this row, for its content or because another lead has, say, its phone number; the "
            "message has its own words"
        ),
        next_step="fix it",
        tone=Tone.PERSON,
        is_fixable=True,
    ),
    RowStatus.CREATED_UNCONFIRMED: Wording(
        label="unconfirmed",
        clause="unconfirmed",
        meaning="The lead exists, but who created it is not known: an unanswered request of this run or somebody else.",
        promise=(
            "the lead exists now. It was created by an earlier request that was never answered, or by somebody else; "
            "or the server also answers 200 for leads that exist"
        ),
        next_step=(
            "look at the lead in Saleschat; then `importer resolve RUN --as ours` (or `existing`) and `importer "
            "resume RUN` for its assignment and events"
        ),
        tone=Tone.PERSON,
    ),
    RowStatus.UNKNOWN: Wording(
        label="unknown",
        clause="unknown",
        meaning="The lead may or may not exist; all attempts are used up.",
        promise="it may or may not exist: all attempts are used up without an answer that proves anything",
        next_step="look for the lead in Saleschat; `importer resume RUN --retry-failed` tries again",
        tone=Tone.PERSON,
    ),
}
"""Every status, in the order in which a report shows them."""

NEEDS_A_PERSON: Final = frozenset(status for status, wording in STATUSES.items() if wording.tone is Tone.PERSON)
"""The statuses that make the exit code 1 and put the row into rejects.csv."""

NEVER_SENT: Final = frozenset(status for status, wording in STATUSES.items() if wording.is_never_sent)
"""The statuses of rows of which no request is ever made."""


class FollowUp(StrEnum):
    """The state of an assignment, or of a row's events together."""

    NONE = ""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    PENDING = "pending"

    @classmethod
    def worst(cls, states: "list[FollowUp]") -> "FollowUp":
        """The state that represents several: the one that needs attention most."""
        return max(states, key=_SEVERITY.__getitem__, default=cls.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpWording:
    """A state in plain words: `promise` and `next_step` as for a status; `failure` goes on after `The assignment …`.

    Only states that somebody has to look at have a `failure`.
    """

    promise: str
    next_step: str = "nothing"
    failure: str = ""


FOLLOW_UPS: Final[dict[FollowUp, FollowUpWording]] = {
    FollowUp.NONE: FollowUpWording(
        promise="none was asked for, or none was sent because the lead was not created",
    ),
    FollowUp.ACCEPTED: FollowUpWording(
        promise="Saleschat accepted it (its answer is “accepted”, not “done”)",
    ),
    FollowUp.PENDING: FollowUpWording(
        promise="not finished, because the run was stopped",
        next_step="`importer resume`",
    ),
    FollowUp.HELD: FollowUpWording(
        promise=(
            "not sent on purpose: it is in doubt whether this run created the lead, its assignment failed, or its "
            "`crm_id` cannot be part of a URL and its `lead_id` is not known"
        ),
        next_step=(
            "do it by hand in Saleschat; after a failed assignment `importer resume RUN --retry-failed` does both"
        ),
        failure="was held back on purpose",
    ),
    FollowUp.UNKNOWN: FollowUpWording(
        promise="all attempts are used up without an answer that proves anything",
        next_step="look in Saleschat; `importer resume RUN --retry-failed` tries again",
        failure="may or may not have happened: no clear answer",
    ),
    FollowUp.REJECTED: FollowUpWording(
        promise="Saleschat refused it; the message has its own words",
        next_step="fix the owner or the event",
        failure="was refused",
    ),
}
"""Every state, from best to worst."""

STATES_FOR_A_PERSON: Final = frozenset(state for state, wording in FOLLOW_UPS.items() if wording.failure)
"""The states of a follow-up that somebody has to look at."""

_SEVERITY: Final = {state: place for place, state in enumerate(FOLLOW_UPS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultBatch:
    """Lines of the report in columns: rows of one source in the order of their numbers, read from the journal alone.

    `table` has `number`, `crm_id`, `status`, `lead_id`, `assign`, `assigned_to` and `events`, `message` (what happened)
    and `hint` (what to do) in one line each, `attempts`, `http_status`, `error_code`, `finished_at` (ISO 8601 in UTC),
    `problems` and `warnings` (the codes, joined with `;`), and `needs_attention`. Texts are `""` where there is
    nothing to say, numbers null.

    `problems` has the `number`, `code`, `column`, `field`, `value`, `message`, `hint` and `warning` of each finding, in
    the order of the rows; `cells` the source's cells of the rows that need attention, in their order, a column for each
    (null where they are not kept); `leads` what is or would be sent, a row for each row that is (empty if not kept);
    `previews` the first leads of the run beside their cells.
    """

    source: int
    table: "pa.Table"
    problems: "pa.Table"
    cells: "pa.Table"
    leads: "pa.Table"
    previews: "tuple[LeadPreview, ...]" = ()
