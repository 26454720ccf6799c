"""Secrets that must not be shown, in every spelling in which an answer, a message or a traceback could repeat them."""

import json
import re
from base64 import b64encode
from html import escape
from typing import Final
from urllib.parse import quote

HIDDEN: Final = "***"

_SHORTEST: Final = 8
"""A shorter text is no credential, and removing it would damage every message."""

_URL_SAFE: Final = str.maketrans("+/", "-_")

_remembered: dict[str, tuple[str, ...]] = {}
"""The secrets of this process, each with its spellings."""


def remember(secret: str) -> None:
    """From now on `redacted` removes this secret."""
    if len(secret) >= _SHORTEST:
        _remembered[secret] = spellings(secret)


def redacted(text: str) -> str:
    """The text without any secret that this process has held."""
    for known in _remembered.values():
        text = without(text, known)
    return text


def without(text: str, known: tuple[str, ...]) -> str:
    """The text without these spellings."""
    for spelling in known:
        text = text.replace(spelling, HIDDEN)
    return text


def spellings(secret: str) -> tuple[str, ...]:
    """The secret itself, as in JSON, HTML, `repr`, an address, base64 wherever that begins; and these in JSON."""
    percent = quote(secret, safe="")
    known = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], escape(secret), percent, _lower_hex(percent)}
    for before in range(3):
        plain = _inner_base64(secret.encode(), before)
        known |= {plain, plain.translate(_URL_SAFE)}
    known |= {json.dumps(spelling)[1:-1] for spelling in known}  # a message in a JSON document
    return tuple(sorted(known, key=len, reverse=True))


def _lower_hex(percent: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), percent)


def _inner_base64(secret: bytes, before: int) -> str:
    """What does not depend on the neighbours in the base64 of a longer text; `before`: bytes in front, modulo 3."""
    encoded = b64encode(bytes(before) + secret).decode()
    return encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
