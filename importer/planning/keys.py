"""The key of an event: what makes its repetition harmless."""

import hashlib
import uuid

from importer.planning.bodies import json_text


def distinct_id(*, origin: str, org: str, crm_id: str, event: str, key: str) -> str:
    """The `distinct_id` of an event of a lead: 36 characters, the contract's limit.

    A pure function of what the event is, and of nothing that a second run or a second attempt would change (no run,
    row, attempt or attributes), so that the CRM recognises an event that is sent again. `origin` is the server, `key`
    the mapping's occurrence key. The first 16 bytes of the SHA-256 of a compact JSON array, printed as a UUID.
    """
    name = json_text(["importer-v1", origin, org, crm_id, event, key])
    return str(uuid.UUID(bytes=hashlib.sha256(name.encode()).digest()[:16]))
