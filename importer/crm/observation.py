"""What came back from one attempt: an answer, or none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

_LARGEST_CODE: Final = 1 << 63
"""Error codes up to here fit into a column of the journal."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A complete HTTP answer. `body` is `None` when it was too large or encoded in a way that was not asked for.

    Header names are lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes | None

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """The body as a JSON object, or `None` if it is anything else."""
        if not self.body:
            return None
        try:
            document = _parsed(self.body)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    @property
    def is_error_document(self) -> bool:
        """Whether the body has the shape of the contract's `ErrorRespDto`."""
        return self.document is not None and any(key in self.document for key in ("error_code", "error_message"))

    @property
    def error_code(self) -> int | None:
        """The `error_code` of an `ErrorRespDto`."""
        code = (self.document or {}).get("error_code")
        return code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < _LARGEST_CODE else None

    @property
    def names_an_error(self) -> bool:
        """Whether the body reports an error, whatever the status is; 0 is no error."""
        return (self.document or {}).get("error_code") not in (None, 0, "", "0")

    @property
    def error_text(self) -> str:
        """The two sentences of an `ErrorRespDto`, or the empty text."""
        texts = [(self.document or {}).get(key) for key in ("error_message", "error_description")]
        sentences = dict.fromkeys(text.strip() for text in texts if isinstance(text, str) and text.strip())
        return ": ".join(sentences)


def _parsed(body: bytes) -> Any:
    """The JSON document without lone surrogates: a text that a server truncated may end in half a character."""
    return json.loads(json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace"))


@dataclass(frozen=True, kw_only=True)
class NoAnswer:
    """No complete answer came. `sent` is false only if certainly no byte of the request reached the server.

    `certificate`: the server could not prove its identity. `forbidden`: its name resolved to an address that is not
    allowed. `refused_by_proxy`: the proxy wants a password, or refuses connections to this server.
    """

    reason: str
    sent: bool
    certificate: bool = False
    forbidden: bool = False
    refused_by_proxy: bool = False


Observation = Answer | NoAnswer
