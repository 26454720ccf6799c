"""What the importer and its child say to each other over a pipe: a line of JSON, and the bytes it announces.

No message can make the other side run anything, which is why it is not pickle.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from importer.model.source import SourceInfo
from importer.reading.header import Header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from importer.reading.workbooks import Found

LARGEST_LINE = 1 << 28


def send(pipe: IO[bytes], message: dict[str, Any], payloads: Sequence[bytes] = ()) -> None:
    """Write one message."""
    sizes = [len(payload) for payload in payloads]
    pipe.write(json.dumps({**message, "sizes": sizes}).encode() + b"\n")
    for payload in payloads:
        pipe.write(payload)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """The next message; raises `EOFError` if the pipe ends before the message does."""
    line = pipe.readline(LARGEST_LINE)
    if not line.endswith(b"\n"):
        raise EOFError
    message: dict[str, Any] = json.loads(line)
    payloads = [pipe.read(size) for size in message.pop("sizes")]
    if any(len(payload) < size for payload, size in zip(payloads, json.loads(line)["sizes"], strict=True)):
        raise EOFError
    return message, payloads


def told(found: Found) -> dict[str, Any]:
    """A table as a message tells it."""
    return {"info": asdict(found.info), "header": asdict(found.header)}


def understood(table: dict[str, Any]) -> tuple[SourceInfo, Header]:
    """A table that a message told."""
    return SourceInfo(**_with_tuples(table["info"])), Header(**_with_tuples(table["header"]))


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
