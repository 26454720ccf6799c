"""One connection for each request in flight, straight on httpcore: the wire library of httpx, without httpx around it.

httpcore's own pool slows down with every request in flight, and httpx's client costs as much as the request itself.
Single connections handed out last-in-first-out stay flat. Wire code and exceptions are the same as httpx's, which only
renames them. See docs/decisions/http-client.md.
"""

import ssl
from dataclasses import dataclass
from typing import Final

import httpcore

from importer.crm.guard import Guard

KEEP_ALIVE: Final = 30.0
"""Seconds after which an idle connection is not used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAnswer:
    """What came back. `body` is `None` if it was longer than the limit."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes | None


class Connections:
    """As many connections to one server as there are requests in flight; the most recently used is used next.

    The guard sees every request before it leaves, and every connection before a byte goes over it.
    """

    def __init__(self, origin: httpcore.Origin, context: ssl.SSLContext, guard: Guard) -> None:
        self._origin = origin
        self.context = context
        self._guard = guard
        self._idle: list[httpcore.AsyncHTTPConnection] = []

    async def exchange(self, request: httpcore.Request, *, limit: int) -> RawAnswer:
        """Send the request once and read the answer, up to `limit` bytes. Raises Forbidden, or what httpcore raises."""
        self._guard.admit(request)
        connection = await self._free()
        if connection is None:
            connection = self._opened()
            request.extensions = {**request.extensions, "trace": self._guard.watch}
        try:
            response = await connection.handle_async_request(request)
            try:
                body = await _capped(response, limit)
            finally:
                await response.aclose()
        finally:
            await self._give_back(connection)
        return RawAnswer(status=response.status, headers=response.headers, body=body)

    async def _free(self) -> httpcore.AsyncHTTPConnection | None:
        """An idle connection that the server has not closed."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    def _opened(self) -> httpcore.AsyncHTTPConnection:
        return httpcore.AsyncHTTPConnection(self._origin, ssl_context=self.context, keepalive_expiry=KEEP_ALIVE)

    async def _give_back(self, connection: httpcore.AsyncHTTPConnection) -> None:
        # Only after a complete answer; else what is left of it would be taken for the answer to the next request.
        if connection.is_available() and not _holds_more(connection):
            self._idle.append(connection)
        elif not connection.is_closed():
            await connection.aclose()

    async def aclose(self) -> None:
        """Close every idle connection."""
        while self._idle:
            await self._idle.pop().aclose()


def _holds_more(connection: httpcore.AsyncHTTPConnection) -> bool:
    """Whether more than the answer came with it: httpcore would take it for the answer to the next request.

    What comes later is seen at the socket, but of what has been read already only the parser knows.
    """
    wire = connection._connection
    return not isinstance(wire, httpcore.AsyncHTTP11Connection) or bool(wire._h11_state.trailing_data[0])


async def _capped(response: httpcore.Response, limit: int) -> bytes | None:
    body = bytearray()
    async for part in response.aiter_stream():
        body += part
        if len(body) > limit:
            return None
    return bytes(body)
