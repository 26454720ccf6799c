"""What is looked at before a request leaves: that it goes where the credential belongs, and to whom the name led."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import certifi
import httpx

from importer.crm.network import address_of, objection
from importer.errors import SettingsError

_CONNECTED: Final = "connection.connect_tcp.complete"
"""What httpx's `trace` extension calls the moment between TCP and TLS: not a byte has been sent."""


class Forbidden(httpx.ConnectError):
    """A request to another server, or a connection to an address that may not be reached; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the client believes, and whether it may send into a private network.

    `ca_file`: certificates (PEM) that are believed instead of the public authorities. There is no way to believe all.
    """

    ca_file: Path | None = None
    allow_private: bool = False

    def context(self) -> ssl.SSLContext:
        """What verifies a server: chain and name, TLS 1.2 at least. Raises SettingsError for an unusable file.

        Made by hand: the libraries' ways heed `SSL_CERT_FILE` and `SSLKEYLOGFILE` of the environment.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_verify_locations(cafile=self.ca_file or certifi.where())
        except OSError as error:
            raise SettingsError(
                f"the certificates in {self.ca_file} cannot be read: {error.strerror or error}",
                tip="--ca-file needs a file of certificates in PEM form.",
            ) from error
        return context


class Guard:
    """Holds requests to one origin and connections to addresses that may be reached."""

    def __init__(self, base_url: str, *, allow_private: bool) -> None:
        self._origin = _origin(httpx.URL(base_url))
        self._host = httpx.URL(base_url).host
        self._allow_private = allow_private

    def admit(self, request: httpx.Request) -> None:
        """Let a request pass that goes to the one origin; raises Forbidden for any other."""
        if _origin(request.url) != self._origin:
            raise Forbidden(f"the credential belongs to {self._host}, not to {request.url.host}")
        request.extensions["trace"] = self._watch

    async def _watch(self, event: str, seen: dict[str, Any]) -> None:
        """Look at the address that a connection has really got, so that no second look-up can tell another story."""
        if event != _CONNECTED:
            return
        stream = seen["return_value"]
        peer = stream.get_extra_info("server_addr")[0]
        address = address_of(peer)
        why = "no address" if address is None else objection(self._host, address, allow_private=self._allow_private)
        if why:
            await stream.aclose()
            raise Forbidden(f"{self._host} leads to {peer}, which is {why}")


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
