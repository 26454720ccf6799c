"""The sandbox as a running server: a thread of its own, on a port of the loopback interface."""

import asyncio
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from importer.errors import SettingsError
from importer.sandbox.app import LeadsApp, Throttle
from importer.sandbox.contract import AttributesAs, Contract
from importer.sandbox.faults import Dice, Faults
from importer.sandbox.state import State

LOOPBACK: Final = "127.0.0.1"
MARK: Final = ("X-Saleschat-Sandbox", "not the real API")
_START_SECONDS: Final = 10.0
_CLOSING_ROUNDS: Final = 5

_running: dict[str, "Sandbox"] = {}
"""The sandboxes of this process by their addresses."""


class _CuttableProtocol(H11Protocol):
    """Uvicorn's HTTP protocol, which lets the application have the transport so that it can cut the connection.

    ASGI itself knows no way to end a connection without an answer.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class Sandbox:
    """A Leads API on 127.0.0.1 (and nowhere else), in memory, with a key of its own.

    `port` 0 takes a free one. `rate` is requests a second per organization and endpoint, 0 for no limit; `burst` is
    how many may come at once (default: the rate, at least 1). `orgs` are the organizations that exist (default: any).
    `existing` are leads that are there beforehand, as (org, lead_id, crm_id). `monotonic` is the clock of the throttle.
    Use it as a context manager, or `start()` and `stop()` it; raises `SettingsError` if the port is taken.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        rate: float = 10.0,
        burst: float | None = None,
        faults: Faults | None = None,
        api_key: str | None = None,
        orgs: Collection[str] | None = None,
        attributes: AttributesAs = "plain",
        existing: Iterable[tuple[str, str, str]] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if rate < 0:
            raise SettingsError(f"the sandbox's rate is {rate:g}", tip="Give 0 (no limit) or a number above 0.")
        self.api_key = api_key or secrets.token_urlsafe(24)
        self.state = State(existing)
        self._wanted_port = port
        self._faults = faults or Faults()
        self._orgs = None if orgs is None else frozenset(orgs)
        self._contract = Contract(attributes=attributes)
        self._throttle = Throttle(rate=rate, burst=max(rate, 1.0) if burst is None else burst, monotonic=monotonic)
        self._port = 0
        self._serving: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Where it listens, without a slash at the end; known once it is started."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def url(self) -> str:
        """The same as `base_url`."""
        return self.base_url

    def start(self) -> Self:
        """Listen, in a daemon thread. No signal handler is installed."""
        listener = _listen(self._wanted_port)
        self._port = listener.getsockname()[1]
        server = uvicorn.Server(self._config())
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(server, listener)), name="sandbox", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the sandbox's server did not start")
            time.sleep(0.002)
        _running[self.base_url] = self
        return self

    def stop(self) -> None:
        """Cut every connection and end the thread. What was stored stays readable in `state`."""
        _running.pop(self.base_url, None)
        if self._serving is None or self._thread is None:
            return
        with suppress(RuntimeError):  # the loop has ended by itself
            self._serving.get_loop().call_soon_threadsafe(self._serving.cancel)
        self._thread.join()
        self._serving = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def _serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        self._serving = asyncio.current_task()
        try:
            await server.serve(sockets=[listener])
        except asyncio.CancelledError:
            # Uvicorn's own way to stop waits for requests that hang, and 0.2 s in any case.
            await _close(server)

    def _config(self) -> uvicorn.Config:
        app = LeadsApp(
            api_key=self.api_key,
            hosts=frozenset({f"{LOOPBACK}:{self._port}", f"localhost:{self._port}"}),
            orgs=self._orgs,
            state=self.state,
            contract=self._contract,
            throttle=self._throttle,
            faults=self._faults,
            dice=Dice(self._faults),
        )
        return uvicorn.Config(
            app,
            http=_CuttableProtocol,
            ws="none",
            lifespan="off",
            headers=[MARK],
            server_header=False,
            proxy_headers=False,
            log_config=None,
            log_level="critical",
            access_log=False,
            timeout_keep_alive=60,
        )


def running_at(base_url: str) -> Sandbox | None:
    """The sandbox that this process runs at that address, if there is one; it knows its own key."""
    return _running.get(base_url.rstrip("/"))


def serve_forever(sandbox: Sandbox, announce: Callable[[str, str], None], wait: Callable[[], None]) -> None:
    """Run the sandbox until `wait` returns or Ctrl-C; `announce` gets its base URL and key once it listens."""
    with sandbox, suppress(KeyboardInterrupt):
        announce(sandbox.base_url, sandbox.api_key)
        wait()


def _listen(port: int) -> socket.socket:
    # The protocol has to be named: asyncio switches Nagle's delay (40 ms an answer) off only where it reads TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere the option would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        tip = "Choose another --port, or leave it out for a free one."
        raise SettingsError(f"the sandbox cannot listen on {LOOPBACK}:{port}: {error.strerror}", tip=tip) from error
    return listener


async def _close(server: uvicorn.Server) -> None:
    """Accept no more connections and cut all there are, including those just being accepted."""
    loop = asyncio.get_running_loop()
    for listening in server.servers:
        for accepting in listening.sockets:
            with suppress(NotImplementedError):  # the loop of Windows
                loop.remove_reader(accepting)
    for _ in range(_CLOSING_ROUNDS):
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)
    # Last: a server that is closed leaves the connections open that it is just accepting.
    for listening in server.servers:
        listening.close()
