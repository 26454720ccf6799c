"""What the sandbox has really stored, whatever it answered."""

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEvent:
    """An event of a lead."""

    event: str
    distinct_id: str
    attributes: dict[str, Any]


@dataclass(slots=True, kw_only=True)
class StoredLead:
    """A lead with everything that was done to it.

    `creates` is 0 for a lead that existed beforehand; `repeats` counts the creates that were refused because it
    existed. `assignments` are all users it was assigned to, in order; the last one owns it. `repeated_events` counts
    the events that were accepted without being recorded again.
    """

    org: str
    lead_id: str
    crm_id: str
    fields: dict[str, Any] = field(default_factory=dict)
    creates: int = 0
    repeats: int = 0
    assignments: list[str] = field(default_factory=list)
    events: list[RecordedEvent] = field(default_factory=list)
    repeated_events: int = 0

    @property
    def owner(self) -> str:
        """The user who has it now, or empty."""
        return self.assignments[-1] if self.assignments else ""


class State:
    """The leads of every organization. Safe to read from another thread than the server's."""

    def __init__(self, existing: Iterable[tuple[str, str, str]] = ()) -> None:
        self._lock = threading.Lock()
        self._by_crm_id: dict[tuple[str, str], StoredLead] = {}
        self._by_lead_id: dict[tuple[str, str], StoredLead] = {}
        self._recorded: set[tuple[str, str, str]] = set()
        self._answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._faults: Counter[str] = Counter()
        for org, lead_id, crm_id in existing:
            self._keep(StoredLead(org=org, lead_id=lead_id, crm_id=crm_id))

    def create(self, org: str, fields: dict[str, Any]) -> StoredLead | None:
        """The new lead, or `None` if the organization has this very `crm_id` already."""
        with self._lock:
            known = self._by_crm_id.get((org, fields["crm_id"]))
            if known is not None:
                known.repeats += 1
                return None
            lead = StoredLead(org=org, lead_id=str(uuid.uuid4()), crm_id=fields["crm_id"], fields=fields, creates=1)
            self._keep(lead)
            return lead

    def assign(self, org: str, reference: str, user: str) -> bool:
        """Give the lead to the user; false if there is no such lead."""
        with self._lock:
            lead = self._find(org, reference)
            if lead is not None:
                lead.assignments.append(user)
            return lead is not None

    def record(self, org: str, reference: str, event: RecordedEvent) -> bool:
        """Record the event unless its `distinct_id` was recorded before; false if there is no such lead."""
        with self._lock:
            lead = self._find(org, reference)
            if lead is None:
                return False
            once = (lead.lead_id, event.event, event.distinct_id)
            if event.distinct_id and once in self._recorded:
                lead.repeated_events += 1
            else:
                self._recorded.add(once)
                lead.events.append(event)
            return True

    def count(self, endpoint: str, answer: str, fault: str = "") -> None:
        """Note what a request was answered with (a status, or `none`), and by which fault."""
        with self._lock:
            self._answers[endpoint][answer] += 1
            if fault:
                self._faults[fault] += 1

    def lead(self, org: str, reference: str) -> StoredLead | None:
        """The lead of this UUID or CRM id."""
        with self._lock:
            return self._find(org, reference)

    @property
    def leads(self) -> tuple[StoredLead, ...]:
        """All leads, in the order of their creation."""
        with self._lock:
            return tuple(self._by_crm_id.values())

    def answers(self, endpoint: str) -> dict[str, int]:
        """How many requests of an endpoint got which answer: `{"200": 3, "429": 1, "none": 1}`."""
        with self._lock:
            return dict(self._answers[endpoint])

    def snapshot(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        with self._lock:
            return {
                "leads": [_shown(lead) for lead in self._by_crm_id.values()],
                "requests": {endpoint: dict(answers) for endpoint, answers in self._answers.items()},
                "faults": dict(self._faults),
            }

    def _keep(self, lead: StoredLead) -> None:
        self._by_crm_id[(lead.org, lead.crm_id)] = lead
        self._by_lead_id[(lead.org, lead.lead_id)] = lead

    def _find(self, org: str, reference: str) -> StoredLead | None:
        return self._by_lead_id.get((org, reference)) or self._by_crm_id.get((org, reference))


def _shown(lead: StoredLead) -> dict[str, Any]:
    return {
        "org": lead.org,
        "lead_id": lead.lead_id,
        "crm_id": lead.crm_id,
        "fields": lead.fields,
        "creates": lead.creates,
        "repeats": lead.repeats,
        "owner": lead.owner,
        "assignments": list(lead.assignments),
        "events": [
            {"event": event.event, "distinct_id": event.distinct_id, "attributes": event.attributes}
            for event in lead.events
        ],
        "repeated_events": lead.repeated_events,
    }
