"""What the sandbox has really stored, whatever it answered."""

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from importer.sandbox.endpoints import StoredLead


class State:
    """The leads of every organization. Safe to read from another thread than the server's."""

    def __init__(self, existing: Iterable[tuple[str, str, str]] = ()) -> None:
        self._lock = threading.Lock()
        self._by_crm_id: dict[tuple[str, str], StoredLead] = {}
        self._by_lead_id: dict[tuple[str, str], StoredLead] = {}
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

    def change(
        self, org: str, reference: str, effect: Callable[[StoredLead, dict[str, Any]], None], sent: dict[str, Any]
    ) -> bool:
        """Do to the lead of this UUID or CRM id what was sent; false if there is no such lead."""
        with self._lock:
            lead = self._find(org, reference)
            if lead is not None:
                effect(lead, sent)
            return lead is not None

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
                "leads": [{**asdict(lead), "owner": lead.owner} for lead in self._by_crm_id.values()],
                "requests": {endpoint: dict(answers) for endpoint, answers in self._answers.items()},
                "faults": dict(self._faults),
            }

    def _keep(self, lead: StoredLead) -> None:
        self._by_crm_id[(lead.org, lead.crm_id)] = lead
        self._by_lead_id[(lead.org, lead.lead_id)] = lead

    def _find(self, org: str, reference: str) -> StoredLead | None:
        return self._by_lead_id.get((org, reference)) or self._by_crm_id.get((org, reference))
