"""What the importer and its child send to each other over a pipe: a line of JSON, and the bytes it announces.

No message can make the other side run anything, which is why it is not pickle.
"""

from __future__ import annotations

import faulthandler
import json
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from importer.model.source import SourceInfo
from importer.reading.header import Header

with suppress(ImportError):  # there is none on Windows
    import resource

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST_LINE = 1 << 28
WALL_CLOCK_EXPIRED: Final = "Timeout ("
"""So begins what `faulthandler` writes before it ends the child."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a child may take to read one workbook, so that no file can take the whole machine.

    Memory in bytes, computing time in seconds, and seconds that may pass until the next rows are ready. Memory and
    computing time are limited by the system, where it can (not on Windows).
    """

    memory: int = 2 << 30
    computing: int = 300
    waiting: int = 600

    def apply(self) -> None:
        """Limit this process from now on."""
        if "resource" not in sys.modules:
            return
        for kind, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, self.computing),
            (resource.RLIMIT_AS, self.memory),
        ):
            _, hard = resource.getrlimit(kind)
            is_free = hard == resource.RLIM_INFINITY
            most = most if is_free else min(most, hard)
            # The hard limit of computing time kills without a message, so it comes a little later.
            later = most + 5 if kind == resource.RLIMIT_CPU and is_free else most
            resource.setrlimit(kind, (most, later))

    def start_waiting(self) -> None:
        """End this process unless `stop_waiting` comes in time; this works even while a library computes."""
        faulthandler.dump_traceback_later(self.waiting, exit=True, file=sys.stderr)

    @staticmethod
    def stop_waiting() -> None:
        """What was waited for is done."""
        faulthandler.cancel_dump_traceback_later()


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
    sizes = message.pop("sizes")
    payloads = [pipe.read(size) for size in sizes]
    if [len(payload) for payload in payloads] != sizes:
        raise EOFError
    return message, payloads


def table_message(info: SourceInfo, header: Header) -> dict[str, Any]:
    """A table as part of a message."""
    return {"info": asdict(info), "header": asdict(header)}


def table_of(message: dict[str, Any]) -> tuple[SourceInfo, Header]:
    """The table that `table_message` was made of; JSON turned its tuples into lists."""
    return SourceInfo(**_with_tuples(message["info"])), Header(**_with_tuples(message["header"]))


def _with_tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
