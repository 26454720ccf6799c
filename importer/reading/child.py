"""The child that reads a workbook: it is asked one thing, answers over a pipe, and ends.

It imports neither pandas nor pyarrow, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.formats import packed_format
from importer.reading.limits import Limits
from importer.reading.outgoing import blocks_of
from importer.reading.packages import refuse_large
from importer.reading.wire import send, told, understood
from importer.reading.workbooks import Found, opened, rows_below, tables_in


def main() -> int:
    """Answer the request on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the importer, which then ends its child
    request = json.loads(sys.stdin.buffer.readline())
    limits = Limits(**request["limits"])
    limits.take_hold()
    pipe = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library may print is no answer
    try:
        _answer(pipe, request, limits)
    except SourceError as refusal:
        send(pipe, {"refused": refusal.message, "tip": refusal.tip})
    except MemoryError:
        send(pipe, {"limit": "memory"})
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more
    return 0


def _answer(pipe: IO[bytes], request: dict[str, Any], limits: Limits) -> None:
    path = Path(os.fsdecode(bytes.fromhex(request["path"])))
    limits.start_waiting()
    refuse_large(path)
    kind = packed_format(path)
    if "table" not in request:
        tables = tables_in(path, kind, ReadOptions(**request["options"]), frozenset(request["wanted"]))
        send(pipe, {"tables": [told(table) for table in tables]})
        return
    info, header = understood(request["table"])
    pieces = rows_below(opened(path, kind), Found(info=info, header=header))
    rows = 0
    for block in blocks_of(pieces, header, request["rows"], f"{path}, sheet “{info.sheet}”"):
        limits.stop_waiting()
        rows += len(block)
        send(pipe, *block.message())
        limits.start_waiting()
    limits.stop_waiting()
    send(pipe, {"end": rows})
