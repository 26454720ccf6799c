"""What the CRM says it stored, against what was sent: the only look at a lead that the API gives."""

import json
from typing import Any


def echo_warnings(body: bytes, answer: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """(problem code, detail) for each way in which the answer to a create differs from its body."""
    sent: dict[str, Any] = json.loads(body)
    warnings = []
    if (echoed := answer.get("crm_id", sent["crm_id"])) != sent["crm_id"]:
        warnings.append(("crm-id-normalised", f"the CRM calls it {echoed!r}"))
    differing = [
        name for name, value in sent.items() if name not in ("crm_id", "attributes") and _differs(answer, name, value)
    ]
    stored = answer.get("attributes")
    if isinstance(stored, dict):
        differing += [f"attributes.{name}" for name, value in sent["attributes"].items() if stored.get(name) != value]
    if differing:
        warnings.append(("echo-mismatch", f"the CRM stored another value for {', '.join(differing)}"))
    return tuple(warnings)


def _differs(answer: dict[str, Any], name: str, value: object) -> bool:
    """A field that the answer leaves out says nothing."""
    return name in answer and answer[name] != value
