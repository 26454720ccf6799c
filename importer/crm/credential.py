"""The key that can write to the CRM, wrapped so that nothing shows it by accident."""

import re
from enum import StrEnum
from typing import Final

from importer.errors import SettingsError

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{8,8192}")
"""Visible ASCII only: anything else would surface, with the key in it, in an exception of the HTTP library."""


class CredentialKind(StrEnum):
    """How the credential is sent (contract: one of the two)."""

    API_KEY = "api key"
    TOKEN = "bearer token"  # noqa: S105 - the kind's name


class Credential:
    """A secret that only `headers` gives away; its repr and str are `***`."""

    __slots__ = ("_secret", "kind", "source")

    def __init__(self, kind: CredentialKind, secret: str, *, source: str) -> None:
        if not _PRINTABLE.fullmatch(secret):
            raise SettingsError(
                f"the {kind} from {source} is not well-formed",
                tip="It must be 8 or more visible ASCII characters without blanks or line breaks. Copy it again.",
            )
        self.kind = kind
        self.source = source
        self._secret = secret

    def headers(self) -> dict[str, str]:
        """The request header that carries the credential."""
        if self.kind is CredentialKind.API_KEY:
            return {"x-org-api-key": self._secret}
        return {"authorization": f"Bearer {self._secret}"}

    def hidden(self, text: str) -> str:
        """The text with every occurrence of the secret replaced."""
        return text.replace(self._secret, "***")

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__
