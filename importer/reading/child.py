"""The child that reads a workbook: it is asked one thing, answers over a pipe, and ends.

It imports neither pandas nor pyarrow, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from array import array
from dataclasses import astuple
from itertools import accumulate
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from importer.errors import SourceError
from importer.model.source import ReadOptions
from importer.reading.fitting import fitted, problems_of
from importer.reading.formats import packed_format
from importer.reading.limits import Limits
from importer.reading.packages import refuse_large
from importer.reading.wire import send, told, understood
from importer.reading.workbooks import Found, opened, rows_below, tables_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from importer.model.problem import Problem
    from importer.reading.header import Header
    from importer.reading.records import Record

LARGEST_BLOCK: Final = 16 << 20
"""Characters after which a block ends, however few its rows are."""
MOST_TEXT: Final = 512 << 20
"""Characters in the cells of a table, each text counted as often as it is used."""


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
    records = rows_below(opened(path, kind), Found(info=info, header=header))
    rows = 0
    for numbers, cells, problems in _blocks(records, header, request["rows"], f"{path}, sheet “{info.sheet}”"):
        limits.stop_waiting()
        rows += len(numbers)
        told_problems = [astuple(problem) for problem in problems]
        send(pipe, {"rows": len(numbers), "problems": told_problems}, _payloads(numbers, cells, header))
        limits.start_waiting()
    limits.stop_waiting()
    send(pipe, {"end": rows})


_Block = tuple[list[int], list[list[str]], list["Problem"]]


def _blocks(records: Iterator[Record], header: Header, size: int, place: str) -> Iterator[_Block]:
    """The rows, fitted to the header, in blocks of at most `size`: their numbers, cells and problems."""
    numbers: list[int] = []
    rows: list[list[str]] = []
    problems: list[Problem] = []
    characters = total = 0
    for record in records:
        cells = record.cells
        if record.faults or header.nameless or len(cells) > header.width:
            problems.extend(problems_of(record, header))
        if len(cells) != header.width:
            cells = fitted(cells, header.width)
        numbers.append(record.number)
        rows.append(cells)
        characters += sum(map(len, cells))
        if len(rows) >= size or characters > LARGEST_BLOCK:
            yield numbers, rows, problems
            numbers, rows, problems = [], [], []
            total += characters
            characters = 0
            if total > MOST_TEXT:
                raise SourceError(
                    f"{place}: its cells hold more than {MOST_TEXT >> 20} MB of text", tip="Split the file."
                )
    if rows:
        yield numbers, rows, problems


def _payloads(numbers: list[int], rows: list[list[str]], header: Header) -> list[bytes]:
    """The numbers; then for each column where its texts end, and the texts, as Arrow lays them out in memory."""
    by_position = list(zip(*rows, strict=True))
    payloads = [array("q", numbers).tobytes()]
    for position in header.positions:
        texts = by_position[position]
        joined = "".join(texts)
        if joined.isascii():
            lengths = map(len, texts)
            content = joined.encode()
        else:
            encoded = [text.encode("utf-8", "replace") for text in texts]
            lengths = map(len, encoded)
            content = b"".join(encoded)
        payloads += [array("q", accumulate(lengths, initial=0)).tobytes(), content]
    return payloads
