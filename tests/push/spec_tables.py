"""What the push must do with every answer, typed anew from docs/reliability.md: data, and nothing of the product's.

An outcome is `label maybe requests exit`: the final word, whether the ledger holds the lead as possibly ours, how many
requests the row may cost, and the exit code when the run stops (`-`: it goes on). `a..b`: as often as probes are made.
"""

import json
from dataclasses import dataclass

# kind of answer | for ever, from the first attempt | for ever, after an unanswered one | once, then the CRM behaves
CREATE = """
not_sent         | pending 0 12..45 4   | pending 1 13..45 4           | created 0 2 -
certificate      | pending 0 1 3        | pending 1 2 3                |
lost             | unknown 1 4 -        | unknown 1 4 -                | created 0 2 -
proof            | created 0 1 -        | created 0 2 -                |
stranger         | unknown 1 1 6        | unknown 1 2 6                |
unproven         | unknown 1 2 -        | unknown 1 3 -               | created 0 2 -
redirect         | rejected 1 2 -       | rejected 1 3 -              | created 0 2 -
content          | rejected 0 1 -       | rejected 1 2 -               |
unauthorized     | pending 0 2 3        | pending 1 3 3                | created 0 2 -
forbidden        | rejected 0 2 -       | rejected 1 3 -              | created 0 2 -
blocked          | rejected 0 2 -       | rejected 1 3 -              | created 0 2 -
no_org           | rejected 0 2 -       | rejected 1 3 -              | created 0 2 -
no_route         | rejected 0 4 -       | rejected 1 5 -              | created 0 2 -
configuration    | rejected 1 2 -       | rejected 1 3 -              | created 0 2 -
request_timeout  | unknown 1 4 -        | unknown 1 4 -                | created 0 2 -
misdirected      | rejected 1 4 -       | rejected 1 4 -              | created 0 2 -
exists           | duplicate 0 1 -      | created_unconfirmed 1 2 -    |
throttle         | pending 0 4..400 4   | pending 1 4..400 4           | created 0 2 -
unclear          | unknown 0 3 -        | unknown 1 4 -                | created 0 2 -
server_error     | unknown 1 4 -        | unknown 1 4 -                | created 0 2 -
"""

FOLLOW_UP = """
not_sent         | pending 0 12..45 4   | pending 0 13..45 4           | accepted 0 2 -
certificate      | pending 0 1 3        | pending 0 2 3                |
lost             | unknown 0 4 -        | unknown 0 4 -                | accepted 0 2 -
accepted         | accepted 0 1 -       | accepted 0 2 -               |
unproven         | unknown 0 2 -        | unknown 0 3 -               | accepted 0 2 -
redirect         | rejected 0 2 -       | rejected 0 3 -              | accepted 0 2 -
content          | rejected 0 1 -       | rejected 0 2 -               |
unauthorized     | pending 0 2 3        | pending 0 3 3                | accepted 0 2 -
forbidden        | rejected 0 2 -       | rejected 0 3 -              | accepted 0 2 -
blocked          | rejected 0 2 -       | rejected 0 3 -              | accepted 0 2 -
no_org           | rejected 0 2 -       | rejected 0 3 -              | accepted 0 2 -
no_lead          | rejected 0 5 -       | rejected 0 6 -               | accepted 0 2 -
no_route         | rejected 0 4 -       | rejected 0 5 -              | accepted 0 2 -
configuration    | rejected 0 2 -       | rejected 0 3 -              | accepted 0 2 -
request_timeout  | unknown 0 4 -        | unknown 0 4 -                | accepted 0 2 -
misdirected      | rejected 0 4 -       | rejected 0 4 -              | accepted 0 2 -
throttle         | pending 0 4..400 4   | pending 0 4..400 4           | accepted 0 2 -
server_error     | unknown 0 4 -        | unknown 0 4 -                | accepted 0 2 -
"""

