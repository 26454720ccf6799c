"""The server of the pushes, in a process and an environment of its own."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.environments import python_of
from benchmarks.measuring import Failed
from benchmarks.settings import Settings

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What has come to the server. Times are the machine's monotonic clock."""

    arrived: dict[str, int]
    first: dict[str, float]
    last: dict[str, float]
    end: float
    most: int

    @property
    def requests(self) -> int:
        return sum(self.arrived.values())

    @property
    def begin(self) -> float:
        return min(self.first.values())

    @property
    def per_second(self) -> float:
        """From the first request to the last answer."""
        return self.requests / (self.end - self.begin)


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running target."""

    url: str

    def traffic(self) -> Traffic:
        """What has come so far."""
        with _DIRECT.open(f"{self.url}/stats", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return Traffic(**found)


def free_port() -> int:
    """A free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def target(settings: Settings, *, latency: float = 0.0, status: int = 0, port: int = 0) -> Iterator[Server]:
    """A fresh server that answers after `latency` seconds, on a free port unless one is named. Raises Failed."""
    python = python_of("target", settings.cache)
    port = port or free_port()
    arguments = (
        "-m", "granian", "--interface", "rsgi", "--workers", "1", "--loop", "uvloop", "--no-access-log",
        "--log-level", "error", "--host", "127.0.0.1", "--port", str(port), "benchmarks.target:app",
    )  # fmt: skip
    environment = {"TARGET_LATENCY": str(latency), "TARGET_STATUS": str(status), "PATH": "/usr/bin:/bin"}
    started = subprocess.Popen(
        [python, *arguments],
        cwd=settings.repository,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = Server(url=f"http://127.0.0.1:{port}")
        _await(server)
        yield server
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _await(server: Server) -> None:
    for _ in range(200):
        try:
            server.traffic()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise Failed("the target does not answer")
