"""Whom the client believes. Light to import: the settings carry it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from importer.errors import SettingsError

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


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
