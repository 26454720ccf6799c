"""The answers of the sandbox, in the shapes that the real service and the gateways before it use."""

from typing import Literal

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

ABOUT = """This is the sandbox of the importer. It is not the real API.

It runs on this machine only, keeps everything in memory, and forgets it when it stops.
GET /sandbox/state (with the sandbox's key) shows what it has stored.
"""


def about() -> Response:
    """What this server is."""
    return PlainTextResponse(ABOUT)


def error(status: int, number: int, message: str, description: str = "") -> Response:
    """The contract's `ErrorRespDto`; `error_code` is status x 10000 + number (vendor's contact page)."""
    content = {
        "error_code": status * 10000 + number,
        "error_message": message,
        "error_description": description or message,
        "payload": {},
    }
    return JSONResponse(content, status_code=status)


def duplicate() -> Response:
    """The documented 429 of the create; its code is the one of the vendor's contact page for a broken unique key."""
    content = {
        "error_code": 4090001,
        "error_message": "Lead with this crm_id already exists",
        "error_description": "UQ_CONSTRAINT_FAILED",
        "payload": {},
    }
    return JSONResponse(content, status_code=429)


def throttled(retry_after: int | None, body: Literal["json", "html", "empty"]) -> Response:
    """A 429 that asks to wait, in one of the forms a service or its gateway may use."""
    if body == "json":
        reply = error(429, 2, "Rate limit exceeded")
    elif body == "html":
        reply = page(429, "Too Many Requests")
    else:
        reply = Response(status_code=429)
    if retry_after is not None:
        reply.headers["Retry-After"] = str(retry_after)
    return reply


def page(status: int, title: str) -> Response:
    """An HTML page as a gateway sends it, unaware of the API."""
    text = f"<html><head><title>{status} {title}</title></head><body><h1>{title}</h1></body></html>"
    return HTMLResponse(text, status_code=status)
