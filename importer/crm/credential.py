"""The key that can write to the CRM, wrapped so that nothing reveals it by accident."""

import json
import re
from enum import StrEnum
from typing import Any, Final, NoReturn

from importer.crm.redaction import HIDDEN, remember, spellings, without
from importer.errors import SettingsError

_VISIBLE: Final = re.compile(r"[\x21-\x7e]*")
"""Anything else would surface, with the key in it, in an exception of the HTTP library."""

_SHORTEST: Final = 8


_ESCAPES: Final = re.compile(rb"[\\\x00]")
"""Signs that the bytes of a JSON text do not show its whole content: escapes, or two bytes a character."""


_ODD: Final = {
    "it is in quotation marks": re.compile(r"""(["'`]).*\1\Z"""),
    "it is a variable that was never replaced": re.compile(r"\$|%\w+%\Z"),
    "it is a placeholder": re.compile(r"<.*>\Z|\{.*\}\Z|(your|my|insert|paste|enter|change)[-_]?|x+\Z|\*+\Z", re.I),
    "it is an address": re.compile(r"https?://", re.I),
    "it begins with the name of a header": re.compile(r"(x-org-api-key|authorization|bearer)\b", re.I),
}


class CredentialKind(StrEnum):
    """How the credential is sent (contract: one of the two)."""

    API_KEY = "api key"
    TOKEN = "bearer token"  # noqa: S105 - the kind's name

    @property
    def longest(self) -> int:
        """Characters that one may have; a token can be a signed document."""
        return 512 if self is CredentialKind.API_KEY else 8192


class Credential:
    """A secret that only `headers` reveals; its repr and str are `***`, and it cannot be pickled.

    From now on it is redacted from all output of this process, even when it turns out to be malformed.
    """

    __slots__ = ("_secret", "_spellings", "kind", "source")

    def __init__(self, kind: CredentialKind, secret: str, *, source: str) -> None:
        for piece in secret.split():
            remember(piece)
        if not _VISIBLE.fullmatch(secret) or not _SHORTEST <= len(secret) <= kind.longest:
            raise SettingsError(
                f"the {kind} from {source} is not well-formed",
                tip=f"It must be {_SHORTEST} to {kind.longest:,} visible ASCII characters, without spaces or line "
                "breaks. Copy it again.",
            )
        self.kind = kind
        self.source = source
        self._secret = secret
        self._spellings = spellings(secret)

    @property
    def oddity(self) -> str:
        """Why it does not look like a key, without quoting it; empty if its form is fine."""
        return next((what for what, pattern in _ODD.items() if pattern.match(self._secret)), "")

    def headers(self) -> dict[str, str]:
        """The request header that carries the credential."""
        if self.kind is CredentialKind.API_KEY:
            return {"x-org-api-key": self._secret}
        return {"authorization": f"Bearer {self._secret}"}

    def hidden(self, text: str) -> str:
        """The text with every occurrence of the secret replaced, however it is encoded."""
        return without(text, self._spellings)

    def hidden_body(self, body: bytes) -> bytes:
        """An answer's body without the secret, also where JSON escapes it (`\\u0061`) or it is not UTF-8."""
        text = body.decode("latin-1")
        hidden = self.hidden(text)
        if hidden == text and not _ESCAPES.search(body):
            return body
        try:
            return json.dumps(self._hidden_within(json.loads(body)), ensure_ascii=False).encode("utf-8", "replace")
        except (ValueError, RecursionError):  # not JSON, so no escapes to decode
            return hidden.encode("latin-1")

    def _hidden_within(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.hidden(value)
        if isinstance(value, list):
            return [self._hidden_within(each) for each in value]
        if isinstance(value, dict):
            return {self.hidden(name): self._hidden_within(each) for name, each in value.items()}
        return value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __copy__(self) -> "Credential":
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential cannot be pickled")
