"""A server that gives every request of the Leads API the same answer after the same time, as fast as Python can.

    TARGET_LATENCY=0.05 granian --interface rsgi benchmarks.target:app

It replaces the CRM where the client is to be measured and not the server. `GET /stats` returns what has come so far,
with times of the machine's monotonic clock, so that they can be matched with the CPU time of the client's process.
"""

import asyncio
import json
import os
import time
from collections import Counter
from typing import Any

LATENCY = float(os.environ.get("TARGET_LATENCY", "0"))
STATUS = int(os.environ.get("TARGET_STATUS", "0"))
"""The status of every answer; 0: the one of the contract."""

HEADERS = [("content-type", "application/json")]
CREATED = b'{"lead_id":"5a7c1f4e-93b1-4c2d-9c57-0d2f7a1be301"}'
REFUSED = b'{"error_code":4010001,"error_message":"UNAUTHORIZED","error_description":"x","payload":null}'


class Traffic:
    """What has come: how many of each kind, from when to when, how many at once, and in how many connections."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.first: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self.in_flight = self.most = 0
        self.busy = 0.0

    def begin(self, kind: str) -> None:
        now = time.monotonic()
        self.arrived[kind] += 1
        self.first.setdefault(kind, now)
        self.last[kind] = now
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)

    def end(self) -> None:
        self.in_flight -= 1
        self.busy = time.monotonic()

    def as_json(self) -> str:
        shown = {"arrived": self.arrived, "first": self.first, "last": self.last, "end": self.busy, "most": self.most}
        return json.dumps(shown)


class Target:
    """The RSGI application."""

    def __init__(self) -> None:
        self.traffic = Traffic()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        path = scope.path
        if scope.method == "GET":
            protocol.response_str(200, HEADERS, self.traffic.as_json())
            return
        kind = "create" if path.endswith("/leads") else "assign" if path.endswith("/assign") else "event"
        self.traffic.begin(kind)
        await protocol()
        if LATENCY:
            await asyncio.sleep(LATENCY)
        self.traffic.end()
        if STATUS:
            protocol.response_bytes(STATUS, HEADERS, REFUSED)
        elif kind == "create":
            protocol.response_bytes(200, HEADERS, CREATED)
        else:
            protocol.response_bytes(202, HEADERS, b"{}")


app = Target()
