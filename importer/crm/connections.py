"""Many connections behind one client, each in a pool of its own.

httpx's own pool slows down with every request in flight (a fifth of the speed at 32); one-connection transports handed
out last-in-first-out stay flat, and wire code and exceptions remain httpx's own. See docs/decisions/http-client.md.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self

import httpx

from importer.crm.guard import Guard


class Connections(httpx.AsyncBaseTransport):
    """As many one-connection transports as there are requests in flight; the most recently used is used next."""

    def __init__(self, verify: ssl.SSLContext, guard: Guard) -> None:
        self._verify = verify
        self._guard = guard
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._all: list[httpx.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send on an idle connection, or on a new one; raises Forbidden for what the guard does not admit."""
        self._guard.admit(request)
        transport = self._idle.pop() if self._idle else self._opened()
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            self._idle.append(transport)
            raise
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - what an async transport returns
        response.stream = _ReturnedWhenClosed(stream, lambda: self._idle.append(transport))
        return response

    def _opened(self) -> httpx.AsyncHTTPTransport:
        transport = httpx.AsyncHTTPTransport(
            verify=self._verify,
            trust_env=False,
            retries=0,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0),
        )
        self._all.append(transport)
        return transport

    async def aclose(self) -> None:
        """Close every connection."""
        for transport in self._all:
            await transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()


class _ReturnedWhenClosed(httpx.AsyncByteStream):
    """A response body that gives its connection back once it is closed."""

    def __init__(self, stream: httpx.AsyncByteStream, give_back: Callable[[], None]) -> None:
        self._stream = stream
        self._give_back: Callable[[], None] | None = give_back

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            if self._give_back is not None:
                self._give_back()
                self._give_back = None
