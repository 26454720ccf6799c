"""Workbooks are read by a child of the importer, with limits: a file that breaks the child is refused in clear words.

The child gets no credential: of the environment only what it takes to start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final, cast

import numpy as np
import pyarrow as pa

from importer.accelerators import EXACT
from importer.errors import SourceError
from importer.model.problem import Problem, shown
from importer.reading.file_kind import SAVE_AS
from importer.reading.table import BATCH_SIZE, Table, block_of, rows_at_once
from importer.reading.worker.protocol import WALL_CLOCK_EXPIRED, Limits, receive, send, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.model.source import ReadOptions
    from importer.reading.header import Header
    from importer.reading.table import Block

LIMITS: Final = Limits()

_START = "import sys; sys.path[:] = {path!r}; from importer.reading.worker.process import main; sys.exit(main())"
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", EXACT)
_SPLIT = "Split it into smaller files, or save it as “CSV UTF-8”, which has no such limit."
_COMPLAINT = 1 << 16


def open_workbook(path: Path, options: ReadOptions, wanted: frozenset[str], *, limits: Limits = LIMITS) -> list[Table]:
    """The tables of the workbook that were asked for, or the one that fits best. Raises `SourceError`."""
    request = {"options": asdict(options), "wanted": sorted(wanted)}
    tables = []
    with _child(path, request, limits) as child:
        message, _ = child.answer()
        for table in message["tables"]:
            info, header = table_of(table)
            blocks = partial(_blocks, path, table, header, limits)
            if message["at_once"]:
                rows, payloads = child.answer()
                blocks = partial(iter, [_block(rows, payloads, header)] if rows["rows"] else [])
            tables.append(Table(path=path, info=replace(info, path=str(path)), header=header, blocks=blocks))
    return tables


def _blocks(path: Path, table: dict[str, Any], header: Header, limits: Limits) -> Iterator[Block]:
    """The filled rows below the header; raises `SourceError` unless the child confirms that these were all."""
    rows = 0
    with _child(path, {"table": table, "rows": rows_at_once(header, BATCH_SIZE)}, limits) as child:
        while True:
            message, payloads = child.answer()
            if "end" in message:
                break
            rows += message["rows"]
            yield _block(message, payloads, header)
    if message["end"] != rows:
        raise SourceError(f"{path}: {rows} of {message['end']} rows arrived", tip="Run the command again.")


def _block(message: dict[str, Any], payloads: list[bytes], header: Header) -> Block:
    """Rows as columns; what came over the pipe is checked before anything looks into it."""
    numbers = np.frombuffer(payloads[0], dtype=np.int64)
    columns = []
    for lengths, texts in zip(payloads[1::2], payloads[2::2], strict=True):
        ends = np.cumsum(np.frombuffer(b"\0\0\0\0" + lengths, dtype=np.int32), dtype=np.int64)
        column = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(texts))
        column.validate(full=True)
        columns.append(column)
    problems = [Problem(**dict(zip(Problem.__slots__, values, strict=True))) for values in message["problems"]]
    return block_of(pa.table(columns, names=header.columns), numbers, numbers, problems)


@contextmanager
def _child(path: Path, request: dict[str, Any], limits: Limits) -> Iterator[_Child]:
    """A child that works on a request; it is ended when the `with` block is left."""
    folders = [folder or os.getcwd() for folder in sys.path]  # noqa: PTH109  exactly as in `sys.path`
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(  # noqa: S603  the program is this Python, and it runs this code
            [sys.executable, "-I", *(["-X", "utf8"] if sys.flags.utf8_mode else []), "-c", _START.format(path=folders)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            start_new_session=True,  # Ctrl-C is for the importer, which then ends its child
        ) as started,
    ):
        try:
            with suppress(BrokenPipeError), cast("IO[bytes]", started.stdin) as pipe:
                send(pipe, {"path": os.fsencode(path).hex(), "limits": asdict(limits), **request})
            yield _Child(path=path, limits=limits, complaints=complaints, started=started)
        finally:
            started.kill()  # it holds nothing that could be lost


@dataclass(frozen=True, kw_only=True)
class _Child:
    """A started child: what it works on, and what it complains of."""

    path: Path
    limits: Limits
    complaints: IO[bytes]
    started: subprocess.Popen[bytes]

    def answer(self) -> tuple[dict[str, Any], list[bytes]]:
        """The next message; raises `SourceError` if it is a refusal, or if the child has died."""
        try:
            message, payloads = receive(cast("IO[bytes]", self.started.stdout))
        except EOFError:
            raise self._death() from None
        if "refused" in message:
            raise SourceError(message["refused"], tip=message["tip"])
        if "limit" in message:
            raise self._past_limit(f"{self.limits.memory >> 20} MiB of memory")
        return message, payloads

    def _death(self) -> SourceError:
        """Why the child ended without an answer."""
        code = self.started.wait()
        self.complaints.seek(0)
        complaint = self.complaints.read(_COMPLAINT).decode("utf-8", "replace")
        if hasattr(signal, "SIGXCPU") and code == -signal.SIGXCPU:
            return self._past_limit(f"{self.limits.computing} s of computing time")
        if WALL_CLOCK_EXPIRED in complaint:
            return self._past_limit(f"{self.limits.waiting} s")
        if "MemoryError" in complaint:
            return self._past_limit(f"{self.limits.memory >> 20} MiB of memory")
        last = shown(complaint.strip().rpartition("\n")[2])
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return SourceError(
            f"{self.path}: the program that reads the workbook crashed ({how}{': ' if last else ''}{last})", tip=SAVE_AS
        )

    def _past_limit(self, most: str) -> SourceError:
        return SourceError(f"{self.path}: reading the workbook takes more than {most}, which is the limit", tip=_SPLIT)
