"""The states of an operation in the journal."""

from enum import StrEnum


class OperationState(StrEnum):
    """`blocked` → `planned` → `intent` → one of the rest; a create begins as `planned`.

    A graceful end leaves no `intent`; one that is found on opening belongs to a request that may have had effect.
    """

    BLOCKED = "blocked"
    """Waits for the operation before it."""
    PLANNED = "planned"
    """May be sent."""
    INTENT = "intent"
    """Bytes may have left."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    """Not sent on purpose; `resolve` may release it."""
    DROPPED = "dropped"
    """Will never be sent: the lead was a duplicate or was refused."""
