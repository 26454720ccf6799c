"""One attempt of one call over HTTP."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urlsplit

import httpx

from importer.crm.address import url_of
from importer.crm.connections import Connections, Forbidden, Guard
from importer.crm.credential import Credential
from importer.crm.endpoints import ENDPOINTS
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.route import Proxy, Trust
from importer.model.operation import Call

_PATH: Final = "/%:@!$&'()*+,;=~"
"""What a base URL's path may hold as it is."""

NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""The only exceptions of httpx 0.28 that prove that nothing reached the server."""


_REFUSALS: Final = ("401", "403", "407")
"""Answers to CONNECT that waiting will not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. httpx's limits are per operation, so a dripping server needs the total as well.

    `read` is longer than a gateway's usual 60 s, so that its 504 arrives.
    """

    connect: float = 10.0
    write: float = 30.0
    read: float = 70.0
    total: float = 75.0

    @classmethod
    def within(cls, total: float) -> "Deadlines":
        """Deadlines for a given total. Connecting (TCP, then TLS) ends earlier: then certainly nothing was sent."""
        return cls(connect=min(10.0, total / 2), write=min(30.0, total), read=total, total=total)


class LeadsClient:
    """Sends calls to one organization on one server. Use as an async context manager.

    `send` makes exactly one attempt, never follows a redirect, never looks into the environment for a proxy.
    """

    def __init__(
        self,
        *,
        base_url: str,
        org: str,
        credential: Credential,
        deadlines: Deadlines | None = None,
        version: str = "",
        trust: Trust | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        self._base_url = f"{parts.scheme}://{parts.netloc}{quote(parts.path.rstrip('/'), safe=_PATH)}"
        self._org = org
        self._deadlines = deadlines or Deadlines()
        trust = trust or Trust()
        limits = {"connect": self._deadlines.connect, "write": self._deadlines.write, "read": self._deadlines.read}
        self._extensions = {"timeout": limits}
        origin = httpx.URL(base_url)
        context = trust.context()
        guard = Guard(origin, allow_private=trust.allow_private, reached=proxy.host if proxy else "")
        tls = context if proxy and proxy.url.startswith("https:") else None
        self._connections = Connections(context, guard, httpx.Proxy(proxy.url, ssl_context=tls) if proxy else None)
        self._fixed = [
            (b"host", origin.netloc),
            (b"user-agent", f"saleschat-importer/{version}".encode()),
            (b"accept", b"application/json"),
            (b"accept-encoding", b"identity"),
            (b"content-type", b"application/json"),
        ]
        self.use(credential)

    def use(self, credential: Credential) -> None:
        """Send this credential from now on."""
        shown = [(name.encode(), value.encode()) for name, value in credential.headers().items()]
        self._headers = [*self._fixed, *shown]
        self._credential = credential

    async def send(self, call: Call) -> Observation:
        """One attempt; whatever the network does comes back as a value."""
        credential = self._credential  # it may be replaced while the request is in flight
        body = call.operation.body
        request = httpx.Request(
            ENDPOINTS[call.operation.kind].method,
            url_of(self._base_url, self._org, call),
            headers=[*self._headers, (b"content-length", b"%d" % len(body))],
            stream=httpx.ByteStream(body),
            extensions=self._extensions,
        )
        try:
            async with asyncio.timeout(self._deadlines.total):
                status, headers, answer = await self._connections.exchange(request)
        except TimeoutError:
            reason = f"no complete answer within {self._deadlines.total:g} s"
            return NoAnswer(reason=reason, sent=request.extensions.get("in_tunnel", True))
        except httpx.RequestError as error:
            seen = unanswered(error, credential)
            return replace(seen, sent=seen.sent and request.extensions.get("in_tunnel", True))
        return _answer(status, headers, answer, credential)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connections.aclose()


def _answer(status: int, raw_headers: list[tuple[bytes, bytes]], body: bytes | None, credential: Credential) -> Answer:
    """The answer without the credential: a server may repeat it, and journal and reports quote the answer."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1").lower(), credential.hidden(raw_value.decode("latin-1"))
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    # Nothing is unpacked: a gzip of a few bytes can be a gigabyte.
    is_plain = headers.get("content-encoding", "").strip().lower() in ("", "identity")
    return Answer(
        status=status, headers=headers, body=credential.hidden_body(body) if body is not None and is_plain else None
    )


def unanswered(error: httpx.RequestError, credential: Credential) -> NoAnswer:
    """What an exception of httpx proves."""
    # httpx's own text is empty when TLS fails half way; then the text of the system's error helps.
    texts = (str(each) for each in _chain(error) if isinstance(each, httpx.RequestError | OSError))
    why = next(filter(None, texts), "")
    return NoAnswer(
        reason=credential.hidden(f"{type(error).__name__}: {why}" if why else type(error).__name__),
        sent=not isinstance(error, NEVER_SENT),
        certificate=any(isinstance(each, ssl.SSLCertVerificationError) for each in _chain(error)),
        forbidden=isinstance(error, Forbidden),
        refused_by_proxy=isinstance(error, httpx.ProxyError) and str(error).startswith(_REFUSALS),
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
