"""The push over real sockets, in real time: a server that speaks raw bytes, and a journal on a real disk."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from importer.clock import SystemClock
from importer.crm.client import Deadlines, LeadsClient
from importer.crm.credential import Credential, CredentialKind
from importer.crm.verdict import Stop
from importer.exit_codes import ExitCode
from importer.journal.runs import Journal
from importer.sending.dispatcher import Dispatcher
from tests.canary import CANARY
from tests.crm.wire import Wire, http, wire
from tests.planned import PlannedRow
from tests.runs.conftest import Push

KEY = CANARY
ASKED_TO_STOP = Stop(exit_code=ExitCode.INTERRUPTED, reason="asked to stop")
Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Fault = Callable[[Writer], Awaitable[None]]


def reset(writer: Writer) -> None:
    """End the connection with a RST instead of a FIN."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass
class Server:
    """Stores leads as the API does. `fault` befalls the first request for each of `victims` instead of its answer.

    `stores`: whether that request has its effect all the same. With `before_reading` the fault comes before the
    request is read.
    """

    fault: Fault | None = None
    victims: set[str] = field(default_factory=set)
    stores: bool = False
    before_reading: bool = False
    leads: dict[str, int] = field(default_factory=dict)

    async def __call__(self, serving: Wire, reader: Reader, writer: Writer) -> None:
        if self.before_reading and serving.connections == 2 and self.fault is not None:
            await self.fault(writer)
            return
        while request := await serving.read(reader):
            head, _, body = request.partition(b"\r\n\r\n")
            crm_id = json.loads(body).get("crm_id", "") if head.startswith(b"POST") else ""
            if crm_id in self.victims and self.fault is not None:
                self.victims.discard(crm_id)
                if self.stores:
                    self.answer(head, body)
                await self.fault(writer)
                return
            writer.write(self.answer(head, body))
            await writer.drain()

    def answer(self, head: bytes, body: bytes) -> bytes:
        if not head.startswith(b"POST"):
            return http(b"", "202 Accepted")
        fields = json.loads(body)
        if fields["crm_id"] in self.leads:
            return http(b'{"error_code": 4290001, "error_message": "Lead already exists"}', "429 Too Many Requests")
        self.leads[fields["crm_id"]] = 1
        return http(json.dumps({"lead_id": f"id-{fields['crm_id']}", **fields}).encode())


@dataclass
class Sent:
    push: Push
    stop: Stop | None
    wire: Wire
    seconds: float

    @property
    def statuses(self) -> list[str]:
        return [str(result.status) for result in self.push.results()]

    def possibly_sent(self, crm_id: str) -> bool:
        with Journal(self.push.folder, self.push.clock.now) as journal:
            row = journal.connection.execute("SELECT possibly_sent FROM leads WHERE crm_id = ?", (crm_id,)).fetchone()
        return row is not None and bool(row["possibly_sent"])


def send(
    folder: Path,
    step: Callable[[Wire, Reader, Writer], Awaitable[None]],
    rows: list[PlannedRow],
    *,
    total: float = 60.0,
    tls: bool = False,
    stop_after: float | None = None,
    reread: Callable[[], Credential] | None = None,
    **options: Any,
) -> Sent:
    """Send these rows to this server; with `stop_after` it is asked to stop after so many seconds."""

    def before(sender: Dispatcher) -> None:
        sender.health.reread = reread
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, sender.interrupt, ASKED_TO_STOP)

    async def main() -> Sent:
        async with wire(step) as serving:
            client = LeadsClient(
                base_url=serving.base_url.replace("http:", "https:") if tls else serving.base_url,
                org="o1",
                credential=Credential(CredentialKind.API_KEY, KEY, source="test"),
                deadlines=Deadlines.within(total),
            )
            async with client:
                push = Push(folder=folder, clock=SystemClock(), crm=client)
                push.plan(rows)
                began = time.monotonic()
                stop = await push.sending(before, **{"settle": 0.0, "rate": 0.0, **options})
                return Sent(push, stop, serving, time.monotonic() - began)

    return asyncio.run(main())
