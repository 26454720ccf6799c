"""How the server is reached: which certificates are trusted, and through which proxy.

A proxy is used when the user or the environment names one, for https alone, by CONNECT; it never sees the credential.
Light to import: the settings carry both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from importer.crm.address import is_loopback, not_an_address, not_reachable, without_secrets
from importer.crm.redaction import remember
from importer.errors import SettingsError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

FROM_ENVIRONMENT: Final = "env"

_VARIABLES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which servers the client trusts, and whether it may send into a private network.

    `ca_file`: a CA bundle (PEM) to trust instead of the public CAs. Verification cannot be turned off.
    """

    ca_file: Path | None = None
    allow_private: bool = False

    def context(self) -> ssl.SSLContext:
        """What verifies a server: chain and name, TLS 1.2 at least. Raises SettingsError for an unusable file.

        Made by hand: the libraries' own ways obey `SSL_CERT_FILE` and `SSLKEYLOGFILE` of the environment.
        """
        import ssl

        import certifi

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """`url` may hold a user name and a password; `shown` is what messages say."""

    url: str = field(repr=False)
    shown: str

    @property
    def host(self) -> str:
        """The host that connections are made to."""
        return urlsplit(self.url).hostname or ""


def proxy_for(
    base_url: str, setting: str, environment: Mapping[str, str], *, allow_private: bool = False
) -> Proxy | None:
    """The proxy to reach this server through, or `None`. Raises SettingsError for one that cannot be used.

    `setting` is its URL, or `env` for the one that the environment names. This machine is reached without one.
    """
    if setting == FROM_ENVIRONMENT:
        setting = environment_proxy(base_url, environment)[1]
    if not setting or is_loopback(base_url):
        return None
    return checked_proxy(setting, allow_private=allow_private)


def environment_proxy(base_url: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The variable that names a proxy for this server, and its value; empty texts when none does."""
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

    name = next((name for name in _VARIABLES if environment.get(name)), "")
    without = environment.get("no_proxy") or environment.get("NO_PROXY", "")
    if not name or is_loopback(base_url) or proxy_bypass_environment(urlsplit(base_url).netloc, {"no": without}):
        return "", ""
    return name, environment[name]


def checked_proxy(url: str, *, allow_private: bool = False) -> Proxy:
    """The proxy at this URL; from now on its user name and password are redacted from whatever this process says."""
    url = url if "://" in url else f"http://{url}"
    user = urlsplit(url).netloc.rpartition("@")[0] if "@" in url else ""
    for secret in (user, unquote(user), unquote(user.partition(":")[2])):
        remember(secret)
    shown = without_secrets(url)
    if wrong := not_an_address(url) or _not_a_proxy(url) or not_reachable(url, allow_private=allow_private):
        raise SettingsError(
            f"the proxy {shown} cannot be used: {wrong}",
            tip="Give it as http://HOST:PORT, with USER:PASSWORD@ before the host if it needs them.",
        )
    return Proxy(url=url, shown=shown)


def _not_a_proxy(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return "it is neither http:// nor https://"
    return "" if parts.path in ("", "/") else "it has a path"
