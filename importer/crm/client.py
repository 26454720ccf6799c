"""One attempt of one call over HTTP."""

import asyncio
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx

from importer.crm.address import METHODS, url_of
from importer.crm.connections import Connections
from importer.crm.credential import Credential
from importer.crm.guard import Forbidden, Guard
from importer.crm.observation import Answer, NoAnswer, Observation
from importer.crm.trust import Trust
from importer.model.operation import Call

BODY_LIMIT: Final = 1 << 20
"""Bytes of an answer that are read; the contract's answers are a few hundred."""

NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)
"""The only exceptions of httpx 0.28 that prove that the server got nothing."""


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
        self._base_url = base_url
        self._org = org
        self._deadlines = deadlines or Deadlines()
        trust = trust or Trust()
        self._http = httpx.AsyncClient(
            transport=Connections(trust.context(), Guard(base_url, allow_private=trust.allow_private)),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(
                connect=self._deadlines.connect,
                write=self._deadlines.write,
                read=self._deadlines.read,
                pool=self._deadlines.connect,
            ),
            headers={
                "user-agent": f"saleschat-importer/{version}",
                "accept": "application/json",
                "accept-encoding": "identity",
                "content-type": "application/json",
            },
        )
        self.use(credential)

    def use(self, credential: Credential) -> None:
        """Send this credential from now on."""
        for name in ("x-org-api-key", "authorization"):
            self._http.headers.pop(name, None)
        self._http.headers.update(credential.headers())
        self._credential = credential

    async def send(self, call: Call) -> Observation:
        """One attempt; whatever the network does comes back as a value."""
        kind = call.operation.kind
        url = url_of(self._base_url, self._org, call)
        request = self._http.build_request(METHODS[kind], url, content=call.operation.body)
        try:
            async with asyncio.timeout(self._deadlines.total):
                return await self._exchange(request)
        except TimeoutError:
            return NoAnswer(reason=f"no complete answer within {self._deadlines.total:g} s", sent=True)
        except (httpx.TransportError, httpx.DecodingError) as error:
            return unanswered(error, self._credential)

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            body = await _capped_body(response)
        finally:
            await response.aclose()
        # A server may repeat the key in its answer, and what it says stands in journal and reports.
        credential = self._credential
        headers = {name.lower(): credential.hidden(value) for name, value in response.headers.items()}
        shown = None if body is None else credential.hidden_body(body)
        return Answer(status=response.status_code, headers=headers, body=shown)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()


async def _capped_body(response: httpx.Response) -> bytes | None:
    """The raw body, or `None` if it is longer than the limit or compressed although identity was asked for."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return None
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > BODY_LIMIT:
            return None
    return bytes(body)


def unanswered(error: httpx.TransportError | httpx.DecodingError, credential: Credential) -> NoAnswer:
    """What an exception of httpx proves."""
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
