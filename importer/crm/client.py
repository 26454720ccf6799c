"""One attempt of one call over HTTP."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, get_args
from urllib.parse import quote, urlsplit

import httpcore
import idna

from importer.crm.address import METHODS, url_of
from importer.crm.connections import Connections, RawAnswer
from importer.crm.credential import Credential
from importer.crm.guard import Forbidden, Guard
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.trust import Trust
from importer.model.operation import Call

BODY_LIMIT: Final = 1 << 20
"""Bytes of an answer that are read; the contract's answers are a few hundred."""

NEVER_SENT: Final = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
    httpcore.ConnectionNotAvailable,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)
"""The only exceptions of httpcore 1.0 that prove that the server got nothing."""

WireError = (
    httpcore.TimeoutException
    | httpcore.NetworkError
    | httpcore.ProtocolError
    | httpcore.ProxyError
    | httpcore.UnsupportedProtocol
    | httpcore.ConnectionNotAvailable
)
"""Everything that httpcore raises; it has no common base."""

WIRE_ERRORS: Final = get_args(WireError)

_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds. httpcore's limits are per operation, so a dripping server needs the total as well.

    `read` is longer than a gateway's usual 60 s, so that its 504 arrives.
    """

    connect: float = 10.0
    write: float = 30.0
    read: float = 70.0
    total: float = 75.0

    @classmethod
    def within(cls, total: float) -> "Deadlines":
        """Deadlines for a given total. Connecting (TCP, then TLS) is cut off first: then certainly nothing was sent."""
        return cls(connect=min(10.0, total / 2), write=min(30.0, total), read=total, total=total)


class LeadsClient:
    """Sends calls to one organisation on one server. Use as an async context manager.

    `send` makes exactly one attempt, never follows a redirect, never reads proxy settings from the environment.
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
    ) -> None:
        parts = urlsplit(base_url)
        scheme, port = parts.scheme, parts.port or _PORTS[parts.scheme]
        host = _encoded(parts.hostname or "")
        self._scheme, self._host, self._port = scheme.encode(), host, port
        self._path = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
        self._org = org
        self._deadlines = deadlines or Deadlines()
        trust = trust or Trust()
        limits = {"connect": self._deadlines.connect, "write": self._deadlines.write, "read": self._deadlines.read}
        self._extensions = {"timeout": limits}
        origin = httpcore.Origin(self._scheme, host, port)
        self._connections = Connections(origin, trust.context(), Guard(origin, allow_private=trust.allow_private))
        named = b"[%b]" % host if b":" in host else host
        self._fixed = [
            (b"host", named if port == _PORTS[scheme] else b"%b:%d" % (named, port)),
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
        request = self._request(call)
        try:
            async with asyncio.timeout(self._deadlines.total):
                answer = await self._connections.exchange(request, limit=BODY_LIMIT)
        except TimeoutError:
            return NoAnswer(reason=f"no complete answer within {self._deadlines.total:g} s", sent=True)
        except WIRE_ERRORS as error:
            return unanswered(error, self._credential)
        return self._seen(answer)

    def _request(self, call: Call) -> httpcore.Request:
        body = call.operation.body
        target = url_of(self._path, self._org, call).encode("ascii")
        return httpcore.Request(
            METHODS[call.operation.kind],
            httpcore.URL(scheme=self._scheme, host=self._host, port=self._port, target=target),
            headers=[*self._headers, (b"content-length", b"%d" % len(body))],
            content=body,
            extensions=self._extensions,
        )

    def _seen(self, answer: RawAnswer) -> Answer:
        # A server may repeat the key in its answer, and what it says stands in journal and reports.
        hidden = self._credential.hidden
        headers: dict[str, str] = {}
        for raw_name, raw_value in answer.headers:
            name, value = raw_name.decode("latin-1").lower(), hidden(raw_value.decode("latin-1"))
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        body = answer.body if _is_identity(headers) else None
        return Answer(
            status=answer.status, headers=headers, body=None if body is None else self._credential.hidden_body(body)
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._connections.aclose()


def _encoded(host: str) -> bytes:
    return host.encode("ascii") if host.isascii() else idna.encode(host, uts46=True)


def _is_identity(headers: Mapping[str, str]) -> bool:
    """Whether the body is as it was asked for; a gzip of a few bytes can be a gigabyte, so nothing is unpacked."""
    return headers.get("content-encoding", "identity") == "identity"


def unanswered(error: WireError, credential: Credential) -> NoAnswer:
    """What an exception of httpcore proves."""
    reason = credential.hidden(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    return NoAnswer(
        reason=reason,
        sent=not isinstance(error, NEVER_SENT),
        certificate=_is_about_certificate(error),
        forbidden=isinstance(error, Forbidden),
    )


def _is_about_certificate(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
