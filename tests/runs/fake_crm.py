"""A CRM in memory that answers as it is told; counts real effects."""

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from importer.crm.credential import Credential
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.model.operation import Call, Kind

Reply = Observation | Callable[[Call], Observation]


def error(status: int, message: str = "no", **headers: str) -> Answer:
    document = {"error_code": status * 10000 + 1, "error_message": message, "error_description": "", "payload": {}}
    return Answer(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=json.dumps(document).encode(),
    )


LOST = NoAnswer(reason="ReadError", sent=True)
REFUSED = NoAnswer(reason="ConnectError", sent=False)
EXISTS = error(429, "Lead with this crm_id already exists")


@dataclass
class FakeCrm:
    """`always` is asked first; then `script` holds the next answers per endpoint; else the CRM behaves."""

    latency: float = 0.05
    leads: Counter[str] = field(default_factory=Counter)
    owners: dict[str, str] = field(default_factory=dict)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    calls: list[tuple[float, Kind, str]] = field(default_factory=list)
    script: dict[Kind, deque[Reply]] = field(default_factory=lambda: {kind: deque() for kind in Kind})
    always: Callable[[Call], Observation | None] = lambda _: None
    credentials: list[Credential] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0

    def use(self, credential: Credential) -> None:
        self.credentials.append(credential)

    async def send(self, call: Call) -> Observation:
        kind = call.operation.kind
        self.calls.append((asyncio.get_running_loop().time(), kind, call.crm_id))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.latency)
            return self.answer(call)
        finally:
            self.in_flight -= 1

    def answer(self, call: Call) -> Observation:
        if (always := self.always(call)) is not None:
            return always
        script = self.script[call.operation.kind]
        if script:
            reply = script.popleft()
            return reply if isinstance(reply, Answer | NoAnswer) else reply(call)
        return self.behave(call)

    def behave(self, call: Call) -> Answer:
        body = json.loads(call.operation.body)
        if call.operation.kind is Kind.CREATE:
            if self.leads[call.crm_id]:
                return EXISTS
            self.leads[call.crm_id] += 1
            return Answer(
                status=200,
                headers={},
                body=json.dumps({"lead_id": f"id-{call.crm_id.replace('/', '-')}", **body}).encode(),
            )
        if not self.leads[call.crm_id]:
            return error(404, "Lead not found")
        if call.operation.kind is Kind.ASSIGN:
            self.owners[call.crm_id] = body["user_email"]
        else:
            self.events[call.crm_id, body["distinct_id"]] = 1
        return Answer(status=202, headers={}, body=b"")

    def stores_but_is_silent(self, call: Call) -> Observation:
        self.behave(call)
        return LOST
