"""The sandbox as a web application: who may ask, what is asked, and what is done and answered."""

import asyncio
import http
import logging
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from importer.sandbox import replies
from importer.sandbox.contract import Contract, InvalidBodyError
from importer.sandbox.endpoints import ENDPOINTS, Address, find_address
from importer.sandbox.faults import SPARED, Dice, Fault, Faults, Roll
from importer.sandbox.state import State

logger = logging.getLogger(__name__)

NO_ANSWER = "none"
"""How a request is counted whose connection was cut instead of answered."""


class Throttle:
    """How many requests are accepted: a token bucket per organization and endpoint.

    A bucket holds at most `burst` tokens and regains `rate` tokens a second; a rate of 0 throttles nothing. Written
    here because the limiters at hand count by the wall clock or in windows, and a test of the rate limiter needs the
    exact moment at which the next request is accepted.
    """

    def __init__(self, *, rate: float, burst: float, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def accepts(self, org: str, endpoint: str) -> bool:
        """Whether there is a token for this request, which is then used up."""
        if not self._rate:
            return True
        now = self._monotonic()
        tokens, since = self._buckets.get((org, endpoint), (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        # A token that is short by a rounding error is a token.
        accepted = tokens >= 1 - 1e-9
        self._buckets[(org, endpoint)] = (max(tokens - 1, 0.0) if accepted else tokens, now)
        return accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsApp:
    """The ASGI application. `orgs` are the organizations that exist; `None` means any.

    It matches the raw path itself, because routers decode it first and would split a CRM id at its `%2F`.
    The server must put each connection's transport into the scope's state, so that it can be cut.
    """

    api_key: str
    hosts: Collection[str]
    orgs: Collection[str] | None
    state: State
    contract: Contract
    throttle: Throttle
    faults: Faults
    dice: Dice

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or cut its connection."""
        request = Request(scope, receive)
        try:
            reply = await self._reply(request)
        except ClientDisconnect:
            return
        except Exception:
            # The server's own log is silent, and a defect of the sandbox must not look like one of its faults.
            logger.exception("the sandbox failed")
            raise
        if reply is None:
            await _cut(request)
        else:
            await reply(scope, receive, send)

    async def _reply(self, request: Request) -> Response | None:
        if request.headers.get("host", "") not in self.hosts:
            return replies.error(421, 1, "Wrong host", f"This server is {' or '.join(sorted(self.hosts))} only.")
        path = request.scope["raw_path"]
        address = find_address(path)
        if address is not None:
            return await self._lead_reply(request, address)
        if path == b"/":
            return replies.about()
        if path != b"/sandbox/state":
            return replies.error(404, 3, "No such endpoint")
        if not self._authorized(request):
            return _unauthorized()
        return JSONResponse(self.state.snapshot())

    async def _lead_reply(self, request: Request, address: Address) -> Response | None:
        body = await request.body()
        refusal = self._refusal(request, address)
        if refusal is not None:
            self.state.count(address.endpoint, str(refusal.status_code))
            return refusal
        roll = self.dice.roll(address.endpoint, request.scope["raw_path"], body)
        if roll is not SPARED:
            await asyncio.sleep(roll.delay)
        reply = self._outcome(address, body, roll)
        self.state.count(address.endpoint, str(reply.status_code) if reply else NO_ANSWER, roll.fault or "")
        if roll.fault in (Fault.HANG_BEFORE, Fault.HANG_AFTER):
            await _wait_for_disconnect(request, self.faults.hang_seconds)
        return reply

    def _refusal(self, request: Request, address: Address) -> Response | None:
        method = ENDPOINTS[address.endpoint].method
        if request.method != method:
            return replies.error(405, 1, "Method not allowed", f"This endpoint knows {method} only.")
        if not self._authorized(request):
            return _unauthorized()
        if self.orgs is not None and address.org not in self.orgs:
            return replies.error(404, 1, "Org not found")
        if not self.throttle.accepts(address.org, address.endpoint):
            return self._throttled()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return replies.error(422, 1, "Invalid request payload", "Content-Type must be application/json")
        return None

    def _authorized(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = [request.headers.get("x-org-api-key", ""), token.strip() if scheme.lower() == "bearer" else ""]
        return any(secrets.compare_digest(key.encode(), self.api_key.encode()) for key in given)

    def _throttled(self) -> Response:
        return replies.throttled(self.faults.throttle_retry_after, self.faults.throttle_body)

    def _outcome(self, address: Address, body: bytes, roll: Roll) -> Response | None:
        """What the client gets to see, after the effect (if there is one) has happened."""
        if roll.fault is None:
            return self._carry_out(address, body)
        if roll.fault.has_effect:
            self._carry_out(address, body)
        match roll.fault:
            case Fault.ERROR_BEFORE | Fault.ERROR_AFTER:
                return replies.error(roll.status, 1, _phrase(roll.status))
            case Fault.GATEWAY_BEFORE | Fault.GATEWAY_AFTER:
                return replies.page(roll.status, _phrase(roll.status))
            case Fault.THROTTLE:
                return self._throttled()
            case Fault.FALSE_OK:
                return replies.page(ENDPOINTS[address.endpoint].success, "Please sign in")
            case _:
                return None

    def _carry_out(self, address: Address, body: bytes) -> Response:
        entry = ENDPOINTS[address.endpoint]
        try:
            fields = self.contract.read(address.endpoint, body)
        except InvalidBodyError as error:
            return replies.error(422, 1, "Invalid request payload", str(error))
        if entry.effect is None:
            lead = self.state.create(address.org, fields)
            return JSONResponse({"lead_id": lead.lead_id, **fields}, entry.success) if lead else replies.duplicate()
        found = self.state.change(address.org, address.lead, entry.effect, fields)
        return Response(status_code=entry.success) if found else replies.error(404, 2, "Lead not found")


def _unauthorized() -> Response:
    return replies.error(401, 1, "Unauthorized", "Authentication is required")


def _phrase(status: int) -> str:
    try:
        return http.HTTPStatus(status).phrase
    except ValueError:
        return "Error"


async def _wait_for_disconnect(request: Request, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


async def _cut(request: Request) -> None:
    """Close the connection without a byte of answer, and return once the server has noticed."""
    request.scope["state"]["transport"].abort()
    while (await request.receive())["type"] != "http.disconnect":
        pass
