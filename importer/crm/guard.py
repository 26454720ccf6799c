"""What is looked at before a request leaves: that it goes where the credential belongs, and to whom the name led."""

from typing import Any, Final

import httpx

from importer.crm.network import address_of, objection

_CONNECTED: Final = "connection.connect_tcp.complete"
"""What the `trace` extension calls the moment between TCP and TLS: not a byte has been sent."""


class Forbidden(httpx.ConnectError):
    """A request to another server, or a connection to an address that may not be reached; nothing was sent."""


class Guard:
    """Holds requests to one origin, and connections to addresses that may be reached.

    `reached`: the host that connections are made to. With a proxy that is the proxy; it alone looks up the server's
    name, so of the server only an address in the base URL itself can be checked (`checked_base_url` does).
    """

    def __init__(self, origin: httpx.URL, *, allow_private: bool, reached: str = "") -> None:
        self._origin = origin
        self._reached = reached or origin.raw_host.decode("ascii")
        self._allow_private = allow_private

    def admit(self, request: httpx.Request) -> None:
        """Let a request pass that goes to the one origin; raises Forbidden for any other."""
        if _origin(request.url) != _origin(self._origin):
            raise Forbidden(f"the credential belongs to {self._origin.host}, not to {request.url.host}")

    async def watch(self, event: str, seen: dict[str, Any]) -> None:
        """Look at the address that a connection has really got, so that no second look-up can tell another story."""
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
