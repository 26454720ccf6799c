"""The oracle: a Leads API in a process of its own that counts real effects and answers badly on purpose.

It shares no code with the importer (own HTTP, own JSON documents, standard library only) and keeps what happened in its
own store, a file of JSON lines, so that it may be killed and started again. Faults are a pure function of the trial's
seed, the endpoint, the lead and how often that request has come, so that no order of requests changes them.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import sys
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FAULTY_ARRIVALS = 3
"""From its fourth arrival on a request is answered properly, so that every run comes to an end."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What goes back over the wire; `cut` sends half of it, `None` instead of a reply sends nothing."""

    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False

    def wire(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Whatever", f"content-length: {len(self.body)}"]
        if self.body:
            lines.append(f"content-type: {self.media_type}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        text = "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body
        return text[: len(text) - max(1, len(self.body) // 2)] if self.cut else text


@dataclass(frozen=True)
class Fault:
    """How one request is answered badly. `commits` says whether it has its effect all the same."""

    name: str
    commits: bool
    reply: Reply | None = None
    hang: float = 0.0
    delay: float = 0.0
    cut: bool = False

    @property
    def is_ambiguous(self) -> bool:
        """Whether the sender cannot know what happened."""
        return self.name not in ("throttle", "slow")


def error(status: int, message: str, *headers: tuple[str, str], code: int = 1) -> Reply:
    document = {
        "error_code": status * 10000 + code,
        "error_message": message,
        "error_description": message,
        "payload": {},
    }
    return Reply(status, json.dumps(document).encode(), headers=headers)


LOGIN_PAGE = b"<!doctype html><title>Sign in</title><form method=post><input name=user></form>"
BODIES = (b"", b"<html><body><h1>Sorry</h1></body></html>", b'{"error_code":5000001,"error_message":"oops"}')


def fault_for(dice: random.Random, kind: str) -> Fault:
    """One of the ways to answer badly."""
    name = dice.choices(
        ("drop", "hang", "status", "throttle", "unproven", "truncated", "slow"), (6, 4, 10, 7, 4, 3, 4)
    )[0]
    commits = dice.random() < 0.5
    match name:
        case "drop":
            return Fault(name, commits)
        case "hang":
            return Fault(name, commits, hang=0.6)
        case "status":
            status = dice.choice((500, 500, 502, 503, 504, 408))
            body = dice.choice(BODIES)
            media_type = "text/html" if body.startswith(b"<") else "application/json"
            return Fault(name, commits, Reply(status, body, media_type))
        case "throttle":
            return Fault(name, commits=False, reply=_throttle(dice))
        case "unproven":
            # The contract asks for nothing but the status of a PUT, so a 202 there is always an honest one.
            status = dice.choice((200, 201, 202) if kind == "create" else (200, 204))
            body = b"" if status == 204 else dice.choice((LOGIN_PAGE, b"", b'{"status":"ok"}'))
            return Fault(name, commits=False, reply=Reply(status, body, "text/html"))
        case "truncated":
            return Fault(name, commits, cut=True)
    return Fault("slow", commits=True, delay=dice.uniform(0.02, 0.15))


def _throttle(dice: random.Random) -> Reply:
    headers = dice.choice(((), (("retry-after", "1"),), (("x-ratelimit-remaining", "0"),), (("retry-after", "0"),)))
    match dice.randrange(4):
        case 0:
            return Reply(429, b"", headers=headers)
        case 1:
            return Reply(429, b"<html><h1>429 Too Many Requests</h1></html>", "text/html", headers)
        case 2:
            return Reply(429, b'{"message":"API rate limit exceeded"}', headers=headers)
    return error(429, "Too many requests", *headers, code=2)


def mark_of(key: str) -> str:
    """What stands for a key in the store, so that no test leaves a key behind."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


@dataclass
class Lead:
    """A lead as it really is. `by` is the mark of the key that made it; empty when it was there before."""

    lead_id: str
    crm_id: str
    by: str = ""
    owner: str = ""
    events: dict[str, str] = field(default_factory=dict)
    assigns: int = 0


@dataclass
class Org:
    """One trial: what it was told to be, and what has happened to it."""

    seed: int = 0
    fault_rate: float = 0.0
    late: float = 0.0
    hold: float = 0.0
    refuse: frozenset[str] = frozenset()
    leads: defaultdict[str, list[Lead]] = field(default_factory=lambda: defaultdict(list))
    by_id: dict[str, Lead] = field(default_factory=dict)
    arrivals: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    faulted: Counter[str] = field(default_factory=Counter)
    ambiguous_creates: int = 0
    requests: int = 0

    def next_fault(self, kind: str, key: str) -> Fault | None:
        """Whether this arrival is answered badly, and how."""
        self.requests += 1
        arrival = self.arrivals[kind, key]
        self.arrivals[kind, key] += 1
        if arrival >= FAULTY_ARRIVALS:
            return None
        dice = random.Random(f"{self.seed}/{kind}/{key}/{arrival}")
        if dice.random() >= self.fault_rate:
            return None
        fault = fault_for(dice, kind)
        self.faults[fault.name] += 1
        self.faulted[f"{kind} {key}"] += 1
        self.ambiguous_creates += kind == "create" and fault.is_ambiguous
        return fault

    def find(self, name: str) -> Lead | None:
        if name in self.by_id:
            return self.by_id[name]
        found = self.leads.get(name)
        return found[0] if found else None

    def told(self) -> Document:
        """Everything that a judge wants to know."""
        return {
            "leads": [vars(lead) for found in self.leads.values() for lead in found],
            "requests": self.requests,
            "faults": dict(self.faults),
            "faulted": dict(self.faulted),
            "ambiguous_creates": self.ambiguous_creates,
        }


class Oracle:
    """All orgs, and the file that outlives the process."""

    def __init__(self, store: Path) -> None:
        self.orgs: defaultdict[str, Org] = defaultdict(Org)
        for line in _lines(store):
            self._apply(json.loads(line))
        self._file = os.open(store, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def happen(self, **fact: Any) -> None:
        """Something becomes true, first in the store."""
        os.write(self._file, json.dumps(fact).encode() + b"\n")
        self._apply(fact)

    def _apply(self, fact: Document) -> None:
        org = self.orgs[fact["org"]]
        match fact["what"]:
            case "org":
                for name in ("seed", "fault_rate", "late", "hold"):
                    setattr(org, name, fact.get(name, 0))
                org.refuse = frozenset(fact.get("refuse", ()))
            case "lead":
                lead = Lead(fact["lead_id"], fact["crm_id"], fact["by"], fact["owner"])
                org.leads[lead.crm_id].append(lead)
                org.by_id[lead.lead_id] = lead
            case "owner":
                org.by_id[fact["lead_id"]].owner = fact["owner"]
                org.by_id[fact["lead_id"]].assigns += 1
            case "event":
                org.by_id[fact["lead_id"]].events.setdefault(fact["distinct_id"], fact["event"])

    # what the harness asks

    def admin(self, method: str, name: str, body: bytes, *what: str) -> Reply:
        if what == ("requests",):
            return Reply(200, json.dumps(self.orgs[name].requests).encode())
        if method == "GET":
            return Reply(200, json.dumps(self.orgs[name].told()).encode())
        wanted = json.loads(body)
        existing = wanted.pop("existing", {})
        self.happen(what="org", org=name, **wanted)
        for crm_id, owner in existing.items():
            self.happen(what="lead", org=name, lead_id=str(uuid.uuid4()), crm_id=crm_id, by="", owner=owner)
        return Reply(200, b"{}")

    # what the importer asks

    async def create(self, name: str, key: str, document: Document) -> Reply:
        org, crm_id = self.orgs[name], document["crm_id"]
        exists = bool(org.leads.get(crm_id))
        if org.late and not exists:
            await asyncio.sleep(org.late)  # checked then inserted, and nothing in between
        if exists:
            return error(429, "Lead with this crm_id already exists")
        if crm_id in org.refuse:
            return error(422, "phone_number is not acceptable")
        lead_id = str(uuid.uuid4())
        self.happen(what="lead", org=name, lead_id=lead_id, crm_id=crm_id, by=key, owner="")
        return Reply(200, json.dumps({"lead_id": lead_id, **document}).encode())

    def follow_up(self, name: str, lead_name: str, kind: str, document: Document) -> Reply:
        lead = self.orgs[name].find(lead_name)
        if lead is None:
            return error(404, "Lead not found")
        if kind == "assign":
            self.happen(what="owner", org=name, lead_id=lead.lead_id, owner=document["user_email"])
        elif document["distinct_id"] not in lead.events:
            what = {"distinct_id": document["distinct_id"], "event": document["event"]}
            self.happen(what="event", org=name, lead_id=lead.lead_id, **what)
        return Reply(202)

    async def api(self, path: list[str], key: str, body: bytes) -> tuple[Fault | None, Reply | None]:
        """The fault, if any, and the reply (`None`: the connection dies without one)."""
        document, name = json.loads(body), path[0]
        org = self.orgs[name]
        kind = "create" if len(path) == 2 else path[3]
        found = None if kind == "create" else org.find(path[2])
        lead = document["crm_id"] if kind == "create" else found.crm_id if found else path[2]
        fault = org.next_fault(kind, f"{lead} {document['event']}" if kind == "events" else lead)
        if org.hold and kind == "create":
            await asyncio.sleep(org.hold)  # a gateway that lets requests queue
        if fault is not None and fault.delay:
            await asyncio.sleep(fault.delay)
        if fault is not None and not fault.commits:
            return fault, fault.reply
        effect = self._effect(path, key, kind, document)
        if fault is not None and fault.name == "drop" and org.late:
            _KEPT.add(task := asyncio.ensure_future(effect))  # the connection is gone, the request is not
            task.add_done_callback(_KEPT.discard)
            return fault, None
        reply = await effect
        return fault, reply if fault is None or fault.delay or fault.cut else fault.reply

    async def _effect(self, path: list[str], key: str, kind: str, document: Document) -> Reply:
        if kind == "create":
            return await self.create(path[0], key, document)
        return self.follow_up(path[0], path[2], kind, document)


_KEPT: set[asyncio.Future[Reply]] = set()


def _lines(store: Path) -> Iterator[str]:
    """The complete lines of the store; a line that was cut off by a kill never happened."""
    if store.exists():
        text = store.read_text()
        yield from text[: text.rfind("\n") + 1].splitlines()


async def serve(oracle: Oracle, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, request by request."""
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while await _exchange(oracle, reader, writer):
            pass
    writer.close()


async def _exchange(oracle: Oracle, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """One request and its answer; false when the connection is over."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    parts = target.strip("/").split("/")
    fault, reply = None, None
    if parts[0] == "_oracle":
        reply = oracle.admin(method, parts[1], body, *parts[2:])
    elif "x-org-api-key" not in headers:
        reply = error(401, "Unauthorized")
    else:
        fault, reply = await oracle.api(parts[2:], mark_of(headers["x-org-api-key"]), body)
    if fault is not None and fault.hang:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), fault.hang)
        reply = None
    if reply is None:
        writer.transport.abort()
        return False
    if fault is not None and fault.cut:
        reply = Reply(reply.status, reply.body, cut=True) if reply.body else Reply(reply.status, b"{}", cut=True)
        writer.write(reply.wire())
        await writer.drain()
        return False
    writer.write(reply.wire())
    await writer.drain()
    return True


async def main(port: int, store: Path) -> None:
    oracle = Oracle(store)
    server = await asyncio.start_server(
        lambda reader, writer: serve(oracle, reader, writer), "127.0.0.1", port, reuse_address=True
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", type=Path, required=True)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(given.port, given.store))
    sys.exit(0)
