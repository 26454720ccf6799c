"""A hostile Leads API on a real socket, in virtual time: its answers cost no time, and every wait is exact."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from importer.crm.client import Deadlines, LeadsClient
from importer.crm.credential import Credential, CredentialKind
from importer.crm.observation import Observation
from importer.crm.verdict import Stop
from importer.model.operation import Call
from tests.canary import CANARY
from tests.crm.wire import Wire, http, wire
from tests.planned import PlannedRow
from tests.runs.conftest import Push
from tests.virtual_time import VirtualClock, VirtualLoop, run_virtually


@dataclass(frozen=True)
class Request:
    """`kind` is create, assign or event; `times` counts the requests for this lead and kind, from 1."""

    kind: str
    lead: str
    document: dict[str, Any]
    times: int
    at: float


def refusal(status: int, message: str = "no", *headers: str, code: int | None = None) -> bytes:
    document = {"error_code": status * 10000 + 1 if code is None else code, "error_message": message}
    return http(json.dumps(document).encode(), f"{status} Whatever", *headers)


EXISTS = refusal(429, "Lead with this crm_id already exists")
Rule = Callable[["Hostile", Request], bytes | None]


@dataclass
class Hostile:
    """Behaves as the contract says, except where `rule` says otherwise. `leads` are those that really exist."""

    rule: Rule = lambda *_: None
    leads: Counter[str] = field(default_factory=Counter)
    owners: dict[str, str] = field(default_factory=dict)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    requests: list[Request] = field(default_factory=list)
    _times: Counter[tuple[str, str]] = field(default_factory=Counter)

    def behave(self, request: Request) -> bytes:
        if request.kind == "create":
            if self.leads[request.lead]:
                return EXISTS
            return self.stored(request)
        if not self.leads[request.lead]:
            return refusal(404, "Lead not found")
        if request.kind == "assign":
            self.owners[request.lead] = request.document["user_email"]
        else:
            self.events[request.lead, request.document["distinct_id"]] = 1
        return http(b"", "202 Accepted")

    def stored(self, request: Request) -> bytes:
        """Store the lead and say so, whether it is there or not."""
        self.leads[request.lead] += not self.leads[request.lead]
        return http(json.dumps({"lead_id": f"id-{request.lead}", **request.document}).encode())

    def of(self, kind: str, lead: str = "") -> list[Request]:
        return [each for each in self.requests if each.kind == kind and lead in ("", each.lead)]

    async def __call__(self, serving: Wire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while raw := await serving.read(reader):
            head, _, body = raw.partition(b"\r\n\r\n")
            request = self._request(head.split(b" ")[1].decode(), json.loads(body))
            self.requests.append(request)
            writer.write(self.rule(self, request) or self.behave(request))
            await writer.drain()

    def _request(self, target: str, document: dict[str, Any]) -> Request:
        parts = target.strip("/").split("/")
        kind = {4: "create"}.get(len(parts)) or {"assign": "assign", "events": "event"}[parts[-1]]
        lead = document["crm_id"] if kind == "create" else unquote(parts[4]).removeprefix("id-")
        self._times[kind, lead] += 1
        return Request(kind, lead, document, self._times[kind, lead], asyncio.get_running_loop().time())


class _Standing(LeadsClient):
    """While a request is on its way over the socket, virtual time stands still."""

    async def send(self, call: Call) -> Observation:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.at_work += 1
        try:
            return await super().send(call)
        finally:
            loop.at_work -= 1


@dataclass
class Sent:
    push: Push
    crm: Hostile
    stop: Stop | None
    seconds: float

    @property
    def statuses(self) -> list[str]:
        return [str(result.status) for result in self.push.results()]

    @property
    def exit_code(self) -> int | None:
        return None if self.stop is None else int(self.stop.exit_code)


def push_to(
    crm: Hostile,
    folder: Path,
    rows: list[PlannedRow] | None,
    *,
    name: str = "run-1",
    push: Push | None = None,
    **options: Any,
) -> Sent:
    """Send these rows; without rows, go on with the run of an earlier push."""

    async def main() -> Sent:
        async with wire(crm) as serving:
            client = _Standing(
                base_url=serving.base_url,
                org="o1",
                credential=Credential(CredentialKind.API_KEY, CANARY, source="test"),
                deadlines=Deadlines.within(60.0),
            )
            async with client:
                mine = push or Push(folder=folder / "reports", clock=VirtualClock(), crm=client)
                mine.crm = client  # type: ignore[assignment]
                if rows is not None:
                    mine.plan(rows, name=name)
                began = asyncio.get_running_loop().time()
                stop = await mine.sending(**{"canary": True, **options})
                return Sent(mine, crm, stop, asyncio.get_running_loop().time() - began)

    sent: Sent = run_virtually(main())
    return sent