# status | create: dto, other JSON, HTML, empty, cut off | assignment and event: the same five
STATUSES = """
200 | proof unproven unproven unproven unproven        | unproven unproven unproven unproven unproven
201 | proof unproven unproven unproven unproven        | unproven unproven unproven unproven unproven
202 | proof unproven unproven unproven unproven        | accepted accepted accepted accepted accepted
204 | proof unproven unproven unproven unproven        | unproven unproven unproven unproven unproven
301 | redirect redirect redirect redirect redirect     | redirect redirect redirect redirect redirect
302 | redirect redirect redirect redirect redirect     | redirect redirect redirect redirect redirect
400 | content content content content content          | content content content content content
401 | unauthorized unauthorized unauthorized unauthorized unauthorized \
    | unauthorized unauthorized unauthorized unauthorized unauthorized
403 | forbidden blocked blocked blocked blocked        | forbidden blocked blocked blocked blocked
404 | no_org no_route no_route no_route no_route       | no_lead no_route no_route no_route no_route
405 | configuration configuration configuration configuration configuration \
    | configuration configuration configuration configuration configuration
408 | request_timeout request_timeout request_timeout request_timeout request_timeout \
    | request_timeout request_timeout request_timeout request_timeout request_timeout
409 | exists unclear unclear unclear unclear           \
    | configuration configuration configuration configuration configuration
413 | content content content content content          | content content content content content
415 | content content content content content          | content content content content content
421 | misdirected misdirected misdirected misdirected misdirected \
    | misdirected misdirected misdirected misdirected misdirected
422 | content content content content content          | content content content content content
425 | misdirected misdirected misdirected misdirected misdirected \
    | misdirected misdirected misdirected misdirected misdirected
429 | exists unclear unclear unclear unclear           | throttle throttle throttle throttle throttle
431 | content content content content content          | content content content content content
500 | server_error server_error server_error server_error server_error \
    | server_error server_error server_error server_error server_error
502 | server_error server_error server_error server_error server_error \
    | server_error server_error server_error server_error server_error
503 | server_error server_error server_error server_error server_error \
    | server_error server_error server_error server_error server_error
504 | server_error server_error server_error server_error server_error \
    | server_error server_error server_error server_error server_error
520 | server_error server_error server_error server_error server_error \
    | server_error server_error server_error server_error server_error
"""
BODIES = ("dto", "json", "html", "empty", "cut")


@dataclass(frozen=True)
class Outcome:
    label: str
    possibly_sent: bool
    least: int
    most: int
    exit_code: int | None


def outcome(text: str) -> Outcome | None:
    if not text.strip():
        return None
    label, maybe, requests, code = text.split()
    least, _, most = requests.partition("..")
    return Outcome(label, maybe == "1", int(least), int(most or least), None if code == "-" else int(code))


def outcomes(table: str) -> dict[str, tuple[Outcome | None, ...]]:
    """Kind of answer → what becomes of the row: for ever, for ever after a lost one, once."""
    lines = (line.split("|") for line in table.strip().splitlines())
    return {name.strip(): tuple(map(outcome, cells)) for name, *cells in lines}


def statuses() -> list[tuple[int, str, str, str]]:
    """(status, kind of body, what it is on create, what it is on a follow-up)."""
    found = []
    for line in STATUSES.strip().splitlines():
        status, create, follow_up = line.split("|")
        for body, on_create, on_follow_up in zip(BODIES, create.split(), follow_up.split(), strict=True):
            found.append((int(status), body, on_create, on_follow_up))
    return found


def body_of(kind: str, status: int, crm_id: str) -> bytes:
    """The body as this kind of server sends it; the DTO is the one that the contract documents for the status."""
    lead = {"lead_id": f"id-{crm_id}", "crm_id": crm_id, "first_name": "Asha", "attributes": {}}
    text = {404: "not found", 409: "Lead with this crm_id already exists", 429: "Lead with this crm_id already exists"}
    error = {"error_code": status * 10000 + 1, "error_message": text.get(status, "no"), "error_description": ""}
    dto = json.dumps(lead if status < 300 else error).encode()
    return {
        "dto": dto,
        "json": b'{"status":"no","took":7}',
        "html": b"<html><head><title>gateway</title></head></html>",
        "empty": b"",
        "cut": dto[: len(dto) * 2 // 3],
    }[kind]
