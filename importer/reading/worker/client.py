"""Workbooks are read by a child of the importer, behind limits: whatever a file does to the child is one clear refusal.

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
from importer.reading.blocks import Block, rows_at_once
from importer.reading.file_kind import SAVE_AS
from importer.reading.spreadsheet_damage import suspicious
from importer.reading.table import BATCH_SIZE, Table
from importer.reading.worker.protocol import receive, send, understood
from importer.reading.worker.worker_limits import WALL_CLOCK_TOLD, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from importer.model.source import ReadOptions
    from importer.reading.header import Header

LIMITS: Final = Limits()

_START = "import sys; sys.path[:] = {path!r}; from importer.reading.worker.process import main; sys.exit(main())"
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", EXACT)
_SPLIT = "Split it into smaller files, or save it as “CSV UTF-8”, which has no such limit."
_COMPLAINT = 1 << 16
_NO_SIGNAL = 1_000
"""Stands for a signal that this system does not have."""


def open_workbook(path: Path, options: ReadOptions, wanted: frozenset[str], *, limits: Limits = LIMITS) -> list[Table]:
    """The tables of the workbook that were asked for, or the one that fits best. Raises `SourceError`."""
    request = {"options": asdict(options), "wanted": sorted(wanted)}
    with _child(path, request, limits) as child:
        message, _ = child.answer()
        kept = [child.answer() for _ in message["tables"]] if message["at_once"] else [None] * len(message["tables"])
    tables = [(block, table, *understood(table)) for block, table in zip(kept, message["tables"], strict=True)]
    return [
        Table(
            info=replace(info, path=str(path)),
            header=header,
            records=lambda: iter(()),
            blocks=partial(_kept, *block, header) if block else partial(_blocks, path, table, header, limits),
        )
        for block, table, info, header in tables
    ]


def _kept(message: dict[str, Any], payloads: list[bytes], header: Header) -> Iterator[Block]:
    """The rows of a small table, which came with its header."""
    if message["rows"]:
        yield _block(message, payloads, header)


def _blocks(path: Path, table: dict[str, Any], header: Header, limits: Limits) -> Iterator[Block]:
    """The filled rows below the header; raises `SourceError` unless the child says that these were all."""
    rows = 0
    with _child(path, {"table": table, "rows": rows_at_once(header, BATCH_SIZE)}, limits) as child:
        while True:
            message, payloads = child.answer()
            if "end" in message:
                break
            rows += message["rows"]
            yield _block(message, payloads, header)
    if message["end"] != rows:
        raise SourceError(f"{path}: {rows} of {message['end']} rows arrived", tip="Start it again.")


def _block(message: dict[str, Any], payloads: list[bytes], header: Header) -> Block:
    numbers = np.frombuffer(payloads[0], dtype=np.int64)
    columns = {
        name: _texts(lengths, texts)
        for name, lengths, texts in zip(header.columns, payloads[1::2], payloads[2::2], strict=True)
    }
    problems = [Problem(**dict(zip(Problem.__slots__, told, strict=True))) for told in message["problems"]]
    problems.extend(suspicious(columns, numbers.tolist()))
    problems.sort(key=lambda problem: problem.row)
    return Block(
        columns=tuple(pa.chunked_array([texts]) for texts in columns.values()),
        numbers=numbers,
        lines=numbers,
        problems=tuple(problems),
    )


def _texts(lengths: bytes, texts: bytes) -> pa.Array:
    """A column; what came over the pipe is checked before anything looks into it."""
    ends = np.cumsum(np.frombuffer(b"\0\0\0\0" + lengths, dtype=np.int32), dtype=np.int64)
    array = pa.LargeStringArray.from_buffers(len(ends) - 1, pa.py_buffer(ends), pa.py_buffer(texts))
    array.validate(full=True)
    return array


@contextmanager
def _child(path: Path, request: dict[str, Any], limits: Limits) -> Iterator[_Child]:
    """A child that works on a request, and is ended with the block, whatever happens in it."""
    with tempfile.TemporaryFile() as complaints, _started(complaints) as started:
        try:
            child = _Child(path=path, limits=limits, complaints=complaints, started=started)
            child.ask(request)
            yield child
        finally:
            started.kill()  # it holds nothing that could be lost


def _started(complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    folders = [folder or os.getcwd() for folder in sys.path]  # noqa: PTH109  as it stands in the path
    return subprocess.Popen(  # noqa: S603  the program is this Python, and it runs this code
        [sys.executable, "-I", *(["-X", "utf8"] if sys.flags.utf8_mode else []), "-c", _START.format(path=folders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
        start_new_session=True,  # Ctrl-C is for the importer, which then ends its child
    )


@dataclass(frozen=True, kw_only=True)
class _Child:
    """A started child: what it works on, and what it complains of."""

    path: Path
    limits: Limits
    complaints: IO[bytes]
    started: subprocess.Popen[bytes]

    def ask(self, request: dict[str, Any]) -> None:
        """Hand the request over."""
        with suppress(BrokenPipeError), cast("IO[bytes]", self.started.stdin) as pipe:
            send(pipe, {"path": os.fsencode(self.path).hex(), "limits": asdict(self.limits), **request})

    def answer(self) -> tuple[dict[str, Any], list[bytes]]:
        """The next message; raises `SourceError` if it is a refusal, or if the child has died."""
        try:
            message, payloads = receive(cast("IO[bytes]", self.started.stdout))
        except EOFError:
            raise self._death() from None
        if "refused" in message:
            raise SourceError(message["refused"], tip=message["tip"])
        if "limit" in message:
            raise self._out_of_memory()
        return message, payloads

    def _death(self) -> SourceError:
        """Why the child ended without an answer."""
        code = self.started.wait()
        self.complaints.seek(0)
        complaint = self.complaints.read(_COMPLAINT).decode("utf-8", "replace")
        if code == -_signal("SIGXCPU"):
            return self._out_of_time(f"{self.limits.computing} s of computing time")
        if WALL_CLOCK_TOLD in complaint:
            return self._out_of_time(f"{self.limits.waiting} s")
        if "MemoryError" in complaint:
            return self._out_of_memory()
        last = shown(complaint.strip().rpartition("\n")[2])
        how = f"signal {-code}" if code < 0 else f"code {code}"
        return SourceError(
            f"{self.path}: the program that reads the workbook crashed ({how}{': ' if last else ''}{last})", tip=SAVE_AS
        )

    def _out_of_memory(self) -> SourceError:
        most = f"{self.limits.memory >> 20} MiB of memory"
        return SourceError(f"{self.path}: reading the workbook takes more than {most}, which is the limit", tip=_SPLIT)

    def _out_of_time(self, most: str) -> SourceError:
        return SourceError(f"{self.path}: reading the workbook takes more than {most}, which is the limit", tip=_SPLIT)


def _signal(name: str) -> int:
    return int(getattr(signal, name, 0)) or _NO_SIGNAL
