"""The child that reads a workbook: it is asked one thing, answers over a pipe, and ends.

It imports neither pandas nor pyarrow, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.file_kind import packed_format
from importer.reading.workbooks import Found, opened, rows_below, tables_in
from importer.reading.worker.arrow_blocks import OutgoingBlock, blocks_of
from importer.reading.worker.protocol import send, told, understood
from importer.reading.worker.worker_limits import Limits
from importer.reading.zip_package import refuse_large

if TYPE_CHECKING:
    from importer.reading.workbooks import Book

SMALL_FILE: Final = 256 << 10
"""Bytes of a file whose rows may be sent with its tables."""
FEW_ROWS: Final = 2_000
FEW_CELLS: Final = 100_000


def main() -> int:
    """Answer the request on standard input."""
    gc.set_threshold(50_000, 20, 50)  # cells are many small objects in no circles
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
    book = opened(path, kind)
    if "table" not in request:
        tables = tables_in(path, kind, book, ReadOptions(**request["options"]), frozenset(request["wanted"]))
        kept = [block for table in tables if (block := _at_once(path, book, table))]
        at_once = len(kept) == len(tables)
        send(pipe, {"tables": [told(table) for table in tables], "at_once": at_once})
        for block in kept if at_once else ():
            send(pipe, *block.message())
        return
    info, header = understood(request["table"])
    found = Found(info=info, header=header)
    rows = 0
    for block in blocks_of(rows_below(book, found), header, request["rows"], _place(path, found)):
        limits.stop_waiting()
        rows += len(block)
        send(pipe, *block.message())
        limits.start_waiting()
    limits.stop_waiting()
    send(pipe, {"end": rows})


def _place(path: Path, found: Found) -> str:
    return f"{path}, sheet “{found.info.sheet}”"


def _at_once(path: Path, book: Book, found: Found) -> OutgoingBlock | None:
    """All rows of a small table of a small file, so that no second child need be started for them.

    `None` where there are more, or where something is wrong: that is said when the rows are asked for.
    """
    if path.stat().st_size > SMALL_FILE:
        return None
    most = min(FEW_ROWS, max(1, FEW_CELLS // max(1, found.header.width)))
    try:
        blocks = [*islice(blocks_of(rows_below(book, found), found.header, most, _place(path, found)), 2)]
    except SourceError:
        return None
    if not blocks:
        return OutgoingBlock(found.header)
    return blocks[0] if len(blocks) == 1 else None
