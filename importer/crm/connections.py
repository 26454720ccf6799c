"""One connection for each request in flight, below httpx's client.

httpx's own pool slows down with every request in flight; transports of one connection each, handed out
last-in-first-out, stay flat. Wire code and exceptions are httpx's own. See docs/decisions/http-client.md.
"""

import ssl
from collections.abc import AsyncIterator
from functools import partial
from typing import Any, Final

import httpx

from importer.crm.guard import Guard

KEEP_ALIVE: Final = 30.0
"""Seconds after which an idle connection is not used again."""

_SENDING: Final = "http11.send_request_headers.started"
"""What the `trace` extension calls the moment before the first byte of a request."""

_ONE: Final = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEP_ALIVE)


class Connections(httpx.AsyncBaseTransport):
    """As many connections to one server as there are requests in flight; the most recently used is used next.

    The guard sees every request before it leaves, and every connection before a byte goes over it. The client above
    gets the server's headers as an extension only: it would act on `Location`, `Set-Cookie` and `Content-Encoding`.
    """

    def __init__(self, context: ssl.SSLContext, guard: Guard, proxy: httpx.Proxy | None = None) -> None:
        self.context = context
        self._guard = guard
        self._proxy = proxy
        self._idle: list[httpx.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request once. Raises Forbidden, or what httpx raises."""
        self._guard.admit(request)
        # Always watched: a transport whose connection the server has closed opens another one by itself.
        watched = {"trace": partial(self._watch, request), "in_tunnel": self._proxy is None}
        request.extensions = {**request.extensions, **watched}
        transport = self._idle.pop() if self._idle else self._opened()
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            await transport.aclose()
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - for the type checker
        stream = _Borrowed(response.stream, transport, self._idle)
        return httpx.Response(response.status_code, stream=stream, extensions={"headers": response.headers.raw})

    async def _watch(self, request: httpx.Request, event: str, seen: dict[str, Any]) -> None:
        # What a proxy does before its tunnel is there has the same names as what a server does after it.
        if event == _SENDING and seen["request"].method != b"CONNECT":
            request.extensions["in_tunnel"] = True
        await self._guard.watch(event, seen)

    def _opened(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self.context, trust_env=False, limits=_ONE, proxy=self._proxy)

    async def aclose(self) -> None:
        """Close every idle connection."""
        while self._idle:
            await self._idle.pop().aclose()


class _Borrowed(httpx.AsyncByteStream):
    """An answer's body; closing it gives its connection back, or closes that too."""

    def __init__(
        self, body: httpx.AsyncByteStream, transport: httpx.AsyncHTTPTransport, idle: list[httpx.AsyncHTTPTransport]
    ) -> None:
        self._body = body
        self._transport = transport
        self._idle = idle

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._body:
            yield part

    async def aclose(self) -> None:
        try:
            await self._body.aclose()
        finally:
            # Only after a complete answer; else what is left of it would be taken for the answer to the next request.
            if _is_reusable(self._transport):
                self._idle.append(self._transport)
            else:
                await self._transport.aclose()


def _is_reusable(transport: httpx.AsyncHTTPTransport) -> bool:
    """Whether the whole answer was read and nothing came behind it.

    What comes later is seen at the socket, but of what has been read already only the parser under the transport knows.
    """
    for connection in transport._pool.connections:
        wire = getattr(connection, "_connection", None)
        parser = getattr(wire, "_h11_state", None)
        return parser is not None and connection.is_idle() and not parser.trailing_data[0]
    return False
