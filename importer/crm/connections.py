"""The connections to the one server: which addresses they may reach, and one for each request in flight.

httpx's own pool slows down with every request in flight; transports of one connection each, handed out
last-in-first-out, stay flat. Wire code and exceptions are httpx's own. See docs/decisions/http-client.md.
"""

import ssl
from functools import partial
from typing import Any, Final

import httpx

from importer.crm.address import address_of, objection

KEEP_ALIVE: Final = 30.0
"""Seconds after which an idle connection is not reused."""

BODY_LIMIT: Final = 1 << 20
"""Bytes of an answer that are read; the contract's answers are a few hundred."""

_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)

# What the `trace` extension calls two moments: between TCP and TLS, and before the first byte of a request.
_CONNECTED: Final = "connection.connect_tcp.complete"
_SENDING: Final = "http11.send_request_headers.started"

RawResponse = tuple[int, list[tuple[bytes, bytes]], bytes | None]
"""Status, headers, and the body as it came over the wire: `None` if it is longer than `BODY_LIMIT`."""


class Forbidden(httpx.ConnectError):
    """A request to another server, or a connection to an address that may not be reached; nothing was sent."""


class Guard:
    """Holds requests to one origin, and connections to addresses that may be reached.

    `reached`: the host that connections are made to. With a proxy that is the proxy; it alone looks up the server's
    name, so of the server only an address in the base URL itself can be checked (`checked_base_url` does).
    """

    def __init__(self, origin: httpx.URL, *, allow_private: bool, reached: str = "") -> None:
        self._origin = _origin(origin)
        self._host = origin.host
        self._reached = reached or origin.raw_host.decode("ascii")
        self._allow_private = allow_private

    def admit(self, request: httpx.Request) -> None:
        """Let a request pass that goes to the one origin; raises Forbidden for any other."""
        if _origin(request.url) != self._origin:
            raise Forbidden(f"the credential belongs to {self._host}, not to {request.url.host}")

    async def watch(self, event: str, seen: dict[str, Any]) -> None:
        """Check the address that a connection really has: a second look-up of the name could give another one."""
        if event != _CONNECTED:
            return
        stream = seen["return_value"]
        peer = (stream.get_extra_info("server_addr") or ("",))[0]
        if not peer:
            await stream.aclose()
            raise httpx.ConnectError("the connection was closed as soon as it was opened")
        address = address_of(peer)
        why = "no address" if address is None else objection(self._reached, address, allow_private=self._allow_private)
        if why:
            await stream.aclose()
            raise Forbidden(f"{self._reached} leads to {peer}, which is {why}")


def _origin(url: httpx.URL) -> tuple[bytes, bytes, int | None]:
    return url.raw_scheme, url.raw_host, url.port


class Connections:
    """As many connections to one server as there are requests in flight; the most recently used is used next.

    httpx's transports are used without its client, which would act on headers of the server (`Location`, `Set-Cookie`,
    `Content-Encoding`) and costs a quarter of a request's CPU time.
    """

    def __init__(self, context: ssl.SSLContext, guard: Guard, proxy: httpx.Proxy | None = None) -> None:
        self.context = context
        self._guard = guard
        self._proxy = proxy
        self._idle: list[httpx.AsyncHTTPTransport] = []

    async def exchange(self, request: httpx.Request) -> RawResponse:
        """Send the request once and read its answer. Raises Forbidden, or what httpx raises.

        Afterwards, `request.extensions["in_tunnel"]` is whether anything can have reached the server.
        """
        self._guard.admit(request)
        request.extensions["in_tunnel"] = self._proxy is None
        # Always watched: a transport whose connection the server has closed opens another one by itself.
        request.extensions["trace"] = partial(self._watch, request.extensions)
        transport = self._idle.pop() if self._idle else self._opened()
        try:
            response = await transport.handle_async_request(request)
            body = await _capped(response.stream)
        except BaseException:
            await transport.aclose()
            raise
        # Only after a complete answer; otherwise the rest of it would be read as the answer to the next request.
        if _is_reusable(transport):
            self._idle.append(transport)
        else:
            await transport.aclose()
        return response.status_code, response.headers.raw, body

    async def _watch(self, extensions: dict[str, Any], event: str, seen: dict[str, Any]) -> None:
        # What a proxy does before its tunnel is there has the same names as what a server does after it.
        if event == _SENDING and seen["request"].method != b"CONNECT":
            extensions["in_tunnel"] = True
        await self._guard.watch(event, seen)

    def _opened(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self.context, trust_env=False, limits=_ONE, proxy=self._proxy)

    async def aclose(self) -> None:
        """Close every idle connection."""
        while self._idle:
            await self._idle.pop().aclose()


async def _capped(stream: httpx.SyncByteStream | httpx.AsyncByteStream) -> bytes | None:
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - for the type checker
    body = bytearray()
    try:
        async for part in stream:
            body += part
            if len(body) > BODY_LIMIT:
                return None
    finally:
        await stream.aclose()
    return bytes(body)


def _is_reusable(transport: httpx.AsyncHTTPTransport) -> bool:
    """Whether the whole answer was read and nothing followed it.

    httpcore notices what arrives later at the socket; only its parser knows what was read together with the answer.
    """
    for connection in transport._pool.connections:
        wire = getattr(connection, "_connection", None)
        parser = getattr(wire, "_h11_state", None)
        return parser is not None and connection.is_idle() and not parser.trailing_data[0]
    return False
