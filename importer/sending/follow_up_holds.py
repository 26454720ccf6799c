"""Follow-ups that are held although they may be sent now."""

from collections import Counter
from typing import Final

from importer.crm.address import is_addressable
from importer.model.operation import Call, Kind
from importer.model.outcome import FollowUp

REFUSALS: Final = 3
"""A user whose assignments were refused so often, and never accepted, is taken for a user that does not exist."""


class FollowUpHolds:
    """Knows why a follow-up has to be held: it has no address, or every assignment to its user is refused."""

    def __init__(self) -> None:
        self._refused: Counter[str] = Counter()
        self._accepted: set[str] = set()

    def note(self, call: Call, state: FollowUp) -> None:
        """How a follow-up ended; only assignments say something about later ones."""
        if call.operation.kind is not Kind.ASSIGN:
            return
        user = call.operation.key
        if state is FollowUp.ACCEPTED:
            self._accepted.add(user)
        elif state is FollowUp.REJECTED:
            self._refused[user] += 1

    def reason(self, call: Call) -> str:
        """Why this call must not be sent, or the empty text."""
        kind = call.operation.kind
        if kind is Kind.CREATE:
            return ""
        if call.lead_id and not is_addressable(call.lead_id):
            return "the lead_id from the CRM cannot be part of a URL"
        if not call.lead_id and not is_addressable(call.crm_id):
            return "the crm_id cannot be part of a URL, and no lead_id is known"
        user = call.operation.key
        if kind is Kind.ASSIGN and self._refused[user] >= REFUSALS and user not in self._accepted:
            return f"the CRM refused {REFUSALS} assignments to {user} and accepted none"
        return ""
